from __future__ import annotations

import base64
import itertools
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.logs import lanes
from supervisor.logs.lanes import Lane
from supervisor.logs.record import Record, decode

NOW = "2026-11-22T13:31:26.123456Z"
RECORD = b'{"time":"2026-11-22T13:31:25.000001Z","level":"INFO","message":"parsed","logger":"census"}\n'


def decoded(stored: bytes) -> list[Record]:
    assert stored == b"" or stored.endswith(b"\n")
    return [decode(line) for line in stored.split(b"\n")[:-1]]


def original(record: Record) -> bytes:
    return base64.b64decode(record.raw) if record.raw else record.message.encode()


def test_record_keeps_its_bytes_and_gets_the_identity_last() -> None:
    """The stored form of a structured record is golden: tools outside read it."""
    stored = Lane("parse.2", 3, "log").feed(RECORD, NOW)
    assert stored == (
        b'{"time":"2026-11-22T13:31:25.000001Z","level":"INFO","message":"parsed","logger":"census",'
        b'"stream":"log","worker":"parse.2","incarnation":3}\n'
    )


def test_stdout_line_becomes_a_record() -> None:
    """The stored form of a printed line is golden as well."""
    stored = Lane("walk", 1, "stdout").feed(b'found "a\\b"\n', NOW)
    assert stored == (
        b'{"time":"2026-11-22T13:31:26.123456Z","level":"INFO","message":"found \\"a\\\\b\\"",'
        b'"stream":"stdout","worker":"walk","incarnation":1}\n'
    )


def test_stderr_lines_are_warnings() -> None:
    """What a worker writes on stderr is worth a look."""
    [record] = decoded(Lane("walk", 1, "stderr").feed(b"oops\n", NOW))
    assert (record.level, record.stream) == ("WARNING", "stderr")


def test_many_records_in_one_chunk_are_all_stamped() -> None:
    """One chunk, many records, one identity each."""
    records = decoded(Lane("parse.2", 3, "log").feed(RECORD * 500, NOW))
    assert [(r.worker, r.message) for r in records] == [("parse.2", "parsed")] * 500


def test_record_cut_by_a_chunk_waits_for_its_end() -> None:
    """A pipe cuts anywhere; a stored line is always whole."""
    lane = Lane("parse.2", 3, "log")
    assert lane.feed(RECORD + RECORD[:20], NOW).count(b"\n") == 1
    assert lane.pending_bytes == 20
    assert [r.message for r in decoded(lane.feed(RECORD[20:], NOW))] == ["parsed"]
    assert lane.pending_bytes == 0


@pytest.mark.parametrize(
    "forged", [b'"worker":"other"', b'"worker":"other","stream":"log","incarnation":9', b'"x":{}}']
)
def test_worker_cannot_forge_its_identity(forged: bytes) -> None:
    """Whatever a lane says about itself, the record is its own worker's."""
    line = RECORD[:-2] + b"," + forged + b"}\n"
    [record] = decoded(Lane("parse.2", 3, "log").feed(line, NOW))
    assert (record.worker, record.incarnation) == ("parse.2", 3)


def test_garbage_on_a_structured_lane_is_shown_as_a_warning() -> None:
    """A child that prints into the lane's descriptor loses nothing and breaks nothing."""
    records = decoded(Lane("parse.2", 3, "log").feed(RECORD + b"what is this\n" + RECORD, NOW))
    assert [r.message for r in records] == ["parsed", "what is this", "parsed"]
    garbage = records[1]
    assert (garbage.level, garbage.stream, garbage.logger, garbage.time) == ("WARNING", "log", "procdeck.lane", NOW)


def test_record_after_a_torn_one_is_not_lost_with_it() -> None:
    """A process killed in the middle of a long write must not take the next record with it."""
    records = decoded(Lane("parse.2", 3, "log").feed(RECORD[:40] + RECORD, NOW))
    assert [r.message for r in records] == [RECORD[:40].decode(), "parsed"]


def test_field_that_looks_like_a_record_does_not_split_its_record() -> None:
    """Only a line that is no JSON is searched for a second record."""
    line = RECORD[:-2] + b',"extra":{"time":"x"}}\n'
    [record] = decoded(Lane("parse.2", 3, "log").feed(line, NOW))
    assert (record.message, record.extra, record.worker) == ("parsed", {"time": "x"}, "parse.2")


def test_last_line_without_newline_is_kept() -> None:
    """What a worker wrote last before it died is often the most telling line."""
    lane = Lane("walk", 1, "stdout")
    assert lane.feed(b"one\ntw", NOW).count(b"\n") == 1
    assert lane.feed(b"o", NOW) == b""
    [record] = decoded(lane.close(NOW))
    assert (record.message, record.partial) == ("two", True)
    assert lane.close(NOW) == b""


def test_carriage_return_before_newline_goes_and_others_stay() -> None:
    """Windows line ends are line ends; a progress bar's returns are content."""
    records = decoded(Lane("walk", 1, "stdout").feed(b"dos\r\n10%\r20%\r\n\r\r\n", NOW))
    assert [r.message for r in records] == ["dos", "10%\r20%", "\r"]


def test_control_characters_are_valid_json() -> None:
    """NUL, ESC, BEL and tab come back as they went in, from a line any JSON parser takes."""
    text = "".join(map(chr, range(32))).replace("\n", "") + "\x7f\u2028é\U0001f600"
    stored = Lane("walk", 1, "stdout").feed(text.encode() + b"\n", NOW)
    assert json.loads(stored)["message"] == text


@pytest.mark.parametrize("sign", ["", "\x7f"])
def test_lines_with_control_characters_stay_lines(sign: str) -> None:
    """Colours, quotes, backslashes and Windows line ends in one chunk, with and without what stands in for newlines."""
    texts = ["\x1b[31mred\x1b[0m", 'say "\\n"\t\x00', "", f"é{sign}", "\\u001b\r", "10%\r20%"]
    stored = Lane("walk", 1, "stdout").feed("".join(f"{text}\r\n" for text in texts).encode(), NOW)
    assert [json.loads(line)["message"] for line in stored.splitlines()] == texts


def test_invalid_utf8_is_readable_and_kept_raw() -> None:
    """The text shows the bytes as escapes; the bytes themselves are beside it."""
    records = decoded(Lane("walk", 1, "stdout").feed(b"caf\xe9\ncaf\xc3\xa9\n", NOW))
    assert [(r.message, r.raw) for r in records] == [("caf\\xe9", "Y2Fm6Q=="), ("café", "")]


def test_line_longer_than_the_limit_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded; every piece but the last says that the line goes on, and no character is cut."""
    monkeypatch.setattr(lanes, "LINE_LIMIT", 10)
    monkeypatch.setattr(lanes.TextStamper, "limit", 10)
    lane = Lane("walk", 1, "stdout")
    stored = b"".join(lane.feed("äöüßäöüßäöüß".encode()[at : at + 3], NOW) for at in range(0, 24, 3))
    assert lane.pending_bytes <= 10
    records = decoded(stored + lane.feed(b"end\nshort\n", NOW))
    assert [(r.message, r.continued, r.raw) for r in records] == [
        ("äöüßä", True, ""),
        ("öüßäö", True, ""),
        ("üßend", False, ""),
        ("short", False, ""),
    ]


def test_overlong_structured_line_is_cut_into_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a lane that never ends its line holds bounded memory."""
    monkeypatch.setattr(lanes, "LINE_LIMIT", 8)
    monkeypatch.setattr(lanes.RecordStamper, "limit", 16)
    lane = Lane("walk", 1, "log")
    records = decoded(lane.feed(b"x" * 20, NOW) + lane.feed(b"\n", NOW) + lane.feed(RECORD, NOW))
    assert [(r.message, r.continued) for r in records[:3]] == [("x" * 8, True), ("x" * 8, True), ("x" * 4, False)]


pieces = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"\n", b"\r\n", b"\r", b"\\", b'"', b"}\n", b'{"time":"', RECORD, RECORD[:30], "é€😀".encode(), b"\xff"]
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=30), st.lists(st.integers(0, 400), max_size=10), st.sampled_from([None, 7]))
def test_every_byte_of_every_line_comes_back(parts: list[bytes], cuts: list[int], limit: int | None) -> None:
    """Whatever bytes arrive, cut wherever: the stored lines hold exactly them."""
    data = b"".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        if limit is not None:
            patch.setattr(lanes, "LINE_LIMIT", limit)
            patch.setattr(lanes.TextStamper, "limit", limit)
        lane = Lane("walk", 1, "stdout")
        places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
        stored = b"".join(lane.feed(data[a:b], NOW) for a, b in itertools.pairwise(places) if a < b)
        stored += lane.close(NOW)
    records = decoded(stored)
    lines: list[bytes] = [b""]
    for record in records:
        lines[-1] += original(record)
        if not record.continued:
            lines.append(b"")
    *whole, last = data.split(b"\n")
    expected = [line.removesuffix(b"\r") for line in whole] + ([last] if last else [])
    if limit is None:
        assert lines[:-1] == expected
    else:  # a carriage return may stand alone in the last piece, before the newline
        assert [line.removesuffix(b"\r") for line in lines[:-1]] == [line.removesuffix(b"\r") for line in expected]
    assert {(r.worker, r.incarnation, r.stream, r.time) for r in records} <= {("walk", 1, "stdout", NOW)}


@settings(max_examples=300, deadline=None)
@given(st.lists(pieces, max_size=30), st.lists(st.integers(0, 400), max_size=10))
def test_structured_lane_takes_any_bytes(parts: list[bytes], cuts: list[int]) -> None:
    """Arbitrary bytes on a record lane become decodable lines of this worker, and whole records among them survive."""
    data = b"".join(parts)
    lane = Lane("parse.2", 3, "log")
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    stored = b"".join(lane.feed(data[a:b], NOW) for a, b in itertools.pairwise(places) if a < b)
    records = decoded(stored + lane.close(NOW))
    assert {(r.worker, r.incarnation) for r in records} <= {("parse.2", 3)}
    whole = sum(line + b"\n" == RECORD for line in data.split(b"\n")[:-1])
    assert sum(r.message == "parsed" for r in records) >= whole
