"""Locks and semaphores in the memory of one process, as `supervisor.channels` has them.

One thread never waits for itself here: what would be a deadlock is a Standstill that says who has the lock. What a
worker still holds when its turn is over comes back, as after the death of a process.
"""

from __future__ import annotations

from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType
    from typing import NoReturn

    from supervisor.simulation.turns import Turns

__all__ = [
    "InMemory",
    "MemoryBoundedSemaphore",
    "MemoryLock",
    "MemoryRLock",
    "MemorySemaphore",
]


class InMemory:
    """What all of them have: a name, whose turn it is, and who else has a part in it."""

    kind = ""

    def __init__(self, turns: Turns, name: str = "", sharers: Sequence[str] = ()) -> None:
        self._turns = turns
        self._name = name
        self._sharers = tuple(sharers)
        turns.when_over(self._settle)

    @property
    def name(self) -> str:
        """What error messages call it."""
        return self._name

    def close(self) -> None:
        """Nothing to let go of: it lives as long as the run."""

    def __reduce__(self) -> NoReturn:
        raise RuntimeError(
            f"a {self.kind} in memory cannot be pickled: name it in the profile, or run that for real with "
            f"`procdeck run PROFILE`"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r}>"

    @property
    def _label(self) -> str:
        return f"{self.kind} {self._name}" if self._name else self.kind

    def _settle(self, name: str, is_clean: bool) -> None:  # all channels are told alike
        """A turn is over."""

    def _why(self, operation: str, what: str) -> str:
        turns = self._turns
        coming = [name for name in self._sharers if name in turns.coming and name != turns.name]
        later = f" ({', '.join(coming)}: their turn comes later)" if coming else ""
        return f"{turns.name} waits in {operation}() of {self._label}, {what}{later}"


class _Mutex(InMemory):
    """What both locks have."""

    def __init__(self, turns: Turns, name: str = "", sharers: Sequence[str] = ()) -> None:
        super().__init__(turns, name, sharers)
        self._owner: int | None = None
        self._depth = 0
        self._is_left = False
        self.was_abandoned = False
        """For the holder, until it releases: whether the holder before it ended without releasing."""

    def locked(self) -> bool:
        """Whether somebody holds it."""
        return self._owner is not None

    def holder(self) -> None:
        """A process is what a real lock names here; in one process there is none to name."""

    def is_held_here(self) -> bool:
        """Whether this thread holds it."""
        return self._owner == get_ident()

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take the lock; False when it is taken (`block` false), or still is after `timeout` seconds."""
        turns = self._turns
        turns.check_process(self._label)
        with turns.change:
            if not turns.wait(self._is_free, timeout if block else 0.0, self._why_taken):
                return False
            self._owner = get_ident()
            self._depth += 1
            if self._depth == 1:
                self.was_abandoned, self._is_left = self._is_left, False
            turns.changed()
            return True

    def put_down(self) -> int:
        """Give the lock back for a while, however often it was taken; `take_up` needs the result."""
        depth, self._depth, self._owner = self._depth, 0, None
        return depth

    def take_up(self, depth: int) -> None:
        """Take it again as often as it was."""
        self._turns.wait(lambda: self._owner is None, None, self._why_taken)
        self._owner, self._depth = get_ident(), depth

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the lock back."""
        raise NotImplementedError

    def _is_free(self) -> bool:
        return self._owner is None

    def _give_back(self) -> None:
        with self._turns.change:
            self._depth -= 1
            if not self._depth:
                self._owner = None
                self.was_abandoned = False
            self._turns.changed()

    def _why_taken(self) -> str:
        whose = "which it holds itself" if self._owner == get_ident() else "which another thread of it holds"
        return self._why("acquire", f"{whose}: nobody can release it")

    def _settle(self, name: str, is_clean: bool) -> None:
        self._is_left = self._is_left or self._owner is not None
        self._owner, self._depth = None, 0


class MemoryLock(_Mutex):
    """In place of `supervisor.Lock`; not recursive."""

    kind = "lock"

    def release(self) -> None:
        """Give the lock back. ValueError when this worker does not hold it."""
        if self._owner is None:
            raise ValueError(f"release() of {self._label!r} by a process that does not hold it: it is free")
        self._give_back()


class MemoryRLock(_Mutex):
    """In place of `supervisor.RLock`: its thread may take it again."""

    kind = "rlock"

    def release(self) -> None:
        """Give the lock back once. AssertionError, as in the standard library, when this thread does not hold it."""
        if not self.is_held_here():
            raise AssertionError(f"attempt to release recursive lock not owned by thread: {self!r}")
        self._give_back()

    def _is_free(self) -> bool:
        return self._owner in (None, get_ident())


class MemorySemaphore(InMemory):
    """In place of `supervisor.Semaphore`."""

    kind = "semaphore"
    _is_bounded = False

    def __init__(self, turns: Turns, value: int = 1, name: str = "", sharers: Sequence[str] = ()) -> None:
        super().__init__(turns, name, sharers)
        self._value = self._first = value
        self._taken = 0

    def acquire(self, block: bool = True, timeout: float | None = None) -> bool:
        """Take a unit; False when none is there at once (`block` false) or within `timeout` seconds."""
        turns = self._turns
        turns.check_process(self._label)
        with turns.change:
            if not turns.wait(lambda: self._value > 0, timeout if block else 0.0, self._why_empty):
                return False
            self._value -= 1
            self._taken += 1
            turns.changed()
            return True

    def release(self) -> None:
        """Give a unit back, or give one that nobody has taken."""
        with self._turns.change:
            if self._is_bounded and self._value >= self._first:
                raise ValueError(f"{self._label!r} released too many times: all of its units are there")
            self._value += 1
            self._taken -= 1
            self._turns.changed()

    def get_value(self) -> int:
        """How many units are there."""
        return self._value

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _why_empty(self) -> str:
        return self._why("acquire", f"whose units are all taken ({self._taken} by itself)")

    def _settle(self, name: str, is_clean: bool) -> None:
        self._value += max(self._taken, 0)
        self._taken = 0


class MemoryBoundedSemaphore(MemorySemaphore):
    """In place of `supervisor.BoundedSemaphore`."""

    kind = "bounded semaphore"
    _is_bounded = True
