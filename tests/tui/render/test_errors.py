"""Errors as rows and in full, to the letter."""

from __future__ import annotations

import pytest

from supervisor.logs.errors import ErrorBook, Occurrence
from tui.render.errors import columns_for_errors, error_line, error_matches, error_page, error_rows
from tui.render.fleet_rows import header_line
from tui.render.glyphs import ASCII, UNICODE, Glyphs
from tui.render.pieces import line_text, line_width

NOW_AT = 1_795_354_286.0
TRACE = 'Traceback (most recent call last):\n  File "code.py", line 41, in parse\n    int("x")\nValueError: bad'


def book() -> ErrorBook:
    """Two types, one of them often and in two workers, and a worker that was killed."""
    errors = ErrorBook()
    for at in range(0, 120, 4):
        worker = f"parse.{1 + at % 3}"
        errors.add(Occurrence("exception", "ValueError", f"bad {at}", "code.py:41 parse", worker, 1, NOW_AT - 130 + at,
                              TRACE, "Skip such files.", line=at))  # fmt: skip
    errors.add(
        Occurrence("traceback", "package.日本語Error", "a\nb\x1b[2J", "x.py:1 <module>", "tally", 1, NOW_AT - 3600)
    )
    errors.add_exit("disk", 1, NOW_AT - 1, "killed by SIGKILL from outside")
    return errors


def _table(width: int, glyphs: Glyphs = UNICODE) -> list[str]:
    rows = error_rows(book().groups(), "last seen", NOW_AT)
    columns = columns_for_errors(width, rows)
    lines = [header_line(columns, width), *(error_line(row, columns, glyphs, NOW_AT, width) for row in rows)]
    assert {line_width(line) for line in lines} == {width}
    return [line_text(line).rstrip() for line in lines]


def test_errors_at_80_columns() -> None:
    """How often, since when, what and where."""
    assert [line[:75].rstrip() for line in _table(80)] == [
        "  COUNT LAST TREND  WHAT                 WHERE",
        "      1   1s      ⢀ killed by SIGKILL f… killed by SIGKILL from outside",
        "     30  14s      ⢸ ValueError           code.py:41 parse  bad 116",
        "      1   1h ⡀      package.日本語Error  x.py:1 <module>  a",
    ]


def test_errors_have_room_for_everything_in_a_wide_terminal() -> None:
    """Workers and messages have columns of their own; ASCII has nothing that a plain terminal cannot show."""
    lines = _table(160)
    assert lines[0].split() == ["COUNT", "LAST", "FIRST", "TREND", "WHAT", "WHERE", "WORKERS", "MESSAGE"]
    assert "parse.1 +2" in lines[2]
    assert lines[3].endswith("a")
    assert all(line.replace("日本語", "").isascii() for line in _table(160, ASCII))


def test_errors_are_sorted_as_a_person_wants() -> None:
    """By when they were last seen, or by how often."""
    groups = book().groups()
    assert [row.group.count for row in error_rows(groups, "last seen", NOW_AT)] == [1, 30, 1]
    assert [row.group.count for row in error_rows(groups, "count", NOW_AT)] == [30, 1, 1]
    assert error_rows((), "count", NOW_AT) == ()


@pytest.mark.parametrize(
    ("needle", "count"),
    [("valueerror", 1), ("code.py", 1), ("parse.2", 1), ("KILL", 1), ("!kill", 2), ("", 3), ("zzz", 0)],
)
def test_errors_are_filtered_by_all_that_a_row_shows(needle: str, count: int) -> None:
    """Type, place, message and workers; ! inverts."""
    rows = error_rows(book().groups(), "count", NOW_AT)
    assert sum(error_matches(row, needle) for row in rows) == count


@pytest.mark.parametrize("width", [40, 60, 100])
def test_an_error_in_full_has_everything(width: int) -> None:
    """Counts by worker, times, message, advice and the last traceback, folded to the width."""
    group = next(group for group in book().groups() if group.count == 30)
    lines = error_page(group, ("13:29:16", "13:31:12"), NOW_AT, UNICODE, width).lines
    assert max(map(line_width, lines)) <= width
    text = "\n".join(line_text(line) for line in lines)
    for words in ("30, in parse.1 +2", "parse.3    10 times", "13:29:16", "Skip such files.", 'int("x")'):
        assert words in text
    killed = next(group for group in book().groups() if group.kind == "crash")
    assert line_text(error_page(killed, ("a", "b"), NOW_AT, UNICODE, width).lines[-1]).endswith("its worker")
