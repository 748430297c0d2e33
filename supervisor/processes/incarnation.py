"""One life of one replica as the engine holds it: its process, control pipe, lanes and board, until all is drained.

::

    launch ─► pid ─► ... ─► pidfd readable ─► reaped ─► control pipe read ─► pipes drained to their end ─► ended
                                                             │ (still open: what holds them gets SIGTERM, SIGKILL,
                                                             └─ and after DRAIN_LIMIT_S the pipes are closed)
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from supervisor.channels import StatusBoard
from supervisor.lifecycle.events import ExitCause
from supervisor.processes import stopping
from supervisor.processes.launching import ChildEnds, Launcher, Refusal
from supervisor.processes.orders import LaunchOrder
from supervisor.processes.reaping import ExitWatch, exit_cause
from supervisor.proctable import ProcessEntry

DRAIN_LIMIT_S: Final = 2.0
"""How long the pipes of a dead worker may stay open in the hands of processes that do not die either."""

KILL_HOLDERS_S: Final = 1.0
"""When those processes get SIGKILL."""

FRAME_LIMIT_BYTES: Final = 60_000


class Listener(Protocol):
    """Who is told what happens to an incarnation."""

    def on_launched(self, incarnation: Incarnation, pid: int) -> None: ...
    def on_refused(self, incarnation: Incarnation, cause: ExitCause) -> None: ...
    def on_running(self, incarnation: Incarnation, *, hears_stop: bool) -> None: ...
    def on_reaped(self, incarnation: Incarnation) -> None: ...
    def on_ended(self, incarnation: Incarnation, cause: ExitCause) -> None: ...


class Pipe(Protocol):
    """What reads one of the worker's pipes (`supervisor.logs.intake.LaneReader`)."""

    when_closed: Callable[[], None] | None

    def drain(self) -> bool: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pipes:
    """The write ends for the child, and the readers at our end."""

    lane: int
    stdout: int
    stderr: int
    readers: tuple[Pipe, ...]


class Incarnation:
    """The process of one incarnation and all that the engine shares with it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, order: LaunchOrder, pipes: Pipes, listener: Listener) -> None:
        self.order = order
        self.number = order.incarnation
        self.pid: int | None = None
        self.failure = ""
        self.traceback = ""
        self.known_tree: tuple[ProcessEntry, ...] = ()
        """Its tree at the last look, so that what escapes it later is still known."""
        self.board = StatusBoard.create()
        self._loop = loop
        self._listener = listener
        self._pipes = pipes
        self._is_import_failure = False
        self._sent: set[int] = set()
        self._watch: ExitWatch | None = None
        self._status: int | None = None
        self._deadlines: list[asyncio.TimerHandle] = []
        self._control, self._child_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)

    def launch(self, launcher: Launcher) -> None:
        """Start the process; the listener hears `on_launched` or `on_refused`, perhaps before this returns."""
        ends = ChildEnds(
            self._child_control.fileno(), self._pipes.lane, self._pipes.stdout, self._pipes.stderr, self.board.fd
        )
        try:
            launcher.launch(self.order, ends, self._on_answer)
        finally:
            self._child_control.close()
            for descriptor in (self._pipes.lane, self._pipes.stdout, self._pipes.stderr):
                os.close(descriptor)

    def _on_answer(self, pid: int | None, refusal: Refusal | None) -> None:
        if pid is None:
            text = refusal.text if refusal else "no process could be made"
            self._release()
            is_permanent = refusal is not None and refusal.is_permanent
            self._listener.on_refused(self, ExitCause(text, is_ok=False, is_permanent=is_permanent))
            return
        self.pid = pid
        self._loop.add_reader(self._control.fileno(), self._on_control)
        self._listener.on_launched(self, pid)
        if self.order.method == "exec":
            self._listener.on_running(self, hears_stop=False)
        try:
            self._watch = ExitWatch(self._loop, pid, self._on_reaped)
        except ProcessLookupError:  # reaped by somebody else before we could look
            self._on_reaped(None)

    def ask_to_stop(self) -> None:
        """Say "stop" on the control pipe."""
        try:
            self._control.send(b'{"op":"stop"}')
        except OSError:
            pass  # its end is closed or full of earlier wishes; SIGTERM follows

    def term(self) -> None:
        """SIGTERM and SIGCONT to the whole tree."""
        if self.pid is not None and self._watch is not None:
            self._sent.add(signal.SIGTERM)
            stopping.term_tree(self.pid, self.known_tree)

    def kill(self) -> None:
        """SIGKILL to the whole tree."""
        if self.pid is not None and self._watch is not None:
            self._sent.add(signal.SIGKILL)
            stopping.kill_tree(self.pid, self.known_tree)

    def _on_control(self) -> None:
        while True:
            try:
                frame = self._control.recv(FRAME_LIMIT_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                frame = b""
            if not frame:
                self._loop.remove_reader(self._control.fileno())
                return
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        try:
            message = json.loads(frame)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        operation = message.get("op")
        if operation == "running":
            self._listener.on_running(self, hears_stop=bool(message.get("hears_stop")))
        elif operation == "failed":
            self._note_failure(message)

    def _note_failure(self, message: dict[str, Any]) -> None:
        place = message.get("place")
        self.failure = f"{message.get('error', 'exception')}" + (f" at {place}" if place else "")
        self.traceback = str(message.get("traceback", ""))
        self._is_import_failure = message.get("phase") == "import"

    def _on_reaped(self, status: int | None) -> None:
        self._status = status
        self._watch = None
        if self._control.fileno() >= 0:
            self._on_control()
        self._listener.on_reaped(self)
        if self._drain():
            self._end()
            return
        for delay_s, act in ((KILL_HOLDERS_S, self._kill_holders), (DRAIN_LIMIT_S, self._end)):
            self._deadlines.append(self._loop.call_later(delay_s, act))
        for reader in self._pipes.readers:
            reader.when_closed = self._on_pipe_closed
        self._term_holders()

    def _drain(self) -> bool:
        """Read all pipes empty; True when every one has ended."""
        ended = [reader.drain() for reader in self._pipes.readers]
        return all(ended)

    def _on_pipe_closed(self) -> None:
        if self._deadlines and self._drain():
            self._end()

    def _term_holders(self) -> None:
        if self.pid is not None:
            stopping.term_tree(self.pid, self.known_tree)

    def _kill_holders(self) -> None:
        if self.pid is not None:
            stopping.kill_tree(self.pid, self.known_tree)

    def _end(self) -> None:
        for deadline in self._deadlines:
            deadline.cancel()
        self._deadlines.clear()
        for reader in self._pipes.readers:
            reader.when_closed = None
        self._release()
        cause = exit_cause(
            self._status,
            failure=self.failure,
            is_permanent=self._is_import_failure,
            sent_by_us=frozenset(self._sent),
        )
        self._listener.on_ended(self, cause)

    def _release(self) -> None:
        for reader in self._pipes.readers:
            reader.close()
        if self._control.fileno() >= 0:
            self._loop.remove_reader(self._control.fileno())
            self._control.close()
        self.board.close()
