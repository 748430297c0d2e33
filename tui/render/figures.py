"""Numbers as people read them in a table: short, in fixed units, at most a few cells wide."""

from __future__ import annotations

import math
from collections.abc import Sequence

TENTHS_BELOW_S = 10.0
"""What is left of a wait is told in tenths of a second from here on."""

_UNITS = ("B", "K", "M", "G", "T", "P")


def duration(seconds: float) -> str:
    """Four cells at most: ``59s`` ``12m`` ``23h`` ``99d`` ``9y``."""
    if seconds < 60:
        return f"{max(int(seconds), 0)}s"
    if seconds < 3600:
        return f"{int(seconds // 60)}m"
    if seconds < 86400:
        return f"{int(seconds // 3600)}h"
    days = int(seconds // 86400)
    return f"{days}d" if days < 1000 else f"{days // 365}y"


def time_left(seconds: float) -> str:
    """What is left of a wait, rounded up, so that ``0.0 s`` means now: ``0.8 s`` ``42 s`` ``3 m 20 s`` ``2 h 05 m``."""
    seconds = max(seconds, 0.0) - 1e-6  # the difference of two clock readings is never quite even
    tenths = math.ceil(seconds * 10)
    if tenths < 10 * TENTHS_BELOW_S:
        return f"{tenths / 10:.1f} s"
    whole = math.ceil(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} m {whole % 60:02d} s"
    minutes = math.ceil(whole / 60)
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02d} m"
    return f"{minutes // (24 * 60)} d {minutes // 60 % 24:02d} h"


def size(count_bytes: int) -> str:
    """Five cells at most, powers of 1024: ``512 B`` ``48 M`` ``1.2 G``."""
    value = float(max(count_bytes, 0))
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            break
        value /= 1024
    return f"{value:.1f} {unit}" if unit != "B" and value < 9.95 else f"{value:.0f} {unit}"


def percent(value: float) -> str:
    """``0.4`` ``12`` ``340``: one decimal below ten, no unit."""
    return f"{value:.1f}" if value < 9.95 else f"{value:.0f}"


def count(number: int) -> str:
    """``999`` ``12,345`` ``1.2M``."""
    return f"{number:,}" if number < 1_000_000 else f"{number / 1e6:.1f}M"


def rate(per_second: float) -> str:
    """Four cells at most, of something a second: ``0`` ``0.4`` ``12`` ``999`` ``1.2k`` ``285k`` ``1.2M``."""
    value, unit = max(per_second, 0.0), ""
    for unit in ("", "k", "M"):
        if value < 999.5 or unit == "M":
            break
        value /= 1000
    if not unit and value < 0.05:
        return "0"
    return f"{value:.1f}{unit}" if value < 9.95 else f"{value:.0f}{unit}"


def plural(number: int, noun: str) -> str:
    """``1 worker`` ``12 workers``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
_ASCII_LEVELS = " _.-=*#"


def sparkline(values: Sequence[float], width: int, low: float, high: float, *, is_ascii: bool = False) -> str:
    """The newest `values`, two to a cell, in exactly `width` cells, newest at the right.

    `low` and `high` are the same for all rows of a table, so that rows can be compared. Braille is used because
    its cells are one wide everywhere; block elements are two wide in some terminals.
    """
    levels = len(_ASCII_LEVELS) - 1 if is_ascii else len(_LEFT) - 1
    shown = [_level(value, low, high, levels) for value in values[-2 * width :]]
    shown = [0] * (2 * width - len(shown)) + shown
    pairs = zip(shown[::2], shown[1::2], strict=True)
    if is_ascii:
        return "".join(_ASCII_LEVELS[max(pair)] for pair in pairs)
    return "".join(chr(0x2800 | _LEFT[left] | _RIGHT[right]) if left or right else " " for left, right in pairs)


def _level(value: float, low: float, high: float, levels: int) -> int:
    """From 1, so that a sample of nothing still shows that there was a sample."""
    if high <= low or value <= low:
        return 1
    return min(1 + round((levels - 1) * (value - low) / (high - low)), levels)


def depth_bar(depth: int, maxsize: int, width: int, *, is_ascii: bool = False) -> str:
    """How full something is, in `width` cells; anything in it shows at least one full cell."""
    share = depth / maxsize if maxsize else 0.0
    filled = min(math.ceil(share * width), width) if depth > 0 else 0
    full, empty = ("#", ".") if is_ascii else ("⣿", "⣀")
    return full * filled + empty * (width - filled)
