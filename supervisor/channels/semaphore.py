"""Semaphores between processes that give back what a dead process held, with the names of multiprocessing's."""

from __future__ import annotations

from supervisor.channels.handed import Handed
from supervisor.channels.roster import PID, WAIT_NS, WAITED, Roster
from supervisor.channels.units import ACQUIRED, ATTEMPTS, INITIAL, RELEASED, RELEASING, Units
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from supervisor.channels.holdings import SemaphoreCensus

__all__ = ["BoundedSemaphore", "Semaphore"]


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
    _is_bounded = False

    def __init__(self, value: int = 1, *, name: str = "") -> None:
        if value < 0:
            raise ValueError(f"a semaphore starts with 0 units or more, not with {value}")
        self._units = Units.create(value, is_bounded=self._is_bounded)
        self._name = name
        self._is_closed = False

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a unit; False when none is there at once (`block` false) or within `timeout` seconds.

        A negative timeout counts as 0. Raises StopRequested when the worker is asked to stop while it waits.
        """
        units = self._units
        seat = units.seat
        if seat is None:
            seat = units.join()
        units.attempts = seat[ATTEMPTS] = units.attempts + 1
        if units.step_in(False):
            units.acquired = seat[ACQUIRED] = units.acquired + 1
            return True
        units.attempts = seat[ATTEMPTS] = units.attempts - 1
        if units.take_now():
            return True
        if not block:
            return False
        with Blocking(self._label, "acquire", timeout, seat, WAIT_NS) as blocking:
            return units.roster.wait(blocking, units.take_now, units.suspects)

    def release(self) -> None:
        """Give a unit back, or give one that nobody has taken."""
        units = self._units
        seat = units.seat
        if seat is None:
            seat = units.join()
        units.releasing = seat[RELEASING] = units.releasing + 1
        try:
            units.step_out()
        except ValueError:
            units.releasing = seat[RELEASING] = units.releasing - 1
            raise ValueError(f"{self._label!r} released too many times: all of its units are there") from None
        units.released = seat[RELEASED] = units.released + 1
        if units.header[WAITED]:
            units.roster.ring()

    def get_value(self) -> int:
        """How many units are there, at this instant."""
        return self._units.count()

    def census(self) -> SemaphoreCensus:
        """One look at the semaphore, for the engine: changes nothing."""
        from supervisor.channels.holdings import SemaphoreCensus, waiting_in

        units = self._units
        value, holders = units.look()
        return SemaphoreCensus(
            name=self._name,
            value=value,
            initial=units.header[INITIAL],
            holders=tuple((units.roster.seat_at(index)[PID], held) for index, held in holders),
            waiting=waiting_in(units.roster),
        )

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _own_fds(self) -> list[int]:
        return [self._units.roster.page, self._units.roster.bell]

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:  # noqa: ARG002  # others need it
        self._units = Units.of(Roster.attach(*fds), is_bounded=self._is_bounded)

    def _let_go(self) -> None:
        self._units.roster.release()

    def _state(self) -> str:
        return f"value={self.get_value()}"


class BoundedSemaphore(Semaphore):
    """A semaphore that never has more units than at first, in place of `multiprocessing.BoundedSemaphore`.

    It keeps the promises of `Semaphore`. A release() beyond the initial value raises ValueError.
    """

    kind = "bounded semaphore"
    _is_bounded = True
