"""Gives up on a regular expression that takes for ever, which is the only thing in the dashboard that could.

Python looks for signals while it matches, so that a timer ends a match: in the main thread, the one that paints.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LONGEST_S: Final = 0.25
"""What a block of lines may take; they usually take a millisecond."""


class TooSlow(Exception):
    """A pattern was not done in time."""


@contextmanager
def patience(longest_s: float = LONGEST_S) -> Iterator[None]:
    """Raises `TooSlow` inside when that takes longer than `longest_s`; in other threads than the main one, never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, longest_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow
