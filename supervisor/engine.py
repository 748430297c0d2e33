"""The composition root: wires profile, policy, processes, logs and socket together, and owns the loop.

It runs no user code, has one thread, and blocks on nothing.

::

    clients ──► Engine ──► Changer (scale, reload), Rolling ──┐
                  │ changed ──► Conductor (order, groups, schedules) ──► Driver ──► lifecycle, processes
                  └─ fleet ──► Observatory (rows, vitals), ChannelDesk, PoolDesk
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence

from loguru import logger

from supervisor import __version__, last_fleet, naming
from supervisor.answering import Answering
from supervisor.api import jobs
from supervisor.api.messages import (
    ActionName,
    DownReply,
    Event,
    Fleet,
    Health,
    Job,
    WorkerDetail,
)
from supervisor.api.requests import ReloadReply, ScaleReply
from supervisor.archive import Archive
from supervisor.changing import Changer
from supervisor.channel_desk import ChannelDesk
from supervisor.clock import Clock, SystemClock, WallWatch
from supervisor.command_lines import CommandLines
from supervisor.conducting import Conductor, watch_rules
from supervisor.curtain import Curtain
from supervisor.detail import make_detail
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.event_book import EventBook
from supervisor.hang_desk import HangDesk
from supervisor.journal import JOURNAL_NAME, Journal
from supervisor.lifecycle.events import (
    WishKill,
    WishPause,
    WishRestart,
    WishResume,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import AT_REST, State
from supervisor.logs.record import engine_line
from supervisor.observing import Observatory, Phase
from supervisor.paths import RunPlace
from supervisor.pool_desk import PoolDesk
from supervisor.processes.notifying import forget_stale, take_inherited
from supervisor.processes.preparing import Surroundings, said_to
from supervisor.processes.stalls import StallWatch
from supervisor.processes.tiers import available_tiers, kill_tiers
from supervisor.processes.watching import FileWatch
from supervisor.profile.model import Profile
from supervisor.replica import Replica, refuse_to_pause_threads
from supervisor.rolling import Rolling
from supervisor.wish_book import SUBJECTS_LIMIT, Wish, WishBook

_WISHES: dict[ActionName, type[WishStart | WishStop | WishRestart | WishKill | WishPause | WishResume]] = {
    "start": WishStart,
    "stop": WishStop,
    "restart": WishRestart,
    "kill": WishKill,
    "pause": WishPause,
    "resume": WishResume,
}

Listener = Callable[[Job | Event | None], None]


class Engine(Answering):
    """One run of one profile; what `supervisor.api.server` asks through `EnginePort`."""

    def __init__(self, profile: Profile, place: RunPlace, *, clock: Clock | None = None) -> None:
        self._place = place
        self._clock = clock or SystemClock()
        self._loop = asyncio.get_running_loop()
        self._pid = os.getpid()
        self._listeners: list[Listener] = []
        self._rolls: list[Rolling] = []
        self._tiers = kill_tiers()
        self._stalls, self._wall = StallWatch(self._clock), WallWatch(self._clock)
        self._jobs = jobs.JobBook(self._announce)
        self._archive = Archive(
            self._loop, profile, place, self._notify, lambda level, text: self.happened(level, "engine", text)
        )
        self._intake = self._archive.intake
        self._book = EventBook(Journal(place.directory / JOURNAL_NAME), self._clock.wall_s, self._tell)
        self._wishes, self._lines = WishBook(self._book, self.known_names), CommandLines(place.project)
        self._driver = Driver(self._loop, profile, self._surroundings, self._intake, place, self._clock, self)
        self._desk = ChannelDesk(profile, self._driver, self._clock)
        self._pools = PoolDesk(self._driver, self.happened)
        self._conductor = Conductor(self._loop, profile, self._driver, self._clock, self.happened)
        self._curtain = Curtain(self._loop, self._driver, self._conductor, self.happened, self._notify)
        self._files = FileWatch(
            self._loop,
            watch_rules(profile),
            profile.directory,
            self._conductor.files_changed,
            lambda text: self.happened("WARNING", "engine", text),
        )
        self._driver.helpers = lambda: self._files.pids() | self._archive.pids()
        self._changer = Changer(profile, self._driver, self._desk, self._clock, self._go_by, self._gone)
        self._hangs = HangDesk(self._loop, self._driver, self._desk, self._clock, self.happened, self._warnings_changed)
        self._observatory = Observatory(
            self._loop,
            profile,
            place,
            self._driver,
            self._desk,
            self._pools,
            self._intake,
            self._archive.writer,
            self._clock,
        )

    def _surroundings(self, profile: Profile, pipe_bytes: int) -> Surroundings:
        environment = {"PROCDECK_PROJECT": self._place.project, "PROCDECK_RUN": self._place.run_id}
        return Surroundings(profile.directory, self._place.output_directory, pipe_bytes, environment)

    def start(self) -> None:
        """Start every worker that starts by itself, and the ticks."""
        take_inherited()
        forget_stale(self._place.runtime_directory)
        self.happened("INFO", "engine", f"run {self._place.run_id} of {self._changer.profile.path}")
        for replica in list(self._driver.replicas.values()):
            if replica.worker.autostart:
                self._driver.apply(replica, WishStart(self._clock.monotonic_s()))
        self._files.start()
        self._archive.start(self._changer.profile)
        self._observatory.start(self._notify, self._each_second, lambda: bool(self._listeners))
        self._hangs.watch.start()

    def _each_second(self) -> None:
        lost_s = self._stalls.beat()
        if lost_s:
            self.happened("WARNING", "engine", f"stood still for {lost_s:.0f} s (SIGSTOP, or a machine that swaps)")
        jumped = self._wall.look()
        if jumped:
            self.happened("WARNING", "engine", jumped)
        self._driver.each_second()
        self._conductor.each_second()
        self._pools.each_second()

    def _go_by(self, profile: Profile) -> None:
        """Another profile, or other replicas, from now on."""
        self._conductor.change(profile)
        self._desk.change(profile)
        self._observatory.change(profile)
        self._files.change(watch_rules(profile))
        self._archive.change(profile)
        self._notify()

    # --- what happens ---

    def changed(self, replica: Replica, before: Life) -> None:
        """A replica's life went on: tell jobs, clients, other workers, and whoever waits for the end."""
        now_s = self._clock.monotonic_s()
        life = replica.life
        self._observatory.changed(replica)
        if life.state is not before.state or life.incarnation != before.incarnation:
            level, subject, text = naming.transition(before, life)
            cause = life.cause.text if life.cause is not None and life.cause is not before.cause else None
            self._book.add(
                level,
                "state",
                subject,
                text,
                by=self._wishes.asker_of(life.name) or naming.mover(before, life),
                from_state=before.state,
                to_state=life.state,
                incarnation=life.incarnation,
                pid=life.pid,
                cause=cause,
            )
        self._jobs.settle(life, now_s)
        for rolling in self._rolls:
            self._loop.call_soon(rolling.advance)
        self._rolls = [rolling for rolling in self._rolls if not rolling.is_over]
        self._conductor.changed(replica, before)
        self._loop.call_soon(self._changer.forget_leaver, replica)
        self._notify()
        self._curtain.changed(replica, before)

    def _warnings_changed(self) -> None:
        """What is told of stuck workers is other than before."""
        for replica in self._driver.replicas.values():
            replica.hang_warnings = self._hangs.watch.warnings_of(replica.name)
        self._observatory.stale()
        self._notify()

    def _gone(self, name: str) -> None:
        self._observatory.forget(name)
        self._jobs.forget(name, "it is no more")
        self._book.add("INFO", "state", name, "is no more")
        self._notify()

    def happened(self, level: str, subject: str, text: str, by: str = "") -> None:
        """Write a sentence to the store, to the events, and to the engine's log."""
        self._book.add(level, "engine", subject, text, by=by)

    def _tell(self, event: Event) -> None:
        message = event.what if event.subject == "engine" else f"{event.subject}: {event.what}"
        self._intake.store(engine_line(event.at, event.level, message))
        logger.log(event.level, "{}", message)
        for listener in tuple(self._listeners):
            listener(event)

    def _announce(self, job: Job) -> None:
        if job.state != "running":
            self._wishes.settled(job)
        for listener in tuple(self._listeners):
            listener(job)

    def _notify(self) -> None:
        for listener in tuple(self._listeners):
            listener(None)

    # --- what is asked ---

    def phase(self) -> Phase:
        if self._curtain.is_falling:
            return "stopping"
        return "completed" if self._driver.is_all(AT_REST, but=self._driver.manager_name) else "running"

    def fleet(self) -> Fleet:
        return self._observatory.fleet(self.phase(), self.exit_code, self._curtain.ended_by)

    def health(self) -> Health:
        return Health(
            project=self._place.project,
            profile_path=str(self._changer.profile.path),
            run_id=self._place.run_id,
            version=__version__,
            engine_pid=self._pid,
            kill_tiers=available_tiers(self._tiers),
        )

    def detail(self, name: str) -> WorkerDetail | None:
        replica = self._first(name)
        if replica is None:
            return None
        return make_detail(
            replica,
            self._changer.profile.directory,
            self._clock.monotonic_s(),
            said=said_to(replica.name, max(replica.life.incarnation, 1), self._surroundings(self._changer.profile, 0)),
            group=self._conductor.group_of(replica.worker.name),
        )

    def known_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._changer.profile.workers, *self._driver.replicas]))

    def act(self, action: ActionName, names: Sequence[str], max_unavailable: int = 0, by: str = "") -> tuple[Job, ...]:
        line = self._lines.act(action, names, max_unavailable)
        with self._wishes.asked(Wish(action, names, by, line)) as asked:
            replicas = self._named(names)
            if self._curtain.is_falling and action in ("start", "restart", "pause"):
                raise RequestRefused(f"everything is being stopped; nothing can {action} now")
            if action == "pause":
                refuse_to_pause_threads(replicas)
            meant = {name: {replica.name for replica in self._named([name])} for name in names[:SUBJECTS_LIMIT]}
            asked.accept({name: len(replicas) for name, replicas in meant.items()})

        def follow(job: Job) -> None:
            asked.follow(job, [name for name, targets in meant.items() if job.target in targets])

        return self._roll(replicas, max_unavailable, follow) if max_unavailable else self._act(action, replicas, follow)

    def _act(self, action: ActionName, replicas: Sequence[Replica], follow: Callable[[Job], None]) -> tuple[Job, ...]:
        opened = []
        for replica in replicas:
            now_s = self._clock.monotonic_s()
            job = self._jobs.open(action, replica.life, now_s)
            follow(job)
            if action == "resume" and replica.incarnation is not None and replica.life.state is not State.PAUSED:
                replica.incarnation.resume()  # somebody else has stopped it, or a process below it
            self._driver.apply(replica, _WISHES[action](now_s))
            self._jobs.settle(replica.life, now_s)
            opened.append(self._jobs.get(job.id) or job)
        return tuple(opened)

    def _roll(self, replicas: list[Replica], max_unavailable: int, follow: Callable[[Job], None]) -> tuple[Job, ...]:
        def restart(replica: Replica) -> None:
            self._driver.apply(replica, WishRestart(self._clock.monotonic_s()))

        rolling = Rolling(
            self._jobs, replicas, max_unavailable, restart, self._clock.monotonic_s, self._loop.call_later
        )
        self._rolls.append(rolling)
        for job in rolling.jobs:
            follow(job)
        rolling.advance()
        return tuple(self._jobs.get(job.id) or job for job in rolling.jobs)

    def scale(self, worker: str, replicas: int | None, by: int, asked_by: str = "") -> ScaleReply:
        what = f"scale to {replicas}" if replicas is not None else f"scale by {by:+d}"
        with self._wishes.asked(Wish(what, (worker,), asked_by, self._lines.scale(worker, replicas, by))) as asked:
            worker = self._scalable(worker)
            asked.accept()
            reply = self._changer.scale(worker, replicas, by)
            asked.done(reply.text)
        return reply

    def _scalable(self, worker: str) -> str:
        """The worker that is meant; RequestRefused where there is none, or all is being stopped."""
        if worker not in self._changer.profile.workers:
            owner = self._driver.replicas.get(worker)
            if owner is None or owner.worker.name not in self._changer.profile.workers:
                known = tuple(self._changer.profile.workers)
                raise RequestRefused(naming.unknown(worker, known), naming.near(worker, known))
            worker = owner.worker.name
        if self._curtain.is_falling:
            raise RequestRefused("everything is being stopped; nothing is scaled now")
        return worker

    async def reload(self, dry_run: bool, by: str = "") -> ReloadReply:
        if dry_run:
            return self._reload(is_dry_run=True)
        with self._wishes.asked(Wish("reload", (naming.ALL,), by, self._lines.reload())) as asked:
            reply = self._reload(is_dry_run=False)
            asked.done(f"reload of the profile: {reply.text}")
        for step in reply.plan:
            self.happened("INFO", step.subject, f"profile: {step.change}: {step.text}", "reload")
        return reply

    def _reload(self, *, is_dry_run: bool) -> ReloadReply:
        if self._curtain.is_falling:
            raise RequestRefused("everything is being stopped; nothing is reloaded now")
        return self._changer.reload(dry_run=is_dry_run)

    def watch(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)

        def unwatch() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unwatch

    # --- the end ---

    async def down(self, force: bool, by: str = "") -> DownReply:
        """Stop everything; a second call, or `force`, kills what still stops."""
        what, line = "down by force" if force else "down", self._lines.down(is_forced=force)
        with self._wishes.asked(Wish(what, ("engine",), by, line)) as asked:
            asked.accept({})
        return await self._curtain.down(force)

    @property
    def is_over(self) -> asyncio.Event:
        """Set when everything is at rest and whoever asked for the end has been answered."""
        return self._curtain.is_over

    @property
    def exit_code(self) -> int | None:
        """Of the significant worker whose end has ended the run."""
        return self._curtain.exit_code

    def listen_to_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP stop everything; again: at once."""
        self._curtain.listen_to_signals()

    async def close(self) -> None:
        """Write out what is left and let go of everything."""
        last_fleet.keep(self._place.directory, self.fleet())
        self._hangs.watch.close()
        self._conductor.close()
        self._files.close()
        self._driver.close()
        await self._archive.finish()
        self._book.close()
        self._archive.close()
