"""One replica as the engine holds it: its life, its live incarnation, what was seen of it, and its exits."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import replace

from supervisor.api.messages import ExitRecord, ReplicaRow
from supervisor.api.view import CPU_HISTORY_LENGTH, Seen, make_row
from supervisor.diagnose.metrics import TreeSample
from supervisor.lifecycle.events import ExitCause, Timer
from supervisor.lifecycle.machine import Life, StopRule
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import LIVE
from supervisor.processes.incarnation import Incarnation
from supervisor.profile.model import WorkerSpec

KEPT_EXITS = 20


class Replica:
    """What changes about one replica. Decisions are `life`'s; this only remembers."""

    def __init__(self, worker: WorkerSpec, number: int) -> None:
        self.worker = worker
        self.number = number
        self.name = worker.replica_names()[number - 1]
        self.life = Life(self.name, restart=restart_rule(worker), stop=stop_rule(worker))
        self.incarnation: Incarnation | None = None
        self.timers: dict[Timer, asyncio.TimerHandle] = {}
        self.exits: deque[ExitRecord] = deque(maxlen=KEPT_EXITS)
        self.last_traceback = ""
        self.seen = Seen()

    def begin(self, incarnation: Incarnation, now_s: float, wall_s: float) -> None:
        """A new incarnation is being launched."""
        self.incarnation = incarnation
        self.seen = replace(self.seen, started_s=now_s, started_at=wall_s, sample=None, page=None)

    def end(self, cause: ExitCause, wall_s: float) -> None:
        """The incarnation is over: remember how."""
        incarnation, self.incarnation = self.incarnation, None
        if incarnation is not None and incarnation.traceback:
            self.last_traceback = incarnation.traceback
        self.exits.append(
            ExitRecord(
                incarnation=self.life.incarnation,
                pid=incarnation.pid if incarnation else None,
                started_at=self.seen.started_at or wall_s,
                ended_at=wall_s,
                cause=cause.text,
                ok=cause.is_ok,
            )
        )
        if not cause.is_ok and cause.text:
            self.seen = replace(self.seen, last_error=cause.text.removeprefix("uncaught "))

    def observe(self, sample: TreeSample | None) -> None:
        """Take the second's sample of its tree."""
        if self.life.state not in LIVE:
            return
        percent = round(sample.cpu_percent) if sample else 0
        history = (*self.seen.cpu_history, percent)[-CPU_HISTORY_LENGTH:]
        self.seen = replace(self.seen, sample=sample, cpu_history=history)
        if self.incarnation is not None and sample is not None:
            self.incarnation.known_tree = sample.processes

    def read_board(self) -> None:
        """Take what the worker says it is doing."""
        if self.incarnation is not None:
            self.seen = replace(self.seen, page=self.incarnation.board.read())

    def row(self, now_s: float) -> ReplicaRow:
        return make_row(self.worker, self.number, self.life, self.seen, now_s)


def restart_rule(worker: WorkerSpec) -> RestartRule:
    """The profile's restart policy as policy has it."""
    wished = worker.restart
    return RestartRule(wished.policy, wished.max, wished.within_s, wished.backoff_min_s, wished.backoff_max_s)


def stop_rule(worker: WorkerSpec) -> StopRule:
    """The profile's stop timeouts as policy has them."""
    return StopRule(min(worker.stop_signal_after_s, worker.stop_timeout_s), worker.stop_timeout_s)
