"""What one client of the stream is told, and what happens when it is slow."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import aiohttp
import msgspec
import pytest

from supervisor.api import routes, streaming
from supervisor.api.messages import ErrorReply, Event, Job, LogState, StreamMessage
from supervisor.api.streaming import PENDING_LIMIT, Subscription, fleet_message
from supervisor.lifecycle.states import State
from tests.api.fake_port import FakePort, a_fleet, a_row

if TYPE_CHECKING:
    from pathlib import Path

    from supervisor.api.server import Server


async def _hear(stream: aiohttp.ClientWebSocketResponse) -> StreamMessage:
    return msgspec.json.decode(await stream.receive_str(timeout=60), type=StreamMessage)


def _event(number: int) -> Event:
    return Event(cursor=number, at=0.0, subject="parse.1", what=f"event {number}")


def _job(number: int, text: str = "") -> Job:
    return Job(id=number, action="stop", target="parse.1", state="running", requested_s=0.0, text=text)


async def test_stream_begins_with_the_fleet_and_goes_on_with_what_differs(
    session: aiohttp.ClientSession, port: FakePort
) -> None:
    """A change holds the rows that differ, whole, and no others; channels likewise."""
    async with session.ws_connect("/v1/stream") as stream:
        assert (await _hear(stream)).fleet == port.now
        port.change_row("parse.1", state=State.STOPPING)
        change = (await _hear(stream)).change
        assert change is not None
        assert [(row.name, row.state) for row in change.rows] == [("parse.1", State.STOPPING)]
        assert change.channels == ()
        port.change(channels=(msgspec.structs.replace(port.now.channels[0], depth=13),))
        change = (await _hear(stream)).change
        assert change is not None
        assert (change.rows, [channel.depth for channel in change.channels]) == ((), [13])


async def test_jobs_and_events_are_passed_on(session: aiohttp.ClientSession, port: FakePort) -> None:
    """One message each, events in the order of their cursors."""
    async with session.ws_connect("/v1/stream") as stream:
        await _hear(stream)
        for news in (_event(1), _event(2), _job(7)):
            port.tell(news)
        heard = [await _hear(stream) for _ in range(3)]
        assert heard == [StreamMessage(event=_event(1)), StreamMessage(event=_event(2)), StreamMessage(job=_job(7))]


async def test_each_client_gets_what_it_does_not_know(session: aiohttp.ClientSession, port: FakePort) -> None:
    """One that comes late starts with the whole; the differences of another are not its own."""
    async with session.ws_connect("/v1/stream") as early, session.ws_connect("/v1/stream") as late:
        await _hear(early)
        await _hear(late)
        port.change_row("walk", restarts=3)
        for stream in (early, late):
            change = (await _hear(stream)).change
            assert change is not None
            assert [row.name for row in change.rows] == ["walk"]


async def test_client_that_leaves_is_forgotten(session: aiohttp.ClientSession, port: FakePort) -> None:
    """No listener stays behind."""
    async with session.ws_connect("/v1/stream") as stream:
        await _hear(stream)
        assert len(port.listeners) == 1
    async with asyncio.timeout(60):
        while port.listeners:
            await asyncio.sleep(0.001)


async def test_client_that_speaks_on_the_stream_is_sent_off(session: aiohttp.ClientSession, port: FakePort) -> None:
    """The stream goes one way; wishes are HTTP requests."""
    for said in ("hello", "x" * 100_000):
        async with session.ws_connect("/v1/stream") as stream:
            await _hear(stream)
            await stream.send_str(said)
            assert (await stream.receive(timeout=60)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
    async with asyncio.timeout(60):
        while port.listeners:
            await asyncio.sleep(0.001)


async def test_plain_request_for_the_stream_is_refused(session: aiohttp.ClientSession) -> None:
    """400, in the words of everything else."""
    async with session.get("/v1/stream") as response:
        assert response.status == 400
        assert "is a WebSocket" in msgspec.json.decode(await response.read(), type=ErrorReply).error


async def test_close_ends_the_streams_at_once(session: aiohttp.ClientSession, server: Server) -> None:
    """The clients are told that the engine goes away."""
    async with session.ws_connect("/v1/stream") as stream:
        await _hear(stream)
        closing = asyncio.create_task(server.close())
        message = await stream.receive(timeout=60)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, aiohttp.WSCloseCode.GOING_AWAY)
        await closing


async def test_client_that_reads_nothing_holds_up_nobody_and_is_ended(
    server: Server,
    session: aiohttp.ClientSession,
    port: FakePort,
    socket_file: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its connection is ended after the deadline; meanwhile another client hears everything."""
    monkeypatch.setattr(routes, "SEND_TIMEOUT_S", 0.3)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setblocking(False)
        await asyncio.get_running_loop().sock_connect(deaf, str(socket_file))
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13"
        key = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="
        deaf.send(f"GET /v1/stream HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n{key}\r\n\r\n".encode())
        async with session.ws_connect("/v1/stream") as stream, asyncio.timeout(60):
            await _hear(stream)
            while len(port.listeners) < 2:
                await asyncio.sleep(0.001)
            number = 0
            while len(port.listeners) == 2:
                number += 1
                text = f"{number} " + "x" * 100_000
                port.change_row("parse.1", activity=text)
                change = (await _hear(stream)).change
                assert change is not None
                assert change.rows[0].activity == text
    assert number < 500


async def test_slow_client_gets_the_latest_state_and_the_count_of_what_it_missed() -> None:
    """While a send waits, nothing piles up: states are skipped, jobs merged, the oldest events dropped and counted."""
    port = FakePort()
    subscription = Subscription(port.fleet)
    port.watch(subscription.notice)
    sent: list[StreamMessage] = []
    may_go_on = asyncio.Event()

    async def send(message: StreamMessage) -> None:
        sent.append(message)
        await may_go_on.wait()

    running = asyncio.create_task(subscription.run(send))
    async with asyncio.timeout(60):
        while not sent:
            await asyncio.sleep(0)
        for number in range(PENDING_LIMIT + 100):
            port.change_row("parse.1", restarts=number)
            port.tell(_event(number))
            port.tell(_job(1, text=str(number)))
        may_go_on.set()
        while not sent[-1].job:
            await asyncio.sleep(0.001)
    subscription.end()
    await running
    first, state, missed, *events, job = sent
    assert first.fleet is not None
    assert state.change is not None
    assert [row.restarts for row in state.change.rows] == [PENDING_LIMIT + 99]
    assert missed.missed_events == 100
    assert [message.event for message in events] == [_event(number) for number in range(100, PENDING_LIMIT + 100)]
    assert job.job == _job(1, text=str(PENDING_LIMIT + 99))


async def test_burst_of_changes_is_one_message() -> None:
    """Changes that come together are told together, and the fleet is read once for them."""
    port = FakePort()
    subscription = Subscription(port.fleet)
    port.watch(subscription.notice)
    sent: list[StreamMessage] = []

    async def send(message: StreamMessage) -> None:
        sent.append(message)

    running = asyncio.create_task(subscription.run(send))
    async with asyncio.timeout(60):
        while not sent:
            await asyncio.sleep(0)
        for number in range(50):
            port.change_row("parse.1", restarts=number)
            port.change_row("parse.2", restarts=number)
        while len(sent) < 2:
            await asyncio.sleep(0.001)
    subscription.end()
    await running
    assert port.fleets_read == 2
    assert sent[1].change is not None
    assert [(row.name, row.restarts) for row in sent[1].change.rows] == [("parse.1", 49), ("parse.2", 49)]


async def test_restless_engine_is_told_of_at_a_bounded_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the allowance is used up, bursts are as far apart as the rate says: by the sleeps that are asked for."""
    port = FakePort()
    subscription = Subscription(port.fleet)
    pauses: list[float] = []
    real_sleep = asyncio.sleep

    async def note_sleep(delay_s: float) -> None:
        pauses.append(delay_s)
        await real_sleep(0)

    monkeypatch.setattr(asyncio, "sleep", note_sleep)

    async def send(_: StreamMessage) -> None:
        subscription.notice(None)
        if len(pauses) >= 10:
            subscription.end()
        port.now = msgspec.structs.replace(port.now, outcome=str(len(pauses)))

    await subscription.run(send)
    assert pauses[:3] == [streaming.GATHER_S] * 3
    assert pauses[-1] > 1 / streaming.BURSTS_PER_S


def test_nothing_but_the_time_is_no_news() -> None:
    """A client is not woken because a second has passed."""
    told = a_fleet(a_row("walk"))
    assert fleet_message(told, msgspec.structs.replace(told, now_s=999.0)) is None


def test_growing_log_is_news_without_rows() -> None:
    """A client that follows the log is told that there is more."""
    told = a_fleet(a_row("walk"))
    message = fleet_message(told, msgspec.structs.replace(told, log=LogState(directory="/somewhere/logs", records=5)))
    assert message is not None
    assert message.change is not None
    assert (message.change.rows, message.change.log.records) == ((), 5)


def test_row_that_went_away_is_told_by_the_whole_fleet() -> None:
    """A change has no words for it."""
    told = a_fleet(a_row("walk"), a_row("parse"))
    now = a_fleet(a_row("walk"))
    assert fleet_message(told, now) == StreamMessage(fleet=now)
