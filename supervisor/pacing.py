"""Launches wait here for their turn: a hundred workers that start together delay nobody else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from supervisor.clock import Clock
from supervisor.replica import Replica

LAUNCH_BUDGET_S: Final = 0.02
"""How long launches may keep the loop at a time."""


class LaunchQueue:
    """The first launch is made at once; those that come with it, in the loop's next turns, in their order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock, launch: Callable[[Replica, int], None]) -> None:
        self._loop = loop
        self._clock = clock
        self._launch = launch
        self._waiting: deque[tuple[Replica, int]] = deque()

    def add(self, replica: Replica, incarnation: int) -> None:
        """Launch this incarnation as soon as it is its turn."""
        self._waiting.append((replica, incarnation))
        if len(self._waiting) == 1:
            self._take_turn(budget_s=0.0)

    def _take_turn(self, budget_s: float = LAUNCH_BUDGET_S) -> None:
        until_s = self._clock.monotonic_s() + budget_s
        while self._waiting:
            self._launch(*self._waiting[0])
            self._waiting.popleft()
            if self._clock.monotonic_s() >= until_s:
                break
        if self._waiting:
            self._loop.call_soon(self._take_turn)
