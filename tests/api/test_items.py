"""Copies of what waits in a queue, over the socket: for its owner, and bounded."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.client import EngineClient
from supervisor.api.items import ITEMS_LIMIT, ItemList, RawItem
from supervisor.api.messages import ErrorReply
from supervisor.errors import RequestRefused
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_row

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from tests.api.fake_port import FakePort

ITEMS = [RawItem(pickled=pickle.dumps({"n": number})) for number in range(3)] + [RawItem(path="/dev/shm/big")]


async def test_items_come_as_they_are(session: aiohttp.ClientSession, port: FakePort) -> None:
    """Pickles in base64, big ones by their file; not more than is wished."""
    port.raw = ITEMS
    async with session.get("/v1/channels/paths/items") as response:
        assert msgspec.json.decode(await response.read(), type=ItemList).items == tuple(ITEMS)
    async with session.get("/v1/channels/paths/items?limit=1") as response:
        assert msgspec.json.decode(await response.read(), type=ItemList).items == (ITEMS[0],)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/v1/channels/pahts/items", 404, 'did you mean "paths"?'),
        ("/v1/channels/paths/items?limit=0", 400, f"limit is a whole number from 1 to {ITEMS_LIMIT}"),
        (f"/v1/channels/paths/items?limit={ITEMS_LIMIT + 1}", 400, "limit is a whole number"),
    ],
)
async def test_what_cannot_be_copied_is_refused(
    session: aiohttp.ClientSession, path: str, status: int, words: str
) -> None:
    """With a sentence."""
    async with session.get(path) as response:
        assert response.status == status
        assert words in msgspec.json.decode(await response.read(), type=ErrorReply).error


def test_client_asks_for_copies(place: Path, tmp_path: Path) -> None:  # where the socket is
    """And is told of a channel that is not there."""
    with FakeEngine(a_fleet(a_row("walk")), tmp_path) as engine:
        engine.do(lambda port: setattr(port, "raw", ITEMS))
        client = EngineClient(socket_path(engine.note.project))
        assert [item.pickled for item in client.items("paths").items] == [item.pickled for item in ITEMS]
        with pytest.raises(RequestRefused, match="no channel"):
            client.items("nowhere")
