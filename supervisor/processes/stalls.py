"""Notices that the engine stood still: stopped by a signal, or kept from running by a machine that swaps. Pure.

Time that passed meanwhile is nobody's fault: a watchdog that was not read is not silence, and a deadline that nobody
could meet is moved. (A suspended machine needs none of this: its monotonic clock stands still too.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from supervisor.clock import Clock

BEAT_EVERY_S: Final = 1.0
STALL_S: Final = 5.0
"""Less than this between two beats is a busy machine."""


class StallWatch:
    """Told of every beat of the loop, it says how much time was lost before it.

    Args:
        clock: the engine's.
        beat_every_s: how often `beat` is meant to be called.
        stall_s: how much later than that counts as a stall.
    """

    def __init__(self, clock: Clock, *, beat_every_s: float = BEAT_EVERY_S, stall_s: float = STALL_S) -> None:
        self._clock = clock
        self._beat_every_s = beat_every_s
        self._stall_s = stall_s
        self._last_s = clock.monotonic_s()
        self.stalls = 0
        """How often the engine has stood still."""
        self.lost_s = 0.0
        """How long, all in all."""

    def beat(self) -> float:
        """The seconds by which every deadline is to be moved; 0.0 where the loop ran on."""
        now_s = self._clock.monotonic_s()
        late_s = now_s - self._last_s - self._beat_every_s
        self._last_s = now_s
        if late_s < self._stall_s:
            return 0.0
        self.stalls += 1
        self.lost_s += late_s
        return late_s
