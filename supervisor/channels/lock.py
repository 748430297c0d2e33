"""Lock and RLock between processes that the death of their holder frees, with the names of multiprocessing's."""

from __future__ import annotations

from _thread import get_ident
from time import monotonic_ns

from supervisor.channels.handed import Handed
from supervisor.channels.latch import FINISHED, HOLD, STARTED, Latch
from supervisor.channels.roster import WAITED, Roster

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any

    from supervisor.channels.holdings import LockCensus, LockHolder

__all__ = ["Lock", "RLock"]


class _Held(Handed):
    """What both locks can tell and be asked."""

    _latch: Latch

    def __init__(self, *, name: str = "") -> None:
        self._latch = Latch.create()
        self._name = name
        self._is_closed = False

    @property
    def was_abandoned(self) -> bool:
        """For the holder, until it releases: whether the holder before it died, so that what it guards may be half
        changed."""
        return self._latch.was_abandoned

    def holder(self) -> LockHolder | None:
        """The process that holds it, and since when; None when none does, or when the one that did is dead."""
        from supervisor.channels.holdings import LockHolder

        found = self._latch.holding()
        return None if found is None else LockHolder(pid=found[0], since_s=found[1] / 1e9)

    def locked(self) -> bool:
        """Whether somebody holds it, at this instant."""
        return self._latch.holding() is not None

    def census(self) -> LockCensus:
        """One look at the lock, for the engine: changes nothing."""
        from supervisor.channels.holdings import count_lock

        return count_lock(self._name, self.kind, self._latch)

    def _own_fds(self) -> list[int]:
        roster = self._latch.roster
        return [roster.page, roster.bell]

    def _adopt(self, description: dict[str, Any], fds: Sequence[int]) -> None:  # noqa: ARG002  # others need it
        self._latch = Latch.of(Roster.attach(*fds))

    def _let_go(self) -> None:
        self._latch.roster.release()

    def _state(self) -> str:
        found = self._latch.holding()
        return "free" if found is None else f"held by process {found[0]}"


class Lock(_Held):
    """A lock between any processes and threads, in place of `multiprocessing.Lock`. It is not recursive.

    Promised under SIGKILL at any instant, also within acquire() and release(): the lock of a dead holder is free at
    once, those who wait for it get it, and the next holder sees `was_abandoned`. A killed waiter is simply gone.

    Unlike multiprocessing's it can be released by the threads of the holding process only. A lock that is held during
    a fork stays with the parent; the child does not hold it. One that its holder forgets counts as abandoned.

    Args:
        name: what the status board and error messages call the lock.
    """

    kind = "lock"

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock; False when it is taken (`block` false), or still is after `timeout` seconds.

        A negative timeout counts as 0. Raises StopRequested when the worker is asked to stop while it waits.
        """
        latch = self._latch
        seat = latch.seat
        if seat is None:
            seat = latch.join()
        latch.started = seat[STARTED] = latch.started + 1
        if latch.step_in(False):
            seat[HOLD] = monotonic_ns()
            return True
        latch.count_failure(seat)
        return latch.take(self._label, "acquire", timeout) if block else latch.take_now()

    def release(self) -> None:
        """Give the lock back. ValueError when this process does not hold it."""
        latch = self._latch
        seat = latch.seat
        if seat is None or not seat[HOLD]:
            raise ValueError(_not_held(self._label, latch))
        latch.was_abandoned = False
        seat[HOLD] = 0
        try:
            latch.step_out()
        finally:  # a signal handler may raise here, and what comes must be done
            latch.finished = seat[FINISHED] = latch.finished + 1
            if latch.header[WAITED]:
                latch.roster.ring()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def is_held_here(self) -> bool:
        """Whether this process holds the lock."""
        return self._latch.is_held_here()

    def put_down(self) -> int:
        """Give the lock back for a while (a condition does); returns what `take_up` needs."""
        self.release()
        return 1

    def take_up(self, depth: int) -> None:  # noqa: ARG002  # as an RLock's
        """Take it again as it was, whoever asks for a stop meanwhile."""
        if not self.acquire(False):
            self._latch.take(self._label, "acquire", is_interruptible=False)


class RLock(_Held):
    """A recursive lock between processes, in place of `multiprocessing.RLock`: its thread may take it again.

    It keeps the promises of `Lock`; each acquire() needs a release(), and only the thread that holds it may release it.

    Args:
        name: what the status board and error messages call the lock.
    """

    kind = "rlock"

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock, or take it once more; False and StopRequested as with a Lock."""
        latch = self._latch
        me = get_ident()
        if latch.owner == me:
            latch.depth += 1
            return True
        seat = latch.seat
        if seat is None:
            seat = latch.join()
        latch.started = seat[STARTED] = latch.started + 1
        if latch.step_in(False):
            seat[HOLD] = monotonic_ns()
        else:
            latch.count_failure(seat)
            if not (latch.take(self._label, "acquire", timeout) if block else latch.take_now()):
                return False
        latch.owner = me
        latch.depth = 1
        return True

    def release(self) -> None:
        """Give the lock back once. AssertionError, as in the standard library, when this thread does not hold it."""
        latch = self._latch
        if latch.owner != get_ident():
            raise AssertionError(f"attempt to release recursive lock not owned by thread: {self!r}")
        latch.depth -= 1
        if latch.depth:
            return
        seat = latch.seat
        assert seat is not None
        latch.owner = 0
        latch.was_abandoned = False
        seat[HOLD] = 0
        try:
            latch.step_out()
        finally:  # as in a Lock's
            latch.finished = seat[FINISHED] = latch.finished + 1
            if latch.header[WAITED]:
                latch.roster.ring()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def is_held_here(self) -> bool:
        """Whether this thread holds the lock."""
        return self._latch.owner == get_ident()

    def put_down(self) -> int:
        """Give the lock back for a while (a condition does), however often it was taken; `take_up` needs the result."""
        depth, self._latch.depth = self._latch.depth, 1
        self.release()
        return depth

    def take_up(self, depth: int) -> None:
        """Take it again as often as it was, whoever asks for a stop meanwhile."""
        latch = self._latch
        if not latch.take_now():
            latch.take(self._label, "acquire", is_interruptible=False)
        latch.owner = get_ident()
        latch.depth = depth


def _not_held(label: str, latch: Latch) -> str:
    found = latch.holding()
    state = "it is free" if found is None else f"process {found[0]} does"
    return f"release() of {label!r} by a process that does not hold it: {state}"
