"""The line to a real server on a real Unix socket: snapshots, changes, wishes, refusals, and the engine going away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from supervisor.api.messages import Job
from supervisor.api.pools import PoolRequest
from supervisor.api.server import bind_socket, serve
from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.lifecycle.states import State
from tests.api.fake_port import FakePort, a_fleet, a_letter, a_row
from tests.api.samples import a_failure, a_pool
from tests.tui.hang_fakes import deadlock, idle, sample_reply, stacks_reply
from tui.link.engine_link import News
from tui.link.socket_link import SocketLink
from tui.link.view import FleetView, LinkState


@pytest.fixture
def socket_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("s") / "engine.sock"


class Heard:
    """Everything a link told, and a way to wait for it."""

    def __init__(self) -> None:
        self.news: list[News] = []
        self._came = asyncio.Event()

    def __call__(self, news: News) -> None:
        self.news.append(news)
        self._came.set()

    @property
    def view(self) -> FleetView:
        return next((news for news in reversed(self.news) if isinstance(news, FleetView)), FleetView())

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                self._came.clear()
                await self._came.wait()


async def _with_link(path: Path, talk: Callable[[SocketLink, Heard], Awaitable[None]]) -> None:
    link, heard = SocketLink(path), Heard()
    running = asyncio.create_task(link.run(heard))
    try:
        await talk(link, heard)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await link.close()


async def test_a_snapshot_then_changes(socket_file: Path) -> None:
    """The picture is there at once, and a change of one row arrives as that row."""
    port = FakePort()
    server = await serve(port, bind_socket(socket_file))

    async def talk(_: SocketLink, heard: Heard) -> None:
        await heard.until(lambda: heard.view.state is LinkState.LIVE)
        walk = heard.view.row("walk")
        port.now = a_fleet(a_row("walk", State.FINISHED), a_row("parse.1", State.STOPPED), a_row("parse.2"))
        for listener in tuple(port.listeners):
            listener(None)
        await heard.until(lambda: (row := heard.view.row("parse.1")) is not None and row.state is State.STOPPED)
        assert heard.view.row("walk") is walk

    await _with_link(socket_file, talk)
    await server.close()


async def test_wishes_become_jobs_and_refusals_are_told(socket_file: Path) -> None:
    """An action returns its jobs; an unknown name is refused with the engine's words."""
    port = FakePort()
    server = await serve(port, bind_socket(socket_file))

    async def talk(link: SocketLink, heard: Heard) -> None:
        await heard.until(lambda: heard.view.state is LinkState.LIVE)
        jobs = await link.act("stop", ["parse.1"])
        assert [(job.action, job.target) for job in jobs] == [("stop", "parse.1")]
        port.tell(jobs[0])
        await heard.until(lambda: any(isinstance(news, Job) and news.id == jobs[0].id for news in heard.news))
        with pytest.raises(RequestRefused):
            await link.act("stop", ["nobody"])
        detail = await link.detail("parse.1")
        assert detail is not None
        assert detail.runs == "census:parse"
        assert await link.detail("nobody") is None
        assert (await link.down(is_forced=False)).survivors == ()

    await _with_link(socket_file, talk)
    await server.close()


async def test_the_engine_goes_away_and_comes_back(socket_file: Path) -> None:
    """The last picture stays, marked as lost with the cause; a new engine on the same socket is found by itself."""
    server = await serve(FakePort(), bind_socket(socket_file))

    async def talk(link: SocketLink, heard: Heard) -> None:
        await heard.until(lambda: heard.view.state is LinkState.LIVE)
        await server.close()
        socket_file.unlink(missing_ok=True)
        await heard.until(lambda: heard.view.state is LinkState.LOST and "no engine runs" in heard.view.trouble)
        assert heard.view.row("walk") is not None
        with pytest.raises(EngineUnreachable, match="does not answer"):
            await link.act("stop", ["parse.1"])
        fleet = msgspec.structs.replace(a_fleet(a_row("other")), run_id="run-2")
        again = await serve(FakePort(fleet), bind_socket(socket_file))
        await heard.until(lambda: heard.view.state is LinkState.LIVE and heard.view.row("other") is not None)
        await again.close()

    await _with_link(socket_file, talk)


async def test_no_engine_at_all_is_said_in_words(socket_file: Path) -> None:
    """A line to nothing says that nothing runs, and where it looked."""

    async def talk(link: SocketLink, heard: Heard) -> None:
        await heard.until(lambda: bool(heard.view.trouble))
        assert heard.view.state is LinkState.CONNECTING
        assert heard.view.trouble == f"no engine runs at {socket_file}"
        with pytest.raises(EngineUnreachable):
            await link.down(is_forced=True)

    await _with_link(socket_file, talk)


async def test_items_of_channels_are_read_and_acted_on(socket_file: Path) -> None:
    """What cannot be looked at is None, what cannot be done is refused with the engine's words."""
    port = FakePort()
    port.dead = {"paths": [a_letter("7"), a_letter("8")]}
    port.first = {"paths": [a_letter("9")]}
    server = await serve(port, bind_socket(socket_file))

    async def talk(link: SocketLink, _: Heard) -> None:
        letters, first = await link.letters("paths"), await link.peek("paths")
        assert letters is not None
        assert [letter.id for letter in letters.letters] == ["7", "8"]
        assert first is not None
        assert [letter.id for letter in first.letters] == ["9"]
        assert await link.letters("no/such") is None
        assert (await link.channel_act("paths", "discard", ["8"])).count == 1
        assert (await link.channel_act("paths", "drain", ())).count == 12
        with pytest.raises(RequestRefused, match="no channel 'pahts'"):
            await link.channel_act("pahts", "drain", ())
        assert port.channel_wishes == [("paths", "discard", ("8",)), ("paths", "drain", ())]

    await _with_link(socket_file, talk)
    await server.close()


async def test_pools_are_looked_at_and_wished_things(socket_file: Path) -> None:
    """They come with the picture; one that is unknown is None, what cannot be done is refused with the words for it."""
    port = FakePort(msgspec.structs.replace(a_fleet(a_row("hash")), pools=(a_pool(),)))
    port.failed_items = {"hash": (a_failure(7),)}
    server = await serve(port, bind_socket(socket_file))

    async def talk(link: SocketLink, heard: Heard) -> None:
        await heard.until(lambda: heard.view.state is LinkState.LIVE)
        assert heard.view.pools["hash"].report.done == 38
        detail = await link.pool_detail("hash")
        assert detail is not None
        assert [failure.index for failure in detail.failures] == [7]
        assert await link.pool_detail("no/such") is None
        assert (await link.pool_act("hash", "kill-member", PoolRequest(pid=4801))).text
        assert port.pool_wishes == [("hash", "kill-member", PoolRequest(pid=4801))]
        with pytest.raises(RequestRefused):
            await link.pool_act("hahs", "pause", PoolRequest())

    await _with_link(socket_file, talk)
    await server.close()


async def test_hangs_are_asked_about_and_ways_out_are_wished(socket_file: Path) -> None:
    """Verdicts of one and of all, stacks, samples, a release, a kill and a log level; refusals are told."""
    port = FakePort()
    port.verdicts = (deadlock("parse.1"), idle("parse.2", 12))
    port.stacks_of = {"parse.1": stacks_reply()}
    port.samples_of = {"parse.1": sample_reply()}
    server = await serve(port, bind_socket(socket_file))

    async def talk(link: SocketLink, _: Heard) -> None:
        assert [verdict.replica for verdict in (await link.why()).verdicts] == ["parse.1", "parse.2"]
        assert (await link.why("parse.1")).verdicts == (deadlock("parse.1"),)
        assert await link.stacks("parse.1") == stacks_reply()
        assert await link.sample("parse.1", 2.0) == sample_reply()
        assert port.asked_samples == [("parse.1", 2.0, 50.0)]
        await link.release("parse.1", "sem:3070")
        assert port.releases == [("parse.1", "sem:3070")]
        assert (await link.set_level("parse.1", "DEBUG")).told == ("parse.1",)
        for refused in (link.why("nobody"), link.stacks("nobody"), link.sample("nobody", 1.0), link.kill_process(9, 7)):
            with pytest.raises(RequestRefused):
                await refused

    await _with_link(socket_file, talk)
    await server.close()
