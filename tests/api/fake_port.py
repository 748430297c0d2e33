"""An engine that is none: the port with canned rows, for tests of the socket and of its clients.

`FakePort` answers on whatever loop calls it. `FakeEngine` serves one from a thread, with the lock, the note and the
socket in the places where commands look for them.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from supervisor.api.hangs import SampleReply, StacksReply, Verdict, WayOutReply, WhyReply
from supervisor.api.history import HistoryReply, Series, SubjectHistory
from supervisor.api.items import ItemList, RawItem
from supervisor.api.letters import ChannelActionName, ChannelReply, Letter, LetterList
from supervisor.api.messages import ActionName, DownReply, Event, Fleet, Health, Job, ReplicaRow, WorkerDetail
from supervisor.api.pools import PoolActionName, PoolDetail, PoolFailure, PoolReply, PoolRequest
from supervisor.api.requests import EventList, LevelReply, ReloadReply, ScaleReply, SignalReply
from supervisor.api.server import bind_socket, serve
from supervisor.errors import ProcdeckError, RequestRefused
from supervisor.lifecycle.states import AT_REST, State
from supervisor.paths import EngineNote, engine_note_path, lock_path, runtime_directory, socket_path
from tests.api.samples import a_fleet, a_letter, a_plan, a_row, an_event

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["FakeEngine", "FakePort", "a_fleet", "a_letter", "a_plan", "a_row", "an_event", "wait_until"]

OUTCOMES = {
    "start": State.RUNNING,
    "restart": State.RUNNING,
    "stop": State.STOPPED,
    "kill": State.STOPPED,
    "pause": State.PAUSED,
    "resume": State.RUNNING,
}


class FakePort:
    """An EnginePort whose actions happen at once, or as the test says."""

    def __init__(self, fleet: Fleet | None = None) -> None:
        self.now = fleet or a_fleet(a_row("walk", State.FINISHED), a_row("parse.1"), a_row("parse.2"))
        self.jobs: dict[int, Job] = {}
        self.listeners: set[Callable[[Job | Event | None], None]] = set()
        self.wishes: list[tuple[str, tuple[str, ...]]] = []
        self.failing: set[str] = set()
        """Replicas on which every action fails."""
        self.down_reply = DownReply()
        self.down_may_end = asyncio.Event()
        self.down_may_end.set()
        self.downs: list[bool] = []
        self.on_down: Callable[[], None] = lambda: None
        self.fleets_read = 0
        self.dead: dict[str, list[Letter]] = {}
        """Dead letters, by queue."""
        self.first: dict[str, list[Letter]] = {}
        self.raw: list[RawItem] = []
        """What waits first, by queue."""
        self.channel_wishes: list[tuple[str, str, tuple[str, ...]]] = []
        self.failed_items: dict[str, tuple[PoolFailure, ...]] = {}
        """The failures of pools, by the names of their rows."""
        self.pool_wishes: list[tuple[str, str, PoolRequest]] = []
        self.pool_refusal: RequestRefused | None = None
        """What a question about a pool, or a wish to one, raises."""
        self.asked_by: list[str] = []
        """Who asked for each action, signal, scale and reload."""
        self.max_unavailable = 0
        """As the last action had it."""
        self.signals: list[tuple[tuple[str, ...], str]] = []
        self.scales: list[tuple[str, int | None, int]] = []
        self.reloads: list[bool] = []
        self.reload_error: ProcdeckError | None = None
        """What a reload raises."""
        self.plan = a_plan()
        self.kept_events: list[Event] = []
        self.missed = 0
        """Events that are no longer kept."""
        self.event_happened = asyncio.Event()
        self.verdicts: tuple[Verdict, ...] = ()
        """What `why` says, of those that are asked about."""
        self.troubles: tuple[str, ...] = ()
        """What it could not see."""
        self.stacks_of: dict[str, StacksReply] = {}
        self.samples_of: dict[str, SampleReply] = {}
        self.asked_samples: list[tuple[str, float, float]] = []
        self.releases: list[tuple[str, str]] = []
        self.release_error: RequestRefused | None = None
        self.kills: list[tuple[int, int]] = []
        self.waits = 0
        """How many wait for an event now."""

    def fleet(self) -> Fleet:
        self.fleets_read += 1
        return self.now

    def health(self) -> Health:
        return Health(
            project=self.now.project,
            profile_path=self.now.profile_path,
            run_id=self.now.run_id,
            version=self.now.version,
            engine_pid=os.getpid(),
        )

    def known_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for row in self.now.rows for name in (row.worker, row.name)))

    def detail(self, name: str) -> WorkerDetail | None:
        row = next((row for row in self.now.rows if row.name == name), None)
        if row is None:
            return None
        return WorkerDetail(
            row=row,
            runs="census:parse",
            description="",
            start_method="spawn",
            start_method_meaning="A fresh interpreter.",
            start_method_reason="procdeck's default",
            python="/usr/bin/python3",
            cwd="/",
            environment={},
            restart_policy="on-failure",
            stop_policy="5 s",
        )

    def act(self, action: ActionName, names: Sequence[str], max_unavailable: int = 0, by: str = "") -> tuple[Job, ...]:
        self.wishes.append((action, tuple(names)))
        self.max_unavailable = max_unavailable
        self.asked_by.append(by)
        return tuple(self._begin(action, row.name) for row in self._chosen(names))

    def _chosen(self, names: Sequence[str]) -> list[ReplicaRow]:
        for name in names:
            if name not in {"*", *self.known_names()}:
                raise RequestRefused(f'no worker "{name}"; did you mean "parse"?', ("parse",))
        return [row for row in self.now.rows if {"*", row.name, row.worker} & set(names)]

    def signal(self, names: Sequence[str], signal_name: str, by: str = "") -> SignalReply:
        live = tuple(row.name for row in self._chosen(names) if row.pid is not None)
        self.signals.append((tuple(names), signal_name))
        self.asked_by.append(by)
        return SignalReply(signalled=live, text=f"{signal_name} sent to {', '.join(live) or 'nobody'}")

    def set_level(self, names: Sequence[str], level: str, logger: str = "", by: str = "") -> LevelReply:
        told = tuple(row.name for row in self._chosen(names))
        self.asked_by.append(by)
        return LevelReply(told=told, text=f"{logger} {level} in {', '.join(told)}".strip())

    def scale(self, worker: str, replicas: int | None, by: int, asked_by: str = "") -> ScaleReply:
        before = self._chosen([worker])
        self.scales.append((worker, replicas, by))
        self.asked_by.append(asked_by)
        wanted = max(0, len(before) + by if replicas is None else replicas)
        fresh = [a_row(f"{worker}.{number}") for number in range(len(before) + 1, wanted + 1)]
        others = [row for row in self.now.rows if row not in before]
        self.change(rows=(*others, *before[:wanted], *fresh))
        text = f"{worker}: {len(before)} -> {wanted} replicas"
        return ScaleReply(worker=worker, before=len(before), after=wanted, text=text)

    async def reload(self, dry_run: bool, by: str = "") -> ReloadReply:
        self.reloads.append(dry_run)
        self.asked_by.append(by)
        if self.reload_error is not None:
            raise self.reload_error
        text = f"{len(self.plan)} changes{'' if dry_run else ' applied'}" if self.plan else "nothing differs"
        return ReloadReply(plan=self.plan, is_applied=not dry_run, text=text)

    def events(self, after: int, limit: int) -> EventList:
        newer = [event for event in self.kept_events if event.cursor > after][:limit]
        return EventList(
            events=tuple(newer), next_cursor=newer[-1].cursor if newer else after, missed=0 if after else self.missed
        )

    async def wait_event(self, after: int, timeout_s: float) -> bool:
        def is_there() -> bool:
            return any(event.cursor > after for event in self.kept_events)

        self.waits += 1
        try:
            async with asyncio.timeout(timeout_s):
                while not is_there():
                    self.event_happened.clear()
                    await self.event_happened.wait()
        except TimeoutError:
            pass
        finally:
            self.waits -= 1
        return is_there()

    def happen(self, event: Event) -> None:
        """Keep `event` and say so."""
        self.kept_events.append(event)
        self.event_happened.set()
        self.tell(event)

    def _has_channel(self, name: str) -> bool:
        return any(channel.name == name for channel in self.now.channels)

    def letters(self, channel: str) -> LetterList | None:
        known = self._has_channel(channel)
        return LetterList(channel=channel, letters=tuple(self.dead.get(channel, ()))) if known else None

    def items(self, channel: str, limit: int) -> ItemList | None:
        return ItemList(channel=channel, items=tuple(self.raw[:limit])) if self._has_channel(channel) else None

    def peek(self, channel: str) -> LetterList | None:
        known = self._has_channel(channel)
        return LetterList(channel=channel, letters=tuple(self.first.get(channel, ()))) if known else None

    def channel_act(
        self, channel: str, action: ChannelActionName, ids: Sequence[str], by: str = ""
    ) -> ChannelReply | None:
        if not self._has_channel(channel):
            return None
        self.channel_wishes.append((channel, action, tuple(ids)))
        if action == "drain":
            depth = next(each.depth or 0 for each in self.now.channels if each.name == channel)
            return ChannelReply(count=depth, text=f"{depth} items of {channel} were thrown away")
        dead = self.dead.get(channel, [])
        unknown = {*ids} - {letter.id for letter in dead}
        if unknown:
            raise RequestRefused(f"{channel} has no dead letter {', '.join(sorted(unknown))}")
        gone = [letter for letter in dead if not ids or letter.id in ids]
        self.dead[channel] = [letter for letter in dead if letter not in gone]
        return ChannelReply(count=len(gone), text=f"{action}: {len(gone)} dead letters of {channel}")

    def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        known = [name for name in self.measured_names() if not names or name in names]
        figures = (Series(figure="cpu", unit="% of a core", values=(1.0,) * min(seconds, 3)),)
        subjects = tuple(SubjectHistory(name=name, kind="worker", series=figures) for name in known)
        return HistoryReply(now_at=1000.0, step_s=1.0, subjects=subjects)

    def measured_names(self) -> tuple[str, ...]:
        return tuple(row.name for row in self.now.rows)

    def pool_detail(self, name: str) -> PoolDetail | None:
        if self.pool_refusal is not None:
            raise self.pool_refusal
        row = next((pool for pool in self.now.pools if pool.name == name), None)
        if row is None:
            return None
        return PoolDetail(
            row=row,
            failures=self.failed_items.get(name, ()),
            start_method_meaning="Members are forks of a small server.",
            start_method_cost="a member is up after 48 ms (median of 2)",
        )

    def pool_act(self, name: str, action: PoolActionName, request: PoolRequest, by: str = "") -> PoolReply | None:
        if self.pool_refusal is not None:
            raise self.pool_refusal
        if name not in {pool.name for pool in self.now.pools}:
            return None
        self.pool_wishes.append((name, action, request))
        self.asked_by.append(by)
        return PoolReply(text=f"{name}: {action} asked for")

    async def why(self, names: Sequence[str]) -> WhyReply:
        asked = {row.name for row in (self._chosen(names) if names else self.now.rows)}
        verdicts = tuple(each for each in self.verdicts if each.replica in asked)
        return WhyReply(verdicts=verdicts, took_ms=12.0, troubles=self.troubles)

    async def stacks(self, name: str) -> StacksReply | None:
        return self.stacks_of.get(name, StacksReply(replica=name)) if name in self.known_names() else None

    async def sample(self, name: str, seconds: float, rate_hz: float) -> SampleReply | None:
        self.asked_samples.append((name, seconds, rate_hz))
        nothing = SampleReply(replica=name, seconds=seconds, samples=0)
        return self.samples_of.get(name, nothing) if name in self.known_names() else None

    async def release(self, name: str, resource: str, by: str = "") -> WayOutReply | None:
        self.asked_by.append(by)
        if self.release_error is not None:
            raise self.release_error
        self.releases.append((name, resource))
        return WayOutReply(text=f"{resource} is free again") if name in self.known_names() else None

    def kill_process(self, pid: int, start_ticks: int, by: str = "") -> WayOutReply:
        self.asked_by.append(by)
        if pid not in {row.pid for row in self.now.rows}:
            raise RequestRefused(f"process {pid} is none of this run's")
        self.kills.append((pid, start_ticks))
        return WayOutReply(text=f"process {pid} was killed")

    def _begin(self, action: ActionName, target: str) -> Job:
        number = len(self.jobs) + 1
        job = Job(id=number, action=action, target=target, state="running", requested_s=1.0, text=f"{action} begins")
        self.jobs[number] = job
        return job

    def job(self, job_id: int) -> Job | None:
        return self.jobs.get(job_id)

    async def wait_job(self, job_id: int, timeout_s: float) -> Job:
        job = self.jobs[job_id]
        if timeout_s <= 0 or job.state != "running":
            return job
        is_failing = job.target in self.failing
        outcome = msgspec.structs.replace(
            job, state="failed" if is_failing else "done", text="it would not" if is_failing else f"{job.action} done"
        )
        self.jobs[job_id] = outcome
        if not is_failing:
            self.change_row(job.target, state=OUTCOMES[job.action])
        self.tell(outcome)
        return outcome

    async def down(self, force: bool, by: str = "") -> DownReply:
        self.downs.append(force)
        if force:
            self.down_may_end.set()
        self.change(phase="stopping")
        await self.down_may_end.wait()
        self.change(
            rows=tuple(
                row if row.state in AT_REST else msgspec.structs.replace(row, state=State.STOPPED, pid=None)
                for row in self.now.rows
            )
        )
        self.on_down()
        return self.down_reply

    def watch(self, listener: Callable[[Job | Event | None], None]) -> Callable[[], None]:
        self.listeners.add(listener)
        return lambda: self.listeners.discard(listener)

    def tell(self, news: Job | Event | None) -> None:
        for listener in list(self.listeners):
            listener(news)

    def change(self, **changes: object) -> None:
        """Change the fleet and say so."""
        self.now = msgspec.structs.replace(self.now, **changes)
        self.tell(None)

    def change_row(self, name: str, **changes: object) -> None:
        """Change one row and say so."""
        self.change(
            rows=tuple(msgspec.structs.replace(row, **changes) if row.name == name else row for row in self.now.rows)
        )


class FakeEngine:
    """A FakePort served from a thread under a project's name, as long as the `with` lasts or until `down`."""

    def __init__(
        self, fleet: Fleet, log_directory: Path, *, profile_path: Path = Path("/somewhere/census.toml")
    ) -> None:
        self._fleet = fleet
        self.port: FakePort
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake engine")
        self._is_ready = threading.Event()
        self._is_over: asyncio.Event
        self.note = EngineNote(
            project=fleet.project,
            profile_path=str(profile_path),
            engine_pid=os.getpid(),
            guardian_pid=os.getpid(),
            run_id=fleet.run_id,
            launch_directory=str(Path.cwd()),
            started_at=fleet.started_at,
            log_directory=str(log_directory),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._is_ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def end(self) -> None:
        """Vanish, as an engine does that is killed."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._is_over.set)

    def do(self, what: Callable[[FakePort], None]) -> None:
        """Do something to the port on the loop that it lives on."""
        self._loop.call_soon_threadsafe(what, self.port)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_over = asyncio.Event()
        self.port = FakePort(self._fleet)
        self.port.on_down = lambda: self._loop.call_later(0.05, self._is_over.set)  # type: ignore[assignment]
        project = self.note.project
        runtime_directory(project)
        lock = os.open(lock_path(project), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        listener = bind_socket(socket_path(project))
        server = await serve(self.port, listener)
        self.note.write(engine_note_path(project))
        self._is_ready.set()
        await self._is_over.wait()
        await server.close()
        socket_path(project).unlink(missing_ok=True)
        engine_note_path(project).unlink(missing_ok=True)
        os.close(lock)


def wait_until(claim: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Return once `claim` holds; fail after `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline_s, "what was waited for did not come true"
        time.sleep(0.005)
