"""Takes items from an iterable as results are taken, in a thread of its own: it may be slow, endless, or raise."""

from __future__ import annotations

import itertools
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from supervisor.pools.results import IMapIterator
    from supervisor.pools.tasks import Task


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
