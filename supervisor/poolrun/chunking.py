"""How many items a member gets at a time, when the profile leaves that to us. Pure.

So many that they take `TARGET_S`: few messages for tiny items, and for long ones nothing waits behind another.
"""

from __future__ import annotations

TARGET_S = 0.03
LARGEST = 1024
SMALL = 16
"""The most where a death should cost little: with a time limit, or where a run is to be continued later."""
_WEIGHT = 0.25
"""How much a new measurement counts."""


class AutoChunk:
    """Follows the time that items take.

    Args:
        largest: the most that it grows to.

    Attributes:
        size: items for a chunk, now.
        mean_s: about how long an item takes; None before the first is done.
    """

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self.size = 1
        self.mean_s: float | None = None

    def measure(self, took_s: float, count: int = 1) -> None:
        """So many items took so long together. The chunk at most doubles with it, and becomes small at once."""
        self.mean_s = _mean(self.mean_s, took_s / count)
        fitting = max(1, min(self._largest, int(TARGET_S / self.mean_s)))
        self.size = min(fitting, self.size * 2)


class FixedChunk:
    """The profile has said how many."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.mean_s: float | None = None

    def measure(self, took_s: float, count: int = 1) -> None:
        """So many items took so long together."""
        self.mean_s = _mean(self.mean_s, took_s / count)


def _mean(before_s: float | None, took_s: float) -> float:
    took_s = max(took_s, 1e-7)
    return took_s if before_s is None else before_s + _WEIGHT * (took_s - before_s)


def chunking(chunksize: int, *, is_single: bool, is_careful: bool) -> AutoChunk | FixedChunk:
    """What decides the size of chunks.

    Args:
        chunksize: the profile's; 0 for auto.
        is_single: each item goes alone, whatever the profile says.
        is_careful: deaths should cost little.
    """
    if is_single:
        return FixedChunk(1)
    return FixedChunk(chunksize) if chunksize else AutoChunk(SMALL if is_careful else LARGEST)
