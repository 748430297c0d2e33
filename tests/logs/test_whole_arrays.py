"""Looking at all bytes of a chunk at once finds what looking at every line finds, whatever the lines are."""

from __future__ import annotations

import json
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.lanes import Lane
from supervisor.logs.query import LogQuery
from supervisor.logs.record import engine_line
from supervisor.logs.scanning import Finder, fastest_fold
from supervisor.logs.whole_chunks import WholeChunks
from tests.logs.test_byte_runs import patterns as made_patterns
from tests.logs.test_whole_chunks import NOW, chunks, needles, patterns

pytest.importorskip("numpy")

plain_texts = st.text("abTzks09 .:-{,", max_size=100)
plain_chunks = st.lists(
    st.builds(
        lambda name, text: Lane(name, 1, "stdout").feed(text.encode() + b"\n", NOW),
        st.sampled_from(["b.1", "b.2", "Tz"]),
        plain_texts,
    ),
    min_size=1,
    max_size=12,
)
any_chunks = st.builds(lambda plain, others: plain + others + plain, plain_chunks, chunks)
heads = st.sampled_from(
    [
        b'{"time":"","logger":"parse.Tz.a.1Z","level":"INFO","message":"',
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":',
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"LOUD","message":"',
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"CRITICAL","message":"',
        b'{"time":"2026-11-22T13:31:26.1234"6Z","level":"INFO","message":"',
        b'{"time":"2026-11-22T13:31:26.1a3456Z","level":"INFO","message":"',
        b'{"time": "2026-11-22T13:31:26.12345Z","level":"INFO","message":"',
    ]
)
odd_lines = st.builds(
    lambda head, text: head + text.encode() + b'","worker":"a","incarnation":1}\n', heads, plain_texts
)


def _numbers(query: LogQuery, data: bytes) -> list[int]:
    return [number for number, line in enumerate(data[:-1].split(b"\n")) if query.matches(line)]


def _check(query: LogQuery, data: bytes) -> None:
    whole = WholeChunks(query, has_numpy=True)
    for _ in range(3):  # what it has seen in one chunk decides where it looks first in the next
        told = whole.lines(data)
        assert told is None or list(told) == _numbers(query, data)
    assert list(Finder(query, fastest_fold()).lines(data)) == _numbers(query, data)


@settings(max_examples=80, deadline=None)
@given(
    any_chunks,
    st.lists(odd_lines, max_size=4),
    needles,
    st.booleans(),
    st.sampled_from(["", "WARNING"]),
    st.sampled_from(["", "b.1", "b", "tap"]),
)
def test_text_is_found_in_the_same_lines(
    lines: list[bytes], odd: list[bytes], text: str, is_inverted: bool, level: str, worker: str
) -> None:
    """Escapes, letters beyond ASCII, exceptions, extra fields, lines that are no records, or hardly."""
    workers = frozenset({worker} - {""})
    query = LogQuery(text, workers=workers, is_inverted=is_inverted, minimum_level=level)
    _check(query, b"".join(odd + lines + odd))


@settings(max_examples=80, deadline=None)
@given(any_chunks, st.lists(odd_lines, max_size=4), st.one_of(patterns, made_patterns), st.booleans())
def test_patterns_match_the_same_lines(lines: list[bytes], odd: list[bytes], pattern: str, is_inverted: bool) -> None:
    """Classes, anchors, edges of words and alternatives."""
    _check(LogQuery(pattern, is_regex=True, is_inverted=is_inverted), b"".join(odd + lines + odd))


@pytest.mark.parametrize("query", [LogQuery("walk"), LogQuery("number 7"), LogQuery(r"\d+$", is_regex=True)])
def test_ordinary_lines_are_told_as_a_whole(query: LogQuery) -> None:
    """Many workers, messages that are long, and one line of which it is not sure."""
    data = b"".join(
        Lane(f"walk.{number % 40}", number, "stderr" if number % 50 == 3 else "stdout").feed(
            f"{'long ' * (number % 30)} number {number}\n".encode(), NOW
        )
        for number in range(600)
    ) + engine_line(0.0, "INFO", "end \\ 7")
    arrays = WholeChunks(query, has_numpy=True)._arrays
    assert arrays is not None
    told = arrays.lines(data)
    assert told is not None
    assert list(told) == _numbers(query, data)


@pytest.mark.parametrize("is_quoted_at", [None, 0, 7])
@pytest.mark.parametrize("text", ["walk", "go", "log", "b.7", "nowhere"])
def test_workers_and_places_of_many_kinds_are_told_apart(text: str, is_quoted_at: int | None) -> None:
    """More kinds of lines than are looked at together; ends that are the end of others; a time that holds a quote."""
    lines = []
    for number in range(200):
        fields = {"time": NOW, "level": ("INFO", "ERROR")[number % 9 == 0], "message": f"go {number}"}
        if number % 3:
            fields["logger"] = f"walk.{number % 50}"
        line = json.dumps(fields, separators=(",", ":")).encode()
        lines.append(Lane(f"b.{number % 8}", 1, "log").feed(line + b"\n", NOW))
    if is_quoted_at is not None:
        lines.insert(is_quoted_at, lines[3].replace(b"2026", b'20"6'))
    for workers, level, is_inverted in product(([], ["b.1"], ["b"]), ("", "ERROR"), (False, True)):
        _check(LogQuery(text, frozenset(workers), level, is_inverted=is_inverted), b"".join(lines))


def test_chunk_that_is_mostly_unsure_is_left_to_others() -> None:
    """Each line would have to be looked at by itself."""
    data = b"".join(Lane("walk", 1, "stdout").feed(b'a "word" ' + b"\n", NOW) for _ in range(200))
    whole = WholeChunks(LogQuery("word"), has_numpy=True)
    assert whole._arrays is not None
    assert whole._arrays.lines(data) is None
    assert list(whole.lines(data) or ()) == list(range(200))


@pytest.mark.parametrize(
    "data", [b"{}\n", b"a\n", b"\n", b"\n\n", b'{"time":"\n', b'{"time":"Z","level":"INFO","message":"cut\n']
)
def test_short_and_cut_lines_are_no_trouble(data: bytes) -> None:
    """What is read for a line as it mostly is ends in the chunk; what is no record is shown as a whole."""
    for query in (LogQuery("a"), LogQuery("{"), *(LogQuery(text, is_regex=True) for text in (r"\W$", r"\W{2}", "^."))):
        _check(query, data)
