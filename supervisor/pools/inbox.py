"""What other threads want of the pool's thread: wishes in their order, and a bell that wakes it."""

from __future__ import annotations

import os
import threading
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Inbox:
    """Wishes for one thread.

    Attributes:
        bell: the descriptor that becomes readable when a wish has come while the thread slept.
        is_asleep: the thread is about to sleep, or sleeps; it sets this before it looks whether a wish is there.
    """

    def __init__(self) -> None:
        self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.is_asleep = False
        self._door = threading.Lock()
        self._has_ended = False
        self._wishes: deque[Callable[[], None]] = deque()

    def __bool__(self) -> bool:
        return bool(self._wishes)

    def tell(self, wish: Callable[[], None]) -> None:
        """Have a wish granted by the thread; by the caller itself once the thread has ended."""
        with self._door:
            if not self._has_ended:
                self._wishes.append(wish)
                if self.is_asleep:
                    self.is_asleep = False
                    os.eventfd_write(self.bell, 1)
                return
        wish()  # nothing is touched any more by the thread: what is submitted fails at once

    def grant(self) -> None:
        """The thread's: grant what has come."""
        while self._wishes:
            self._wishes.popleft()()

    def hush(self) -> None:
        """The thread's: it has heard the bell."""
        try:
            os.eventfd_read(self.bell)
        except BlockingIOError:
            pass

    def end(self) -> None:
        """The thread's: it grants what is there, and no more."""
        with self._door:
            self._has_ended = True
            os.close(self.bell)
        self.grant()
