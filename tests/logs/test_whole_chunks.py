"""Looking at whole chunks finds what looking at every line finds, whatever the lines are."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.lanes import Lane
from supervisor.logs.query import LogQuery
from supervisor.logs.record import engine_line
from supervisor.logs.scanning import Finder
from supervisor.logs.whole_chunks import WholeChunks

NOW = "2026-11-22T13:31:26.123456Z"
LETTERS = 'abTz09 .:-{,}"\\\t\u00e9\u20ac\u0130\u212aks'
texts = st.text(alphabet=st.sampled_from(LETTERS), max_size=10)


def _record(message: str, level: str, extra: str, logger: str, *, is_ascii: bool) -> bytes:
    fields = {"time": NOW, "level": level, "message": message, "logger": logger, "extra": {extra: extra}}
    line = json.dumps(fields, ensure_ascii=is_ascii, separators=(",", ":")).encode()
    return Lane("tap.1", 1, "log").feed(line + b"\n", NOW)


def _failed(message: str, traceback: str) -> bytes:
    exception = {"type": "Bad", "message": message, "traceback": traceback}
    line = json.dumps({"time": NOW, "level": "ERROR", "message": "", "exception": exception}, separators=(",", ":"))
    return Lane("tap.2", 1, "log").feed(line.encode() + b"\n", NOW)


needles = st.text(alphabet=st.sampled_from(LETTERS.replace("\t", "")), min_size=1, max_size=4)
levels = st.sampled_from(["INFO", "DEBUG", "ERROR", "zeal", "Level 35"])
records = st.builds(_record, texts, levels, texts, texts, is_ascii=st.booleans())
printed = st.builds(lambda text: Lane("b.1", 1, "stdout").feed(text.encode() + b"\n", NOW), texts)
foreign = st.one_of(
    st.builds(lambda text: text.encode() + b"\n", st.text(alphabet=st.sampled_from(LETTERS + "\x01\x02"), max_size=8)),
    st.builds(
        lambda text: b'{"time":"Z","level":"INFO","message":"' + text.encode() + b'","worker":"a","incarnation":1}\n',
        texts,
    ),
    st.builds(
        lambda text: b'{"time":"Z","level":"INFO","message":"a","message":"' + text.encode() + b'"}\n',
        texts,
    ),
    st.just(b'{"time":"Z","level":"INFO","message":"cut\n'),
    st.just(b'{"time":"Z","level":"INFO","message":"\xff b","worker":"a"}\n'),
    st.just(engine_line(0.0, "WARNING", "abT")),
)
chunks = st.lists(st.one_of(records, printed, st.builds(_failed, texts, texts), foreign), min_size=1, max_size=8)
patterns = st.sampled_from(
    [
        "a",
        "[a-k]+",
        r"\d",
        r"b\b",
        "^a",
        "b$",
        "x*",
        "a|z",
        r"\s",
        r"[^a]",
        "\u00e9",
        r"(?i:k)",
        r"info|b",
        r"\\",
        r"a(?=b)",
    ]
)


def _numbers(query: LogQuery, data: bytes) -> list[int]:
    return [number for number, line in enumerate(data[:-1].split(b"\n")) if query.matches(line)]


@settings(max_examples=200, deadline=None)
@given(chunks, needles, st.booleans(), st.sampled_from(["", "WARNING"]), st.sampled_from(["", "tap"]))
def test_text_is_found_in_the_same_lines(
    lines: list[bytes], text: str, is_inverted: bool, level: str, worker: str
) -> None:
    """Escapes, letters beyond ASCII, exceptions, extra fields, lines that are no records."""
    data = b"".join(lines)
    workers = frozenset({worker} - {""})
    query = LogQuery(text, is_inverted=is_inverted, minimum_level=level, workers=workers)
    assert WholeChunks(query).lines(data) in (None, _numbers(query, data))
    assert list(Finder(query, bytes.lower).lines(data)) == _numbers(query, data)


@settings(max_examples=200, deadline=None)
@given(chunks, patterns, st.booleans())
def test_patterns_match_the_same_lines(lines: list[bytes], pattern: str, is_inverted: bool) -> None:
    """As the message is, and not as JSON writes it."""
    data = b"".join(lines)
    query = LogQuery(pattern, is_regex=True, is_inverted=is_inverted)
    assert WholeChunks(query).lines(data) in (None, _numbers(query, data))
    assert list(Finder(query, bytes.lower).lines(data)) == _numbers(query, data)


@pytest.mark.parametrize("text", ["a", 'a"b', "\\", "level", "26", "\u00e9", "abt"])
def test_ordinary_lines_are_told_as_a_whole(text: str) -> None:
    """Quotation marks, backslashes and records of the engine are no reason to look at lines one by one."""
    messages = ["a", 'a"b', "C:\\a", "level 26", "\u00e9"]
    lane = Lane("w.1", 1, "stdout")
    data = b"".join(lane.feed(message.encode() + b"\n", NOW) for message in messages) + engine_line(0.0, "INFO", "abT")
    query = LogQuery(text)
    assert WholeChunks(query).lines(data) == _numbers(query, data)


@pytest.mark.parametrize("has_numpy", [False, True])
def test_what_was_seen_behind_messages_is_not_kept_for_ever(has_numpy: bool) -> None:
    """Records with fields of their own end each in another way."""
    if has_numpy:
        pytest.importorskip("numpy")
    whole = WholeChunks(LogQuery("zz", is_inverted=True, minimum_level="DEBUG"), has_numpy=has_numpy)
    for chunk in range(20):
        lines = (_record("b", "INFO", f"{chunk}.{number}", "", is_ascii=True) for number in range(500))
        assert list(whole.lines(b"".join(lines)) or ()) == list(range(500))
    assert len(whole._ends) <= 5000
    if whole._arrays is not None:
        assert len(whole._arrays._shapes._known) <= 5000
