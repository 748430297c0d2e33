"""A barrier between processes, with the names of multiprocessing's: broken, not stuck, when a waiting party dies.

An epoch is one filling of the barrier. It ends by one word, PASSED, and its arrivals are the seats that say so, so a
kill leaves it ended or not.
"""

from __future__ import annotations

from supervisor.channels.crossing import reduce_channel
from supervisor.channels.handed import Handed
from supervisor.channels.roster import FIRST_FREE_WORD, WAIT_NS, Roster
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from threading import BrokenBarrierError
    from typing import Any

    from supervisor.channels.holdings import BarrierCensus

__all__ = ["Barrier"]

_PARTIES = FIRST_FREE_WORD
_PASSED = FIRST_FREE_WORD + 1
"""The last epoch in which all arrived."""
_RESET = FIRST_FREE_WORD + 2
"""The last epoch that reset() ended."""
_BROKEN = FIRST_FREE_WORD + 3

_STATE = 3
_EPOCH = 4
_INDEX = 5
_IS_LAST = 6

_IDLE, _WAITING, _TURNED_AWAY = 0, 1, 2


class Barrier(Handed):
    """A point at which `parties` threads of any processes wait for each other, in place of `multiprocessing.Barrier`.

    Promised under SIGKILL at any instant: when a party dies while it waits, or within the action, the barrier breaks
    and the others get BrokenBarrierError at once instead of waiting for ever. One that dies before it arrives is not
    known to the barrier: give a `timeout` where that may happen.

    Args:
        parties: how many must arrive. ValueError when it is below 1.
        action: called by the last one that arrives, before any is let go; if it raises, the barrier breaks.
        timeout: how many seconds a wait() lasts at the most when it is given none; None for ever.
        name: what the status board and error messages call the barrier.
    """

    kind = "barrier"

    def __init__(
        self,
        parties: int,
        action: Callable[[], object] | None = None,
        timeout: float | None = None,
        *,
        name: str = "",
    ) -> None:
        if parties < 1:
            raise ValueError("parties must be > 0")
        self._join(Roster.create())
        self._header[_PARTIES] = parties
        self._action = action
        self._timeout_s = timeout
        self._name = name
        self._is_closed = False

    def wait(self, timeout: float | None = None) -> int:
        """Wait until all have arrived; returns a number from 0 to parties - 1, another one for each party.

        BrokenBarrierError when the barrier is broken or reset, a waiting party dies, or the time is over, which breaks
        it. Raises StopRequested, and counts as not arrived, when the worker is asked to stop while it waits.
        """
        roster = self._roster
        index = roster.sit_apart()
        seat = roster.seat_at(index)
        try:
            self._pass(seat, self._timeout_s if timeout is None else timeout)
            return seat[_INDEX]
        finally:
            seat[_STATE] = _IDLE
            roster.stand_up(index)

    def reset(self) -> None:
        """Make the barrier empty and whole again; those who wait get BrokenBarrierError."""
        roster = self._roster
        with roster.guarded():
            epoch = self._epoch()
            for index in self._arrived(epoch):
                roster.seat_at(index)[_STATE] = _TURNED_AWAY
            self._header[_RESET] = epoch
            self._header[_BROKEN] = 0
        roster.ring()

    def abort(self) -> None:
        """Break the barrier: everybody who waits, or will wait, gets BrokenBarrierError until reset()."""
        with self._roster.guarded():
            self._header[_BROKEN] = 1
        self._roster.ring()

    @property
    def parties(self) -> int:
        """How many must arrive."""
        return self._header[_PARTIES]

    @property
    def n_waiting(self) -> int:
        """How many wait, at this instant."""
        with self._roster.guarded():
            return 0 if self.broken else len(self._arrived(self._epoch()))

    @property
    def broken(self) -> bool:
        """Whether the barrier is broken."""
        return self._header[_BROKEN] != 0

    def census(self) -> BarrierCensus:
        """One look at the barrier, for the engine: changes nothing."""
        from supervisor.channels.holdings import BarrierCensus, waiting_in

        return BarrierCensus(
            name=self._name,
            parties=self.parties,
            n_waiting=self.n_waiting,
            is_broken=self.broken,
            waiting=waiting_in(self._roster),
        )

    def _join(self, roster: Roster) -> None:
        self._roster = roster
        self._header = roster.header
        roster.may_reuse = _is_over_there

    def _pass(self, seat: memoryview, timeout_s: float | None) -> None:
        roster = self._roster
        blocking = Blocking(self._label, "wait", timeout_s, seat, WAIT_NS)
        if not self._enter(seat):
            with blocking:
                if not roster.wait(blocking, lambda: self._enter(seat), self._present):
                    raise self._time_is_over()
        if seat[_IS_LAST]:
            self._let_go_all(seat)
            return
        with blocking:
            if not roster.wait(blocking, lambda: self._is_over(seat), self._present):
                raise self._time_is_over()

    def _enter(self, seat: memoryview) -> bool:
        """Arrive; False while all parties of the epoch before are there and not yet let go."""
        with self._roster.guarded():
            self._check_whole()
            epoch = self._epoch()
            taken = {self._roster.seat_at(index)[_INDEX] for index in self._arrived(epoch)}
            if len(taken) >= self.parties:
                return False
            seat[_INDEX] = min(set(range(self.parties)) - taken)  # who was asked to stop has left a gap
            seat[_IS_LAST] = len(taken) + 1 == self.parties
            seat[_EPOCH] = epoch
            seat[_STATE] = _WAITING
        self._roster.ring()  # those who wait watch one more
        return True

    def _is_over(self, seat: memoryview) -> bool:
        """Whether the epoch of this seat has passed; raises when it cannot any more."""
        with self._roster.guarded():
            if seat[_STATE] == _TURNED_AWAY:
                raise _broken(f"{self._label} was reset")
            if self._header[_PASSED] >= seat[_EPOCH]:
                return True
            self._check_whole()
        return False

    def _let_go_all(self, seat: memoryview) -> None:
        try:
            if self._action is not None:
                self._action()
        except BaseException:
            self.abort()
            raise
        with self._roster.guarded():
            if seat[_STATE] == _TURNED_AWAY or self.broken:
                raise _broken(f"{self._label} was aborted or reset during its action")
            self._header[_PASSED] = seat[_EPOCH]
        self._roster.ring()

    def _check_whole(self) -> None:
        """Break the barrier when a party of this epoch is dead; raise when it is broken. Under the guard."""
        roster = self._roster
        if not self.broken:
            if all(roster.is_alive(index) for index in self._arrived(self._epoch())):
                return
            self._header[_BROKEN] = 1
            roster.ring()
        raise _broken(f"{self._label} is broken: a party died, gave up or aborted it; reset() makes it whole")

    def _epoch(self) -> int:
        return _epoch_of(self._roster)

    def _arrived(self, epoch: int) -> list[int]:
        """The seats of the parties that are in, those of the dead included until they break it."""
        seats = self._roster.seats()
        return [index for index, seat in seats if seat[_STATE] == _WAITING and seat[_EPOCH] == epoch]

    def _present(self) -> Sequence[int]:
        return self._arrived(self._epoch())

    def _time_is_over(self) -> BrokenBarrierError:
        self.abort()
        return _broken(f"{self._label} was not full in time")

    def _own_fds(self) -> list[int]:
        return [self._roster.page, self._roster.bell]

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the descriptors, as JSON can carry it; without the action."""
        return {**super().describe(), "timeout_s": self._timeout_s}

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:
        self._join(Roster.attach(*fds))
        self._timeout_s = description["timeout_s"]
        self._action = description.get("action")

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_channel(self.from_description, {**self.describe(), "action": self._action}, self.fds())

    def _let_go(self) -> None:
        self._header = memoryview(b"").cast("q")
        self._roster.release()

    def _state(self) -> str:
        return "broken" if self.broken else f"{self.n_waiting} of {self.parties} waiting"


def _epoch_of(roster: Roster) -> int:
    return max(roster.header[_PASSED], roster.header[_RESET]) + 1


def _is_over_there(roster: Roster, seat: memoryview) -> bool:
    """Whether nobody needs to learn any more that the owner of this seat died."""
    return bool(seat[_STATE] != _WAITING or seat[_EPOCH] != _epoch_of(roster))


def _broken(why: str) -> BrokenBarrierError:
    from threading import BrokenBarrierError

    return BrokenBarrierError(why)
