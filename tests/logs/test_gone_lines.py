"""Lines that were deleted before somebody had read them are told as one, with their number."""

from __future__ import annotations

from supervisor.logs.gone_lines import GoneLines, gone_line
from supervisor.logs.reading import GONE_LINE
from supervisor.logs.record import decode

ONE, TWO = b'{"n":1}', b'{"n":2}'


def test_neighbours_that_are_gone_become_one_line() -> None:
    """In their place, also where they go on in the next lines that were read."""
    gone = GoneLines()
    assert gone.fold([ONE, GONE_LINE]) == [ONE]
    assert gone.fold([GONE_LINE] * 998) == []
    assert gone.fold([GONE_LINE, TWO, GONE_LINE, ONE]) == [gone_line(1000), TWO, gone_line(1), ONE]
    assert (gone.count, gone.take()) == (0, ())


def test_what_is_gone_at_the_end_is_told_when_it_is_asked_for() -> None:
    """Once."""
    gone = GoneLines()
    gone.count += 5
    assert gone.fold([GONE_LINE]) == []
    assert (gone.take(), gone.take()) == ((gone_line(6),), ())
    assert gone.fold([ONE, TWO]) == [ONE, TWO]


def test_the_line_is_a_record_with_the_number() -> None:
    """For people in the message, for programs in a field."""
    record = decode(gone_line(12345))
    assert record.message == "(12,345 lines were in segments that have been deleted)"
    assert (record.extra, record.stream, record.worker, record.level) == (
        {"lines": 12345},
        "damaged",
        "engine",
        "WARNING",
    )
    assert decode(gone_line(1)).message == "(1 line was in a segment that has been deleted)"
