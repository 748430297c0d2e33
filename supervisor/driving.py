"""Carries out what policy decides: hands every event to a replica's life and every effect to the room that does it.

::

    wish, pidfd, control pipe, timer ──► apply ──► lifecycle.machine.step ──► effects ──► processes
                                           └─► when_changed (jobs, clients, other workers, the run's end)
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Protocol

from loguru import logger

from supervisor.attending import Attendance
from supervisor.clock import Clock
from supervisor.lifecycle import effects as fx
from supervisor.lifecycle.events import (
    Event,
    ExitCause,
    Exited,
    Launched,
    LaunchFailed,
    ReportedRunning,
    Timer,
    TimerFired,
)
from supervisor.lifecycle.life import ImpossibleTransition, Life, judged
from supervisor.lifecycle.machine import step
from supervisor.lifecycle.states import State
from supervisor.logs.intake import Intake, LaneReader, open_pipe, pipe_bytes
from supervisor.logs.lanes import Lane
from supervisor.pacing import LaunchQueue
from supervisor.paths import RunPlace
from supervisor.processes.census import Census
from supervisor.processes.cgroups import run_group
from supervisor.processes.forkservers import Forkservers
from supervisor.processes.incarnation import Incarnation
from supervisor.processes.lane_ends import STREAMS, Pipes
from supervisor.processes.launching import Launcher
from supervisor.processes.orders import ChannelEnd, LaunchOrder
from supervisor.processes.plumbing import Plumbing
from supervisor.processes.preparing import Surroundings, prepare
from supervisor.processes.probe_programs import unreaped_pids
from supervisor.processes.refusals import passing_refusal
from supervisor.processes.sharing import Sharing
from supervisor.processes.staged import Stages, dead_pid_of, incarnation_class, owner_of
from supervisor.processes.stopping import still_alive
from supervisor.processes.strays import Strays
from supervisor.proctable import ProcessEntry
from supervisor.profile.model import Profile, WorkerSpec
from supervisor.replica import Replica, stop_orders


class Audience(Protocol):
    """Who is told what the driver does."""

    def changed(self, replica: Replica, before: Life) -> None: ...
    def happened(self, level: str, subject: str, text: str, by: str = "") -> None: ...


class Driver:
    """All replicas of a run, and the hands that start and stop them."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        profile: Profile,
        around: Callable[[Profile, int], Surroundings],
        intake: Intake,
        place: RunPlace,
        clock: Clock,
        audience: Audience,
    ) -> None:
        self._loop = loop
        self._clock = clock
        self._intake = intake
        self._audience = audience
        self.plumbing = Plumbing(profile, place.spill_directory, place.directory / "letters")
        self.sharing = Sharing(profile, place.runtime_directory)
        manager = self.sharing.manager()
        self.manager_name = manager.name if manager else ""
        self.replicas: dict[str, Replica] = {}
        for worker in (*([manager] if manager else []), *profile.workers.values()):
            for number in range(1, worker.replicas + 1):
                self.add(worker, number)
        self._around = around(profile, pipe_bytes(len(STREAMS) * len(self.replicas)))
        self._forkservers = Forkservers(loop, lambda text: audience.happened("WARNING", "engine", text))
        self._launcher = Launcher(self._forkservers, Stages(loop))
        self._strays = Strays(lambda text: audience.happened("WARNING", "engine", text))
        self._by_incarnation: dict[Incarnation, Replica] = {}
        self._runtime_directory = place.runtime_directory
        self._census = Census(place.directory)
        self._group = run_group(place.project, place.run_id)
        self.patterns_of: Callable[[str], tuple[str, ...]] = lambda _worker: ()
        """The lines that others wait for of a worker."""
        self.when_line: Callable[[], None] = lambda: None
        """Called when one of them has come."""
        self.helpers: Callable[[], frozenset[int]] = frozenset
        """Children of the engine that are neither workers nor strays."""
        self.hear_pool: Callable[[Replica, str, dict[str, Any]], bool] = lambda *_: True
        """Told what a replica says of its pools; whether that can be understood."""
        self._remains: list[ProcessEntry] = []
        """What was killed with a worker that has ended, and did not die with it."""
        self._launches = LaunchQueue(loop, clock, self._launch)

    # --- who there is ---

    def add(self, worker: WorkerSpec, number: int) -> Replica:
        """One more replica, at rest."""
        replica = Replica(worker, number)
        self.replicas[replica.name] = replica
        return replica

    def drop(self, replica: Replica) -> None:
        """Forget a replica that is at rest."""
        self._disarm(replica, list(replica.timers))
        self.replicas.pop(replica.name, None)

    def of_worker(self, worker: str) -> list[Replica]:
        """The replicas of a worker that are not on their way out, by number."""
        found = [r for r in self.replicas.values() if r.worker.name == worker and not r.is_leaving]
        return sorted(found, key=lambda replica: replica.number)

    def is_all(self, states: frozenset[State], *, but: str = "") -> bool:
        """Whether all replicas are in one of `states`, the one named `but` aside."""
        return all(r.life.state in states for r in self.replicas.values() if r.name != but)

    def now_s(self) -> float:
        """The monotonic clock."""
        return self._clock.monotonic_s()

    @property
    def lane_bytes(self) -> int:
        """How much each lane of a worker holds."""
        return self._around.pipe_bytes

    # --- policy and hands ---

    def apply(self, replica: Replica, event: Event) -> None:
        """Hand `event` to the replica's life and carry out what follows from it."""
        before = replica.life
        try:
            replica.life, effects = step(before, event)
        except ImpossibleTransition as error:
            logger.error("{}", error)
            self._audience.happened("ERROR", replica.name, f"a fault of procdeck itself, please report it: {error}")
            return
        if replica.life is before:
            return
        if replica.attendance is not None:
            replica.attendance.changed(before, replica.life)
        self._audience.changed(replica, before)  # before the effects, because a launch may answer at once
        for effect in effects:
            self._carry_out(replica, effect)
        self._settle_streams()

    def _carry_out(self, replica: Replica, effect: fx.Effect) -> None:
        incarnation = replica.incarnation
        match effect:
            case fx.LaunchProcess(number):
                self._launches.add(replica, number)
            case fx.ArmTimer(number, timer, at_s):
                self._disarm(replica, [timer])
                delay_s = max(0.0, at_s - self._clock.monotonic_s())
                replica.timers[timer] = self._loop.call_later(delay_s, self._fire, replica, number, timer, at_s)
            case fx.DisarmTimers():
                self._disarm(replica, list(replica.timers))
            case fx.Note(level, text, by):
                self._audience.happened(level, replica.name, text, by)
            case _ if incarnation is not None:
                self._act_on(incarnation, effect)

    def _act_on(self, incarnation: Incarnation, effect: fx.Effect) -> None:
        match effect:
            case fx.AskToStop():
                incarnation.ask_to_stop()
            case fx.SendTerm():
                incarnation.term()
            case fx.SendKill():
                incarnation.kill()
            case fx.SendPause():
                incarnation.pause()
            case fx.SendResume():
                incarnation.resume()
            case fx.SendAbort():
                incarnation.abort()

    def _fire(self, replica: Replica, number: int, timer: Timer, at_s: float) -> None:
        replica.timers.pop(timer, None)
        self.apply(replica, TimerFired(max(at_s, self._clock.monotonic_s()), number, timer, replica.missing))

    def _disarm(self, replica: Replica, timers: Iterable[Timer]) -> None:
        for timer in timers:
            handle = replica.timers.pop(timer, None)
            if handle is not None:
                handle.cancel()

    # --- launches ---

    def _launch(self, replica: Replica, number: int) -> None:
        life = replica.life
        if life.state is not State.STARTING or life.incarnation != number:
            cause = ExitCause("stopped before it was launched", is_ok=True)
            self._loop.call_soon(self.apply, replica, LaunchFailed(self._clock.monotonic_s(), number, cause))
            return
        now_s = self._clock.monotonic_s()
        try:
            self._settle_streams()
            order = prepare(replica.worker, replica.number, number, self._channels(replica), self._around, replica.name)
            attendance = self._attend(replica, order)
        except OSError as error:
            self._cannot_prepare(replica, number, error)
            return
        try:
            pipes = self._open_pipes(replica, attendance.notify_fd)
            incarnation = incarnation_class(order)(
                self._loop,
                attendance.dress(order),
                pipes,
                self,
                stop=stop_orders(replica.worker),
                memory=self._launcher.out_of_memory,
                group=self._group.below(f"{replica.name}-{number}") if self._group is not None else None,
            )
        except OSError as error:
            attendance.close()
            self._cannot_prepare(replica, number, error)
            return
        attendance.listen(dict(zip(STREAMS, pipes.readers, strict=True)))
        self._by_incarnation[incarnation] = replica
        replica.begin(incarnation, attendance, now_s, self._clock.wall_s())
        attendance.launched(incarnation.board.read)
        incarnation.launch(self._launcher)

    def _channels(self, replica: Replica) -> tuple[ChannelEnd, ...]:
        return self.plumbing.ends_for(replica.worker) + self.sharing.ends_for(replica.worker)

    def _attend(self, replica: Replica, order: LaunchOrder) -> Attendance:
        def on_line(pattern: str) -> None:
            replica.lines_seen.add(pattern)
            self.when_line()

        return Attendance(
            self._loop,
            replica.worker,
            order,
            self._runtime_directory,
            self.patterns_of(replica.worker.name),
            apply=partial(self.apply, replica),
            when_line=on_line,
            tell=self._audience.happened,
        )

    def _cannot_prepare(self, replica: Replica, number: int, error: OSError) -> None:
        refusal = passing_refusal(f"prepare {replica.name}", error.errno or 0)
        if refusal is None:
            logger.exception("cannot prepare {}", replica.name)
        cause = ExitCause(refusal.text if refusal else f"cannot prepare a process: {error.strerror}", is_ok=False)
        self._loop.call_soon(self._refuse, replica, number, cause)

    def _open_pipes(self, replica: Replica, notify_fd: int) -> Pipes:
        write_ends: list[int] = []
        readers: list[LaneReader] = []
        try:
            for stream in STREAMS:
                read_end, write_end = open_pipe(self._around.pipe_bytes)
                write_ends.append(write_end)
                lane = Lane(replica.name, replica.life.incarnation, stream)
                readers.append(self._intake.open_lane(read_end, lane))
        except OSError:  # no descriptors left: those that we have got are needed elsewhere
            for write_end in write_ends:
                os.close(write_end)
            for reader in readers:
                reader.close()
            raise
        log, stdout, stderr = write_ends
        return Pipes(log, stdout, stderr, readers=tuple(readers), notify=notify_fd)

    def _settle_streams(self) -> None:
        for name in self.plumbing.settle(self._state_of):
            self._audience.happened("INFO", name, "every writer has completed; its readers end after the last item")

    def _state_of(self, replica_name: str) -> State:
        replica = self.replicas.get(replica_name)
        return replica.life.state if replica is not None else State.FINISHED

    def has_logged(self, replica_name: str, pattern: str) -> bool:
        """Whether a replica has logged a line that matches `pattern`."""
        replica = self.replicas.get(replica_name)
        return replica is not None and pattern in replica.lines_seen

    # --- what incarnations tell ---

    def on_launched(self, incarnation: Incarnation, pid: int) -> None:
        self._census.on_launched(pid, incarnation.name)
        self._tell(incarnation, Launched(self._clock.monotonic_s(), incarnation.number, pid))

    def on_running(self, incarnation: Incarnation, *, hears_stop: bool) -> None:
        self._tell(incarnation, ReportedRunning(self._clock.monotonic_s(), incarnation.number, hears_stop))

    def on_ctx_ready(self, incarnation: Incarnation) -> None:
        """The worker's own code says that it can serve."""
        replica = self._by_incarnation.get(incarnation)
        if replica is not None and replica.attendance is not None:
            replica.attendance.on_ctx_ready()

    def on_trouble(self, incarnation: Incarnation, text: str) -> None:
        """Something is wrong between the engine and this worker that does not end it."""
        self._audience.happened("WARNING", self._by_incarnation[incarnation].name, text)

    def on_pool_frame(self, incarnation: Incarnation, operation: str, message: dict[str, Any]) -> bool:
        """Whether it could be understood."""
        return self.hear_pool(self._by_incarnation[incarnation], operation, message)

    def on_refused(self, incarnation: Incarnation, cause: ExitCause) -> None:
        replica = self._by_incarnation.pop(incarnation)
        self._refuse(replica, incarnation.number, cause)

    def _refuse(self, replica: Replica, incarnation: int, cause: ExitCause) -> None:
        replica.end(cause, self._clock.wall_s())
        self._audience.happened("ERROR", replica.name, f"not started: {cause.text}")
        self.apply(replica, LaunchFailed(self._clock.monotonic_s(), incarnation, cause))

    def on_reaped(self, incarnation: Incarnation) -> None:
        """Its board says what it did last, and its orphans have become children of the engine by now."""
        self._by_incarnation[incarnation].read_board()
        self.sweep()

    def on_ended(self, incarnation: Incarnation, cause: ExitCause) -> None:
        replica = self._by_incarnation.pop(incarnation)
        if incarnation.pid is not None:
            self._census.on_ended(incarnation.pid)
        self._remains.extend(incarnation.survivors())
        told = judged(replica.life, cause)
        replica.last_held = self.plumbing.recover(replica.worker, dead_pid_of(incarnation), told)
        replica.end(told, self._clock.wall_s())
        self.apply(replica, Exited(self._clock.monotonic_s(), incarnation.number, cause))

    def _tell(self, incarnation: Incarnation, event: Event) -> None:
        replica = self._by_incarnation.get(incarnation)
        if replica is not None:
            self.apply(replica, event)

    def sweep(self) -> None:
        """End what dead workers left behind. A forkserver's worker that is not announced yet must not look like one."""
        if self._forkservers.has_pending:
            return
        ours = self._forkservers.pids() | self._launcher.stages.pids() | self.helpers() | unreaped_pids()
        self._strays.sweep(ours, self._clock.monotonic_s(), self._by_incarnation)

    def each_second(self) -> None:
        """After each look at the process table: end strays, and note who lives for the next engine."""
        self.sweep()
        for incarnation in self._by_incarnation:
            self._census.on_seen(incarnation.known_tree, incarnation.name)
        self._census.prune()
        self.plumbing.recover_all()

    def pids(self) -> dict[str, int]:
        """The leader of each live replica's tree."""
        return {
            replica.name: replica.incarnation.pid
            for replica in self.replicas.values()
            if replica.incarnation is not None and replica.incarnation.pid is not None
        }

    def survivors(self) -> tuple[int, ...]:
        """Processes that live though they were killed: leaders, and what is left of trees."""
        found = {*self.pids().values(), *(entry.pid for entry in still_alive(self._remains))}
        for incarnation in self._by_incarnation:
            found.update(entry.pid for entry in incarnation.survivors())
        return tuple(sorted(found))

    def owners(self) -> dict[int, str]:
        """The replica that each process of a live tree belongs to, as of the last look."""
        owners: dict[int, str] = {}
        for replica in self.replicas.values():
            if replica.incarnation is not None:
                owner = owner_of(replica.incarnation)
                owners.update((entry.pid, owner) for entry in replica.incarnation.known_tree)
                if replica.incarnation.pid is not None:
                    owners[replica.incarnation.pid] = owner
        return owners

    def close(self) -> None:
        """Let go of timers, forkservers and channels. Live processes are the guardian's to end."""
        for replica in self.replicas.values():
            self._disarm(replica, list(replica.timers))
            if replica.attendance is not None:
                replica.attendance.close()
        self._census.close()
        self._launcher.close()
        self.plumbing.close()
        self.sharing.close()
