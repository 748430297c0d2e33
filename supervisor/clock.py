"""The two clocks: monotonic time decides, wall time is for people to read."""

from __future__ import annotations

import time
from typing import Protocol


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
