"""The mutex under Lock and RLock: taken and given by one atomic step in shared memory, inherited from the dead.

    take   STARTED += 1, atomic step, HOLD = now          give   HOLD = 0, atomic step, FINISHED += 1

An owner whose seat says HOLD has the unit. Between HOLD and the counters a process is in doubt: whether a process that
died there had the unit is told by all others, none of whom has it then while the unit is not there either.
"""

from __future__ import annotations

import os
from time import monotonic_ns

from supervisor.channels import platform
from supervisor.channels.roster import ATOMIC_BYTE, FIRST_FREE_WORD, PID, WAIT_NS, Roster
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOLD = 3
"""Seat word: since when its owner has the latch, time.monotonic_ns; 0 while it has not."""
STARTED = 4
"""Seat word: attempts that began; each one that succeeded ends with its release."""
FINISHED = 5
FAILED = 6
"""Seat word: attempts that found the latch taken."""

ABANDONMENTS = FIRST_FREE_WORD
"""Header word: how often a holder died."""


class Latch:
    """This process's one view of a latch: get it with `of`. The locks take and give it with the steps inlined.

    Attributes:
        seat: the seat of this process, None until it is needed.
        started: the seat's STARTED, which nobody else writes while this process lives; quicker to count from here.
        finished: the same of FINISHED.
        step_in: the atomic step; called with False it returns whether the unit was there.
        step_out: puts the unit back.
        was_abandoned: whether this process holds the latch after an owner that died.
        owner: the thread that holds it, for a recursive lock; 0 while none of this process does.
        depth: how often that thread has it.
    """

    __slots__ = (
        "_is_free",
        "depth",
        "finished",
        "header",
        "owner",
        "roster",
        "seat",
        "started",
        "step_in",
        "step_out",
        "was_abandoned",
    )

    def __init__(self, roster: Roster) -> None:
        unit = platform.atomic_counter(roster.map, ATOMIC_BYTE)
        self.roster = roster
        self.header = roster.header
        self.seat: memoryview | None = None
        self.step_in: Callable[[bool], bool] = unit.acquire
        self.step_out: Callable[[], None] = unit.release
        self._is_free: Callable[[], int] = unit._get_value  # noqa: SLF001  # the standard library's name for it
        self.forget_after_fork()
        roster.may_reuse = _may_reuse
        roster.on_fork = self.forget_after_fork

    @classmethod
    def create(cls) -> Latch:
        """A new latch that nobody holds."""
        roster = Roster.create()
        platform.prepare_atomic_counter(roster.map, ATOMIC_BYTE)
        return cls.of(roster)

    @classmethod
    def of(cls, roster: Roster) -> Latch:
        """The latch in a roster, the same one for all who ask in this process."""
        latch = roster.latch
        if not isinstance(latch, Latch):
            latch = roster.latch = cls(roster)
        return latch

    def join(self) -> memoryview:
        """The seat of this process."""
        with self.roster.guarding:
            if self.seat is None:
                seat = self.roster.sit()
                self.started, self.finished = seat[STARTED], seat[FINISHED]
                self.seat = seat
            return self.seat

    def take(
        self, label: str, operation: str, timeout_s: float | None = None, *, is_interruptible: bool = True
    ) -> bool:
        """Take it, waiting if need be; False when the time is over."""
        os.sched_yield()
        if self.take_now():
            return True
        seat = self.seat or self.join()
        with Blocking(label, operation, timeout_s, seat, WAIT_NS, is_interruptible=is_interruptible) as blocking:
            return self.roster.wait(blocking, self.take_now, self._suspects)

    def count_failure(self, seat: memoryview) -> None:
        """An attempt ended without the unit."""
        seat[FAILED] += 1
        self.finished = seat[FINISHED] = self.finished + 1

    def is_held_here(self) -> bool:
        """Whether this process holds it."""
        return self.seat is not None and self.seat[HOLD] != 0

    def holding(self) -> tuple[int, int] | None:
        """The pid of the live holder and since when, time.monotonic_ns; None when there is none."""
        for index, seat in self.roster.seats():
            since_ns = seat[HOLD]
            if since_ns and self.roster.is_alive(index):
                return seat[PID], since_ns
        return None

    def forget_after_fork(self) -> None:
        """In a forked child: what the parent holds, the parent holds."""
        self.seat = None
        self.started = self.finished = 0
        self.was_abandoned = False
        self.owner = 0
        self.depth = 0

    def take_now(self) -> bool:
        """Take it if it is free, or if its holder is dead."""
        seat = self.seat or self.join()
        self.started = seat[STARTED] = self.started + 1
        if self.step_in(False):
            seat[HOLD] = monotonic_ns()
            return True
        self.count_failure(seat)
        return self._has_unclear_dead() and self._inherit(seat)

    def _suspects(self) -> Sequence[int] | None:
        """The seat whose owner holds the latch; None while nobody is seen to."""
        return [index for index, seat in self.roster.seats() if seat[HOLD]] or None

    def _has_unclear_dead(self) -> bool:
        alive = self.roster.is_alive
        return any(not _is_clean(seat) and not alive(index) for index, seat in self.roster.seats())

    def _inherit(self, mine: memoryview) -> bool:
        """Take it over from the dead, if it is with them; clear the seats of the dead once that is known."""
        roster = self.roster
        with roster.guarded():
            seats = list(roster.seats())
            dead = [seat for index, seat in seats if not _is_clean(seat) and not roster.is_alive(index)]
            # After the dead are known: what the living have from now on, the dead have not.
            living = [seat for _, seat in seats if not _is_clean(seat) and seat not in dead]
            is_elsewhere = any(seat[HOLD] for seat in living) or bool(self._is_free())
            was_held = any(seat[HOLD] for seat in dead)
            is_mine = not is_elsewhere and (was_held or (bool(dead) and not living and self._is_lost(dead)))
            if is_mine:
                self.started = mine[STARTED] = self.started + 1
                mine[HOLD] = monotonic_ns()  # before the dead one's is cleared: the unit is never with nobody
                if was_held:
                    self.was_abandoned = True
                    self.header[ABANDONMENTS] += 1
            if is_mine or is_elsewhere:
                for seat in dead:
                    seat[FINISHED] = seat[STARTED]
                    seat[HOLD] = 0
            return is_mine

    def _is_lost(self, dead: list[memoryview]) -> bool:
        """Whether the unit is neither there nor with any of the living, seen twice with nothing done in between."""
        first = self._activity()
        is_free = self._is_free()
        second = self._activity()
        unclear = sum(started != finished for started, finished, _ in second)
        return not is_free and first == second and unclear == len(dead)

    def _activity(self) -> list[tuple[int, int, int]]:
        return [(seat[STARTED], seat[FINISHED], seat[HOLD]) for _, seat in self.roster.seats()]


def _is_clean(seat: memoryview) -> bool:
    """Whether the owner neither had the latch nor was about to take or give it."""
    return not seat[HOLD] and bool(seat[STARTED] == seat[FINISHED])


def _may_reuse(_: Roster, seat: memoryview) -> bool:
    """A seat of the dead waits until it is known whether the latch is with it."""
    return _is_clean(seat)
