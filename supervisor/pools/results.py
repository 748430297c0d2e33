"""What a caller holds of its tasks: `AsyncResult`, `MapResult` and `IMapIterator`, as `multiprocessing.pool` has them.

The pool's thread settles them, item by item; callers wait. Callbacks run in the pool's thread, as the standard ones do,
and should return at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from multiprocessing import TimeoutError as WaitedTooLong

from supervisor.pools.errors import TaskCancelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    Callback = Callable[[Any], object] | None


class _Told:
    """What the pool tells of items.

    Attributes:
        noted: called with each item that fails and its error, in the pool's thread; None where nobody else wants that.
    """

    noted: Callable[[int, BaseException], None] | None = None

    def _note(self, index: int, error: BaseException) -> None:
        if self.noted is not None:
            self.noted(index, error)


class _Waited(_Told):
    """Something that is over at some time."""

    def __init__(self, callback: Callback, error_callback: Callback, cancel: Callable[[Any], None]) -> None:
        self._over = threading.Event()
        self._callback = callback
        self._error_callback = error_callback
        self._cancel = cancel
        self._value: Any = None
        self._error: BaseException | None = None

    def ready(self) -> bool:
        """Whether it is over, well or not."""
        return self._over.is_set()

    def successful(self) -> bool:
        """Whether it is over and nothing was raised. ValueError while it is not over."""
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it is over, or for `timeout` seconds."""
        self._over.wait(timeout)

    def get(self, timeout: float | None = None) -> Any:
        """The result; raises what the task raised. `multiprocessing.TimeoutError` after `timeout` seconds."""
        if not self._over.wait(timeout):
            raise WaitedTooLong
        if self._error is not None:
            raise self._error
        return self._value

    def cancel(self) -> None:
        """Take it back: what has not begun is not run, and what runs is killed with its process."""
        self._cancel(self)

    def _end(self, value: Any, error: BaseException | None) -> None:
        if self._over.is_set():
            return
        self._value, self._error = value, error
        callback = self._callback if error is None else self._error_callback
        try:
            if callback is not None:
                callback(value if error is None else error)
        finally:
            self._over.set()


class AsyncResult(_Waited):
    """The result of one call."""

    def settle(self, first: int, values: list[Any]) -> None:  # noqa: ARG002 - there is one item
        """The pool's: the call has returned."""
        self._end(values[0], None)

    def fail(self, index: int, error: BaseException) -> None:
        """The pool's: it has raised, or is lost."""
        self._note(index, error)
        self._end(None, error)


class MapResult(_Waited):
    """The results of a call for each item, in the order of the items; over when all are, or the first has failed.

    Attributes:
        errors: every item that failed, by its index, as long as the pool runs.
    """

    def __init__(
        self, length: int, callback: Callback, error_callback: Callback, cancel: Callable[[Any], None]
    ) -> None:
        super().__init__(callback, error_callback, cancel)
        self._results: list[Any] = [None] * length
        self._left = length
        self.errors: dict[int, BaseException] = {}
        if not length:
            self._end([], None)

    def settle(self, first: int, values: list[Any]) -> None:
        """The pool's: these items are done."""
        self._results[first : first + len(values)] = values
        self._count_off(len(values))

    def fail(self, index: int, error: BaseException) -> None:
        """The pool's: one item has failed."""
        self._note(index, error)
        self.errors[index] = error
        self._count_off(1)

    def _count_off(self, count: int) -> None:
        self._left -= count
        if not self._left:
            first = min(self.errors, default=None)
            self._end(self._results, None if first is None else self.errors[first])


class IMapIterator(_Told):
    """Results as they come, or in the order of the items; only so many items are taken as somebody wants results of.

    Args:
        is_ordered: in the order of the items.
        consumed: called with the number of results that were taken, so that more items may be.
    """

    def __init__(self, *, is_ordered: bool, consumed: Callable[[int], None], cancel: Callable[[Any], None]) -> None:
        self._is_ordered = is_ordered
        self._consumed = consumed
        self._cancel = cancel
        self._change = threading.Condition(threading.Lock())
        self._ready: deque[Any] = deque()
        self._early: dict[int, list[Any]] = {}
        self._arrived = 0
        self._mine: deque[Any] = deque()
        self._taken = self._untold = 0
        self._length: int | None = None
        self._end: BaseException | None = None
        self.is_cancelled = False

    def settle(self, first: int, values: list[Any]) -> None:
        """The pool's: these items are done."""
        self._take_in(first, values)

    def fail(self, index: int, error: BaseException) -> None:
        """The pool's: one item has failed."""
        self._note(index, error)
        self._take_in(index, [_Failure(error)])

    def finish(self, length: int, error: BaseException | None = None) -> None:
        """The pool's: there are no more than `length` items; `error` is what the iterable raised after them."""
        with self._change:
            if self._length is None:
                self._length, self._end = length, error
            self._change.notify_all()

    def _take_in(self, first: int, outcomes: list[Any]) -> None:
        with self._change:
            if self._is_ordered and first != self._arrived:
                self._early[first] = outcomes
                return
            self._ready.extend(outcomes)
            self._arrived += len(outcomes)
            while self._arrived in self._early:
                more = self._early.pop(self._arrived)
                self._ready.extend(more)
                self._arrived += len(more)
            self._change.notify()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return self.next()

    def next(self, timeout: float | None = None) -> Any:
        """The next result; raises what its task raised, StopIteration after the last. For one thread at a time.

        `multiprocessing.TimeoutError` when none comes within `timeout` seconds.
        """
        if not self._mine:
            self._fetch(timeout)
        outcome = self._mine.popleft()
        self._taken += 1
        self._untold += 1
        if type(outcome) is _Failure:
            raise outcome.error
        return outcome

    def _fetch(self, timeout: float | None) -> None:
        """Get what is there, or wait for it."""
        if self._untold:
            self._untold, untold = 0, self._untold
            self._consumed(untold)
        deadline_s = None if timeout is None else time.monotonic() + timeout
        with self._change:
            while not self._ready:
                if self._length is not None and self._taken >= self._length:
                    end, self._end = self._end, None
                    if end is not None:
                        raise end
                    raise StopIteration
                left_s = None if deadline_s is None else deadline_s - time.monotonic()
                if (left_s is not None and left_s <= 0) or not self._change.wait(left_s):
                    raise WaitedTooLong
            self._mine, self._ready = self._ready, deque()

    def cancel(self) -> None:
        """Take back what has not begun, and kill what runs."""
        self.is_cancelled = True
        self._cancel(self)
        self._consumed(1 << 60)
        with self._change:
            self._end = TaskCancelled("the iterator was cancelled")
            self._length = self._taken + len(self._mine) + len(self._ready)
            self._change.notify_all()


class _Failure:
    """In place of a result."""

    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error
