"""The two clocks: monotonic time decides, wall time is for people to read."""

from __future__ import annotations

import time
from typing import Final, Protocol

WALL_JUMP_S: Final = 2.0
"""How far the wall clock may go astray between two looks before a person should know; time services correct less."""


class Clock(Protocol):
    """What the engine asks for the time, so that tests can bring their own."""

    def monotonic_s(self) -> float:
        """Seconds that never go back; the same in every process of this machine."""

    def wall_s(self) -> float:
        """Seconds since 1970, as the machine believes."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_s(self) -> float:
        return time.time()


class WallWatch:
    """Notices that the wall clock was set, or that the machine slept. Deadlines know nothing of either."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = clock.wall_s() - clock.monotonic_s()

    def look(self) -> str:
        """A sentence where the wall clock has jumped since the last look; else nothing."""
        before_s, self._ahead_s = self._ahead_s, self._clock.wall_s() - self._clock.monotonic_s()
        jump_s = self._ahead_s - before_s
        if abs(jump_s) < WALL_JUMP_S:
            return ""
        what = "was set, or the machine slept" if jump_s > 0 else "was set back"
        return (
            f"the wall clock has jumped by {jump_s:+,.0f} s: it {what}; "
            "times before and after do not compare, the order of records and events still tells"
        )
