"""What is fed to a pool: a function that members are taught once, and items that a thread takes from an iterable.

The iterable may be slow, endless, or raise: items are taken as results are.
"""

from __future__ import annotations

import functools
import itertools
import pickle
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from supervisor.pools.results import IMapIterator
    from supervisor.pools.tasks import Task

_numbers = itertools.count(1)


class Work:
    """A function as members are taught it: pickled once, however many chunks are done with it.

    Attributes:
        number: what members know it by.
        code: its pickle.
        mode: how it is called, one of `supervisor.pools.wire`'s.
        name: what people call it, ``census:parse``.
        module: where it is.
        error: why it cannot be pickled; None where it can.
    """

    def __init__(self, function: Callable[..., Any], mode: int) -> None:
        self.number = next(_numbers)
        self.mode = mode
        self.name = name_of(function)
        self.module = module_of(function)
        self.code = b""
        self.error: BaseException | None = None
        try:
            self.code = pickle.dumps(function, 5)
        except Exception as error:
            self.error = error


def module_of(function: object) -> str:
    """The module that a function's pickle names; empty where there is none."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__module__", None) or "")


def name_of(function: object) -> str:
    """``census:parse``."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return f"{getattr(function, '__module__', '?')}:{name}"


class Feeder:
    """The items of one iterator.

    Args:
        window: how many items may be taken whose results nobody has taken yet.
        cut: makes tasks of items.
        submit: has a task done.
        leave: called when no more items come.
    """

    def __init__(
        self,
        items: Iterator[Any],
        chunksize: int,
        *,
        window: int,
        cut: Callable[[IMapIterator, Sequence[Any], int], list[Task]],
        submit: Callable[[Task], None],
        leave: Callable[[Feeder], None],
        name: str,
    ) -> None:
        self._items = items
        self._chunksize = chunksize
        self._room = window
        self._change = threading.Condition()
        self._cut = cut
        self._submit = submit
        self._leave = leave
        self._name = name
        self._stopped: BaseException | None = None

    def start(self, iterator: IMapIterator) -> None:
        """Begin to take items."""
        threading.Thread(target=self._feed, args=(iterator,), name=self._name, daemon=True).start()

    def consumed(self, count: int) -> None:
        """So many results were taken."""
        with self._change:
            self._room += count
            if self._room >= self._chunksize:
                self._change.notify()

    def lift(self) -> None:
        """Take all items: who would take the results waits for the pool."""
        self.consumed(1 << 60)

    def stop(self, error: BaseException) -> None:
        """Take no more items; whoever takes the results gets `error` after those that were taken."""
        self._stopped = error
        self.lift()

    def _feed(self, iterator: IMapIterator) -> None:
        try:
            self._feed_all(iterator)
        finally:
            self._leave(self)

    def _feed_all(self, iterator: IMapIterator) -> None:
        base, error = 0, None
        try:
            while not (iterator.is_cancelled or self._is_stopped()):
                chunk = list(itertools.islice(self._items, self._chunksize))
                if not chunk:
                    break
                self._wait_for_room(len(chunk))
                if self._is_stopped():
                    break
                for task in self._cut(iterator, chunk, base):
                    self._submit(task)
                base += len(chunk)
        except BaseException as trouble:  # the iterable's own: whoever takes the results gets it after the last one
            error = trouble
        iterator.finish(base, error or self._stopped)

    def _is_stopped(self) -> bool:
        return self._stopped is not None

    def _wait_for_room(self, count: int) -> None:
        with self._change:
            while self._room < count:
                self._change.wait()
            self._room -= count
