"""Figures over time, as clients plot them: frozen values, JSON on the wire."""

from __future__ import annotations

from typing import Final, Literal

from supervisor.api.message import Message

Figure = Literal["cpu", "memory", "log", "depth", "put", "got", "done", "failed"]

UNITS: Final[dict[Figure, str]] = {
    "cpu": "% of a core",
    "memory": "bytes",
    "log": "bytes a second",
    "depth": "items",
    "put": "items a second",
    "got": "items a second",
    "done": "items a second",
    "failed": "items",
}
"""What each figure counts: of a worker's process tree cpu, memory and what it writes to its log, of a queue the rest
up to got, of a pool done and failed."""

SECONDS_MOST: Final = 600
MINUTES_MOST: Final = 720


class Series(Message, frozen=True, kw_only=True):
    """One figure at equal distances."""

    figure: Figure
    unit: str
    values: tuple[float | None, ...]
    """Oldest first, the last one is now; None where nothing was measured."""


class SubjectHistory(Message, frozen=True, kw_only=True):
    name: str
    kind: Literal["worker", "channel", "pool", "engine"]
    series: tuple[Series, ...]


class HistoryReply(Message, frozen=True, kw_only=True):
    """What was measured of some subjects."""

    now_at: float
    """Of the last values, a Unix timestamp."""
    step_s: float
    """From one value to the next: 1, or 60 for more than 10 minutes."""
    subjects: tuple[SubjectHistory, ...] = ()
