"""What a reader's clock shows at a moment: how far it is ahead then, which summer time changes. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Offset = float | Callable[[float], float]
"""Seconds that make a time one of the reader's clock: always as many, or as many as are right at that time."""


def ahead_s(at: float, offset: Offset) -> float:
    """The seconds that are right at `at`."""
    return offset(at) if callable(offset) else offset


def local(at: float, offset: Offset) -> datetime:
    """What the reader's clock shows at `at`; said to be UTC, so that nothing shifts it again."""
    return datetime.fromtimestamp(at + ahead_s(at, offset), UTC)


def local_of(time_text: str, offset: Offset) -> datetime:
    """What the reader's clock shows at a record's time. Raises ValueError where that is none."""
    moment = datetime.fromisoformat(time_text)
    return moment + timedelta(seconds=ahead_s(moment.timestamp(), offset))


def ahead_of(time_text: str, offset: Offset) -> int:
    """The seconds that are right at a record's time; none where that is none."""
    try:
        return int(ahead_s(datetime.fromisoformat(time_text).timestamp(), offset))
    except ValueError:
        return 0
