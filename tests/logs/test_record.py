from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs.record import LogException, Record, decode, engine_line, severity, time_text


def test_time_text_is_27_characters_of_utc() -> None:
    """One width and one zone, so that text order is time order."""
    assert time_text(1795354286.123456) == "2026-11-22T13:31:26.123456Z"
    assert time_text(0.0) == "1970-01-01T00:00:00.000000Z"


def test_record_with_everything_is_decoded() -> None:
    """Every field of the stored format has its attribute."""
    line = (
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"ERROR","message":"no","logger":"census","pid":7,'
        b'"thread":"T-1","place":"census.py:41 parse","extra":{"file":"ast.py"},'
        b'"exception":{"type":"ValueError","message":"no","traceback":"Traceback\\n"},'
        b'"stream":"log","worker":"parse.2","incarnation":3}\n'
    )
    assert decode(line) == Record(
        time="2026-11-22T13:31:26.123456Z",
        level="ERROR",
        message="no",
        stream="log",
        worker="parse.2",
        incarnation=3,
        logger="census",
        place="census.py:41 parse",
        pid=7,
        thread="T-1",
        extra={"file": "ast.py"},
        exception=LogException("ValueError", "no", "Traceback\n"),
    )


def test_field_of_a_wrong_type_costs_only_that_field() -> None:
    """A foreign writer's number where text belongs does not hide the message."""
    line = b'{"level":5,"message":"hello","pid":"seven","exception":7,"stream":"log","worker":"a","incarnation":1}'
    record = decode(line)
    assert (record.message, record.level, record.pid, record.exception, record.worker) == (
        "hello",
        "5",
        None,
        None,
        "a",
    )


def test_lone_surrogate_is_shown_as_its_escape() -> None:
    """JSON can spell what UTF-8 cannot; the text stays printable."""
    assert decode(b'{"message":"a\\ud800b","worker":"w"}').message == "a\\ud800b"


def test_damaged_line_keeps_its_text_time_and_identity() -> None:
    """A line that is no JSON is shown, as its worker's."""
    line = b'{"time":"2026-11-22T13:31:26.123456Z",oops,"stream":"log","worker":"parse.2","incarnation":3}'
    record = decode(line)
    assert (record.stream, record.level, record.worker, record.incarnation) == ("damaged", "WARNING", "parse.2", 3)
    assert (record.time, record.message) == ("2026-11-22T13:31:26.123456Z", line.decode())


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_decode_never_raises(line: bytes) -> None:
    """A store with anything in it can be read."""
    assert isinstance(decode(line), Record)


def test_engine_line_is_golden() -> None:
    """The engine's own records look like everybody's."""
    line = engine_line(1795354286.5, "INFO", "started", subject="parse.2")
    assert line == (
        b'{"time":"2026-11-22T13:31:26.500000Z","level":"INFO","message":"started","extra":{"subject":"parse.2"},'
        b'"stream":"engine","worker":"engine","incarnation":0}\n'
    )


def test_severity_knows_other_libraries_levels() -> None:
    """Loguru's names, logging's unnamed numbers, and anything else as INFO."""
    names = ("TRACE", "success", "Level 35", "CRITICAL", "whatever")
    assert [severity(name) for name in names] == [5, 25, 35, 50, 20]
