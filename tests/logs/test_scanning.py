"""The search of a whole store: it finds what looking at every line would find."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from supervisor.logs.index_file import time_us
from supervisor.logs.lanes import Lane
from supervisor.logs.packing import pack
from supervisor.logs.query import FieldTest, LogQuery
from supervisor.logs.reading import LogReader
from supervisor.logs.record import engine_line, time_text
from supervisor.logs.scanning import Finder, Fold, fastest_fold, scan, scan_long
from supervisor.logs.search_process import Searcher, SearchReply, SearchRequest, request_of
from supervisor.logs.segment_files import segment_name, segment_numbers
from supervisor.logs.segments import SegmentWriter

NOW = "2026-11-22T13:31:26.123456Z"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of two workers over some minutes in three segments, one of them compressed."""
    directory = tmp_path_factory.mktemp("store")
    writer = SegmentWriter(directory, segment_bytes=700_000)
    lanes = {name: Lane(name, 1, "log") for name in ("parse.1", "parse.2", "walk")}
    for number in range(9000):
        name = ("parse.1", "parse.2", "walk")[number % 3]
        level = "ERROR" if number % 500 == 7 else "INFO"
        message = f"Number {number} {'TimeOut' if number % 700 == 0 else 'fine'} {'pad ' * 20}"
        fields = {
            "time": time_text(1000.0 + number / 10),
            "level": level,
            "message": message,
            "extra": {"n": number % 10},
        }
        writer.append([lanes[name].feed(msgspec.json.encode(fields) + b"\n", "")])
    writer.close()
    pack(directory, 1)
    return directory


QUERIES = [
    LogQuery("number"),
    LogQuery("number", minimum_level="ERROR"),
    LogQuery("PARSE.1"),
    LogQuery("fine", workers=frozenset({"walk"})),
    LogQuery("fine", is_inverted=True),
    LogQuery(r"fine\s+(pad )+", is_regex=True),
    LogQuery(".", is_regex=True),
    LogQuery(r"\d0 ", is_regex=True),
    LogQuery("0", since=time_text(1300.0)),
    LogQuery("info"),
    LogQuery("timeout"),
    LogQuery("TIMEOUT"),
    LogQuery("number 8*9+9 ", is_regex=True),
    LogQuery(r"timeout|number 1\d\d ", is_regex=True),
    LogQuery(r"\b77\b", is_regex=True),
    LogQuery(r"\b\d\d7\d t", is_regex=True),
    LogQuery(r"\d\d[5-7]\d", is_regex=True),
    LogQuery(r"\d+\.\d+", is_regex=True),
    LogQuery("number", fields=(FieldTest(("extra", "n"), "3"),)),
    LogQuery("timeout", is_inverted=True),
    LogQuery(workers=frozenset({"parse.2"})),
    LogQuery("timeout", workers=frozenset({"parse"})),
    LogQuery(minimum_level="ERROR"),
    LogQuery(fields=(FieldTest(("extra", "n"), "7"),), minimum_level="ERROR"),
    LogQuery("timeout", since=time_text(1300.0)),
    LogQuery("timeout", until=time_text(1300.0)),
    LogQuery(since=time_text(1100.0), until=time_text(1101.0)),
    LogQuery("nothing of that kind"),
]


@pytest.mark.parametrize("fold", [bytes.lower, fastest_fold()])
@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_scan_finds_what_looking_at_every_line_finds(store: Path, query: LogQuery, fold: Fold) -> None:
    """Every hit, under its number, the newest chunk first."""
    reader = LogReader(store)
    reader.refresh()
    expected = [number for number, line in enumerate(reader.lines(0, reader.line_count)) if query.matches(line)]
    found = list(scan(reader, query, fold=fold))
    lines = [found_in.chunk.line + line for found_in in reversed(found) for line in found_in.lines]
    assert lines == expected
    for found_in in found:
        for line in found_in.lines:
            assert reader.line_at(found_in.chunk.segment, found_in.chunk.first + line) == found_in.chunk.line + line
    assert [n for f in scan(reader, query, fold=fold, end_line=4321) for n in f.lines if f.chunk.line + n >= 4321] == []
    reader.close()


def test_blocks_that_are_too_old_are_not_read(store: Path) -> None:
    """A search since a moment after the last record looks at the unfinished block of each segment only."""
    reader = LogReader(store)
    reader.refresh()
    assert len(list(reader.chunks_back(1))) > 20
    assert len(list(reader.chunks_back(1, since_us=time_us(b"2999-01-01T00:00:00.000000")))) == 3
    assert len(list(reader.chunks_back(1, until_us=time_us(b"1970-01-01T00:00:01.000000")))) < 20
    reader.close()


def test_records_are_found_by_their_times_though_the_clock_was_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour back amid one block and again between two: what was said before is younger, and is found."""
    writer = SegmentWriter(tmp_path)
    for number in range(3000):
        now = 20_000.0 + number - 3600 * ((number > 100) + (number > 1500))
        monkeypatch.setattr("supervisor.logs.segments.time.time", lambda now=now: now)
        writer.append([engine_line(now, "INFO", f"n {number} {'pad ' * 50}")])
    writer.close()
    reader = LogReader(tmp_path)
    reader.refresh()
    for query in (LogQuery(since=time_text(19_900.0)), LogQuery(until=time_text(15_000.0))):
        wanted = [number for number, line in enumerate(reader.lines(0, 3000)) if query.matches(line)]
        found = [each.chunk.line + line for each in reversed(list(scan(reader, query))) for line in each.lines]
        assert wanted
        assert found == wanted
    reader.close()


def test_search_tells_the_newest_hits_first_and_ends_with_the_most_that_are_kept(store: Path) -> None:
    """Whoever looks for what is in every line does not wait for all of the store to be searched."""
    replies: list[SearchReply] = []
    query = LogQuery("timeout")
    request = msgspec.json.decode(request_of(5, str(store), query, most=4), type=SearchRequest)
    Searcher(fastest_fold).run(request, replies.append, lambda: False)
    last = replies[-1]
    assert (last.id, last.is_done, last.count, last.trouble) == (5, True, 4, "")
    assert 0 < last.searched_bytes < last.total_bytes
    reader = LogReader(store)
    reader.refresh()
    hits = [(segment, line) for reply in replies for segment, lines in reply.hits for line in lines]
    numbers = [reader.line_at(segment, line) for segment, line in hits]
    assert numbers == [8400, 7700, 7000, 6300]
    assert reader.line_at(99, 0) is None
    reader.close()


@pytest.mark.parametrize("long_bytes", [1, 300_000, 1_200_000])
@pytest.mark.parametrize("text", ["timeout", "number", "parse.1"])
def test_search_that_becomes_long_goes_on_where_it_was(store: Path, text: str, long_bytes: int) -> None:
    """Each hit once, whenever it is that the search is made fast."""
    replies: list[SearchReply] = []
    searcher = Searcher(fastest_fold, long_bytes)
    searcher.run(SearchRequest(1, str(store), text), replies.append, lambda: False)
    assert searcher.is_fast
    reader = LogReader(store)
    reader.refresh()
    numbers = [reader.line_at(segment, n) for reply in replies for segment, lines in reply.hits for n in lines]
    query = LogQuery(text)
    expected = [number for number, line in enumerate(reader.lines(0, reader.line_count)) if query.matches(line)]
    assert numbers == expected[::-1]
    assert (replies[-1].count, replies[-1].searched_bytes) == (len(expected), reader.stored_bytes)
    reader.close()


@pytest.mark.parametrize("long_bytes", [1, 600_000, 100_000_000])
def test_scan_that_becomes_long_finds_each_line_once(store: Path, long_bytes: int) -> None:
    """Whenever it is that it is made fast, or never."""
    reader = LogReader(store)
    reader.refresh()
    for query in (LogQuery("timeout"), LogQuery("number"), LogQuery(minimum_level="ERROR")):
        expected = [each.chunk.line + line for each in scan(reader, query) for line in reversed(each.lines)]
        found = [
            each.chunk.line + line for each in scan_long(reader, query, long_bytes) for line in reversed(each.lines)
        ]
        assert found == expected
    reader.close()


def test_first_hits_are_told_at_once(store: Path) -> None:
    """And what makes a long search fast is not waited for."""
    replies: list[SearchReply] = []

    def no_fold() -> Fold:
        raise AssertionError

    Searcher(no_fold).run(SearchRequest(1, str(store), "number"), replies.append, lambda: bool(replies))
    assert [(reply.is_done, reply.count > 0, reply.searched_bytes < 700_000) for reply in replies] == [
        (False, True, True)
    ]


def test_search_stops_when_there_is_news(store: Path) -> None:
    """No reply of a search that nobody waits for."""
    replies: list[SearchReply] = []
    request = SearchRequest(id=1, directory=str(store), text="timeout")
    Searcher(fastest_fold).run(request, replies.append, lambda: True)
    assert replies == []


def test_segments_that_are_deleted_amid_a_search_are_left_out(tmp_path: Path) -> None:
    """What could still be read is found, each line once; all of the segments that are left; and the count is theirs."""
    writer = SegmentWriter(tmp_path, segment_bytes=1)
    for number in range(80):
        writer.append([engine_line(1000.0 + number, "INFO", f"number {number} {word}") for word in ("odd", "even")])
    writer.close()
    numbers = segment_numbers(tmp_path)
    replies: list[SearchReply] = []

    def delete_old() -> bool:
        for number in numbers[:40]:
            (tmp_path / segment_name(number)).unlink(missing_ok=True)
        return False

    Searcher(fastest_fold).run(SearchRequest(1, str(tmp_path), "even"), replies.append, delete_old)
    hits = [(segment, line) for reply in replies for segment, lines in reply.hits for line in lines]
    assert (replies[-1].is_done, replies[-1].trouble, replies[-1].count) == (True, "", len(hits))
    assert len(set(hits)) == len(hits) < 80
    assert [segment for segment, _ in hits][:40] == numbers[:39:-1]
    reader = LogReader(tmp_path)
    reader.refresh()
    known = [found for segment, line in hits if (found := reader.line_at(segment, line)) is not None]
    assert known == list(range(reader.line_count - 1, 0, -2))
    assert all(b"even" in reader.lines(number, 1)[0] for number in known)
    reader.close()


@pytest.mark.parametrize("fold", [bytes.lower, fastest_fold()])
@pytest.mark.parametrize("pattern", [r"\d+$", r"[a-z]+ \d+", r"\d{3}-\d", "-", "x.*y"])
def test_chunks_in_which_few_lines_match_follow_such_in_which_many_do(pattern: str, fold: Fold) -> None:
    """What one chunk has taught is tried in the next, and changes no answer."""
    lane = Lane("walk", 1, "stdout")
    many = lane.feed(b"".join(b"x %d-1 y %d\n" % (number, number) for number in range(400)), NOW)
    few = lane.feed(b"".join(b"- %s\n" % (b"7" if number == 9 else b"-") for number in range(400)), NOW)
    odd = lane.feed(b"a\tb 1\n", NOW) + b"\x01 x 12-1 y 2\n"
    query = LogQuery(pattern, is_regex=True)
    finder = Finder(query, fold)
    for data in (few, many, odd, many, few, few, many + odd, odd, few + odd):
        wanted = [number for number, line in enumerate(data[:-1].split(b"\n")) if query.matches(line)]
        assert list(finder.lines(data)) == wanted


def test_search_that_cannot_be_is_answered_in_words(tmp_path: Path) -> None:
    """A broken pattern; an empty store."""
    replies: list[SearchReply] = []
    searcher = Searcher(fastest_fold)
    searcher.run(SearchRequest(1, str(tmp_path), "(", is_regex=True), replies.append, lambda: False)
    searcher.run(SearchRequest(2, str(tmp_path / "absent"), "x"), replies.append, lambda: False)
    searcher.run(SearchRequest(3), replies.append, lambda: False)
    assert [(reply.id, reply.is_done, reply.count) for reply in replies] == [(1, True, 0), (2, True, 0)]
    assert "not a regular expression" in replies[0].trouble
