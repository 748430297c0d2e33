"""A condition variable between processes, with the names of multiprocessing's: a killed waiter holds up nobody.

    wait()   sits down with a ticket, gives the lock back, sleeps until its seat says NOTIFIED, takes the lock again
    notify() marks the seats of the first living waiters and rings

Seats change under the condition's own lock only, but for the sleep.
"""

from __future__ import annotations

import time

from supervisor.channels.handed import Handed
from supervisor.channels.lock import Lock, RLock
from supervisor.channels.roster import FIRST_FREE_WORD, SEAT_COUNT, WAIT_NS, Roster
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, TypeVar

    from supervisor.channels.holdings import ConditionCensus

    T = TypeVar("T")

__all__ = ["Condition"]

_TICKETS = FIRST_FREE_WORD
_STATE = 3
_TICKET = 4
_UP_TO = 5
"""Seat word: the last ticket there was when its owner was notified."""

_IDLE, _WAITING, _NOTIFIED = 0, 1, 2


class Condition(Handed):
    """A condition variable between any processes and threads, in place of `multiprocessing.Condition`.

    Promised under SIGKILL at any instant: a killed waiter never holds up notify(), and a notification goes to living
    waiters only; one whose waiter is killed before it goes on passes to another that was waiting then. A killed holder
    of the lock frees it, see `Lock`. What cannot be promised: a notify() that is killed may have woken fewer than it
    should, so let what is waited for be a state to look at, as wait_for() does.

    As with every condition variable, a wait() may end without a notification.

    Args:
        lock: the Lock or RLock of this library that guards the condition; a new RLock by default.
        name: what the status board and error messages call the condition.
    """

    kind = "condition"

    def __init__(self, lock: Lock | RLock | None = None, *, name: str = "") -> None:
        if lock is not None and not isinstance(lock, (Lock, RLock)):
            raise TypeError(f"a condition needs a Lock or RLock of supervisor.channels, not {lock!r}")
        self._join(RLock(name=name) if lock is None else lock, Roster.create())
        self._name = name
        self._is_closed = False

    def _join(self, lock: Lock | RLock, roster: Roster) -> None:
        self._lock = lock
        self._roster = roster
        self.acquire = lock.acquire
        self.release = lock.release
        roster.may_reuse = _is_settled

    def __enter__(self) -> bool:
        return self._lock.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back, wait for a notification, take the lock again; False when the time was over.

        AssertionError when the lock is not held. Raises StopRequested, with the lock held, when the worker is asked to
        stop while it waits.
        """
        self._check_held("wait")
        roster = self._roster
        index = roster.sit_apart()
        seat = roster.seat_at(index)
        roster.header[_TICKETS] += 1
        seat[_TICKET] = roster.header[_TICKETS]
        seat[_STATE] = _WAITING
        try:
            return self._wait(seat, None if timeout is None else time.monotonic() + max(timeout, 0.0))
        except BaseException:
            if seat[_STATE] == _NOTIFIED:
                seat[_STATE] = _IDLE
                self._notify(1)
            raise
        finally:
            seat[_STATE] = _IDLE
            roster.stand_up(index)

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        """Wait until `predicate()`, called with the lock held, is true; returns its last result."""
        deadline_s = None if timeout is None else time.monotonic() + timeout
        result = predicate()
        while not result:
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                break
            self.wait(left_s)
            result = predicate()
        return result

    def notify(self, n: int = 1) -> None:
        """Wake the `n` that have waited longest. AssertionError when the lock is not held."""
        self._check_held("notify")
        self._notify(n)

    def notify_all(self) -> None:
        """Wake all who wait. AssertionError when the lock is not held."""
        self.notify(SEAT_COUNT)

    def census(self) -> ConditionCensus:
        """One look at the condition, for the engine: changes nothing."""
        from supervisor.channels.holdings import ConditionCensus, waiting_in

        return ConditionCensus(name=self._name, waiting=waiting_in(self._roster), lock=self._lock.census())

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the descriptors, as JSON can carry it."""
        return {**super().describe(), "lock": self._lock.describe()}

    def _check_held(self, operation: str) -> None:
        if not self._lock.is_held_here():
            raise AssertionError(f"{operation}() of {self._label!r} needs its lock: acquire() the condition first")

    def _wait(self, seat: memoryview, deadline_s: float | None) -> bool:
        lock, roster = self._lock, self._roster

        def is_news() -> bool:
            return seat[_STATE] == _NOTIFIED or bool(self._lost(seat[_TICKET]))

        while True:
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            depth = lock.put_down()
            try:
                with Blocking(self._label, "wait", left_s, seat, WAIT_NS) as blocking:
                    is_in_time = roster.wait(blocking, is_news, self._notified)
            finally:
                lock.take_up(depth)
            if seat[_STATE] == _NOTIFIED:
                return True
            for lost in self._lost(seat[_TICKET]):
                lost[_STATE] = _IDLE
                return True
            if not is_in_time:
                return False

    def _notify(self, n: int) -> None:
        roster = self._roster
        for lost in self._lost(0):
            lost[_STATE] = _IDLE
            n += 1
        waiting = sorted((seat[_TICKET], index) for index, seat in roster.seats() if seat[_STATE] == _WAITING)
        for _, index in waiting:
            if n <= 0:
                break
            seat = roster.seat_at(index)
            if roster.is_alive(index):
                seat[_UP_TO] = roster.header[_TICKETS]
                seat[_STATE] = _NOTIFIED
                n -= 1
            else:
                seat[_STATE] = _IDLE
        roster.ring()

    def _notified(self) -> Sequence[int]:
        """Those whose death would lose a notification: they have it, and have not gone on yet."""
        return [index for index, seat in self._roster.seats() if seat[_STATE] == _NOTIFIED]

    def _lost(self, ticket: int) -> list[memoryview]:
        """The seats of the dead that were notified when `ticket` was waiting already."""
        seats = [(index, self._roster.seat_at(index)) for index in self._notified()]
        return [seat for index, seat in seats if seat[_UP_TO] >= ticket and not self._roster.is_alive(index)]

    def _own_fds(self) -> list[int]:
        return [self._roster.page, self._roster.bell, *self._lock.fds()]

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:
        page, bell, *lock_fds = fds
        roster = Roster.attach(page, bell)
        kind: type[Lock | RLock] = Lock if description["lock"]["kind"] == Lock.kind else RLock
        self._join(kind.from_description(description["lock"], lock_fds), roster)

    def _let_go(self) -> None:
        self._roster.release()

    def _state(self) -> str:
        return f"of {self._lock!r}"


def _is_settled(_: Roster, seat: memoryview) -> bool:
    """Whether no notification would be lost with the seat of a dead waiter."""
    return bool(seat[_STATE] != _NOTIFIED)
