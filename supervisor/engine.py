"""The composition root: wires profile, policy, processes, logs and socket together, and owns the loop.

It runs no user code, has one thread, and blocks on nothing; see `supervisor.driving` for how a worker's life is driven.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Literal

from loguru import logger

from supervisor import __version__, naming, proctable
from supervisor.api import jobs, view
from supervisor.api.messages import (
    ActionName,
    ChannelActionName,
    ChannelReply,
    DownReply,
    EngineVitals,
    Event,
    Fleet,
    Health,
    Job,
    LetterList,
    LogState,
    ReplicaRow,
    TreeProcess,
    WorkerDetail,
)
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock, SystemClock
from supervisor.detail import make_detail
from supervisor.diagnose.metrics import Sampler
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.lifecycle.events import (
    WishForce,
    WishKill,
    WishPause,
    WishRestart,
    WishResume,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.machine import Life, Wish
from supervisor.lifecycle.states import AT_REST, State
from supervisor.logs.intake import Intake
from supervisor.logs.record import engine_line
from supervisor.logs.segments import SegmentWriter
from supervisor.paths import RunPlace
from supervisor.processes.preparing import Surroundings, fill
from supervisor.profile.model import Profile
from supervisor.replica import Replica

SAMPLE_EVERY_S: Final = 1.0
BOARD_EVERY_S: Final = 0.25
FRESH_S: Final = 0.1
"""How old what a client asks for may be."""
EVENTS_KEPT: Final = 1000

_WISHES: dict[ActionName, type[WishStart | WishStop | WishRestart | WishKill | WishPause | WishResume]] = {
    "start": WishStart,
    "stop": WishStop,
    "restart": WishRestart,
    "kill": WishKill,
    "pause": WishPause,
    "resume": WishResume,
}

Listener = Callable[[Job | Event | None], None]


class Engine:
    """One run of one profile; what `supervisor.api.server` asks through `EnginePort`."""

    def __init__(self, profile: Profile, place: RunPlace, *, clock: Clock | None = None) -> None:
        self._profile = profile
        self._place = place
        self._clock = clock or SystemClock()
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._started_s, self._started_at = self._clock.monotonic_s(), self._clock.wall_s()
        self._listeners: list[Listener] = []
        self._events: deque[Event] = deque(maxlen=EVENTS_KEPT)
        self._cursor = 0
        self._jobs = jobs.JobBook(self._announce)
        self._is_going_down = False
        self._all_down = asyncio.Event()
        self._ending: asyncio.Task[DownReply] | None = None
        self.is_over = asyncio.Event()
        self._vitals = EngineVitals(pid=self._pid)
        self._sampler, self._own_sampler = Sampler(), Sampler()
        self._writer = SegmentWriter(place.log_directory, profile.logs.segment_bytes)
        self._intake = Intake(self._loop, self._writer, self._notify)
        self._driver = Driver(self._loop, profile, self._surroundings, self._intake, place, self._clock, self)
        self._desk = ChannelDesk(profile, self._driver, self._clock)
        self._refreshed_s = 0.0
        self._rows: dict[str, ReplicaRow] = {
            replica.name: replica.row(self._started_s) for replica in self._driver.replicas.values()
        }

    def _surroundings(self, pipe_bytes: int) -> Surroundings:
        environment = {"PROCDECK_PROJECT": self._place.project, "PROCDECK_RUN": self._place.run_id}
        return Surroundings(self._profile.directory, self._place.output_directory, pipe_bytes, environment)

    def start(self) -> None:
        """Start every worker that starts by itself, and the ticks."""
        self.happened("INFO", "engine", f"run {self._place.run_id} of {self._profile.path}")
        for replica in self._driver.replicas.values():
            if replica.worker.autostart:
                self._driver.apply(replica, WishStart(self._clock.monotonic_s()))
        self._tick_metrics(self._loop.time())
        self._tick_boards()

    def _tick_metrics(self, due_s: float) -> None:
        """One look at the process table for all workers."""
        lag_ms = max(0.0, 1000 * (self._loop.time() - due_s))
        now_s = self._clock.monotonic_s()
        table = proctable.look()
        samples = self._sampler.sample(self._driver.pids().values(), table, now_s)
        for replica in self._driver.replicas.values():
            pid = replica.life.pid
            replica.observe(samples.get(pid) if pid is not None else None)
        own = self._own_sampler.sample([self._pid], {self._pid: table[self._pid]} if self._pid in table else {}, now_s)
        if self._pid in own:
            mine = own[self._pid]
            self._vitals = EngineVitals(
                pid=self._pid,
                cpu_percent=round(mine.cpu_percent, 1),
                rss_bytes=mine.rss_bytes,
                loop_lag_ms=round(lag_ms, 1),
            )
        self._driver.sweep()
        self._driver.plumbing.recover_all()
        self._desk.measure(now_s)
        self._refresh_rows()
        self._notify()
        due_s = self._loop.time() + SAMPLE_EVERY_S
        self._loop.call_at(due_s, self._tick_metrics, due_s)

    def _tick_boards(self) -> None:
        """Read what the workers say they are doing, while somebody watches."""
        if self._listeners:
            self._refresh_rows()
            self._notify()
        self._loop.call_later(BOARD_EVERY_S, self._tick_boards)

    def _refresh_rows(self) -> None:
        now_s = self._clock.monotonic_s()
        for replica in self._driver.replicas.values():
            replica.read_board()
            self._rows[replica.name] = replica.row(now_s)
        self._desk.refresh(now_s)
        self._refreshed_s = now_s

    def changed(self, replica: Replica, before: Life) -> None:
        """A replica's life went on: tell jobs, clients, and whoever waits for the end."""
        now_s = self._clock.monotonic_s()
        self._rows[replica.name] = replica.row(now_s)
        self._refreshed_s = 0.0
        if replica.life.state is not before.state or replica.life.incarnation != before.incarnation:
            self.happened(*naming.transition(before, replica.life))
        self._jobs.settle(replica.life, now_s)
        self._notify()
        if self._is_going_down:
            self._stop_manager()
            if self._is_all(AT_REST | {State.STUCK}):
                self._all_down.set()

    def happened(self, level: str, subject: str, text: str) -> None:
        """Write a sentence to the store, to the events, and to the engine's log."""
        self._cursor += 1
        event = Event(cursor=self._cursor, at=self._clock.wall_s(), subject=subject, what=text)
        self._events.append(event)
        message = text if subject == "engine" else f"{subject}: {text}"
        self._intake.store(engine_line(event.at, level, message))
        logger.log(level, "{}", message)
        for listener in tuple(self._listeners):
            listener(event)

    def _announce(self, job: Job) -> None:
        for listener in tuple(self._listeners):
            listener(job)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener(None)

    def _is_all(self, states: frozenset[State], *, but: str = "") -> bool:
        """Whether all replicas are in one of `states`, the one named `but` aside."""
        return all(r.life.state in states for r in self._driver.replicas.values() if r.name != but)

    def phase(self) -> Literal["running", "completed", "stopping"]:
        if self._is_going_down:
            return "stopping"
        return "completed" if self._is_all(AT_REST, but=self._driver.manager_name) else "running"

    def fleet(self) -> Fleet:
        phase = self.phase()
        if self._clock.monotonic_s() - self._refreshed_s > FRESH_S:
            self._refresh_rows()
        replicas = self._driver.replicas.values()
        return Fleet(
            project=self._place.project,
            profile_path=str(self._profile.path),
            run_id=self._place.run_id,
            version=__version__,
            started_at=self._started_at,
            started_s=self._started_s,
            now_s=self._clock.monotonic_s(),
            phase=phase,
            outcome=self._outcome() if phase == "completed" else "",
            rows=tuple(self._rows[replica.name] for replica in replicas),
            channels=self._desk.rows,
            log=self._log_state(),
            engine=self._vitals,
        )

    def _outcome(self) -> str:
        workers = [r.life for r in self._driver.replicas.values() if r.name != self._driver.manager_name]
        return view.outcome_text(workers, self._result())

    def _result(self) -> str | None:
        if self._profile.result is None:
            return None
        path = Path(fill(self._profile.result, self._surroundings(0)))
        path = path if path.is_absolute() else self._profile.directory / path
        return str(path) if path.exists() else f"{path} (not written)"

    def _log_state(self) -> LogState:
        self._intake.flush()
        writer = self._writer
        return LogState(
            directory=str(self._place.log_directory),
            records=writer.records,
            bytes=writer.bytes,
            warnings=writer.warnings,
            errors=writer.errors,
            lost=writer.lost,
        )

    def health(self) -> Health:
        return Health(
            project=self._place.project,
            profile_path=str(self._profile.path),
            run_id=self._place.run_id,
            version=__version__,
            engine_pid=self._pid,
        )

    def detail(self, name: str) -> WorkerDetail | None:
        replica = self._driver.replicas.get(name)
        if replica is None:
            worker = self._profile.workers.get(name)
            if worker is None:
                return None
            replica = self._driver.replicas[worker.replica_names()[0]]
        return make_detail(replica, self._profile.directory, self._clock.monotonic_s())

    def known_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._profile.workers, *self._driver.replicas]))

    def act(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        replicas = self._named(names)
        if self._is_going_down and action in ("start", "restart"):
            raise RequestRefused("everything is being stopped; nothing starts now")
        opened = []
        for replica in replicas:
            now_s = self._clock.monotonic_s()
            job = self._jobs.open(action, replica.life, now_s)
            self._driver.apply(replica, _WISHES[action](now_s))
            self._jobs.settle(replica.life, now_s)
            opened.append(self._jobs.get(job.id) or job)
        return tuple(opened)

    def _named(self, names: Sequence[str]) -> list[Replica]:
        found: dict[str, Replica] = {}
        for name in names:
            chosen = naming.choose(name, self._driver.replicas, but=self._driver.manager_name)
            if not chosen:
                known = self.known_names()
                raise RequestRefused(naming.unknown(name, known), naming.near(name, known))
            found.update((replica.name, replica) for replica in chosen)
        return list(found.values())

    def letters(self, channel: str) -> LetterList | None:
        return self._desk.letters(channel)

    def peek(self, channel: str) -> LetterList | None:
        return self._desk.peek(channel)

    def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply | None:
        reply = self._desk.act(channel, action, ids)
        if reply is not None:
            self.happened("INFO", channel, reply.text)
            self._refreshed_s = 0.0
            self._notify()
        return reply

    def job(self, job_id: int) -> Job | None:
        return self._jobs.get(job_id)

    async def wait_job(self, job_id: int, timeout_s: float) -> Job:
        return await self._jobs.wait(job_id, timeout_s)

    def watch(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def unwatch() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unwatch

    async def down(self, force: bool) -> DownReply:
        """Stop everything; a second call, or `force`, kills what still stops."""
        if not self._is_going_down:
            self._is_going_down = True
            self.happened("INFO", "engine", "stopping everything")
            for replica in self._driver.replicas.values():
                if replica.name != self._driver.manager_name:
                    self._driver.apply(replica, WishStop(self._clock.monotonic_s()))
            self._stop_manager()
        if force:
            for replica in self._driver.replicas.values():
                self._driver.apply(replica, WishForce(self._clock.monotonic_s()))
        self._notify()
        if self._ending is None:
            self._ending = self._loop.create_task(self._end())
        return await asyncio.shield(self._ending)  # whoever asked may go away; the end comes all the same

    async def _end(self) -> DownReply:
        if not self._is_all(AT_REST | {State.STUCK}):
            await self._all_down.wait()
        survivors = self._survivors()
        for process in survivors:
            self.happened("ERROR", "engine", f"still alive: {process.pid} {process.command}")
        self._loop.call_later(0.05, self.is_over.set)
        return DownReply(survivors=survivors)

    def _stop_manager(self) -> None:
        """Stop the worker that keeps dicts and lists once nobody is left who may use them."""
        manager = self._driver.replicas.get(self._driver.manager_name)
        if (
            manager is not None
            and manager.life.wish is Wish.RUN
            and self._is_all(AT_REST | {State.STUCK}, but=manager.name)
        ):
            self._driver.apply(manager, WishStop(self._clock.monotonic_s()))

    def _survivors(self) -> tuple[TreeProcess, ...]:
        pids = set(self._driver.pids().values())
        return tuple(TreeProcess(pid=pid, parent_pid=self._pid, command=proctable.command_line(pid)) for pid in pids)

    def listen_to_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP stop everything; again: at once."""
        tasks: set[asyncio.Task[DownReply]] = set()

        def stop() -> None:
            task = self._loop.create_task(self.down(force=self._is_going_down))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            self._loop.add_signal_handler(number, stop)

    def close(self) -> None:
        """Write out what is left and let go of everything."""
        self._driver.close()
        self._intake.flush()
        self._writer.close()
