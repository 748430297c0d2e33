"""The end of a process: noticed through its pidfd and reaped once. `ending` puts it into words."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from supervisor.processes.ending import exit_cause

if TYPE_CHECKING:
    import asyncio

__all__ = ["ExitWatch", "Watch", "exit_cause"]


class Watch(Protocol):
    """What tells the end of a process, or of a thread in the place of one."""

    @property
    def dumped_core(self) -> bool:
        """The signal that ended it made the kernel write a core."""


class ExitWatch:
    """Calls back once, when the process has ended and is reaped: with its exit code, negative for a signal.

    The code is None when somebody else has reaped it.

    Attributes:
        dumped_core: the signal that ended it made the kernel write a core.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, pid: int, when_reaped: Callable[[int | None], None]) -> None:
        self._loop = loop
        self._when_reaped = when_reaped
        self.pid = pid
        self.dumped_core = False
        self._pidfd = os.pidfd_open(pid)
        loop.add_reader(self._pidfd, self._reap)

    def _reap(self) -> None:
        status = self._status()
        self.close()
        self._when_reaped(status)

    def close(self) -> None:
        if self._pidfd >= 0:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1

    def _status(self) -> int | None:
        try:
            result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED)
        except ChildProcessError:
            return None
        if result is None:
            return None
        self.dumped_core = result.si_code == os.CLD_DUMPED
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status
