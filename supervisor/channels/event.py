"""A flag between processes to wait for, with the names of multiprocessing's Event: a counter in the kernel, no lock.

    set()   a new mark in PULSE, the flag, the bell        wait()   until the flag is set, or PULSE is another one

The flag alone wakes whoever waits; the mark is for those who would find it cleared again.
"""

from __future__ import annotations

import os
import select
import time

from supervisor.channels import platform
from supervisor.channels.handed import Handed
from supervisor.channels.roster import FIRST_FREE_WORD, WAIT_NS, Roster
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from supervisor.channels.holdings import EventCensus

__all__ = ["Event"]

_PULSE = FIRST_FREE_WORD


class Event(Handed):
    """A flag that any process can set, clear and wait for, in place of `multiprocessing.Event`.

    Promised under SIGKILL at any instant: the flag is set or it is not, and whoever waits while it is set wakes. A
    killed waiter is simply gone, a killed setter has set the flag or has not. The flag does not go with its setter.

    set() lets everybody go who waits at that moment, even if clear() follows at once.

    Args:
        name: what the status board and error messages call the event.
    """

    kind = "event"

    def __init__(self, *, name: str = "") -> None:
        self._roster = Roster.create()
        self._flag = platform.counter(0)
        self._name = name
        self._is_closed = False

    def is_set(self) -> bool:
        """Whether the flag is set, at this instant."""
        return platform.is_ready(self._flag, platform.INPUT)

    def set(self) -> None:
        """Set the flag and wake everybody who waits for it."""
        self._roster.header[_PULSE] = time.monotonic_ns()
        os.eventfd_write(self._flag, 1)
        os.eventfd_write(self._roster.bell, 1)

    def clear(self) -> None:
        """Take the flag back."""
        try:
            os.eventfd_read(self._flag)
        except BlockingIOError:
            pass

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; False when it is not within `timeout` seconds.

        Raises StopRequested when the worker is asked to stop while it waits.
        """
        pulse = self._roster.header[_PULSE]
        if self.is_set():
            return True
        index = self._roster.sit_apart()
        try:
            with Blocking(self._label, "wait", timeout, self._roster.seat_at(index), WAIT_NS) as blocking:
                return self._wait(blocking, pulse)
        finally:
            self._roster.stand_up(index)

    def census(self) -> EventCensus:
        """One look at the event, for the engine: changes nothing."""
        from supervisor.channels.holdings import EventCensus, waiting_in

        return EventCensus(name=self._name, is_set=self.is_set(), waiting=waiting_in(self._roster))

    def _wait(self, blocking: Blocking, pulse: int) -> bool:
        header = self._roster.header
        with select.epoll() as ear:
            ear.register(self._roster.bell, select.EPOLLIN | select.EPOLLET)
            ear.poll(0)
            is_in_time = True
            while is_in_time and not self.is_set() and header[_PULSE] == pulse:
                is_in_time = blocking.wait((self._flag, platform.INPUT), (ear.fileno(), platform.INPUT))
                ear.poll(0)
            return is_in_time or self.is_set() or bool(header[_PULSE] != pulse)

    def _own_fds(self) -> list[int]:
        return [self._flag, self._roster.page, self._roster.bell]

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:  # noqa: ARG002  # others need it
        self._flag, page, bell = fds
        self._roster = Roster.attach(page, bell)

    def _let_go(self) -> None:
        os.close(self._flag)
        self._roster.release()

    def _state(self) -> str:
        return "set" if self.is_set() else "unset"
