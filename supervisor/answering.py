"""The part of the engine that answers: it looks up and hands on, and leaves the lives of workers as they are."""

from __future__ import annotations

from collections.abc import Sequence

from supervisor import naming
from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply
from supervisor.api.history import HistoryReply
from supervisor.api.items import ItemList
from supervisor.api.jobs import JobBook
from supervisor.api.messages import ChannelActionName, ChannelReply, Job, LetterList
from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest
from supervisor.api.requests import EventList
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.event_book import EventBook
from supervisor.hang_desk import HangDesk
from supervisor.observing import Observatory
from supervisor.pool_desk import PoolDesk
from supervisor.replica import Replica


class Answering:
    """What `supervisor.api.port.EnginePort` asks of the engine's rooms."""

    _driver: Driver
    _desk: ChannelDesk
    _pools: PoolDesk
    _book: EventBook
    _hangs: HangDesk
    _jobs: JobBook
    _observatory: Observatory
    _clock: Clock

    def known_names(self) -> tuple[str, ...]:
        raise NotImplementedError

    def _notify(self) -> None:
        raise NotImplementedError

    def _first(self, name: str) -> Replica | None:
        """The replica of this name, or the first of the worker."""
        return self._driver.replicas.get(name) or next(iter(self._driver.of_worker(name)), None)

    def _named(self, names: Sequence[str]) -> list[Replica]:
        found: dict[str, Replica] = {}
        for name in names:
            chosen = naming.choose(name, self._driver.replicas, but=self._driver.manager_name)
            if not chosen:
                known = self.known_names()
                raise RequestRefused(naming.unknown(name, known), naming.near(name, known))
            found.update((replica.name, replica) for replica in chosen)
        return list(found.values())

    def events(self, after: int, limit: int) -> EventList:
        return self._book.events(after, limit)

    async def wait_event(self, after: int, timeout_s: float) -> bool:
        return await self._book.wait_event(after, timeout_s)

    def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        return self._observatory.history.reply(names, seconds, self._clock.wall_s())

    def measured_names(self) -> tuple[str, ...]:
        return tuple(sorted(self._observatory.history.names()))

    def letters(self, channel: str) -> LetterList | None:
        return self._desk.letters(channel)

    def peek(self, channel: str) -> LetterList | None:
        return self._desk.peek(channel)

    def items(self, channel: str, limit: int) -> ItemList | None:
        return self._desk.items(channel, limit)

    def channel_act(
        self, channel: str, action: ChannelActionName, ids: Sequence[str], by: str = ""
    ) -> ChannelReply | None:
        reply = self._desk.act(channel, action, ids)
        if reply is not None:
            self._book.add("INFO", "channel", channel, reply.text, by=by)
            self._observatory.stale()
            self._notify()
        return reply

    def pool_detail(self, name: str) -> PoolDetail | None:
        return self._pools.detail(name)

    def pool_act(self, name: str, action: PoolActionName, request: PoolRequest, by: str = "") -> PoolReply | None:
        reply = self._pools.act(name, action, request, by)
        if reply is not None:
            self._book.add("INFO", "action", self._pools.replica_of(name), reply.text, by=by)
            self._notify()
        return reply

    async def why(self, names: Sequence[str]) -> WhyReply:
        replicas = self._named(names) if names else list(self._driver.replicas.values())
        return await self._hangs.why(replicas, is_all=not names)

    async def stacks(self, name: str) -> StacksReply | None:
        replica = self._first(name)
        return None if replica is None else await self._hangs.stacks(replica)

    async def sample(self, name: str, seconds: float, rate_hz: float) -> SampleReply | None:
        replica = self._first(name)
        return None if replica is None else await self._hangs.sample(replica, seconds, rate_hz)

    async def release(self, name: str, resource: str, by: str = "") -> WayOutReply | None:
        replica = self._first(name)
        return None if replica is None else await self._hangs.release(replica, resource, by)

    def kill_process(self, pid: int, start_ticks: int, by: str = "") -> WayOutReply:
        return self._hangs.kill_process(pid, start_ticks, by)

    def job(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    async def wait_job(self, job_id: int, timeout_s: float) -> Job:
        return await self._jobs.wait(job_id, timeout_s)
