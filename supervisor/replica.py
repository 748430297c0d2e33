"""One replica as the engine holds it: its life, its live incarnation, what was seen of it, and its exits."""

from __future__ import annotations

import asyncio
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace

from supervisor.api.messages import ExitRecord, ReplicaRow
from supervisor.api.pools import PoolReport
from supervisor.api.requests import LevelReply
from supervisor.api.view import CPU_HISTORY_LENGTH, Seen, make_row
from supervisor.attending import Attendance
from supervisor.diagnose.metrics import TreeSample
from supervisor.errors import RequestRefused
from supervisor.lifecycle.events import ExitCause, Timer
from supervisor.lifecycle.life import Life, StartRule, StopRule
from supervisor.lifecycle.ordering import Dependency
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.schedule import ScheduleRule
from supervisor.lifecycle.states import LIVE, State
from supervisor.logs.record import LEVELS
from supervisor.masking import mask_words
from supervisor.processes.incarnation import Incarnation, StopOrders
from supervisor.processes.staged import own_cpu_percent_of
from supervisor.profile.model import WorkerSpec
from supervisor.profile.simulating import real_method

KEPT_EXITS = 20
DEFAULT_LEVEL = "INFO"


class Replica:
    """What changes about one replica. Decisions are `life`'s; this only remembers."""

    def __init__(self, worker: WorkerSpec, number: int) -> None:
        self.worker = worker
        self.number = number
        self.name = worker.replica_name(number)
        self.life = Life(self.name, restart=restart_rule(worker), stop=stop_rule(worker), start=start_rule(worker))
        self.incarnation: Incarnation | None = None
        self.attendance: Attendance | None = None
        self.timers: dict[Timer, asyncio.TimerHandle] = {}
        self.exits: deque[ExitRecord] = deque(maxlen=KEPT_EXITS)
        self.last_traceback = ""
        self.last_advice = ""
        """What a person can do about the last failure."""
        self.last_held: tuple[str, ...] = ()
        """The queues of which its last incarnation had an item in hand when it ended."""
        self.seen = Seen()
        self.pool: PoolReport | None = None
        """What its live incarnation has said of the pool that it runs."""
        self.lines_seen: set[str] = set()
        """The patterns that others wait for, of which it has logged a line."""
        self.group = ""
        """Its worker's group in the profile."""
        self.waits_for = ""
        """Whom it waits for while it is WAITING."""
        self.hang_warnings: tuple[str, ...] = ()
        """Why it does not move, as far as that is a warning."""
        self.levels: dict[str, str] = {}
        """What was wished of its loggers' levels while it ran, by logger; it counts for later incarnations too."""
        self.is_leaving = False
        """Scaled or reloaded away: it is no more once it is at rest."""

    @property
    def missing(self) -> str:
        """Which check its readiness waits for, and what that said; empty where nobody knows."""
        return self.attendance.missing if self.attendance is not None else ""

    def adopt(self, worker: WorkerSpec) -> None:
        """Go by another table of the profile: policy at once, what a process is made of from the next launch."""
        if worker.log_level != self.worker.log_level:
            self.set_level(worker.log_level or DEFAULT_LEVEL)
        self.worker = worker
        self.life = replace(self.life, restart=restart_rule(worker), stop=stop_rule(worker), start=start_rule(worker))

    def begin(self, incarnation: Incarnation, attendance: Attendance, now_s: float, wall_s: float) -> None:
        """A new incarnation is being launched."""
        self.incarnation = incarnation
        self.attendance = attendance
        self.hang_warnings = ()
        self.pool = None
        if self.levels:
            incarnation.set_levels(_numbers(self.levels))
        self.seen = replace(self.seen, started_s=now_s, started_at=wall_s, sample=None, page=None)

    def end(self, cause: ExitCause, wall_s: float) -> None:
        """The incarnation is over: remember how."""
        incarnation, self.incarnation = self.incarnation, None
        if self.attendance is not None:
            self.attendance.close()
            self.attendance = None
        if incarnation is not None and incarnation.traceback:
            self.last_traceback = incarnation.traceback
        if incarnation is not None:
            self.last_advice = incarnation.advice
        self.exits.append(
            ExitRecord(
                incarnation=self.life.incarnation,
                pid=incarnation.pid if incarnation else None,
                started_at=self.seen.started_at or wall_s,
                ended_at=wall_s,
                cause=cause.text,
                ok=cause.is_ok,
                code=cause.exit_code if cause.signal is None else -cause.signal,
            )
        )
        if not cause.is_ok and cause.text:
            self.seen = replace(self.seen, last_error=cause.text.removeprefix("uncaught "))

    @property
    def log_level(self) -> str:
        """What its loggers write, as it was last wished; empty for a command, which has none of ours."""
        if self.worker.kind == "command":
            return ""
        return self.levels.get("") or self.worker.log_level or DEFAULT_LEVEL

    def set_level(self, level: str, logger: str = "") -> bool:
        """Give its loggers, or the one called `logger`, another level; False where there are too many with one."""
        levels = {**self.levels, logger: level}
        if self.incarnation is not None and not self.incarnation.set_levels(_numbers(levels)):
            return False
        self.levels = levels
        return True

    def observe(self, sample: TreeSample | None) -> None:
        """Take the second's sample of its tree."""
        if self.life.state not in LIVE:
            return
        own_percent = own_cpu_percent_of(self.incarnation)
        if own_percent is not None and sample is not None:  # the rest of the tree is the other threads' as well
            sample = replace(sample, cpu_percent=own_percent, rss_bytes=0, processes=sample.processes[:1])
        elif self.incarnation is not None and sample is not None:
            sample = replace(sample, processes=(*sample.processes, *self.incarnation.daemonized))
        percent = round(sample.cpu_percent) if sample else 0
        history = (*self.seen.cpu_history, percent)[-CPU_HISTORY_LENGTH:]
        self.seen = replace(self.seen, sample=sample, cpu_history=history)
        if self.incarnation is not None and sample is not None:
            self.incarnation.known_tree = sample.processes

    def read_board(self) -> None:
        """Take what the worker says it is doing."""
        if self.incarnation is not None:
            self.seen = replace(self.seen, page=self.incarnation.board.read())

    def note_backlog(self, waiting_bytes: int, *, is_full: bool) -> None:
        """Take what waits in its lanes of the log queue."""
        if (waiting_bytes, is_full) != (self.seen.log_backlog_bytes, self.seen.is_log_full):
            self.seen = replace(self.seen, log_backlog_bytes=waiting_bytes, is_log_full=is_full)

    def row(self, now_s: float) -> ReplicaRow:
        waits_for = self.waits_for if self.life.state is State.WAITING else self.missing
        closed = self.incarnation.closed_streams if self.incarnation is not None else ()
        status = self.attendance.status if self.attendance is not None else ""
        return make_row(
            self.worker,
            self.number,
            self.life,
            self.seen,
            now_s,
            group=self.group,
            waits_for=waits_for,
            status=status,
            log_level=self.log_level,
            closed=closed,
            hangs=self.hang_warnings,
            pool=self.pool,
        )


def _numbers(levels: Mapping[str, str]) -> dict[str, int]:
    return {logger: LEVELS[level] for logger, level in levels.items()}


def set_levels(replicas: Sequence[Replica], level: str, logger: str) -> LevelReply:
    """Give the loggers of `replicas` another level.

    Raises:
        RequestRefused: none of them has loggers that can be told.
    """
    able = [replica for replica in replicas if replica.worker.kind != "command"]
    commands = [replica.name for replica in replicas if replica.worker.kind == "command"]
    if not able:
        raise RequestRefused(f"{', '.join(commands)}: a command has no logger that could be told a level")
    told = [replica.name for replica in able if replica.set_level(level, logger)]
    full = [replica.name for replica in able if replica.name not in told]
    if not told:
        raise RequestRefused(f"{', '.join(full)}: too many loggers have a level of their own")
    resting = [replica.name for replica in able if replica.name in told and replica.incarnation is None]
    text = f"{f'{logger} at ' if logger else ''}{level} in {', '.join(told)}"
    for names, why in (
        (resting, "from its next start"),
        (commands, "has no loggers"),
        (full, "has too many loggers with a level"),
    ):
        text += f"; {', '.join(names)}: {why}" if names else ""
    return LevelReply(told=tuple(told), text=text)


def refuse_to_pause_threads(replicas: Sequence[Replica]) -> None:
    """Let nobody wait for a pause that cannot be.

    Raises:
        RequestRefused: some of `replicas` are simulated, and a thread alone cannot be stopped for a while.
    """
    threads = [replica.name for replica in replicas if real_method(replica.worker)]
    if threads:
        what = "is a thread" if len(threads) == 1 else "are threads"
        raise RequestRefused(
            f"{', '.join(threads)} {what} of a simulated run, and a thread alone cannot be paused; "
            f"run the profile without --simulate to pause its workers"
        )


def why_unsignalled(replicas: Sequence[Replica]) -> str:
    """The rest of a sentence on who got no signal."""
    threads = [replica.name for replica in replicas if replica.incarnation is not None and real_method(replica.worker)]
    resting = [replica.name for replica in replicas if replica.name not in threads]
    text = f"; without a process: {', '.join(resting)}" if resting else ""
    return text + (f"; simulated, and a thread takes no signals: {', '.join(threads)}" if threads else "")


def restart_rule(worker: WorkerSpec) -> RestartRule:
    """The profile's restart policy as policy has it."""
    wished = worker.restart
    return RestartRule(
        wished.policy,
        wished.max,
        wished.within_s,
        wished.backoff_min_s,
        wished.backoff_max_s,
        wished.jitter,
        wished.reset_after_s,
    )


def stop_rule(worker: WorkerSpec) -> StopRule:
    """The profile's way of stopping as policy has it."""
    return StopRule(
        min(worker.stop_signal_after_s, worker.stop_timeout_s),
        worker.stop_timeout_s,
        worker.stop_signal,
        " ".join(mask_words(worker.stop_command)),
    )


def stop_orders(worker: WorkerSpec) -> StopOrders:
    """How the worker wants to be stopped, as the process room has it."""
    return StopOrders(signal.Signals[worker.stop_signal], tuple(worker.stop_command))


def start_rule(worker: WorkerSpec) -> StartRule:
    """What a start of the worker waits for, as policy has it."""
    return StartRule(
        timeout_s=worker.start_timeout_s,
        has_dependencies=bool(worker.depends_on),
        has_checks=bool(worker.startup or worker.ready),
        is_scheduled=worker.schedule is not None,
        max_age_s=worker.max_age_s,
    )


def dependencies_of(worker: WorkerSpec) -> tuple[Dependency, ...]:
    """What a worker depends on, as policy has it."""
    return tuple(Dependency(name, wanted.condition, wanted.pattern or "") for name, wanted in worker.depends_on.items())


def schedule_of(worker: WorkerSpec) -> ScheduleRule | None:
    """When a worker runs, as policy has it; None where it has no schedule."""
    spec = worker.schedule
    if spec is None:
        return None
    return ScheduleRule(cron=spec.cron, every_s=spec.every_s, overlap=spec.overlap, at_start=spec.at_start)
