"""Channels over the socket: what they hold, their dead letters, and what can be done with those."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from supervisor.api.client import EngineClient
from supervisor.api.letters import ChannelReply, LetterList
from supervisor.api.messages import ChannelList, ChannelRow, ErrorReply
from supervisor.errors import RequestRefused
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_letter, a_row

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from tests.api.fake_port import FakePort


@pytest.fixture(autouse=True)
def _channels(port: FakePort) -> None:
    port.now = msgspec.structs.replace(
        port.now, channels=(*port.now.channels, ChannelRow(name="guard", kind="lock", state="held by parse.2"))
    )
    port.dead = {"paths": [a_letter("7"), a_letter("8")]}
    port.first = {"paths": [a_letter("9", attempts=0, reason="")]}


async def _ask(
    session: aiohttp.ClientSession,
    method: str,
    path: str,
    expected: type[Any],
    status: int = 200,
    body: bytes | None = None,
) -> Any:
    async with session.request(method, path, data=body) as response:
        assert response.status == status, await response.text()
        return msgspec.json.decode(await response.read(), type=expected)


async def test_channels_are_those_of_the_fleet(session: aiohttp.ClientSession, port: FakePort) -> None:
    """All of them, or one by its name."""
    assert await _ask(session, "GET", "/v1/channels", ChannelList) == ChannelList(channels=port.now.channels)
    assert await _ask(session, "GET", "/v1/channels/guard", ChannelRow) == port.now.channels[1]


async def test_dead_letters_and_the_first_items_can_be_read(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Two paths below a queue; reading takes nothing."""
    letters = await _ask(session, "GET", "/v1/channels/paths/letters", LetterList)
    first = await _ask(session, "GET", "/v1/channels/paths/peek", LetterList)
    assert ([letter.id for letter in letters.letters], [letter.id for letter in first.letters]) == (["7", "8"], ["9"])


@pytest.mark.parametrize(
    ("action", "body", "ids"),
    [
        ("requeue", None, ()),
        ("requeue", b'{"ids": ["8"]}', ("8",)),
        ("discard", b"{}", ()),
        ("discard", b'{"ids": ["7", "8"]}', ("7", "8")),
        ("drain", None, ()),
    ],
)
async def test_action_is_passed_on_with_its_ids(
    session: aiohttp.ClientSession, port: FakePort, action: str, body: bytes | None, ids: tuple[str, ...]
) -> None:
    """No body, or one without ids, means all."""
    reply = await _ask(session, "POST", f"/v1/channels/paths/{action}", ChannelReply, body=body)
    assert reply.count == (12 if action == "drain" else len(ids) or 2)
    assert port.channel_wishes == [("paths", action, ids)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/channels/pahts"),
        ("GET", "/v1/channels/pahts/letters"),
        ("GET", "/v1/channels/pahts/peek"),
        ("POST", "/v1/channels/pahts/drain"),
    ],
)
async def test_unknown_channel_is_answered_with_those_that_come_close(
    session: aiohttp.ClientSession, port: FakePort, method: str, path: str
) -> None:
    """404, and nothing is done."""
    reply = await _ask(session, method, path, ErrorReply, 404)
    assert reply == ErrorReply(error="no channel 'pahts'; did you mean \"paths\"?", suggestions=("paths",))
    assert port.channel_wishes == []


@pytest.mark.parametrize(("method", "what"), [("GET", "letters"), ("GET", "peek"), ("POST", "requeue")])
async def test_what_is_no_queue_has_no_items(session: aiohttp.ClientSession, method: str, what: str) -> None:
    """409: the channel exists, and is of another kind."""
    reply = await _ask(session, method, f"/v1/channels/guard/{what}", ErrorReply, 409)
    assert reply.error == "guard is a lock; only a queue has items and dead letters to look at"


async def test_refusals_say_why(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Unknown letters, ids where they mean nothing, unknown actions, bodies that are none."""
    path = "/v1/channels/paths"
    wrong = await _ask(session, "POST", f"{path}/discard", ErrorReply, 409, b'{"ids": ["99"]}')
    assert wrong.error == "paths has no dead letter 99"
    port.channel_wishes.clear()
    wrong = await _ask(session, "POST", f"{path}/drain", ErrorReply, 400, b'{"ids": ["7"]}')
    assert "ids are of dead letters" in wrong.error
    wrong = await _ask(session, "POST", f"{path}/burn", ErrorReply, 404)
    assert wrong.suggestions == ("requeue", "discard", "drain")
    assert "is not a LetterIds" in (await _ask(session, "POST", f"{path}/drain", ErrorReply, 400, b"[7]")).error
    assert "takes POST" in (await _ask(session, "GET", f"{path}/drain", ErrorReply, 405)).error
    assert port.channel_wishes == []


def test_client_reads_and_acts(place: Path) -> None:
    """The synchronous client has a method for each of them, and a refusal keeps the engine's words."""
    with FakeEngine(a_fleet(a_row("walk")), place) as engine:
        engine.port.dead = {"paths": [a_letter("7")]}
        engine.port.first = {"paths": [a_letter("9")]}
        client = EngineClient(socket_path(engine.note.project))
        assert client.channels() == engine.port.now.channels
        assert msgspec.json.decode(client.channels_json(), type=ChannelList).channels == client.channels()
        assert client.channel("paths") == engine.port.now.channels[0]
        assert client.letters("paths").letters == (a_letter("7"),)
        assert client.peek("paths").letters == (a_letter("9"),)
        assert client.channel_act("paths", "requeue", ["7"]).count == 1
        assert client.channel_act("paths", "drain").text == "12 items of paths were thrown away"
        with pytest.raises(RequestRefused, match='did you mean "paths"'):
            client.peek("pa ths?x")
