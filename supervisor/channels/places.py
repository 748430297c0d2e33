"""The places of a bounded queue: a counter in shared memory, taken and given by one atomic step; a bell for who waits.

    take   TOKENS += 1, step down          free   step up, RETURNED += 1, ring if somebody waits

What a dead process had taken and not filled, or freed and not counted, its words tell; what is given back too often is
trimmed.
"""

from __future__ import annotations

import os
import select

from supervisor.channels import platform
from supervisor.channels.ledger import Ledger
from supervisor.channels.parcel import PLACELESS
from supervisor.channels.words import RETURNED, TOKENS, WANTED

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable

    from supervisor.channels.desk import Desk

_COUNTER_AT = 1024
"""Where in the ledger's first page the counter is; it has 64 bytes."""
_MOST = 2**31 - 1


class Places:
    """One process's view of a queue's places.

    Attributes:
        bell: an eventfd that nobody reads: each ring wakes whoever listens.
    """

    __slots__ = ("_page", "_step_in", "_step_out", "_value", "bell")

    def __init__(self, ledger: Ledger, bell: int) -> None:
        counter = platform.atomic_counter(ledger.map, _COUNTER_AT, most=_MOST)
        self._step_in: Callable[[bool], bool] = counter.acquire
        self._step_out: Callable[[], None] = counter.release
        self._value: Callable[[], int] = counter._get_value  # noqa: SLF001  # the standard library's name for it
        self._page = ledger.page  # which keeps the mapping that the steps go to
        self.bell = bell

    @classmethod
    def create(cls, ledger: Ledger, maxsize: int) -> Places:
        """So many free places."""
        platform.prepare_atomic_counter(ledger.map, _COUNTER_AT, maxsize)
        return cls(ledger, platform.counter(0))

    def close(self) -> None:
        """Let go of the bell."""
        bell, self.bell = self.bell, -1
        os.close(bell)

    def count(self) -> int:
        """How many are free."""
        return self._value()

    def take(self, desk: Desk) -> bool:
        """Take one; False when none is free."""
        # Before the step: a place taken by a process that dies now is not forgotten.
        desk.tokens = desk.slot[TOKENS] = desk.tokens + 1
        if self._step_in(False):
            return True
        desk.tokens = desk.slot[TOKENS] = desk.tokens - 1
        return False

    def fill(self, desk: Desk) -> None:
        """The one that was taken has an item in it."""
        desk.tokens = desk.slot[TOKENS] = desk.tokens - 1

    def give_up(self, desk: Desk) -> None:
        """Give back one that was taken and not filled."""
        self._step_out()
        desk.tokens = desk.slot[TOKENS] = desk.tokens - 1
        self._ring_if_wanted()

    def free(self, desk: Desk, marks: int) -> None:
        """Free that of an item which was received and counted, if it had one."""
        if not marks & PLACELESS:
            self._step_out()
        desk.returned = desk.slot[RETURNED] = desk.returned + 1
        self._ring_if_wanted()

    def give_back(self, count: int) -> None:
        """Give back what a dead process had taken."""
        for _ in range(count):
            self._step_out()
        self.ring()

    def trim(self, maxsize: int) -> None:
        """Take away the free ones beyond `maxsize`: so many can only be there because too many were given back."""
        while self._value() > maxsize and self._step_in(False):
            pass

    def listen(self) -> select.epoll:
        """An ear that becomes readable with each ring."""
        ear = select.epoll()
        ear.register(self.bell, select.EPOLLIN | select.EPOLLET)
        return ear

    def want(self) -> None:
        """Say that somebody listens, before a last look for a free one."""
        self._page[WANTED] = 1

    def ring(self) -> None:
        """Wake everybody who waits for a place."""
        self._page[WANTED] = 0
        os.eventfd_write(self.bell, 1)

    def _ring_if_wanted(self) -> None:
        if self._page[WANTED]:
            self.ring()
