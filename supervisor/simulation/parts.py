"""Which simulated worker a thread belongs to: a part is a worker that is a thread, with what each process would have.

Threads that a part starts are its own as well, and so are the processes that it starts with `multiprocessing`.
"""

from __future__ import annotations

import _thread
import os
import socket
import threading
import weakref

from supervisor.agent.awaiting import when_imported
from supervisor.agent.control import Control
from supervisor.agent.lane_writer import LaneWriter
from supervisor.channels import StatusBoard
from supervisor.channels.interrupt import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any, TextIO

    Spec = dict[str, Any]

_MARK = "_procdeck_part"
_local = _thread._local()  # noqa: SLF001  # threading.local, as everywhere here


class Part:
    """One incarnation of a simulated worker.

    Attributes:
        number: by which the engine names it.
        name: the replica's name.
        spec: its launch order.
        control: its control pipe.
        board: its status board.
        hook: through which a stop reaches its waits.
        lane: where its records go.
        stdout: where what it prints goes.
        stderr: the same for stderr.
        channels: what its target was given, to be let go of at its end.
        threads: those that it has started itself.
        processes: those that it has started with `multiprocessing`.
        programs: those that it has executed through `subprocess`.
        births: held while it starts a thread, and by who raises an exception in one of its threads from outside. Until
            a newborn thread runs, CPython 3.11 has it under its creator's number, so that the newborn would take what
            was meant for the creator, and end before it has said that it lives; the creator would wait for that for
            ever.
        main_thread: the number of the thread that runs its target, as `threading.get_ident` has it.
        is_killed: it is ended by force, and its end is told so.
        is_over: nothing of it is open any more.
    """

    def __init__(self, number: int, spec: Spec, descriptors: list[int]) -> None:
        places = spec["fds"]
        self.number = number
        self.name: str = spec["name"]
        self.spec = spec
        self.descriptors = descriptors
        self.control = Control(descriptors[places["control"]])
        self.board = StatusBoard.attach(descriptors[places["board"]])
        self.hook = Hook(self.control.fileno(), self.control.check)
        self.lane = LaneWriter(descriptors[places["lane"]])
        self.stdout = _stream(descriptors[places["stdout"]])
        self.stderr = _stream(descriptors[places["stderr"]])
        self.channels: list[object] = []
        self.threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
        self.processes: list[Any] = []
        self.programs: list[Any] = []
        self.births = threading.RLock()
        self.main_thread = 0
        self.is_killed = False
        self.is_over = False

    def be_killed(self) -> None:
        """It ends by force from now on: who waits for a word of the engine waits no longer."""
        self.is_killed = True
        with socket.socket(fileno=os.dup(self.control.fileno())) as end:
            end.shutdown(socket.SHUT_RD)

    def signal_children(self, number: int) -> None:
        """Send a signal to the processes that it has started and that still run."""
        for program in list(self.programs):
            if program.poll() is None:
                program.send_signal(number)
        for process in list(self.processes):
            if process.is_alive():
                os.kill(process.pid, number)

    def close(self) -> None:
        """Let go of all that the engine has lent it. Threads that it has left write nowhere from now on."""
        self.is_over = True
        for stream in (self.stdout, self.stderr):
            try:
                stream.close()
            except Exception:  # nobody reads it any more
                pass
        self.lane.close()
        self.hook.fd = None
        self.hook.close()
        self.board.close()
        os.close(self.control.fileno())


def _stream(descriptor: int) -> TextIO:
    os.set_inheritable(descriptor, False)
    stream = open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
    stream.reconfigure(write_through=True)
    return stream


def current() -> Part | None:
    """The part that the calling thread belongs to; None in the stage's own."""
    part: Part | None = getattr(_local, "part", None)
    return part


def enter(part: Part) -> None:
    """The calling thread is `part`'s from now on."""
    _local.part = part


def watch() -> None:
    """From now on know which part starts a thread or a process."""
    thread: Any = threading.Thread
    start, bootstrap = thread.start, thread._bootstrap_inner  # noqa: SLF001

    def start_marked(self: threading.Thread) -> None:
        part = current()
        if part is None:
            start(self)
            return
        self.__dict__[_MARK] = part
        part.threads.add(self)
        with part.births:
            start(self)

    def bootstrap_marked(self: threading.Thread) -> None:
        part = self.__dict__.get(_MARK)
        if part is not None:
            enter(part)
        bootstrap(self)

    thread.start, thread._bootstrap_inner = start_marked, bootstrap_marked  # noqa: SLF001
    os.register_at_fork(after_in_child=_let_start)
    when_imported("multiprocessing.process", _watch_processes, purpose="simulation")


def _let_start() -> None:
    """In a forked child of a part, where nobody is left who might be starting a thread."""
    part = current()
    if part is not None:
        part.births = threading.RLock()


def _watch_processes(module: ModuleType) -> None:
    start = module.BaseProcess.start

    def start_marked(self: Any) -> None:
        part = current()
        start(self)
        if part is not None:
            part.processes.append(self)

    module.BaseProcess.start = start_marked
