"""Gives up on a regular expression that takes for ever, which is the only thing in the dashboard that could.

Python looks for signals while it matches, so that a timer ends a match: in the main thread, the one that paints. It is
the processor's time that is counted: a machine that is busy with others makes no pattern a slow one.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

LONGEST_S: Final = 0.25
"""What a block of lines may take of the processor; they usually take a millisecond."""


class TooSlow(Exception):
    """A pattern was not done in time."""


@contextmanager
def patience(longest_s: float = LONGEST_S) -> Iterator[None]:
    """Raises `TooSlow` inside once that has computed for `longest_s`; in other threads than the main one, never."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _give_up)
    signal.setitimer(signal.ITIMER_VIRTUAL, longest_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0.0)
        signal.signal(signal.SIGVTALRM, before)


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TooSlow
