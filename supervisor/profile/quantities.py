"""Durations, sizes and backoff ranges as people write them. Owns the notation; refuses to guess at unknown units."""

from __future__ import annotations

import math
import re
from typing import Final

_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_UNIT_ORDER: Final = list(_SECONDS)
_DURATION_PART: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|[dhms])", re.ASCII)
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", re.ASCII)
_BYTES: Final = {
    "": 1,
    "b": 1,
    "kb": 10**3,
    "mb": 10**6,
    "gb": 10**9,
    "k": 2**10,
    "m": 2**20,
    "g": 2**30,
    "kib": 2**10,
    "mib": 2**20,
    "gib": 2**30,
}
DURATION_RULE: Final = 'must be a duration such as "500ms", "5s", "1m30s" or "2h", or a number of seconds'
SIZE_RULE: Final = 'must be a size such as "64MiB", "10MB" or "512KiB", or a number of bytes'
_LONGEST_S: Final = 366 * 86400.0
_LARGEST_BYTES: Final = 2**50


def duration_s(value: object) -> float:
    """A duration in seconds.

    Args:
        value: a number of seconds, or text of descending units: ``"500ms"``, ``"5s"``, ``"1m30s"``, ``"2h"``, ``"1d"``.

    Raises:
        ValueError: it is no duration, is negative, or is longer than a year; the message states the rule.
    """
    seconds = _number_of(value)
    if seconds is None and isinstance(value, str):
        seconds = _spelled_duration_s(value)
    if seconds is None:
        raise ValueError(f"{DURATION_RULE}{_not_this(value)}")
    if not 0 <= seconds <= _LONGEST_S:
        raise ValueError("must be a duration from 0 seconds to 366 days")
    return seconds


def size_bytes(value: object) -> int:
    """A size in bytes.

    Args:
        value: a whole number of bytes, or text: ``"64MiB"`` and ``"64M"`` count in 1024s, ``"10MB"`` in 1000s.

    Raises:
        ValueError: it is no size, or is not between 0 bytes and 1 PiB; the message states the rule.
    """
    size: float | None = None
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        if match and match[2].lower() in _BYTES:
            size = float(match[1]) * _BYTES[match[2].lower()]
    elif isinstance(value, int) and not isinstance(value, bool):
        size = value
    if size is None:
        raise ValueError(f"{SIZE_RULE}{_not_this(value)}")
    if not 0 <= size <= _LARGEST_BYTES:
        raise ValueError("must be a size from 0 bytes to 1 PiB")
    return round(size)


def backoff_low_s(value: object) -> float:
    """The shorter end, in seconds, of a backoff range such as ``"0.5s..30s"``. Raises ValueError."""
    return _backoff_range_s(value)[0]


def backoff_high_s(value: object) -> float:
    """The longer end, in seconds, of a backoff range; a single duration is both ends. Raises ValueError."""
    return _backoff_range_s(value)[1]


def _backoff_range_s(value: object) -> tuple[float, float]:
    low, dots, high = value.partition("..") if isinstance(value, str) else (value, "", value)
    try:
        low_s, high_s = duration_s(low), duration_s(high if dots else low)
    except ValueError:
        rule = 'must be a range of durations such as "0.5s..30s", or one duration such as "2s"'
        raise ValueError(f"{rule}{_not_this(value)}") from None
    if low_s > high_s:
        raise ValueError('must be written shortest first, such as "0.5s..30s"')
    return low_s, high_s


def _number_of(value: object) -> float | None:
    """The seconds of a plain number, written with or without quotes; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"\s*\d+(\.\d+)?\s*", value, re.ASCII):
        return None
    try:
        number = float(value)
    except OverflowError:
        return math.inf
    return math.inf if math.isnan(number) else number


def _spelled_duration_s(text: str) -> float | None:
    total_s, position, last_rank = 0.0, 0, -1
    while match := _DURATION_PART.match(text, position):
        rank = _UNIT_ORDER.index(match[2])
        if rank <= last_rank:
            return None
        total_s += float(match[1]) * _SECONDS[match[2]]
        position, last_rank = match.end(), rank
    return total_s if position and not text[position:].strip() else None


def _not_this(value: object) -> str:
    return f', not "{value[:40]}"' if isinstance(value, str) else ""
