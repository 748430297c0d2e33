"""Starts processes: a fresh interpreter (spawn), a fork of the engine, a fork of a warm forkserver, or a plain command.

Whichever way it goes, the worker gets a session of its own, the same descriptors, and none that it should not have.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NoReturn

from supervisor.processes import lifeline, linux, refusals
from supervisor.processes.executing import Program, StartFailed, close_others, execute, forget_signal_handlers
from supervisor.processes.forkservers import ForkserverKind, Forkservers
from supervisor.processes.memory import OutOfMemoryCounter
from supervisor.processes.order_line import ENTRY
from supervisor.processes.orders import LaunchOrder, Refusal
from supervisor.processes.stages import Stages, Told

__all__ = ["METHOD_MEANING", "Answer", "ChildEnds", "Launcher", "Refusal"]

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
    "thread": (
        "Simulated: a thread of one process that all simulated workers share, to find mistakes before processes are in "
        "the way. Faults, memory, environment and modules are shared as well; nothing runs in parallel."
    ),
    "exec": "A program of its own, started with fork and exec. Channels and ctx are for Python workers only.",
}


@dataclass(frozen=True, slots=True)
class ChildEnds:
    """The child's ends of an incarnation's descriptors; `notify`, -1 for none, becomes `LaunchOrder.notify_number`."""

    control: int
    lane: int
    stdout: int
    stderr: int
    board: int
    notify: int = -1

    def by_name(self) -> dict[str, int]:
        """Those that there are."""
        places = {
            "control": self.control,
            "lane": self.lane,
            "stdout": self.stdout,
            "stderr": self.stderr,
            "board": self.board,
            "notify": self.notify,
        }
        return {name: descriptor for name, descriptor in places.items() if descriptor >= 0}


Answer = Callable[[int | None, Refusal | None], None]
"""Called once, perhaps before `launch` returns: with the new pid, or with None and why not."""


class Launcher:
    """Carries out launch orders.

    Attributes:
        stages: where simulated workers are threads.
        out_of_memory: what the kernel has killed for want of memory since the engine began, or since the last look.
    """

    def __init__(self, forkservers: Forkservers, stages: Stages) -> None:
        self._forkservers = forkservers
        self.stages = stages
        self.out_of_memory = OutOfMemoryCounter()

    def launch(self, order: LaunchOrder, ends: ChildEnds, answer: Answer) -> None:
        """Start a process for `order`. It never raises: what goes wrong is the answer."""
        if order.refusal is not None:
            answer(None, order.refusal)
            return
        strand = -1

        def told(pid: int | None, refusal: Refusal | None) -> None:
            if pid is not None:
                lifeline.tie(strand, pid)
            if strand >= 0:
                os.close(strand)
            answer(pid, refusal)

        try:
            strand = lifeline.strand()
            pid = self._make(order, ends, strand, told)
        except StartFailed as failure:
            told(None, _refusal(order, failure))
        except ValueError as error:
            told(None, refusals.value_refusal(order.argv or (order.python,), error))
        except OSError as error:
            told(None, refusals.passing_refusal(f"start {order.name}", error.errno or 0) or _unforeseen(order, error))
        else:
            if pid is not None:
                told(pid, None)

    def launch_thread(self, order: LaunchOrder, ends: ChildEnds, told: Told) -> None:
        """Start a thread for an `order` of a simulated run. It never raises: what goes wrong is told."""
        if order.refusal is not None:
            told(None, order.refusal)
            return
        spec, passed = order.spec(ends.by_name())
        spec_descriptor = linux.memory_file("procdeck-spec", spec)
        try:
            with _each_once(passed) as passed:
                self.stages.launch(order, [spec_descriptor, *passed], told)
        except StartFailed as failure:
            told(None, _refusal(order, failure))
        except OSError as error:
            passing = refusals.passing_refusal(f"start {order.name}", error.errno or 0)
            told(None, passing or _unforeseen(order, error))
        finally:
            os.close(spec_descriptor)

    def close(self) -> None:
        """Let the processes go that start others."""
        self._forkservers.close()
        self.stages.close()

    def _make(self, order: LaunchOrder, ends: ChildEnds, strand: int, told: Answer) -> int | None:
        """The pid of the new process, or None where `told` is called with it later."""
        if order.method == "exec":
            return execute(_command(order, ends, strand))
        places = ends.by_name()
        if strand >= 0:
            places["lifeline"] = strand
        spec, passed = order.spec(places)
        with _each_once(passed) as passed:
            return self._make_python(order, ends, spec, passed, told)

    def _make_python(
        self, order: LaunchOrder, ends: ChildEnds, spec: bytes, passed: list[int], told: Answer
    ) -> int | None:
        if order.method == "fork":
            return _fork(spec, passed)
        spec_descriptor = linux.memory_file("procdeck-spec", spec)
        try:
            if order.method == "spawn":
                return execute(_interpreter(order, ends, [spec_descriptor, *passed]))
            self._fork_from_server(order, [spec_descriptor, *passed], told)
            return None
        finally:
            os.close(spec_descriptor)

    def _fork_from_server(self, order: LaunchOrder, descriptors: list[int], answer: Answer) -> None:
        kind = ForkserverKind(order.python, order.python_path, order.preload, order.cwd)
        self._forkservers.get(kind).launch(descriptors, answer)


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


def _refusal(order: LaunchOrder, failure: StartFailed) -> Refusal:
    """What a failed start means, in words."""
    if failure.text:
        return Refusal(failure.text, failure.is_permanent)
    if failure.stage == "cwd":
        return refusals.directory_refusal(order.cwd, failure.number)
    environment = _environment(order)
    if failure.stage == "program" and order.method == "exec":
        return refusals.program_refusal(order.argv, environment, order.cwd, failure.number)
    if failure.stage == "program":
        return refusals.interpreter_refusal(order.python, environment, failure.number)
    return refusals.passing_refusal(f"start {order.name}", failure.number) or Refusal(
        f"cannot start {order.name}: {failure}", is_permanent=False
    )


def _unforeseen(order: LaunchOrder, error: OSError) -> Refusal:
    return Refusal(f"cannot start {order.name}: {error.strerror or error}", is_permanent=False)


def _environment(order: LaunchOrder) -> dict[str, str]:
    return {**os.environ, **order.environment}


def _command(order: LaunchOrder, ends: ChildEnds, strand: int) -> Program:
    descriptors = {1: ends.stdout, 2: ends.stderr}
    if ends.notify >= 0 and order.notify_number >= 0:
        descriptors[order.notify_number] = ends.notify
    return Program(
        argv=order.argv,
        environment={"PYTHONUNBUFFERED": "1", **_environment(order)},
        cwd=order.cwd,
        descriptors=descriptors,
        kept=[strand] if strand >= 0 else [],
        limits=order.limits,
    )


def _interpreter(order: LaunchOrder, ends: ChildEnds, passed: list[int]) -> Program:
    """A fresh interpreter for the agent, which enters the directory and sets the limits itself."""
    return Program(
        argv=[order.python, ENTRY, "worker", ",".join(map(str, passed))],
        environment=_environment(order),
        cwd="/",
        descriptors={1: ends.stdout, 2: ends.stderr},
        kept=passed,
    )


def _fork(spec: bytes, passed: list[int]) -> int:
    """Fork the engine itself. Signals wait until the child has forgotten the engine's handlers."""
    import supervisor.agent.bootstrap
    import supervisor.agent.loguru_bridge  # noqa: F401 - imported before the fork, so that no child has to

    everything = set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, everything)
    try:
        pid = os.fork()
        if pid == 0:
            _become_worker(spec, passed, before)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return pid


def _become_worker(spec: bytes, passed: list[int], mask: set[int | signal.Signals]) -> NoReturn:
    try:
        os.setsid()
        import atexit
        import gc
        import json

        gc.freeze()
        forget_signal_handlers()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        close_others(passed)
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
