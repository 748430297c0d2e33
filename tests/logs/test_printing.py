from __future__ import annotations

from supervisor.logs.printing import print_record, time_of_day
from supervisor.logs.record import LogException, Record

RECORD = Record(
    time="2026-11-22T23:31:26.123456Z",
    level="ERROR",
    message="cannot parse\nast.py",
    stream="log",
    worker="parse.2",
    extra={"size": 7},
    exception=LogException("ValueError", "no", "Traceback (most recent call last):\n  File x\nValueError: no\n"),
)


def test_record_is_a_line_with_its_traceback_below() -> None:
    """The text form is golden: people and scripts read it."""
    assert print_record(RECORD, name_width=9) == (
        "23:31:26.123  parse.2    ERROR     cannot parse\n"
        "                                   ast.py  size=7\n"
        "                                   Traceback (most recent call last):\n"
        "                                     File x\n"
        "                                   ValueError: no"
    )


def test_colours_only_where_asked_for() -> None:
    """A pipe gets plain text, a terminal colours of ours and none of the worker's."""
    record = Record(time=RECORD.time, level="WARNING", message="\x1b[5mhot", stream="stderr", worker="walk")
    assert print_record(record) == "23:31:26.123  walk  WARNING   hot"
    assert print_record(record, colours=True).endswith("\x1b[33mhot\x1b[0m")


def test_marks_tell_what_is_special_about_a_line() -> None:
    """A cut line, a missing newline and a foreign process are said."""
    record = Record(time=RECORD.time, message="x", worker="walk", partial=True, pid=7)
    assert print_record(record) == "23:31:26.123  walk  INFO      x  (no newline, pid 7)"


def test_time_follows_the_readers_clock() -> None:
    """Stored in UTC, shown as on the reader's wall, around midnight too."""
    times = [time_of_day(RECORD.time, offset_s) for offset_s in (0, 3600, -5 * 3600 - 1800)]
    assert [*times, time_of_day("")] == ["23:31:26.123", "00:31:26.123", "18:01:26.123", "--:--:--.---"]
