"""What is typed becomes conditions, and lines are sorted out as bytes exactly as their records would be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.lanes import Lane
from supervisor.logs.query import FieldTest, LogQuery, field_test, parse_query
from supervisor.logs.record import decode, engine_line

NOW = "2026-11-22T13:31:26.123456Z"


def printed(text: str, worker: str = "walk", stream: str = "stdout") -> bytes:
    return Lane(worker, 1, stream).feed(text.encode() + b"\n", NOW).rstrip(b"\n")  # type: ignore[arg-type]


def test_text_is_found_in_message_worker_logger_and_exception_whatever_its_case() -> None:
    """What a person sees of a record is what the search looks at."""
    record = (
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":"Parsed \\"ast\\"","logger":"census.deep",'
        b'"exception":{"type":"ValueError","message":"bad token","traceback":"File x, line 41"},'
        b'"stream":"log","worker":"parse.2","incarnation":3}'
    )
    found = ["parsed", 'D "AST"', "CENSUS.deep", "PARSE.2", "valueerror", "Bad Token", "line 41"]
    absent = ["level", "incarnation", "2026-11", "nothing"]
    assert [text for text in found + absent if LogQuery(text).matches(record)] == found


def test_letters_beyond_ascii_are_found_whatever_their_case() -> None:
    """The fast look at raw bytes must not hide what lower-casing finds."""
    assert LogQuery("grösse ÄÖ").matches(printed("GRÖSSE äö"))


def test_queries_are_typed_as_people_know_them() -> None:
    """``!`` hides, ``re:`` is a pattern, all else is plain text."""
    lines = [printed("open a.py"), printed("close b.py"), printed("!")]
    typed = ["OPEN", "!open", "re:[ab]\\.py$", "!re:^close", "", "!"]
    assert [[parse_query(text).matches(line) for line in lines] for text in typed] == [
        [True, False, False],
        [False, True, True],
        [True, True, False],
        [True, False, True],
        [True, True, True],
        [False, False, True],
    ]


def test_conditions_are_typed_before_the_text() -> None:
    """Level, worker, field and time; what is no condition is text."""
    query = parse_query("level:warning worker:parse,walk field:extra.file=ast.py since:2026-11-22T14 !re:x y")
    assert query == LogQuery(
        text="x y",
        is_regex=True,
        is_inverted=True,
        minimum_level="WARNING",
        workers=frozenset({"parse", "walk"}),
        fields=(FieldTest(("extra", "file"), "ast.py"),),
        since="2026-11-22T14",
    )
    assert parse_query("re:level:x").text == "level:x"
    assert parse_query("port:80") == LogQuery(text="port:80")
    for typed, trouble in (("level:loud x", '"loud" is no level'), ("field:nope=1", '"nope" is no field')):
        with pytest.raises(ValueError, match=trouble):
            parse_query(typed)


def test_fields_and_times_narrow_the_view() -> None:
    """Nested values, numbers as they are written, presence, and the bounds of a time included."""
    record = (
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"ERROR","message":"no","extra":{"file":"ast.py","n":7,"ok":true},'
        b'"exception":{"type":"ValueError","message":"no","traceback":""},"stream":"log","worker":"parse.2","incarnation":3}'
    )
    found = [
        "extra.file=ast.py",
        "extra.n=7",
        "extra.ok=true",
        "exception.type=ValueError",
        "incarnation=3",
        "exception",
    ]
    absent = ["extra.file=ast", "extra.absent", "extra.absent=1", "pid", "logger", "message.x=1"]
    assert [text for text in found + absent if LogQuery(fields=(field_test(text),)).matches(record)] == found
    time = "2026-11-22T13:31:26.123456Z"
    assert LogQuery(since=time, until=time).matches(record)
    assert not LogQuery(since="2026-11-22T13:31:26.123457Z").matches(record)
    assert not LogQuery(until="2026-11-22T13:31:26.123455Z").matches(record)


def test_bad_regular_expression_is_refused_in_words() -> None:
    """The dashboard shows this sentence under the input."""
    with pytest.raises(ValueError, match=r'"\(" is not a regular expression: missing \)'):
        parse_query("re:(")


def test_levels_and_workers_narrow_the_view() -> None:
    """A worker's name stands for all its replicas; a replica's for itself."""
    lines = [
        printed("a", "parse.1"),
        printed("b", "parse.2", "stderr"),
        printed("c", "parser.1", "stderr"),
        engine_line(0.0, "ERROR", '"worker":"parse.1"'),
    ]
    queries = [
        LogQuery(minimum_level="WARNING"),
        LogQuery(workers=frozenset({"parse"})),
        LogQuery(workers=frozenset({"parse.2", "engine"})),
        LogQuery(workers=frozenset({"parse"}), minimum_level="WARNING", text="B"),
    ]
    assert [[query.matches(line) for line in lines] for query in queries] == [
        [False, True, True, True],
        [True, True, False, False],
        [False, True, False, True],
        [False, True, False, False],
    ]
    block = b"".join(line + b"\n" for line in lines)
    assert [query.may_match(block) for query in queries] == [True] * 4
    assert not LogQuery(workers=frozenset({"walk"})).may_match(block)


texts = st.text(alphabet=st.sampled_from('abAB"\\ \tß€é.{}:,'), max_size=12)


@settings(max_examples=300, deadline=None)
@given(texts, texts, st.booleans())
def test_fast_look_never_changes_the_answer(message: str, needle: str, is_inverted: bool) -> None:
    """Sorting out lines as bytes gives what looking at every decoded record gives."""
    line = printed(message)
    record = decode(line)
    is_found = needle.lower() in record.message.lower() or needle.lower() in record.worker
    query = LogQuery(needle, is_inverted=is_inverted)
    expected = True if not needle else is_found is not is_inverted
    assert query.matches(line) is expected
    assert query.may_match(line) or not expected
