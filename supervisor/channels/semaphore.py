"""Semaphores between processes that give back what a dead process held, with the names of multiprocessing's.

    units that are there  =  initial  -  sum over all seats of NET (acquired - released)

Every step changes one word of one seat, under the roster's guard: a kill leaves it done or not begun.
"""

from __future__ import annotations

from supervisor.channels.handed import Handed
from supervisor.channels.roster import FIRST_FREE_WORD, PID, WAIT_NS, Roster
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from supervisor.channels.holdings import SemaphoreCensus

__all__ = ["BoundedSemaphore", "Semaphore"]

_INITIAL = FIRST_FREE_WORD
_NET = 3
"""Seat word: units acquired less units released, by all that ever had the seat."""
_START = 4
"""Seat word: NET when its owner came; what is above it, the owner holds."""


class Semaphore(Handed):
    """A counter of units between any processes and threads, in place of `multiprocessing.Semaphore`.

    Promised under SIGKILL at any instant: what a dead process had acquired and not released comes back, at once for
    those who wait. What counts is the balance of the whole process: a process that releases more than it acquires, as
    one that signals to another does, holds nothing, and what it has released stays. A killed waiter is simply gone.

    A process that ends in good order gives back too, and so does one that closes or forgets the semaphore. Units that
    are held during a fork stay with the parent.

    Args:
        value: how many units there are at first; ValueError for a negative one.
        name: what the status board and error messages call the semaphore.
    """

    kind = "semaphore"

    def __init__(self, value: int = 1, *, name: str = "") -> None:
        if value < 0:
            raise ValueError(f"a semaphore starts with 0 units or more, not with {value}")
        roster = Roster.create()
        roster.header[_INITIAL] = value
        self._settle_in(roster)
        self._name = name
        self._is_closed = False

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a unit; False when none is there at once (`block` false) or within `timeout` seconds.

        A negative timeout counts as 0. Raises StopRequested when the worker is asked to stop while it waits.
        """
        if self._take():
            return True
        if not block:
            return False
        with Blocking(self._label, "acquire", timeout, self._roster.sit(), WAIT_NS) as blocking:
            return self._roster.wait(blocking, self._take, self._holders)

    def release(self) -> None:
        """Give a unit back, or give one that nobody has taken."""
        roster = self._roster
        seat = roster.seat or roster.sit()
        with roster.guarded():
            self._check_bound()
            seat[_NET] -= 1
        roster.ring()

    def get_value(self) -> int:
        """How many units are there, at this instant."""
        with self._roster.guarded():
            self._bring_back()
            return self._there()

    def census(self) -> SemaphoreCensus:
        """One look at the semaphore, for the engine: changes nothing."""
        from supervisor.channels.holdings import SemaphoreCensus, waiting_in

        roster = self._roster
        with roster.guarded():
            held = [(index, seat[PID], seat[_NET] - seat[_START]) for index, seat in roster.seats()]
            living = [each for each in held if each[2] > 0 and roster.is_alive(each[0])]
            lost = sum(units for _, _, units in held if units > 0) - sum(units for _, _, units in living)
            value = self._there() + lost
        return SemaphoreCensus(
            name=self._name,
            value=value,
            initial=roster.header[_INITIAL],
            holders=tuple((pid, units) for _, pid, units in living),
            waiting=waiting_in(roster),
        )

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _check_bound(self) -> None:
        """Without a bound, any release will do."""

    def _take(self) -> bool:
        roster = self._roster
        seat = roster.seat or roster.sit()
        with roster.guarded():
            if self._there() <= 0 and not self._bring_back():
                return False
            seat[_NET] += 1
            return True

    def _there(self) -> int:
        return self._roster.header[_INITIAL] - sum(self._roster.column(_NET))

    def _holders(self) -> Sequence[int]:
        return [index for index, seat in self._roster.seats() if seat[_NET] > seat[_START]]

    def _bring_back(self) -> bool:
        """Give back what the dead held; whether that was anything. Under the guard."""
        found = False
        for index in self._holders():
            if not self._roster.is_alive(index):
                seat = self._roster.seat_at(index)
                seat[_NET] = seat[_START]
                found = True
        if found:
            self._roster.ring()
        return found

    def _settle_in(self, roster: Roster) -> None:
        self._roster = roster
        roster.may_reuse = _start_anew

    def _own_fds(self) -> list[int]:
        return [self._roster.page, self._roster.bell]

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:  # noqa: ARG002  # others need it
        self._settle_in(Roster.attach(*fds))

    def _let_go(self) -> None:
        self._roster.release()

    def _state(self) -> str:
        return f"value={self.get_value()}"


class BoundedSemaphore(Semaphore):
    """A semaphore that never has more units than at first, in place of `multiprocessing.BoundedSemaphore`.

    It keeps the promises of `Semaphore`. A release() beyond the initial value raises ValueError.
    """

    kind = "bounded semaphore"

    def _check_bound(self) -> None:
        if self._there() >= self._roster.header[_INITIAL]:
            raise ValueError(f"{self._label!r} released too many times: all of its units are there")


def _start_anew(roster: Roster, seat: memoryview) -> bool:
    """Make a seat of the dead that of a new owner, who holds nothing yet."""
    with roster.guarded():
        if seat[_NET] > seat[_START]:
            seat[_NET] = seat[_START]
            roster.ring()
        seat[_START] = seat[_NET]
    return True
