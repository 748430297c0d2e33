"""An event loop whose clock does not wait: where nothing is left to do but wait, the time is there at once.

All timers come in their order and at their times, by that clock; an hour of them takes as long as what they do.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_Result = TypeVar("_Result")


class _Selector(selectors.DefaultSelector):
    """Looks without waiting; what it was to wait is added to the clock."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:  # nothing is planned: something from outside has to come
            return super().select(None)
        found = super().select(0)
        if not found:
            self.now_s += max(timeout, 0.0)
        return found


class HastyLoop(asyncio.SelectorEventLoop):
    """Its `time` begins with 0 and is nobody else's."""

    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now_s


def run_hastily(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Do `work` on a `HastyLoop`, by whose clock Textual's (8.2) timers go too."""
    from textual import _time

    before = _time.get_time
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        loop = runner.get_loop()
        _time.get_time = loop.time
        try:
            return runner.run(work)
        finally:
            _time.get_time = before
