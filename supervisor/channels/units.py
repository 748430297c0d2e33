"""The units under Semaphore and BoundedSemaphore: taken and given by one atomic step in shared memory, kill-safe.

    take   ATTEMPTS += 1, step down, ACQUIRED += 1         give   RELEASING += 1, step up, RELEASED += 1

    units that are there  =  initial  -  sum over all seats of (ACQUIRED - RELEASING)        with nobody in between

Between its two words a process is in doubt. What a process that died there had done is told by the sum: a unit that is
missing from it is put back.
"""

from __future__ import annotations

import os

from supervisor.channels import platform
from supervisor.channels.roster import ATOMIC_BYTE, FIRST_FREE_WORD, Roster

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

INITIAL = FIRST_FREE_WORD
"""Header word: how many units there were at first."""
ATTEMPTS = 3
"""Seat word: acquisitions that began; one that fails is taken back."""
ACQUIRED = 4
RELEASING = 5
"""Seat word: releases that began."""
RELEASED = 6
START = 7
"""Seat word: ACQUIRED - RELEASING when its owner came; what is above it, the owner holds."""

MOST = 2**31 - 1
_TRIES = 1000


class Units:
    """This process's one view of a semaphore: get it with `of`. Semaphore takes and gives with the steps inlined.

    Attributes:
        seat: the seat of this process, None until it is needed.
        attempts, acquired, releasing, released: the seat's words; quicker to count from here.
        step_in: the atomic step down; called with False it returns whether a unit was there.
        step_out: the step up; ValueError beyond the bound.
    """

    __slots__ = (
        "_value",
        "acquired",
        "attempts",
        "header",
        "released",
        "releasing",
        "roster",
        "seat",
        "step_in",
        "step_out",
    )

    def __init__(self, roster: Roster, *, is_bounded: bool) -> None:
        self.roster = roster
        self.seat: memoryview | None = None
        self.header = roster.header
        counter = platform.atomic_counter(roster.map, ATOMIC_BYTE, most=roster.header[INITIAL] if is_bounded else MOST)
        self.step_in: Callable[[bool], bool] = counter.acquire
        self.step_out: Callable[[], None] = counter.release
        self._value: Callable[[], int] = counter._get_value  # noqa: SLF001  # the standard library's name for it
        self.forget_after_fork()
        roster.may_reuse = self._may_reuse_seat
        roster.on_fork = self.forget_after_fork

    @classmethod
    def create(cls, value: int, *, is_bounded: bool) -> Units:
        """So many units."""
        roster = Roster.create()
        roster.header[INITIAL] = value
        platform.prepare_atomic_counter(roster.map, ATOMIC_BYTE, value)
        return cls.of(roster, is_bounded=is_bounded)

    @classmethod
    def of(cls, roster: Roster, *, is_bounded: bool) -> Units:
        """The units in a roster, the same for all who ask in this process."""
        units = roster.latch
        if not isinstance(units, Units):
            units = roster.latch = cls(roster, is_bounded=is_bounded)
        return units

    def join(self) -> memoryview:
        """The seat of this process."""
        with self.roster.guarding:
            if self.seat is None:
                seat = self.roster.sit()
                seat[START] = seat[ACQUIRED] - seat[RELEASING]
                self.attempts = self.acquired = seat[ACQUIRED]
                self.releasing = self.released = seat[RELEASING]
                self.seat = seat
            return self.seat

    def take_now(self) -> bool:
        """Take a unit if one is there, or with a dead process."""
        seat = self.seat or self.join()
        for _ in range(2):
            self.attempts = seat[ATTEMPTS] = self.attempts + 1
            if self.step_in(False):
                self.acquired = seat[ACQUIRED] = self.acquired + 1
                return True
            self.attempts = seat[ATTEMPTS] = self.attempts - 1
            if not self._has_unclear_dead() or not self.bring_back():
                break
        return False

    def suspects(self) -> Sequence[int]:
        """The seats whose owners hold units, or are about to take or give one."""
        return [index for index, seat in self.roster.seats() if seat is not self.seat and not _is_clean(seat)]

    def count(self) -> int:
        """How many units are there, those of the dead included."""
        for _ in range(_TRIES):
            if not self._has_unclear_dead():
                break
            self.bring_back()
            os.sched_yield()
        return self._value()

    def look(self) -> tuple[int, list[tuple[int, int]]]:
        """How many units are there, those of the dead included; each living holder's seat and units. Only a look."""
        value, holders = self._value(), []
        for index, seat in self.roster.seats():
            units = _held(seat)
            if units > 0 and self.roster.is_alive(index):
                holders.append((index, units))
            elif units > 0:
                value += units
        return value, holders

    def bring_back(self) -> bool:
        """Put back what the dead held, and what is missing because they died in between; whether that was anything."""
        roster = self.roster
        with roster.guarded():
            dead = [seat for index, seat in roster.seats() if not _is_clean(seat) and not roster.is_alive(index)]
            found = 0
            for seat in dead:
                units = _held(seat)
                if units > 0:
                    was_clear = not _is_in_doubt(seat)
                    seat[RELEASING] += (
                        units  # before the steps: who dies now leaves the seat in doubt, and nothing lost
                    )
                    if was_clear:
                        found += self._put_back(units)
                        seat[RELEASED] = seat[RELEASING]
            doubtful = [seat for seat in dead if _is_in_doubt(seat)]
            missing = self._missing(doubtful) if doubtful else 0
            if missing is not None:
                found += self._put_back(missing)
                for seat in doubtful:
                    seat[ATTEMPTS] = seat[ACQUIRED]
                    seat[RELEASED] = seat[RELEASING]
        if found:
            roster.ring()
        return found > 0

    def forget_after_fork(self) -> None:
        """In a forked child: what the parent holds, the parent holds."""
        self.seat = None
        self.attempts = self.acquired = self.releasing = self.released = 0

    def _put_back(self, units: int) -> int:
        for _ in range(units):
            self.step_out()
        return units

    def _missing(self, doubtful: list[memoryview]) -> int | None:
        """How many units the dead have not put back; None while one of the living is in between itself."""
        first = self._activity()
        value = self._value()
        second = self._activity()
        in_doubt = sum(
            attempts != acquired or releasing != released for attempts, acquired, releasing, released in second
        )
        if first != second or in_doubt != len(doubtful):
            return None
        taken = sum(acquired - releasing for _, acquired, releasing, _ in second)
        return max(int(self.header[INITIAL]) - value - taken, 0)

    def _activity(self) -> list[tuple[int, int, int, int]]:
        return [(seat[ATTEMPTS], seat[ACQUIRED], seat[RELEASING], seat[RELEASED]) for _, seat in self.roster.seats()]

    def _has_unclear_dead(self) -> bool:
        alive = self.roster.is_alive
        return any(not _is_clean(seat) and not alive(index) for index, seat in self.roster.seats())

    def _may_reuse_seat(self, _: Roster, seat: memoryview) -> bool:
        """A seat of the dead waits until what was with it is back."""
        if not _is_clean(seat):
            self.bring_back()
        return _is_clean(seat)


def _held(seat: memoryview) -> int:
    """Units that the owner holds; below 0 when it has given more than it took."""
    return int(seat[ACQUIRED] - seat[RELEASING] - seat[START])


def _is_in_doubt(seat: memoryview) -> bool:
    return bool(seat[ATTEMPTS] != seat[ACQUIRED] or seat[RELEASING] != seat[RELEASED])


def _is_clean(seat: memoryview) -> bool:
    """Whether the owner neither holds units nor is about to take or give one."""
    return not _is_in_doubt(seat) and _held(seat) <= 0
