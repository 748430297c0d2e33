"""Counts what a run has done: how many, how fast, which took longest. Knows no clock: it is told the time."""

from __future__ import annotations

import heapq
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

HISTORY_S = 60
RATE_S = 10
"""Over so many seconds the rate is taken."""
SLOWEST = 5


class Tally:
    """One run's counts.

    Attributes:
        done: items, without those that failed.
        retried: how often an item was tried again.
        skipped: items that an earlier run has done.
    """

    def __init__(self, now_s: float) -> None:
        self.begun_s = now_s
        self.done = self.failed = self.retried = self.skipped = 0
        self._seconds: deque[int] = deque([0], HISTORY_S + 1)
        self._second = int(now_s)
        self._slowest: list[tuple[float, int, str]] = []

    def count_done(self, now_s: float, count: int = 1) -> None:
        """Items are done."""
        self._turn_to(now_s)
        self.done += count
        self._seconds[-1] += count

    def note_time(self, took_s: float, index: int, text: str) -> None:
        """An item took so long."""
        if self.is_slow(took_s):
            entry = (took_s, index, text)
            if len(self._slowest) < SLOWEST:
                heapq.heappush(self._slowest, entry)
            else:
                heapq.heapreplace(self._slowest, entry)

    def is_slow(self, took_s: float) -> bool:
        """Whether an item that took so long is one of the slowest."""
        return len(self._slowest) < SLOWEST or took_s > self._slowest[0][0]

    def slowest(self, running: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The slowest items, those that run included, the longest first."""
        ended = [{"index": index, "item": text, "took_s": round(took_s, 3)} for took_s, index, text in self._slowest]
        return sorted([*ended, *running], key=lambda task: -task["took_s"])[:SLOWEST]

    def history(self, now_s: float) -> list[int]:
        """Items done in each of the last whole seconds, oldest first."""
        self._turn_to(now_s)
        return list(self._seconds)[:-1]

    def rate(self, now_s: float) -> float:
        """Items a second, over the last seconds."""
        self._turn_to(now_s)
        recent = list(self._seconds)[-RATE_S - 1 :]
        span_s = min(now_s - self.begun_s, len(recent) - 1 + now_s - int(now_s))
        return sum(recent) / span_s if span_s > 0.2 else 0.0

    def _turn_to(self, now_s: float) -> None:
        gone = int(now_s) - self._second
        if gone > 0:
            self._second += gone
            self._seconds.extend([0] * min(gone, HISTORY_S + 1))
