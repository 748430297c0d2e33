"""Hits are found newest first, while the store grows; the nearest one is told only when it surely is."""

from __future__ import annotations

from pathlib import Path

from supervisor.logs.query import LogQuery
from supervisor.logs.reading import LogReader
from tests.tui.fakes import store
from tests.tui.link.stores import reader_of, timed_line, write_store
from tui.link.hits import Hits

NEEDLE = LogQuery(text="needle")


def _store(directory: Path, count: int, every: int = 10) -> LogReader:
    write_store(directory, [timed_line(at, message="needle" if at % every == 0 else "hay") for at in range(count)], 3)
    return reader_of(directory)


def test_all_queries_have_to_match(tmp_path: Path) -> None:
    """A search in a filtered log finds only what the filter lets through."""
    lines = [timed_line(at, message=f"needle {at % 3}", level="ERROR" if at % 2 else "INFO") for at in range(60)]
    write_store(tmp_path, lines)
    hits = Hits(reader_of(tmp_path), [LogQuery(minimum_level="ERROR"), LogQuery(text="needle 2")])
    while hits.advance():
        pass
    assert hits.numbers(0, 100) == [at for at in range(60) if at % 2 and at % 3 == 2]


def test_numbers_and_places_agree(tmp_path: Path) -> None:
    """Every hit is at the index that its number tells, those that came later too."""
    reader = _store(tmp_path, 5000)
    hits = Hits(reader, [NEEDLE])
    while hits.advance():
        pass
    store(tmp_path, [])
    with (tmp_path / "000003.ndjson").open("ab") as segment:
        segment.write(timed_line(1, message="needle") + b"\n")
    reader.refresh()
    while hits.advance():
        pass
    assert hits.numbers(0, 1000) == [*range(0, 5000, 10), 5000]
    assert [hits.index(number) for number in (0, 5, 10, 5000, 9000)] == [0, 1, 1, 500, 501]
    assert (hits.holds(10), hits.holds(11)) == (True, False)
    assert (hits.nearest(10, 1), hits.nearest(10, -1), hits.nearest(11, -1)) == (20, 0, 10)
    assert (hits.nearest(5000, 1), hits.nearest(0, -1)) == (None, None)


def test_the_nearest_hit_is_told_only_when_it_surely_is(tmp_path: Path) -> None:
    """While older lines are not looked at, a hit after one of them may have a nearer one before it."""
    hits = Hits(_store(tmp_path, 5000), [NEEDLE])
    hits.advance()
    assert hits.searched_from == 4500
    assert hits.nearest(100, 1) is None
    assert hits.nearest(4600, 1) == 4610
    assert hits.nearest(4600, -1) == 4590
    assert hits.nearest(4500, -1) is None
    while hits.advance():
        pass
    assert hits.nearest(100, 1) == 110


def test_only_the_newest_hits_are_kept(tmp_path: Path) -> None:
    """A filter that lets nearly everything through costs no more memory than one that is useful."""
    hits = Hits(_store(tmp_path, 5000), [NEEDLE], most=100)
    while hits.advance():
        pass
    assert hits.numbers(0, 1000) == list(range(4000, 5000, 10))
    assert hits.is_cut
    assert hits.has_searched_back


def test_as_many_hits_as_are_kept_end_the_help(tmp_path: Path) -> None:
    """Whoever helps ends with as many; there may be older ones then, which nobody looks for."""
    for most, is_cut in ((100, True), (1000, False)):
        hits = Hits(_store(tmp_path / str(most), 5000), [NEEDLE], most=most)
        hits.leave_older()
        hits.take_older(range(4990, 4490, -10), is_all=False)
        assert not hits.has_searched_back
        hits.take_older(range(4490, 3990, -10), is_all=True)
        assert (hits.line_count, hits.has_searched_back, hits.is_cut) == (100, True, is_cut)
        assert hits.numbers(0, 1000) == list(range(4000, 5000, 10))


def test_a_search_that_is_stopped_keeps_what_it_found_and_goes_on_with_new_lines(tmp_path: Path) -> None:
    """Esc stops looking back; what arrives is found all the same."""
    reader = _store(tmp_path, 5000)
    hits = Hits(reader, [NEEDLE])
    hits.advance()
    hits.stop()
    assert not hits.advance()
    found = hits.line_count
    with (tmp_path / "000003.ndjson").open("ab") as segment:
        segment.write(timed_line(1, message="needle") + b"\n")
    reader.refresh()
    while hits.advance():
        pass
    assert hits.line_count == found + 1
    assert hits.is_cut
