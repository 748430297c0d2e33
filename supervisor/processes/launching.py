"""Starts processes: a fresh interpreter (spawn), a fork of the engine, a fork of a warm forkserver, or a plain command.

Whichever way it goes, the worker gets a session of its own, the same descriptors, and none that it should not have.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from supervisor.processes import linux
from supervisor.processes.forkservers import ENTRY, ForkserverKind, Forkservers
from supervisor.processes.orders import LaunchOrder

METHOD_MEANING = {
    "fork": (
        "A copy of the engine process: starts in milliseconds and shares its memory until written to. "
        "Safe here because the engine has one thread. It inherits the engine's imported modules."
    ),
    "spawn": (
        "A fresh interpreter that imports everything anew: the slowest start (tens of milliseconds and every import), "
        "and the cleanest: it inherits nothing but its channels."
    ),
    "forkserver": (
        "A fork of a small single-threaded server that has already imported what the profile preloads: "
        "starts in milliseconds, inherits no locks or threads, shares the preloaded modules' memory."
    ),
    "exec": "A program of its own, started with fork and exec. Channels and ctx are for Python workers only.",
}

_PERMANENT = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError)
_ENOEXEC = 8


@dataclass(frozen=True, slots=True)
class ChildEnds:
    """The child's ends of an incarnation's descriptors."""

    control: int
    lane: int
    stdout: int
    stderr: int
    board: int

    def by_name(self) -> dict[str, int]:
        return {
            "control": self.control,
            "lane": self.lane,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "board": self.board,
        }


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no process could be made."""

    text: str
    is_permanent: bool


Answer = Callable[[int | None, Refusal | None], None]
"""Called once, perhaps before `launch` returns: with the new pid, or with None and why not."""


class Launcher:
    """Carries out launch orders."""

    def __init__(self, forkservers: Forkservers) -> None:
        self._forkservers = forkservers

    def launch(self, order: LaunchOrder, ends: ChildEnds, answer: Answer) -> None:
        """Start a process for `order`. It never raises: what goes wrong is the answer."""
        try:
            if order.method == "exec":
                answer(_start_command(order, ends), None)
                return
            spec, passed = order.spec(ends.by_name())
            with _each_once(passed) as passed:
                self._launch_python(order, ends, spec, passed, answer)
        except OSError as error:
            answer(None, refusal(order, error))

    def _launch_python(
        self, order: LaunchOrder, ends: ChildEnds, spec: bytes, passed: list[int], answer: Answer
    ) -> None:
        if order.method == "fork":
            answer(_fork(spec, passed), None)
            return
        spec_descriptor = linux.memory_file("procdeck-spec", spec)
        try:
            if order.method == "spawn":
                answer(_spawn(order, ends, [spec_descriptor, *passed]), None)
            else:
                self._fork_from_server(order, [spec_descriptor, *passed], answer)
        finally:
            os.close(spec_descriptor)

    def _fork_from_server(self, order: LaunchOrder, descriptors: list[int], answer: Answer) -> None:
        kind = ForkserverKind(order.python, order.python_path, order.preload, order.cwd)

        def told(pid: int | None, trouble: str) -> None:
            answer(pid, None if pid is not None else Refusal(trouble, is_permanent=False))

        self._forkservers.get(kind).launch(descriptors, told)


@contextmanager
def _each_once(descriptors: list[int]) -> Iterator[list[int]]:
    """`descriptors` with a copy for each repetition, as the worker closes each place's own."""
    seen: set[int] = set()
    copies: list[int] = []
    unique = []
    try:
        for descriptor in descriptors:
            own = descriptor
            if descriptor in seen:
                own = os.dup(descriptor)
                copies.append(own)
            seen.add(descriptor)
            unique.append(own)
        yield unique
    finally:
        for copy in copies:
            os.close(copy)


def refusal(order: LaunchOrder, error: OSError) -> Refusal:
    """What a failed start means, in words."""
    what = order.argv[0] if order.method == "exec" else order.python
    if error.filename == order.cwd and not os.path.isdir(order.cwd):
        return Refusal(f"cannot start in {order.cwd}: no such directory; check cwd", is_permanent=True)
    if isinstance(error, FileNotFoundError):
        return Refusal(f"no such command: {what}; check its spelling and PATH", is_permanent=True)
    if error.errno == _ENOEXEC:
        return Refusal(f"{what} is not a program: no interpreter line (#!) and no binary", is_permanent=True)
    return Refusal(f"cannot run {what}: {error.strerror}", is_permanent=isinstance(error, _PERMANENT))


def _start_command(order: LaunchOrder, ends: ChildEnds) -> int:
    process = subprocess.Popen(
        order.argv,
        stdin=subprocess.DEVNULL,
        stdout=ends.stdout,
        stderr=ends.stderr,
        cwd=order.cwd,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **order.environment},
        start_new_session=True,
    )
    return _disown(process)


def _spawn(order: LaunchOrder, ends: ChildEnds, passed: list[int]) -> int:
    process = subprocess.Popen(
        [order.python, ENTRY, "worker", ",".join(map(str, passed))],
        pass_fds=passed,
        stdin=subprocess.DEVNULL,
        stdout=ends.stdout,
        stderr=ends.stderr,
        env={**os.environ, **order.environment},
        start_new_session=True,
    )
    return _disown(process)


def _disown(process: subprocess.Popen[bytes]) -> int:
    """The pid; the process is reaped through its pidfd, and `Popen` is told not to."""
    process.returncode = 0
    return process.pid


def _fork(spec: bytes, passed: list[int]) -> int:
    """Fork the engine itself. Signals wait until the child has forgotten the engine's handlers."""
    import supervisor.agent.bootstrap
    import supervisor.agent.loguru_bridge  # noqa: F401 - imported before the fork, so that no child has to

    everything = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, everything)
    pid = os.fork()
    if pid == 0:
        _become_worker(spec, passed, before)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _become_worker(spec: bytes, passed: list[int], mask: set[int | signal.Signals]) -> NoReturn:
    try:
        import atexit
        import gc
        import json

        gc.freeze()
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _close_others(passed)
        _forget_loguru()
        atexit._clear()  # noqa: SLF001 - the engine's exit hooks are not the worker's
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        from supervisor.agent.bootstrap import run

        order = json.loads(spec)
        titles = sys.modules.get("setproctitle")
        if titles is not None:
            titles.setproctitle(f"procdeck worker {order['name']}")  # its command line would be the engine's
        run(order, passed)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(1)


def _forget_loguru() -> None:
    """Let the worker import a loguru of its own: the engine's has the engine's sinks, whose descriptors are closed."""
    for name in [name for name in sys.modules if name == "loguru" or name.startswith("loguru.")]:
        del sys.modules[name]


def _close_others(kept: list[int]) -> None:
    """Close every descriptor above the standard three but those in `kept`."""
    low = 3
    for descriptor in sorted(kept):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
