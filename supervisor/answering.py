"""The part of the engine that answers: it looks up and hands on, and leaves the lives of workers as they are."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from supervisor import naming
from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply
from supervisor.api.history import HistoryReply
from supervisor.api.items import ItemList
from supervisor.api.jobs import JobBook
from supervisor.api.letters import ChannelActionName, ChannelReply, LetterList
from supervisor.api.messages import Job
from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest
from supervisor.api.requests import EventList, LevelReply, SignalReply
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock
from supervisor.command_lines import CommandLines
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.event_book import EventBook
from supervisor.hang_desk import HangDesk
from supervisor.observing import Observatory
from supervisor.pool_desk import PoolDesk
from supervisor.replica import Replica, set_levels, why_unsignalled
from supervisor.wish_book import Wish, WishBook


class Answering:
    """What `supervisor.api.port.EnginePort` asks of the engine's rooms."""

    _driver: Driver
    _desk: ChannelDesk
    _pools: PoolDesk
    _book: EventBook
    _wishes: WishBook
    _lines: CommandLines
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
        wish = Wish(action, (channel,), by, self._lines.channel_act(channel, action, ids), "channel", channel)
        with self._wishes.asked(wish) as asked:
            reply = self._desk.act(channel, action, ids)
            if reply is not None:
                asked.done(reply.text)
                self._observatory.stale()
                self._notify()
        return reply

    def pool_detail(self, name: str) -> PoolDetail | None:
        return self._pools.detail(name)

    def pool_act(self, name: str, action: PoolActionName, request: PoolRequest, by: str = "") -> PoolReply | None:
        line = self._lines.pool_act(name, action, request)
        with self._wishes.asked(Wish(action, (name,), by, line, subject=self._pools.replica_of(name))) as asked:
            reply = self._pools.act(name, action, request, by)
            if reply is not None:
                asked.done(reply.text)
                self._notify()
        return reply

    def signal(self, names: Sequence[str], signal_name: str, by: str = "") -> SignalReply:
        number = signal.Signals[signal_name]
        with self._wishes.asked(Wish(signal_name, names, by, self._lines.signal(signal_name, names))) as asked:
            replicas = self._named(names)
            asked.accept()
            told = tuple(r.name for r in replicas if r.incarnation is not None and r.incarnation.signal(number))
            text = f"{signal_name} sent to {', '.join(told)}" if told else f"{signal_name} sent to nobody"
            text += why_unsignalled([replica for replica in replicas if replica.name not in told])
            asked.done(text)
        return SignalReply(signalled=told, text=text)

    def set_level(self, names: Sequence[str], level: str, logger: str = "", by: str = "") -> LevelReply:
        what = f"log level {level}{f' of {logger}' if logger else ''}"
        with self._wishes.asked(Wish(what, names, by, self._lines.set_level(names, level, logger))) as asked:
            replicas = self._named(names)
            asked.accept()
            reply = set_levels(replicas, level, logger)
            asked.done(reply.text)
        self._observatory.stale()
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
        if replica is None:
            return None
        wish = Wish(f"release of {resource}", (replica.name,), by, self._lines.release(name, resource))
        with self._wishes.asked(wish) as asked:
            reply = await self._hangs.release(replica, resource)
            asked.done(f"{resource}: {reply.text}", level="WARNING")
        return reply

    def kill_process(self, pid: int, start_ticks: int, by: str = "") -> WayOutReply:
        wish = Wish(f"kill of process {pid}", (), by, self._lines.kill_process(pid, start_ticks))
        with self._wishes.asked(wish) as asked:
            owner, reply = self._hangs.kill_process(pid, start_ticks)
            asked.done(reply.text, level="WARNING", subject=owner)
        return reply

    def job(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    async def wait_job(self, job_id: int, timeout_s: float) -> Job:
        return await self._jobs.wait(job_id, timeout_s)
