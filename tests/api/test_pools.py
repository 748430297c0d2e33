"""Pools over the socket: all of them, one in full, what can be asked of one, and what a stream tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from supervisor.api.client import EngineClient
from supervisor.api.messages import ErrorReply
from supervisor.api.pools import POOL_ACTION_NAMES, PoolDetail, PoolList, PoolReply, PoolRequest
from supervisor.api.streaming import fleet_message
from supervisor.errors import RequestRefused
from supervisor.paths import socket_path
from tests.api.fake_port import FakeEngine, a_fleet, a_row
from tests.api.samples import a_failure, a_pool

if TYPE_CHECKING:
    from pathlib import Path

    import aiohttp

    from tests.api.fake_port import FakePort


@pytest.fixture(autouse=True)
def _pools(port: FakePort) -> None:
    port.now = msgspec.structs.replace(port.now, pools=(a_pool("hash"), a_pool("words@parse.2")))
    port.failed_items = {"hash": (a_failure(3), a_failure(9))}


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


async def test_pools_are_those_of_the_fleet(session: aiohttp.ClientSession, port: FakePort) -> None:
    """All of them, or one in full by the name of its row, with the failures."""
    assert await _ask(session, "GET", "/v1/pools", PoolList) == PoolList(pools=port.now.pools)
    detail = await _ask(session, "GET", "/v1/pools/hash", PoolDetail)
    assert (detail.row, [failure.index for failure in detail.failures]) == (port.now.pools[0], [3, 9])
    assert (await _ask(session, "GET", "/v1/pools/words%40parse.2", PoolDetail)).row == port.now.pools[1]


@pytest.mark.parametrize(
    ("action", "body", "wish"),
    [
        ("resize", b'{"processes": 8}', PoolRequest(processes=8)),
        ("pause", None, PoolRequest()),
        ("resume", b"{}", PoolRequest()),
        ("retry-failed", None, PoolRequest()),
        ("retry-failed", b'{"index": 3}', PoolRequest(index=3)),
        ("cancel", b'{"index": 0}', PoolRequest(index=0)),
        ("kill-member", b'{"pid": 4801}', PoolRequest(pid=4801)),
    ],
)
async def test_wish_is_passed_on_with_who_asks(
    session: aiohttp.ClientSession, port: FakePort, action: str, body: bytes | None, wish: PoolRequest
) -> None:
    """The kernel says who it is."""
    reply = await _ask(session, "POST", f"/v1/pools/hash/{action}", PoolReply, body=body)
    assert reply.text == f"hash: {action} asked for"
    assert port.pool_wishes == [("hash", action, wish)]
    assert port.asked_by[0].startswith("uid ")


@pytest.mark.parametrize(
    ("action", "body", "why"),
    [
        ("resize", b"{}", "resize needs processes"),
        ("resize", b'{"processes": 0}', "processes is a number from 1 to 1000, not 0"),
        ("resize", b'{"processes": 1001}', "processes is a number from 1 to 1000, not 1001"),
        ("resize", b'{"processes": 2, "pid": 7}', "pid is not for resize"),
        ("pause", b'{"index": 2}', "index is not for pause"),
        ("cancel", b"", "cancel needs index"),
        ("cancel", b'{"index": -1}', "index counts items from 0; there is none at -1"),
        ("kill-member", b'{"pid": 1}', "pid is the number of a member's process, not 1"),
        ("resize", b'{"processes": "all"}', "the body is not a PoolRequest in JSON"),
    ],
)
async def test_wish_that_means_nothing_is_400(
    session: aiohttp.ClientSession, port: FakePort, action: str, body: bytes, why: str
) -> None:
    """With what to do; the pool hears nothing."""
    reply = await _ask(session, "POST", f"/v1/pools/hash/{action}", ErrorReply, 400, body)
    assert why in reply.error
    assert port.pool_wishes == []


async def test_unknown_pools_and_actions_are_404(session: aiohttp.ClientSession) -> None:
    """With those that come close, or that there are."""
    for method, path in (("GET", "/v1/pools/hsah"), ("POST", "/v1/pools/hsah/pause")):
        reply = await _ask(session, method, path, ErrorReply, 404)
        assert reply == ErrorReply(error="no pool 'hsah'; did you mean \"hash\"?", suggestions=("hash",))
    reply = await _ask(session, "POST", "/v1/pools/hash/grow", ErrorReply, 404)
    assert reply.suggestions == POOL_ACTION_NAMES
    assert "takes GET" in (await _ask(session, "POST", "/v1/pools/hash", ErrorReply, 405)).error


async def test_refusals_keep_the_words_of_the_engine(session: aiohttp.ClientSession, port: FakePort) -> None:
    """409: the pool is there, and will not."""
    port.pool_refusal = RequestRefused("several workers have a pool hash", ("hash@a", "hash@b"))
    for method, path in (("GET", "/v1/pools/hash"), ("POST", "/v1/pools/hash/pause")):
        reply = await _ask(session, method, path, ErrorReply, 409)
        assert reply == ErrorReply(error="several workers have a pool hash", suggestions=("hash@a", "hash@b"))


def test_stream_tells_of_pools_that_differ() -> None:
    """Whole rows of those, and no others; a pool that went away takes a whole fleet."""
    hashing, words = a_pool("hash"), a_pool("words@parse.2")
    told = a_fleet(a_row("hash"), pools=(hashing,))
    same = fleet_message(told, msgspec.structs.replace(told, now_s=200.0))
    assert same is None
    more = msgspec.structs.replace(told, pools=(a_pool("hash", done=39), words))
    message = fleet_message(told, more)
    assert message is not None
    assert message.change is not None
    assert [(row.name, row.report.done) for row in message.change.pools] == [("hash", 39), ("words@parse.2", 38)]
    message = fleet_message(more, msgspec.structs.replace(more, pools=(more.pools[0], a_pool("words@parse.2", done=1))))
    assert message is not None
    assert message.change is not None
    assert [row.name for row in message.change.pools] == ["words@parse.2"]
    message = fleet_message(more, told)
    assert message is not None
    assert message.fleet == told


def test_client_reads_and_asks(place: Path) -> None:
    """The synchronous client has a method for each of them, and a refusal keeps the engine's words."""
    with FakeEngine(a_fleet(a_row("hash"), pools=(a_pool(), a_pool("words@parse.2"))), place) as engine:
        client = EngineClient(socket_path(engine.note.project))
        assert client.pools() == engine.port.now.pools
        assert msgspec.json.decode(client.pools_json(), type=PoolList).pools == client.pools()
        assert client.pool("words@parse.2").row == engine.port.now.pools[1]
        assert client.pool_act("hash", "pause").text == "hash: pause asked for"
        assert client.pool_act("hash", "resize", PoolRequest(processes=8)).text == "hash: resize asked for"
        with pytest.raises(RequestRefused, match='did you mean "hash"'):
            client.pool("hsah")
