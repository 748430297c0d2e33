"""What has become of items, on its way from the pool's thread to the main thread, which a bell wakes.

The pool's thread never waits here, and no lock is held while the main thread runs user code or is told to end.
"""

from __future__ import annotations

import os
import select
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Outcomes:
    """The job that a run's items belong to (`supervisor.pools.tasks.Job`)."""

    def __init__(self) -> None:
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._bell, select.POLLIN)
        self._is_asleep = False
        self._come: deque[tuple[int, list[Any], BaseException | None]] = deque()

    def settle(self, first: int, values: list[Any]) -> None:
        """The pool's: these items are done."""
        self._come.append((first, values, None))
        self._wake()

    def fail(self, index: int, error: BaseException) -> None:
        """The pool's: one item has failed."""
        self._come.append((index, [], error))
        self._wake()

    def ring(self) -> None:
        """Have the main thread look around."""
        os.eventfd_write(self._bell, 1)

    def _wake(self) -> None:
        if self._is_asleep:
            self._is_asleep = False
            self.ring()

    def next(self) -> tuple[int, list[Any], BaseException | None] | None:
        """What has come first: the first item's number, the values, or the error; None when nothing has come."""
        return self._come.popleft() if self._come else None

    def wait(self, timeout_s: float | None) -> None:
        """Sleep until something has come, somebody rings, or the time is over."""
        self._is_asleep = True
        if not self._come:
            self._poll.poll(None if timeout_s is None else max(0.0, timeout_s) * 1000)
        self._is_asleep = False
        try:
            os.eventfd_read(self._bell)
        except BlockingIOError:
            pass

    def __del__(self) -> None:
        # Not before: a thread that is left may ring to the end.
        os.close(self._bell)
