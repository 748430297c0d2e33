"""One life of one replica as the engine holds it: its process, control pipe, lanes and board, until all is drained.

::

    launch ─► pid ─► ... ─► pidfd readable ─► reaped ─► control pipe read ─► pipes drained to their end ─► ended
                                                             │ (still open: what holds them gets SIGTERM, SIGKILL,
                                                             └─ and after DRAIN_LIMIT_S the pipes are closed)
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from supervisor import proctable
from supervisor.channels import StatusBoard
from supervisor.lifecycle.events import ExitCause
from supervisor.processes import linux, stopping
from supervisor.processes.cgroups import Cgroup
from supervisor.processes.control_pipe import ControlPipe
from supervisor.processes.executing import StartFailed
from supervisor.processes.lane_ends import STDERR, STREAMS, Pipes
from supervisor.processes.launching import ChildEnds, Launcher, Refusal
from supervisor.processes.left_semaphores import LeftSemaphores
from supervisor.processes.memory import OutOfMemoryCounter
from supervisor.processes.orders import LaunchOrder
from supervisor.processes.reaping import ExitWatch, Watch
from supervisor.processes.stop_command import StopCommand
from supervisor.processes.testimony import Testimony
from supervisor.proctable import ProcessEntry

DRAIN_LIMIT_S: Final = 2.0
"""How long the pipes of a dead worker may stay open in the hands of processes that do not die either."""

KILL_HOLDERS_S: Final = 1.0
"""When those processes get SIGKILL."""

CLOSED_EARLY_S: Final = 1.0
"""How long a worker lives on after its control pipe has ended before that is worth a word."""

POOL_FRAMES: Final = frozenset({"pool", "pool-failure"})
POOL_WISHES_BYTES: Final = 64 * 1024
"""With so much unread in its control pipe, a worker hears no more wishes to its pools: "stop" needs room."""

MARKING_VARIABLES: Final = ("PROCDECK_RUN", "PROCDECK_WORKER", "PROCDECK_INCARNATION")
"""What tells the processes of one incarnation from all others, in the environment that they inherit."""


class Listener(Protocol):
    """Who is told what happens to an incarnation."""

    def on_launched(self, incarnation: Incarnation, pid: int) -> None: ...
    def on_refused(self, incarnation: Incarnation, cause: ExitCause) -> None: ...
    def on_running(self, incarnation: Incarnation, *, hears_stop: bool) -> None: ...
    def on_ctx_ready(self, incarnation: Incarnation) -> None:
        """The target has called ``ctx.ready()``."""

    def on_trouble(self, incarnation: Incarnation, text: str) -> None:
        """Something is wrong that it lives on with; one sentence for people."""

    def on_pool_frame(self, incarnation: Incarnation, operation: str, message: dict[str, Any]) -> bool:
        """It has said something of a pool that it has; whether that could be understood."""

    def on_reaped(self, incarnation: Incarnation) -> None: ...
    def on_ended(self, incarnation: Incarnation, cause: ExitCause) -> None: ...


@dataclass(frozen=True, slots=True)
class StopOrders:
    """How a worker wants to be stopped."""

    signal_number: int = signal.SIGTERM
    """What `Incarnation.term` sends to the whole tree."""
    command: tuple[str, ...] = ()
    """What `Incarnation.ask_to_stop` runs instead of asking; empty for none."""


class Incarnation:
    """The process of one incarnation and all that the engine shares with it.

    Args:
        loop: the engine's.
        order: what to launch.
        pipes: its lanes.
        listener: who is told.
        stop: how it wants to be stopped.
        group: a control group of its own to live in, where there are any.
        memory: counts the kernel's kills for want of memory.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        order: LaunchOrder,
        pipes: Pipes,
        listener: Listener,
        *,
        stop: StopOrders | None = None,
        group: Cgroup | None = None,
        memory: OutOfMemoryCounter | None = None,
    ) -> None:
        self.order = order
        self.name = order.name
        self.number = order.incarnation
        self.pid: int | None = None
        self.known_tree: tuple[ProcessEntry, ...] = ()
        """Its tree at the last look, so that what escapes it later is still known."""
        self.board = StatusBoard.create()
        words = [f"{name}={order.environment[name]}" for name in MARKING_VARIABLES if name in order.environment]
        self.environment_marks = frozenset(map(os.fsencode, words))
        ends = (pipes.lane, pipes.stdout, pipes.stderr)
        self.pipe_marks = frozenset(f"pipe:[{os.fstat(descriptor).st_ino}]" for descriptor in ends)
        self._loop = loop
        self._listener = listener
        self._pipes = pipes
        self._stop = stop or StopOrders()
        self._stop_command: StopCommand | None = None
        self._group = group
        self._testimony = Testimony(order, memory)
        pipes.readers[STDERR].taps.append(self._testimony.last_words.hear)
        self._leader: tuple[ProcessEntry, ...] = ()
        self._adopted: dict[tuple[int, int], ProcessEntry] = {}
        self._killed: dict[tuple[int, int], ProcessEntry] = {}
        self._semaphores = LeftSemaphores()
        self._sent: set[int] = set()
        self._watch: Watch | None = None
        self._status: int | None = None
        self._deadlines: list[asyncio.TimerHandle] = []
        self._control = ControlPipe(loop, self)

    def launch(self, launcher: Launcher) -> None:
        """Start the process; the listener hears `on_launched` or `on_refused`, perhaps before this returns."""
        ends = ChildEnds(
            self._control.child_end,
            self._pipes.lane,
            self._pipes.stdout,
            self._pipes.stderr,
            self.board.fd,
            self._pipes.notify,
        )
        try:
            self._start(launcher, ends)
        finally:
            self._control.close_child_end()
            for descriptor in (self._pipes.lane, self._pipes.stdout, self._pipes.stderr):
                os.close(descriptor)

    def _start(self, launcher: Launcher, ends: ChildEnds) -> None:
        launcher.launch(self.order, ends, self._on_answer)

    def _on_answer(self, pid: int | None, refusal: Refusal | None) -> None:
        if pid is None:
            text = refusal.text if refusal else "no process could be made"
            self._release()
            is_permanent = refusal is not None and refusal.is_permanent
            self._listener.on_refused(self, ExitCause(text, is_ok=False, is_permanent=is_permanent))
            return
        self._take_in(pid)
        try:
            self._watch = ExitWatch(self._loop, pid, self._on_reaped)
        except ProcessLookupError:
            pass  # reaped by somebody else before we could look
        self._listener.on_launched(self, pid)
        if self.order.method == "exec":
            self._listener.on_running(self, hears_stop=bool(self._stop.command))
        else:
            self._control.listen()
        if self._watch is None:
            self._on_reaped(None)

    def _take_in(self, pid: int) -> None:
        """Note who the new process is, and put it where its whole tree can be ended."""
        self.pid = pid
        leader = proctable.read_entry(pid)
        self._leader = (leader,) if leader is not None else ()
        linux.unshield(pid)
        if self._group is not None and self._group.create():
            self._group.attach(pid)

    @property
    def is_alive(self) -> bool:
        """Its leader runs, or is not reaped yet."""
        return self._watch is not None

    @property
    def own_pids(self) -> frozenset[int]:
        """What the engine launched for it: the leader, and a stop command while it runs."""
        command = self._stop_command.pid if self._stop_command is not None else None
        return frozenset(pid for pid in (self.pid, command) if pid is not None)

    @property
    def daemonized(self) -> tuple[ProcessEntry, ...]:
        """Processes of its own that live outside of its tree, as they are now."""
        return stopping.still_alive(self._adopted.values())

    @property
    def closed_streams(self) -> tuple[str, ...]:
        """Which of ``log``, ``stdout`` and ``stderr`` it has closed while it lives."""
        if not self.is_alive:
            return ()
        streams = zip(STREAMS, self._pipes.readers, strict=True)
        # A command has no use for its lane: nobody holds that pipe's other end.
        return tuple(
            name for name, reader in streams if not reader.is_open and (name, self.order.method) != ("log", "exec")
        )

    @property
    def traceback(self) -> str:
        """Of the exception that ended it, as the agent told it."""
        return self._testimony.traceback

    @property
    def advice(self) -> str:
        """What a person can do about its failure, in the agent's words."""
        return self._testimony.advice

    @property
    def garbage_frames(self) -> int:
        """What came on its control pipe and could not be understood."""
        return self._control.garbage_frames

    def survivors(self) -> tuple[ProcessEntry, ...]:
        """Processes that got SIGKILL and have not died of it."""
        return stopping.still_alive(self._killed.values())

    def adopt(self, entry: ProcessEntry) -> None:
        """Count a process that has left the tree as this worker's, to be signalled with it."""
        self._adopted[entry.identity] = entry

    def _known(self) -> tuple[ProcessEntry, ...]:
        return (*self._leader, *self.known_tree, *self._adopted.values(), *self._killed.values())

    def ask_to_stop(self) -> None:
        """Say "stop" on the control pipe, or run the worker's own stop command."""
        if not self._stop.command or self.pid is None or self._watch is None:
            self._control.say("stop")
        elif self._stop_command is None:
            try:
                self._stop_command = StopCommand(self._loop, self._stop.command, self.order, self.pid, self._complain)
            except (StartFailed, OSError) as error:
                self._complain(f"cannot run its stop command {self._stop.command[0]}: {error}")
                self._control.say("stop")

    def term(self) -> None:
        """The chosen stop signal (SIGTERM) and SIGCONT to the whole tree."""
        if self.pid is not None and self._watch is not None:
            self._sent.add(self._stop.signal_number)
            stopping.term_tree(self.pid, self._known(), self._stop.signal_number)

    def kill(self) -> None:
        """SIGKILL to the whole tree and to its stop command."""
        if self._stop_command is not None:
            self._stop_command.kill()
        if self.pid is not None and self._watch is not None:
            self._sent.add(signal.SIGKILL)
            self._kill_tree(self.pid)

    def set_levels(self, levels: Mapping[str, int]) -> bool:
        """Wish for levels by logger, "" for all, in the place of the wish before; False where they are too many."""
        has_been_heard = self.board.has_taken_up_levels
        if not self.board.write_levels(levels):
            return False
        if has_been_heard and self._watch is not None:
            self._control.say("levels")  # who waits looks sooner; once only, for unread words take the room of "stop"
        return True

    def ask_pool(self, wish: Mapping[str, object]) -> bool:
        """Wish something of a pool that it has; False where it is gone, or has not read what was said to it before."""
        if self._watch is None or self._control.unread_bytes > POOL_WISHES_BYTES:
            return False
        return self._control.say("pool", **wish)

    def _kill_tree(self, pid: int) -> None:
        self._semaphores.note((pid, *(entry.pid for entry in self._known())))
        killed = stopping.kill_tree(pid, self._known(), self._group)
        self._killed.update((entry.identity, entry) for entry in killed)

    def abort(self) -> None:
        """SIGABRT to the leader, and SIGCONT so that it can obey."""
        self.signal(signal.SIGABRT, signal.SIGCONT)

    def signal(self, *numbers: int) -> bool:
        """Signal the leader alone; whether it was there."""
        if self.pid is None or self._watch is None:
            return False
        self._sent.update(numbers)
        return stopping.signal_leader(self.pid, self._leader[0].start_ticks if self._leader else None, *numbers)

    def pause(self) -> int:
        """SIGSTOP to the whole tree; how many processes stand still."""
        if self.pid is None or self._watch is None:
            return 0
        return len(stopping.pause_tree(self.pid, self._known()))

    def resume(self) -> int:
        """SIGCONT to the whole tree; how many processes got it."""
        if self.pid is None or self._watch is None:
            return 0
        return stopping.resume_tree(self.pid, self._known())

    def on_frame(self, operation: str, message: dict[str, Any]) -> None:
        """A worker has said something on its control pipe."""
        if operation == "running":
            self._testimony.is_running()
            hears_stop = bool(message.get("hears_stop")) or bool(self._stop.command)
            self._listener.on_running(self, hears_stop=hears_stop)
        elif operation == "ready":
            self._listener.on_ctx_ready(self)
        elif operation == "failed":
            self._testimony.has_failed(message)
        elif operation in POOL_FRAMES and not self._listener.on_pool_frame(self, operation, message):
            self._control.count_garbage()

    def on_pipe_closed(self) -> None:
        """Its control pipe has ended, mostly because the worker ends."""
        if self._watch is not None:
            self._deadlines.append(self._loop.call_later(CLOSED_EARLY_S, self._tell_closed))

    def _tell_closed(self) -> None:
        if self._watch is not None:
            self._complain("has closed its control pipe and cannot be asked to stop any more; its stop signal is left")

    def on_quarantined(self, frames: int) -> None:
        """What comes on its control pipe is nothing that the agent says."""
        self._complain(
            f"{frames} messages on its control pipe could not be understood; it is not listened to any more. "
            "Something in the worker writes to a descriptor that is not its own"
        )

    def _complain(self, text: str) -> None:
        self._listener.on_trouble(self, text)

    def _on_reaped(self, status: int | None) -> None:
        self._status = status
        self._testimony.dumped_core = self._watch is not None and self._watch.dumped_core
        self._watch = None
        self._forget_deadlines()
        self._control.read_rest()
        self._listener.on_reaped(self)
        if self._drain():
            self._end()
            return
        for delay_s, act in ((KILL_HOLDERS_S, self._kill_holders), (DRAIN_LIMIT_S, self._end)):
            self._deadlines.append(self._loop.call_later(delay_s, act))
        for reader in self._pipes.readers:
            reader.when_closed = self._on_lane_closed
        self._term_holders()

    def _drain(self) -> bool:
        """Read all pipes empty; True when every one has ended."""
        ended = [reader.drain() for reader in self._pipes.readers]
        return all(ended)

    def _on_lane_closed(self) -> None:
        # Reading the others empty closes them, and each calls this again: only the innermost call may end it.
        if self._deadlines and self._drain() and self._deadlines:
            self._end()

    def _term_holders(self) -> None:
        if self.pid is not None:
            stopping.term_tree(self.pid, self._known())

    def _kill_holders(self) -> None:
        if self.pid is not None:
            self._kill_tree(self.pid)

    def _forget_deadlines(self) -> None:
        for deadline in self._deadlines:
            deadline.cancel()
        self._deadlines.clear()

    def _end(self) -> None:
        self._forget_deadlines()
        for reader in self._pipes.readers:
            reader.when_closed = None
        self._release()
        if not self.survivors():
            self._semaphores.remove()
        self._listener.on_ended(self, self._cause())

    def _cause(self) -> ExitCause:
        return self._testimony.cause(self._status, frozenset(self._sent))

    def _release(self) -> None:
        for reader in self._pipes.readers:
            reader.close()
        if self._stop_command is not None:
            self._stop_command.kill()
        if self._group is not None and not self._group.remove():
            self._group.kill()  # whoever is still in it has no worker any more; the guardian removes the folder
        self._control.close()
        self.board.close()
