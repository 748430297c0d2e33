"""Events, conditions and barriers in the memory of one process, with the names of `supervisor.channels`."""

from __future__ import annotations

from threading import BrokenBarrierError

from supervisor.simulation.memory_locks import InMemory, MemoryRLock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import TypeVar

    from supervisor.simulation.memory_locks import MemoryLock
    from supervisor.simulation.turns import Turns

    T = TypeVar("T")

__all__ = ["MemoryBarrier", "MemoryCondition", "MemoryEvent"]


class MemoryEvent(InMemory):
    """In place of `supervisor.Event`."""

    kind = "event"

    def __init__(self, turns: Turns, name: str = "", sharers: Sequence[str] = ()) -> None:
        super().__init__(turns, name, sharers)
        self._is_set = False
        self._pulse = 0

    def is_set(self) -> bool:
        """Whether the flag is set."""
        return self._is_set

    def set(self) -> None:
        """Set the flag and wake everybody who waits for it."""
        with self._turns.change:
            self._is_set = True
            self._pulse += 1
            self._turns.changed()

    def clear(self) -> None:
        """Take the flag back."""
        with self._turns.change:
            self._is_set = False
            self._turns.changed()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the flag is set; False when it is not within `timeout` seconds."""
        self._turns.check_process(self._label)
        with self._turns.change:
            pulse = self._pulse
            return self._turns.wait(
                lambda: self._is_set or self._pulse != pulse,
                timeout,
                lambda: self._why("wait", "which nobody has set"),
            )


class MemoryCondition(InMemory):
    """In place of `supervisor.Condition`; its lock is a MemoryRLock unless it is given one."""

    kind = "condition"

    def __init__(
        self,
        turns: Turns,
        name: str = "",
        sharers: Sequence[str] = (),
        lock: MemoryLock | MemoryRLock | None = None,
    ) -> None:
        super().__init__(turns, name, sharers)
        self._lock = lock if lock is not None else MemoryRLock(turns, name, sharers)
        self.acquire = self._lock.acquire
        self.release = self._lock.release
        self._waiting: list[list[bool]] = []

    def __enter__(self) -> bool:
        return self._lock.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def wait(self, timeout: float | None = None) -> bool:
        """Give the lock back, wait for a notification, take the lock again; False when the time was over."""
        self._check_held("wait")
        turns, ticket = self._turns, [False]
        with turns.change:
            self._waiting.append(ticket)
            depth = self._lock.put_down()
            try:
                return turns.wait(lambda: ticket[0], timeout, lambda: self._why("wait", "and nobody can notify it"))
            finally:
                self._waiting = [other for other in self._waiting if other is not ticket]
                self._lock.take_up(depth)

    def wait_for(self, predicate: Callable[[], T], timeout: float | None = None) -> T:
        """Wait until `predicate()`, called with the lock held, is true; returns its last result."""
        result = predicate()
        while not result:
            is_notified = self.wait(timeout)
            result = predicate()
            if not is_notified:
                break
        return result

    def notify(self, n: int = 1) -> None:
        """Wake the `n` that have waited longest. AssertionError when the lock is not held."""
        self._check_held("notify")
        with self._turns.change:
            for ticket in self._waiting[:n]:
                ticket[0] = True
            del self._waiting[:n]
            self._turns.changed()

    def notify_all(self) -> None:
        """Wake all who wait. AssertionError when the lock is not held."""
        self.notify(max(len(self._waiting), 1))

    def _check_held(self, operation: str) -> None:
        if not self._lock.is_held_here():
            raise AssertionError(f"{operation}() of {self._label!r} needs its lock: acquire() the condition first")


class MemoryBarrier(InMemory):
    """In place of `supervisor.Barrier`."""

    kind = "barrier"

    def __init__(
        self,
        turns: Turns,
        parties: int,
        name: str = "",
        sharers: Sequence[str] = (),
        action: Callable[[], object] | None = None,
        timeout: float | None = None,
    ) -> None:
        super().__init__(turns, name, sharers)
        self._parties = parties
        self._action = action
        self._timeout_s = timeout
        self._arrived = 0
        self._epoch = 0
        self._is_broken = False

    def wait(self, timeout: float | None = None) -> int:
        """Wait until all have arrived; returns a number from 0 to parties - 1, another one for each party."""
        turns = self._turns
        turns.check_process(self._label)
        with turns.change:
            self._check_whole()
            epoch, index = self._epoch, self._arrived
            self._arrived += 1
            if self._arrived == self._parties:
                self._pass()
                return index
            timeout_s = self._timeout_s if timeout is None else timeout
            is_there = turns.wait(lambda: self._epoch != epoch or self._is_broken, timeout_s, self._why_few)
            if not is_there:
                self.abort()
            if self._is_broken or not is_there:
                raise BrokenBarrierError(f"{self._label} is broken: not all parties have come")
            return index

    def reset(self) -> None:
        """Make the barrier empty and whole again."""
        with self._turns.change:
            self._arrived, self._is_broken = 0, False
            self._epoch += 1
            self._turns.changed()

    def abort(self) -> None:
        """Break the barrier."""
        with self._turns.change:
            self._is_broken = True
            self._turns.changed()

    @property
    def parties(self) -> int:
        """How many must arrive."""
        return self._parties

    @property
    def n_waiting(self) -> int:
        """How many wait."""
        return 0 if self._is_broken else self._arrived

    @property
    def broken(self) -> bool:
        """Whether the barrier is broken."""
        return self._is_broken

    def _pass(self) -> None:
        try:
            if self._action is not None:
                self._action()
        except BaseException:
            self.abort()
            raise
        self._arrived = 0
        self._epoch += 1
        self._turns.changed()

    def _check_whole(self) -> None:
        if self._is_broken:
            raise BrokenBarrierError(f"{self._label} is broken: a party gave up or aborted it; reset() makes it whole")

    def _why_few(self) -> str:
        return self._why("wait", f"where {self._parties} parties must be at the same time")

    def _settle(self, name: str, is_clean: bool) -> None:
        self._arrived = 0
