"""The engine's side of its forkservers: one for each interpreter, search path and list of preloaded modules.

A forkserver starts with the first worker that needs it, and again when it has died.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supervisor.processes import linux
from supervisor.processes.executing import Program, execute
from supervisor.processes.order_line import ENTRY, ErrorOutput, OrderLine, copies_of
from supervisor.processes.orders import Refusal
from supervisor.processes.reaping import ExitWatch
from supervisor.processes.refusals import agent_refusal, passing_refusal

if TYPE_CHECKING:
    import asyncio


@dataclass(frozen=True, slots=True)
class ForkserverKind:
    """What two workers must share to be forked from the same server."""

    python: str
    python_path: tuple[str, ...]
    preload: tuple[str, ...]
    cwd: str


Told = Callable[[int | None, Refusal | None], None]
"""Called with the pid, or with None and what went wrong."""


class Forkserver:
    """One forkserver process and the orders it has not answered yet."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kind: ForkserverKind, report: Callable[[str], None]) -> None:
        self._loop = loop
        self._kind = kind
        self._report = report
        self._waiting: dict[int, Told] = {}
        self._next_id = 1
        self._has_come_up = False
        self._why_not: Refusal | None = None
        self.is_alive = True
        self._line = OrderLine(loop, self._take)
        with ExitStack() as undo, self._line.theirs as theirs:
            undo.callback(self._line.close)
            self._errors = ErrorOutput(loop)
            undo.callback(self._errors.close)
            try:
                self.pid = self._start(theirs.fileno(), self._errors.child_end)
            finally:
                os.close(self._errors.child_end)
            undo.callback(os.kill, self.pid, signal.SIGKILL)  # an engine without descriptors cannot watch it
            self._watch = ExitWatch(loop, self.pid, self._on_exit)
            undo.pop_all()
        self._line.listen()

    def _start(self, channel: int, errors: int) -> int:
        kind = self._kind
        setup = json.dumps({"python_path": list(kind.python_path), "preload": list(kind.preload)}).encode()
        setup_descriptor = linux.memory_file("procdeck-forkserver", setup)
        try:
            return execute(
                Program(
                    argv=[kind.python, ENTRY, "forkserver", f"{channel},{setup_descriptor}"],
                    environment={**os.environ, "PYTHONUNBUFFERED": "1"},
                    cwd=kind.cwd,
                    descriptors={1: 1, 2: errors},
                    kept=(channel, setup_descriptor),
                )
            )
        finally:
            os.close(setup_descriptor)

    @property
    def has_pending(self) -> bool:
        return bool(self._waiting)

    def launch(self, descriptors: list[int], told: Told) -> None:
        """Have a worker forked that gets copies of `descriptors`; `told` is called with its pid, later.

        Raises:
            OSError: there are no descriptors left for the copies.
        """
        copies = copies_of(descriptors)
        order_id, self._next_id = self._next_id, self._next_id + 1
        self._waiting[order_id] = told
        self._line.send({"id": order_id}, copies)

    def _take(self, answer: dict[str, Any]) -> None:
        if "preloaded" in answer:
            self._has_come_up = True
            for trouble in answer["troubles"]:
                self._report(trouble)
            return
        if "refused" in answer:
            self._why_not = Refusal(answer["refused"], is_permanent=True)
            return
        told = self._waiting.pop(answer["id"], None)
        if told is None:
            return
        if "pid" in answer:
            told(answer["pid"], None)
            return
        number = answer["errno"]
        told(None, passing_refusal("fork", number) or Refusal(f"cannot fork: {os.strerror(number)}", False))

    def _on_exit(self, status: int | None) -> None:
        self.is_alive = False
        self._line.read()
        self._errors.read()
        self.close()
        last_line = self._errors.last_line
        self._errors.close()
        if self._why_not is not None:
            refusal = self._why_not
        elif self._has_come_up:
            what = f"the forkserver (pid {self.pid}) ended with {status} before it answered"
            refusal = Refusal(f"{what}: {last_line}" if last_line else what, is_permanent=False)
        else:
            refusal = agent_refusal(self._kind.python, status, last_line)
        waiting, self._waiting = self._waiting, {}
        for told in waiting.values():
            told(None, refusal)

    def close(self) -> None:
        """Let the forkserver end; the guardian ends one that does not."""
        self._line.close()


class Forkservers:
    """Finds or starts the forkserver for a worker."""

    def __init__(self, loop: asyncio.AbstractEventLoop, report: Callable[[str], None]) -> None:
        self._loop = loop
        self._report = report
        self._servers: dict[ForkserverKind, Forkserver] = {}

    def get(self, kind: ForkserverKind) -> Forkserver:
        """The living forkserver of this kind.

        Raises:
            StartFailed: its interpreter cannot be run.
            OSError: there are no descriptors left for it.
        """
        server = self._servers.get(kind)
        if server is None or not server.is_alive:
            server = self._servers[kind] = Forkserver(self._loop, kind, self._report)
        return server

    def pids(self) -> frozenset[int]:
        return frozenset(server.pid for server in self._servers.values() if server.is_alive)

    @property
    def has_pending(self) -> bool:
        return any(server.has_pending for server in self._servers.values())

    def close(self) -> None:
        for server in self._servers.values():
            server.close()
