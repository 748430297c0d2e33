"""The engine's side of simulated runs: one stage process for each interpreter and search path; its threads are workers.

::

    launch ─► Stage ── order, spec, exit pipe, lanes, board, channels (SCM_RIGHTS) ──► thread
              │  ▲ thread id                                                            │
              │  └──────── exit pipe: exit code, or its end: the stage has died ◄───────┘
              └─ Performance: one thread, as an incarnation's process

A stage starts with the first worker that needs it and is let go with the last, so that the next one has the files anew.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from supervisor.processes import lifeline, linux, stopping
from supervisor.processes.executing import Program, execute
from supervisor.processes.order_line import ENTRY, ErrorOutput, OrderLine, copies_of
from supervisor.processes.orders import LaunchOrder, Refusal
from supervisor.processes.reaping import ExitWatch
from supervisor.processes.refusals import agent_refusal

if TYPE_CHECKING:
    import asyncio

KILL_PATIENCE_S: Final = 2.0
"""How long a thread has to take the exception that ends it, before its process gets SIGKILL."""

KILL_AGAIN_S: Final = 0.5
"""When the exception is raised once more: a finalizer that ran then has swallowed the first."""


@dataclass(frozen=True, slots=True)
class StageKind:
    """What two workers must share to be threads of the same process."""

    python: str
    python_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ThreadEnd:
    """How a thread has ended.

    Attributes:
        status: its exit code, negative for a signal.
        stage_cause: where its process has died: how, in words.
    """

    status: int | None
    stage_cause: str = ""


class Performance:
    """One thread of a stage.

    Attributes:
        pid: its process's.
        thread_id: the kernel's number of the thread.
    """

    dumped_core = False
    """A thread alone never does."""

    def __init__(self, stage: Stage, number: int, name: str, exit_read: int) -> None:
        self.name = name
        self.thread_id: int | None = None
        self._stage = stage
        self._number = number
        self._exit_read = exit_read
        self._when_over: Callable[[ThreadEnd], None] | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int:
        return self._stage.pid

    @property
    def has_stage(self) -> bool:
        """Its process lives."""
        return self._stage.is_alive

    def watch(self, when_over: Callable[[ThreadEnd], None]) -> None:
        """Call back once, when it has ended."""
        self._when_over = when_over
        self._stage.loop.add_reader(self._exit_read, self._on_exit)

    def say(self, what: str) -> None:
        """Have the stage raise an exception in it ("term", "kill"), or do another thing for it."""
        self._stage.order({"do": what, "id": self._number})

    def kill(self) -> None:
        """End it; where it does not end by that, its process gets SIGKILL, and every thread ends with it."""
        self.say("kill")
        if self._deadline is None:
            self._deadline = self._stage.loop.call_later(KILL_AGAIN_S, self._kill_again)

    def _kill_again(self) -> None:
        self.say("kill")
        self._deadline = self._stage.loop.call_later(KILL_PATIENCE_S - KILL_AGAIN_S, self._stage.kill, self.name)

    def _on_exit(self) -> None:
        code = self._told_code()
        if code is not None:
            self._end(ThreadEnd(code))
        else:
            self._stage.loop.remove_reader(self._exit_read)  # the stage dies, and is reaped soon

    def stage_died(self) -> None:
        """Its process has ended, and it has ended with it unless it had before."""
        code = self._told_code()
        self._end(ThreadEnd(self._stage.status, self._stage.cause_for(self.name)) if code is None else ThreadEnd(code))

    def _told_code(self) -> int | None:
        try:
            told = os.read(self._exit_read, 64)
        except BlockingIOError:
            return None
        return int(told) if told else None

    def _end(self, end: ThreadEnd) -> None:
        self.close()
        self._stage.forget(self._number)
        if self._when_over is not None:
            self._when_over(end)

    def close(self) -> None:
        """Let go of it."""
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        if self._exit_read >= 0:
            self._stage.loop.remove_reader(self._exit_read)
            os.close(self._exit_read)
            self._exit_read = -1


Told = Callable[[Performance | None, Refusal | None], None]
"""Called with the thread, or with None and what went wrong."""


class Stage:
    """One stage process, its threads, and the orders that it has not answered yet.

    Attributes:
        status: its exit code once it has ended.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: StageKind, cwd: str) -> None:
        self.loop = loop
        self._kind = kind
        self._waiting: dict[int, tuple[Performance, Told]] = {}
        self._performances: dict[int, Performance] = {}
        self._next_id = 1
        self._has_come_up = False
        self._is_let_go = False
        self._why_not: Refusal | None = None
        self._killed_for = ""
        self.is_alive = True
        self.status: int | None = None
        self._line = OrderLine(loop, self._take)
        with ExitStack() as undo, self._line.theirs as theirs:
            undo.callback(self._line.close)
            self._errors = ErrorOutput(loop)
            undo.callback(self._errors.close)
            try:
                self.pid = self._start(theirs.fileno(), self._errors.child_end, cwd)
            finally:
                os.close(self._errors.child_end)
            undo.callback(os.kill, self.pid, signal.SIGKILL)  # an engine without descriptors cannot watch it
            self._watch = ExitWatch(loop, self.pid, self._on_exit)
            undo.pop_all()
        linux.unshield(self.pid)
        self._line.listen()

    def _start(self, channel: int, errors: int, cwd: str) -> int:
        strand = lifeline.strand()
        setup = linux.memory_file("procdeck-stage", json.dumps({"cwd": cwd}).encode())
        try:
            pid = execute(
                Program(
                    argv=[self._kind.python, ENTRY, "stage", f"{channel},{setup}"],
                    environment={**os.environ, "PYTHONUNBUFFERED": "1"},
                    cwd=cwd,
                    descriptors={1: errors, 2: errors},
                    kept=(channel, setup, strand) if strand >= 0 else (channel, setup),
                )
            )
            lifeline.tie(strand, pid)
            return pid
        finally:
            os.close(setup)
            if strand >= 0:
                os.close(strand)

    @property
    def is_usable(self) -> bool:
        """Whether it takes another thread."""
        return self.is_alive and not self._is_let_go

    # --- orders ---

    def launch(self, name: str, descriptors: list[int], told: Told) -> None:
        """Have a thread started that gets copies of `descriptors`, the spec's first; `told` hears of it later.

        Raises:
            OSError: there are no descriptors left for the copies.
        """
        with ExitStack() as undo:
            exit_read, exit_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
            undo.callback(os.close, exit_read)
            undo.callback(os.close, exit_write)
            spec, *rest = copies_of(descriptors)
            undo.pop_all()
        number, self._next_id = self._next_id, self._next_id + 1
        self._waiting[number] = Performance(self, number, name, exit_read), told
        self.order({"do": "launch", "id": number}, [spec, exit_write, *rest])

    def order(self, frame: dict[str, Any], descriptors: list[int] | None = None) -> None:
        """Send a frame, with descriptors that are closed here afterwards."""
        self._line.send(frame, descriptors or [])

    def _take(self, answer: dict[str, Any]) -> None:
        if "ready" in answer:
            self._has_come_up = True
            return
        if "refused" in answer and "id" not in answer:
            self._why_not = Refusal(answer["refused"], is_permanent=True)
            return
        performance, told = self._waiting.pop(answer["id"])
        if "refused" in answer:
            performance.close()
            told(None, Refusal(answer["refused"], is_permanent=False))
            return
        performance.thread_id = answer["thread"]
        self._performances[answer["id"]] = performance
        told(performance, None)

    # --- the end ---

    def kill(self, name: str) -> None:
        """SIGKILL: the thread of `name` cannot be ended in another way."""
        if self.is_alive and not self._killed_for:
            self._killed_for = name
            self._is_let_go = True
            stopping.kill_tree(self.pid)

    def cause_for(self, name: str) -> str:
        """Why the thread of `name` has ended with the process; empty where it is itself the reason."""
        if self._killed_for:
            if name == self._killed_for:
                return ""
            return f"killed with {self._killed_for}, whose thread could not be ended: simulated workers are one process"
        how = f"exit code {self.status}" if self.status is None or self.status >= 0 else _signal_name(-self.status)
        words = f" ({self._errors.last_line})" if self._errors.last_line else ""
        return f"the process of all simulated workers (pid {self.pid}) ended: {how}{words}"

    def forget(self, number: int) -> None:
        """A thread is over; the last one lets the process end."""
        self._performances.pop(number, None)
        if not self._performances and not self._waiting:
            self.close()

    def _on_exit(self, status: int | None) -> None:
        self.is_alive = False
        self.status = status
        self._line.read()
        self._errors.read()
        self.close()
        self._errors.close()
        refusal = self._why_not or (
            Refusal(self.cause_for(""), is_permanent=False)
            if self._has_come_up
            else agent_refusal(self._kind.python, status, self._errors.last_line)
        )
        waiting, self._waiting = self._waiting, {}
        for performance, told in waiting.values():
            performance.close()
            told(None, refusal)
        for performance in list(self._performances.values()):
            performance.stage_died()

    def close(self) -> None:
        """Let the process end; the guardian ends one that does not."""
        self._is_let_go = True
        self._line.close()


class Stages:
    """Finds or starts the stage for a worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._stages: dict[StageKind, Stage] = {}
        self._leaving: list[Stage] = []

    def launch(self, order: LaunchOrder, descriptors: list[int], told: Told) -> None:
        """Start a thread for `order`.

        Raises:
            StartFailed: its interpreter cannot be run.
            OSError: there are no descriptors left for it.
        """
        kind = StageKind(order.python, order.python_path)
        stage = self._stages.get(kind)
        if stage is None or not stage.is_usable:
            self._leaving = [other for other in self._leaving if other.is_alive]
            if stage is not None:
                self._leaving.append(stage)
            stage = self._stages[kind] = Stage(self._loop, kind, order.python_path[0])
        stage.launch(order.name, descriptors, told)

    def pids(self) -> frozenset[int]:
        """Of the stages that live, those on their way out included."""
        return frozenset(stage.pid for stage in (*self._stages.values(), *self._leaving) if stage.is_alive)

    def close(self) -> None:
        """Let all of them end."""
        for stage in self._stages.values():
            stage.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
