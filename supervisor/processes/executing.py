"""Starts programs: cheaply through `subprocess`, or by a fork of the engine that limits itself before it executes.

The second way costs some 2 ms more, since a fork copies the engine's page tables; only orders that need it take it.

::

    engine ── fork ──► session, descriptors, limits, user, directory, signals ──► exec
      ▲                          │ the first that fails
      └──── error pipe ◄─────────┘ {"stage", "errno", "text"}    (closed by exec: all went well)
"""

from __future__ import annotations

import errno
import fcntl
import gc
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from supervisor.agent import limiting

_CHEAP_LIMITS = frozenset({"umask"})
"""What `subprocess` sets by itself without giving up vfork."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that is to be executed.

    Attributes:
        environment: all of it.
        descriptors: by the number that the program sees: ours. 0 is ``/dev/null`` unless it is here.
        kept: descriptors that it gets under their own number.
        limits: what `supervisor.agent.limiting.apply` takes.
    """

    argv: Sequence[str]
    environment: Mapping[str, str]
    cwd: str
    descriptors: Mapping[int, int]
    kept: Sequence[int] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)


_REPORT_BYTES = 4096
"""The longest failure report; a pipe takes it in one piece."""


class StartFailed(Exception):
    """A program could not be started.

    Attributes:
        stage: ``fork`` ``descriptors`` ``limits`` ``cwd`` or ``program``: what could not be done.
        number: the errno; 0 for a limit.
        text: the reason in words, for a limit.
        is_permanent: another try would end the same way, for a limit.
    """

    def __init__(self, stage: str, number: int = 0, text: str = "", *, is_permanent: bool = True) -> None:
        super().__init__(text or f"{stage}: {os.strerror(number)}")
        self.stage = stage
        self.number = number
        self.text = text
        self.is_permanent = is_permanent


def execute(program: Program) -> int:
    """Start `program` in a session of its own; its pid, once it is executed.

    Raises:
        StartFailed: it could not be.
    """
    if program.descriptors.keys() <= {1, 2} and program.limits.keys() <= _CHEAP_LIMITS:
        return _execute_cheaply(program)
    return _execute_by_fork(program)


def _execute_cheaply(program: Program) -> int:
    try:
        process = subprocess.Popen(
            list(program.argv),
            stdin=subprocess.DEVNULL,
            stdout=program.descriptors[1],
            stderr=program.descriptors[2],
            cwd=program.cwd,
            env=dict(program.environment),
            umask=program.limits.get("umask", -1),
            pass_fds=program.kept,
            start_new_session=True,
        )
    except OSError as error:
        # The child names its directory in every failure before the program's; the parent names nothing.
        stage = "fork" if error.filename is None else "cwd" if error.filename == program.cwd else "program"
        raise StartFailed(stage, error.errno or 0) from None
    return disown(process)


def disown(process: subprocess.Popen[bytes]) -> int:
    """The pid; the process is reaped through its pidfd, and `Popen` is told not to."""
    process.returncode = 0
    return process.pid


def _execute_by_fork(program: Program) -> int:
    candidates = _candidates(program)
    try:
        report, told = os.pipe()
    except OSError as error:
        raise StartFailed("fork", error.errno or 0) from None
    try:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if pid == 0:
                _become(program, candidates, told)
        except OSError as error:
            raise StartFailed("fork", error.errno or 0) from None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(told)
        failure = os.read(report, _REPORT_BYTES)  # returns at once when exec closes the other end
    finally:
        os.close(report)
    if not failure:
        return pid
    os.waitpid(pid, 0)
    said = json.loads(failure)
    raise StartFailed(said["stage"], said["errno"], said["text"], is_permanent=said["is_permanent"])


def _candidates(program: Program) -> list[str]:
    """The paths at which the program may be, in the order in which they are tried (execvp(3))."""
    name = program.argv[0]
    if os.sep in name:
        return [name]
    return [os.path.join(directory, name) for directory in os.get_exec_path(program.environment)]


def _become(program: Program, candidates: list[str], told: int) -> NoReturn:
    """Be the program, or say why not. Nothing of the engine runs in here: no logging, no loop, no collection."""
    stage = "session"
    failure: dict[str, Any]
    try:
        gc.disable()
        os.setsid()
        forget_signal_handlers()
        stage = "descriptors"
        told = _arrange(program, told)
        stage = "limits"
        limiting.apply(dict(program.limits))
        stage = "cwd"
        os.chdir(program.cwd)
        stage = "program"
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        failure = _try_each(candidates, program)
    except limiting.LimitRefused as refused:
        failure = {"stage": stage, "errno": 0, "text": str(refused), "is_permanent": refused.is_permanent}
    except OSError as error:
        failure = {"stage": stage, "errno": error.errno or 0, "text": "", "is_permanent": True}
    except BaseException as error:
        failure = {"stage": stage, "errno": 0, "text": f"{type(error).__name__}: {error}", "is_permanent": True}
    try:
        os.write(told, json.dumps(failure).encode()[:_REPORT_BYTES])
    finally:
        os._exit(255)


def _try_each(candidates: list[str], program: Program) -> dict[str, Any]:
    """Execute the first candidate that can be; how it went otherwise, as execvp(3) has it."""
    number = errno.ENOENT
    for path in candidates:
        try:
            os.execve(path, list(program.argv), dict(program.environment))  # noqa: S606 - a shell only when declared
        except FileNotFoundError as error:
            if os.path.lexists(path):  # it is there; its interpreter is not
                number = error.errno or number
                break
        except NotADirectoryError as error:
            number = (error.errno or number) if len(candidates) == 1 else number
        except PermissionError as error:
            number = error.errno or number
        except OSError as error:
            number = error.errno or number
            break
    return {"stage": "program", "errno": number, "text": "", "is_permanent": True}


def forget_signal_handlers() -> None:
    """In a fork of the engine: no handler of the engine's may run here, nor write to its wakeup descriptor."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if signal.getsignal(number) not in (signal.SIG_DFL, None):
            signal.signal(number, signal.SIG_DFL)


def _arrange(program: Program, told: int) -> int:
    """Give every descriptor its number and close all others; the new number of the error pipe."""
    above = max((*program.descriptors, *program.kept, 2)) + 1

    def moved_up(descriptor: int) -> int:
        return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, above)

    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    sources = {number: moved_up(ours) for number, ours in {0: null, **program.descriptors}.items()}
    kept = [moved_up(descriptor) if descriptor in sources else descriptor for descriptor in program.kept]
    told = moved_up(told)
    for number, descriptor in sources.items():
        os.dup2(descriptor, number, inheritable=True)
    for descriptor in kept:
        os.set_inheritable(descriptor, True)
    close_others([*sources, *kept, told])
    return told


def close_others(kept: Sequence[int]) -> None:
    """Close every descriptor above the standard three but those in `kept`."""
    low = 3
    for descriptor in sorted({number for number in kept if number > 2}):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
