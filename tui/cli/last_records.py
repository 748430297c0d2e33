"""The end of a run's log for a report: all of the last minutes, and the last lines of each worker. Bounded, masked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from supervisor.logs.reading import LogReader
from tui.cli.masked import mask_line
from tui.cli.wanted import worker_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

KEPT_BYTES: Final = 8 * 1024 * 1024
"""Of all lines together; the last ones of each worker are kept beside."""
LOOKED_AT_BYTES: Final = 128 * 1024 * 1024
"""How far back is looked for the last lines of those who are silent."""
ENGINE: Final = "engine"
_TIME_BEGIN: Final = len(b'{"time":"')
_TIME_END: Final = _TIME_BEGIN + 27


@dataclass(frozen=True, slots=True)
class LogEnd:
    """What there is of a log in a report.

    Attributes:
        content: the lines, oldest first, each with its newline.
        note: what was left out, in words; empty where nothing was.
    """

    content: bytes
    note: str


def last_records(
    directory: Path, names: Collection[str], expected: Iterable[str], *, minutes: float, lines: int
) -> LogEnd:
    """The lines of the last `minutes` before the log's end, and `lines` of each worker whatever their age.

    Args:
        directory: the folder of the run's segments.
        names: workers and replicas that are wanted, all without any; the engine's own lines always are.
        expected: the replicas that have to have theirs before the search ends; nobody is looked for for ever.
        minutes: back from the last line of all.
        lines: of each replica.
    """
    reader = LogReader(directory)
    try:
        while reader.refresh():
            pass
        return _collected(reader, names, {*expected}, minutes, lines)
    finally:
        reader.close()


def _collected(reader: LogReader, names: Collection[str], expected: set[str], minutes: float, lines: int) -> LogEnd:
    kept: list[bytes] = []
    counts: Counter[str] = Counter()
    since, looked_at, kept_bytes, left_out = b"", 0, 0, 0
    for chunk in reader.chunks_back():
        found = chunk.data[:-1].split(b"\n")
        since = since or _since(found[-1], minutes)
        has_recent = False
        for line in reversed(found):
            is_recent = line[_TIME_BEGIN:_TIME_END] >= since
            has_recent |= is_recent
            worker = worker_of(line)
            if names and worker != ENGINE and not {worker, worker.partition(".")[0]} & {*names}:
                continue
            if counts[worker] >= lines and (not is_recent or kept_bytes + len(line) > KEPT_BYTES):
                left_out += is_recent
                continue
            counts[worker] += 1
            kept.append(line)
            kept_bytes += len(line)
        looked_at += len(chunk.data)
        has_last_lines = all(counts[name] >= lines for name in expected)
        if looked_at >= LOOKED_AT_BYTES or ((not has_recent or kept_bytes >= KEPT_BYTES) and has_last_lines):
            break
    note = f"{left_out:,} lines or more were too many" if left_out else ""
    return LogEnd(b"".join(mask_line(line) + b"\n" for line in reversed(kept)), note)


def _since(last: bytes, minutes: float) -> bytes:
    """The time of a record that is so much older than `last`; before all time where that has none."""
    try:
        end = datetime.fromisoformat(last[_TIME_BEGIN:_TIME_END].decode())
        return (end - timedelta(minutes=minutes)).isoformat(timespec="microseconds").replace("+00:00", "Z").encode()
    except (ValueError, OverflowError, UnicodeDecodeError):
        return b"0"
