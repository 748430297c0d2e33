"""The count of scripts/chaos logs: it finds what it is there to find."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.chaos_parts import talkers
from scripts.chaos_parts.log_count import Count
from supervisor.logs.lanes import Lane
from supervisor.logs.reading import GONE_LINE
from supervisor.logs.record import engine_line, time_text

TIME = time_text(0.0)


def said(*numbers: int, way: str = "print") -> list[bytes]:
    text = "".join(f"way={way} number={number} end\n" for number in numbers)
    return Lane("w.1", 1, "stdout").feed(text.encode(), TIME).splitlines()


def counted(lines: Sequence[bytes], noted: int, folder: Path, *, may_drop: bool = False) -> Count:
    tally = [noted if way == "print" else 0 for way in talkers.WAYS]
    (folder / "w.1-1").write_bytes(struct.pack(f"={len(tally)}Q", *tally))
    count = Count()
    for line in lines:
        count.take(line)
    count.hold_against(folder, may_drop=may_drop)
    return count


@pytest.mark.parametrize(
    ("lines", "noted", "wrong"),
    [
        (said(1, 2, 3), 3, {}),
        (said(1, 2, 3), 2, {}),  # killed between the call and its note
        (said(1, 2, 3), 1, {"never said": 1}),
        (said(1, 2), 3, {"lost": 1}),
        (said(1, 3), 3, {"gap": 1}),
        (said(1, 2, 2, 3), 3, {"twice or out of order": 1}),
        (said(2, 1), 2, {"gap": 1, "twice or out of order": 1}),
        ([*said(1), GONE_LINE], 1, {"gone unread": 1}),
        ([*said(1), b'{"time":"' + b"x" * 50], 1, {"damaged": 1}),
        ([*said(1), *said(1, way="bound")], 1, {"not whole": 1}),
    ],
)
def test_what_is_wrong_is_found(lines: list[bytes], noted: int, wrong: dict[str, int], tmp_path: Path) -> None:
    """Lost, doubled, out of order, torn, deleted unread; and nothing where all is well."""
    assert dict(counted(lines, noted, tmp_path).wrong) == wrong


@pytest.mark.parametrize(("told", "wrong"), [(2, {}), (4, {}), (1, {"miscounted": 1}), (5, {"miscounted": 1})])
def test_what_the_log_says_is_lost_has_to_be_what_is_missing(told: int, wrong: dict[str, int], tmp_path: Path) -> None:
    """Two numbers are missing; a kill may have cost two lines that nobody has noted."""
    mark = engine_line(0.0, "ERROR", "lost", extra={"lost": told, "of": {"w.1 stdout": told}})
    assert dict(counted([*said(1, 4), mark[:-1]], 4, tmp_path, may_drop=True).wrong) == wrong
