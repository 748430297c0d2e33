"""What the log shows, as a file or for the clipboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.logs.query import LogQuery
from tests.tui.link.stores import timed_line, write_store
from tui.link.log_export import copied_text, export_log

LINES = [timed_line(at * 1_000_000, "ERROR" if at % 2 else "INFO", f"\x1b[31mline {at}\x1b[2J") for at in range(1200)]


def _export(place: Path, name: str, query: LogQuery, *, overwrites: bool = False) -> int:
    write_store(place / "logs", LINES, 2)
    return export_log(str(place / "logs"), query, place / name, 3600, overwrites=overwrites, is_wanted=lambda: True)


def test_a_text_file_has_what_is_shown_with_local_dates(tmp_path: Path) -> None:
    """Only the lines that the filter lets through, and nothing that a terminal would obey."""
    assert _export(tmp_path, "log.txt", LogQuery(minimum_level="ERROR")) == 600
    lines = (tmp_path / "log.txt").read_text().splitlines()
    assert lines[0] == "2026-11-22 14:00:01.000  parse.1  ERROR     line 1"
    assert len(lines) == 600


def test_a_file_of_records_has_them_as_they_are_stored(tmp_path: Path) -> None:
    """A name that ends in .ndjson gives what jq and lnav read."""
    assert _export(tmp_path, "log.ndjson", LogQuery()) == 1200
    assert (tmp_path / "log.ndjson").read_bytes().splitlines() == LINES


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    """Unless a person has said that it may go."""
    (tmp_path / "log.txt").write_text("mine")
    with pytest.raises(FileExistsError):
        _export(tmp_path, "log.txt", LogQuery())
    assert (tmp_path / "log.txt").read_text() == "mine"
    assert _export(tmp_path, "log.txt", LogQuery(), overwrites=True) == 1200


def test_a_copy_is_capped_and_says_so() -> None:
    """Terminals refuse more; a character is never cut in two."""
    text, is_whole = copied_text(LINES[:2], 0, 100_000)
    assert (text, is_whole) == (
        "13:00:00.000  parse.1  INFO      line 0\n13:00:01.000  parse.1  ERROR     line 1",
        True,
    )
    wide = timed_line(0, message="日本語" * 100)
    for most in range(40, 60):
        text, is_whole = copied_text([wide], 0, most)
        assert not is_whole
        assert len(text.encode()) <= most
