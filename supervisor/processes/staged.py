"""The incarnation of a simulated worker: a thread of a stage is its process, and other processes are none of its own.

What would be a signal is an order to the stage. A thread cannot be paused, and what it cannot have is told as empty.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from typing import Final

from supervisor.lifecycle.events import ExitCause
from supervisor.processes.incarnation import Incarnation
from supervisor.processes.launching import ChildEnds, Launcher
from supervisor.processes.orders import LaunchOrder, Refusal
from supervisor.processes.stages import Performance, Stages, ThreadEnd
from supervisor.proctable import ProcessEntry

__all__ = [
    "SHARED_BY_ALL",
    "StagedIncarnation",
    "Stages",
    "dead_pid_of",
    "incarnation_class",
    "own_cpu_percent_of",
    "owner_of",
]

SHARED_BY_ALL: Final = "a simulated worker"
"""In the place of a replica's name, where only the process of all threads is known."""

_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


class StagedIncarnation(Incarnation):
    """One life of a simulated worker."""

    _performance: Performance | None = None
    _stage_cause = ""
    _spent_s = 0.0
    _seen_s: float | None = None

    def _start(self, launcher: Launcher, ends: ChildEnds) -> None:
        launcher.launch_thread(self.order, ends, self._on_performance)

    def _on_performance(self, performance: Performance | None, refusal: Refusal | None) -> None:
        if performance is None:
            self._on_answer(None, refusal)
            return
        self.pid = performance.pid
        self._watch = self._performance = performance
        self._listener.on_launched(self, performance.pid)
        self._control.listen()
        performance.watch(self._on_thread_over)

    def _on_thread_over(self, end: ThreadEnd) -> None:
        self._stage_cause = end.stage_cause
        self._on_reaped(end.status)

    def _cause(self) -> ExitCause:
        return ExitCause(self._stage_cause, is_ok=False) if self._stage_cause else super()._cause()

    def term(self) -> None:
        """Raise StopRequested in the thread."""
        if self._performance is not None and self._watch is not None:
            self._sent.add(self._stop.signal_number)
            self._performance.say("term")

    def kill(self) -> None:
        """End the thread by an exception; a second later, with its process."""
        if self._stop_command is not None:
            self._stop_command.kill()
        if self._performance is not None and self._watch is not None:
            self._sent.add(signal.SIGKILL)
            self._performance.kill()

    def abort(self) -> None:
        """No stack is written: the stage is everybody's."""
        self.kill()

    def signal(self, *numbers: int) -> bool:
        """Never: a signal reaches a process, whose main thread would take it."""
        del numbers
        return False

    def pause(self) -> int:
        """Nobody stands still."""
        return 0

    def resume(self) -> int:
        """Nobody stood still."""
        return 0

    def adopt(self, entry: ProcessEntry) -> None:
        """It cannot be known which thread has started it; it ends with the stage."""

    def set_levels(self, levels: Mapping[str, int]) -> bool:
        """Wish for levels, which the whole stage takes up."""
        if not self.board.write_levels(levels):
            return False
        if self._performance is not None and self._watch is not None:
            self._performance.say("levels")
        return True

    @property
    def dead_pid(self) -> int | None:
        """The stage, where that has ended; a thread has settled itself what it held."""
        return self.pid if self._performance is not None and not self._performance.has_stage else None

    def own_cpu_percent(self) -> float:
        """The thread's own time on a processor since the last look. Its share of the memory cannot be known."""
        spent_s, now_s = self._thread_cpu_s(), time.monotonic()
        percent = 0.0
        if self._seen_s is not None and now_s > self._seen_s:
            percent = max(0.0, 100.0 * (spent_s - self._spent_s) / (now_s - self._seen_s))
        self._spent_s, self._seen_s = spent_s, now_s
        return percent

    def _thread_cpu_s(self) -> float:
        thread = self._performance.thread_id if self._performance is not None else None
        try:
            with open(f"/proc/{self.pid}/task/{thread}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
        except OSError:
            return self._spent_s
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def _term_holders(self) -> None:
        """Only threads that it has left could hold its pipes, and those of other workers live in the same process."""

    def _kill_holders(self) -> None:
        """As above."""


def owner_of(incarnation: Incarnation) -> str:
    """Whose its process is, for people: what a process holds cannot be told of one of its threads."""
    return SHARED_BY_ALL if isinstance(incarnation, StagedIncarnation) else incarnation.name


def dead_pid_of(incarnation: Incarnation) -> int | None:
    """The process that has ended with it, if any has."""
    return incarnation.dead_pid if isinstance(incarnation, StagedIncarnation) else incarnation.pid


def own_cpu_percent_of(incarnation: Incarnation | None) -> float | None:
    """What a thread alone uses of a core; None where a process is its own."""
    return incarnation.own_cpu_percent() if isinstance(incarnation, StagedIncarnation) else None


def incarnation_class(order: LaunchOrder) -> type[Incarnation]:
    """What holds the life that `order` begins."""
    return StagedIncarnation if order.method == "thread" else Incarnation
