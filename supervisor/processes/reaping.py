"""The end of a process: noticed through its pidfd, reaped once, and told in words."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from supervisor.lifecycle.events import ExitCause

if TYPE_CHECKING:
    import asyncio

STATUS_UNKNOWN = "ended; its exit status was taken by another waiter"

_FAULTS = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "arithmetic fault",
    signal.SIGILL: "illegal instruction",
}


class ExitWatch:
    """Calls back once, when the process has ended and is reaped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, pid: int, when_reaped: Callable[[int | None], None]) -> None:
        self._loop = loop
        self._when_reaped = when_reaped
        self.pid = pid
        self._pidfd = os.pidfd_open(pid)
        loop.add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        status = reap(self._pidfd)
        self.close()
        self._when_reaped(status)

    def close(self) -> None:
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1


def reap(pidfd: int) -> int | None:
    """The exit code of an ended child, negative for a signal; None when somebody else has reaped it."""
    try:
        result = os.waitid(os.P_PIDFD, pidfd, os.WEXITED)
    except ChildProcessError:
        return None
    if result is None:
        return None
    if result.si_code == os.CLD_EXITED:
        return result.si_status
    return -result.si_status


def exit_cause(
    status: int | None, *, failure: str = "", is_permanent: bool = False, sent_by_us: frozenset[int] = frozenset()
) -> ExitCause:
    """How an incarnation ended, in words.

    Args:
        status: the exit code, negative for a signal, None where unknown.
        failure: the agent's own word of an uncaught exception: ``ValueError: bad item at parse.py:41``.
        is_permanent: another try would end the same way.
        sent_by_us: signal numbers that the engine has sent to this incarnation.
    """
    if failure:
        code = status if status is not None and status > 0 else 1
        return ExitCause(f"uncaught {failure}", is_ok=False, exit_code=code, is_permanent=is_permanent)
    if status is None:
        return ExitCause(STATUS_UNKNOWN, is_ok=False)
    if status >= 0:
        return ExitCause(f"exit code {status}", is_ok=status == 0, exit_code=status)
    number = -status
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if number in sent_by_us:
        text = f"ended by {name}" if number == signal.SIGTERM else f"killed by {name}, sent by procdeck"
    elif number in _FAULTS:
        text = f"{_FAULTS[signal.Signals(number)]} ({name})"
    else:
        text = f"killed by {name} from outside"
    return ExitCause(text, is_ok=False, signal=number, exit_code=-number)
