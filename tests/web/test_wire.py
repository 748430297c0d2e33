"""What browsers say becomes packets; what no terminal says is refused."""

from __future__ import annotations

import asyncio
import json

import pytest

from tui.web.wire import is_exit, meta, packet, read_packet, screen_size, translate


async def packets_of(data: bytes) -> list[tuple[bytes, bytes]]:
    """All packets in `data`."""
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while not reader.at_eof():
        found.append(await read_packet(reader))
    return found


async def test_what_is_written_can_be_read() -> None:
    data = packet(b"D", "ü\n".encode()) + packet(b"D", b"") + meta(type="exit")
    packets = await packets_of(data)
    assert packets == [(b"D", "ü\n".encode()), (b"D", b""), (b"M", b'{"type": "exit"}')]
    assert [is_exit(*one) for one in packets] == [False, False, True]


async def test_a_packet_that_breaks_off_is_none() -> None:
    with pytest.raises(asyncio.IncompleteReadError):
        await packets_of(packet(b"D", b"abc")[:-1])


async def test_text_that_is_no_packet_is_not_waited_for() -> None:
    """A traceback on stdout reads as a packet of a gigabyte."""
    with pytest.raises(ValueError, match="a packet of"):
        await packets_of(b"Traceback (most recent call last):")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["stdin", "q"], packet(b"D", b"q")),
        (["stdin", "\ud83d"], packet(b"D", b"?")),
        (["resize", {"width": 100, "height": 40}], meta(type="resize", width=100, height=40)),
        (["resize", {"width": 10**9, "height": -1}], meta(type="resize", width=500, height=6)),
        (["focus"], meta(type="focus")),
        (["blur"], meta(type="blur")),
    ],
)
def test_what_the_terminal_says_is_handed_on(said: object, expected: bytes) -> None:
    assert translate(json.dumps(said)) == (expected, None)


def test_a_ping_is_answered_and_not_handed_on() -> None:
    assert translate('["ping", "17"]') == (b"", '["pong", "17"]')


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "17", '["stdin"]', '["stdin", 5]', '["resize", {}]', '["resize", {"width": "9", "height": 9}]',
     '["deliver", "x"]', '[["stdin"], "x"]', '["quit"]'],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|whole numbers|unknown kind"):
        translate(text)


def test_a_size_is_kept_within_reason() -> None:
    assert screen_size(80, 24) == (80, 24)
    assert screen_size(0, 10**6) == (20, 250)
