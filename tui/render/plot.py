"""A figure over time as lines of text: an area of braille dots (or ``#``), a scale at the left, times below.

Each cell is two values wide and four dots high. More values than fit are folded into their highest, so that no peak is
lost; where nothing was measured nothing is drawn.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from tui.render.figures import count, percent, size

Values = Sequence[float | None]

_LEFT = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
"""The lowest so many dots of a braille cell's columns (unicode.org/charts, U+2800)."""
_LEAST_WIDTH = 10
_NOTHING = 1e-9
_STEPS = (1, 1.2, 1.5, 2, 3, 4, 5, 6, 8, 10)


def words_of(unit: str, value: float) -> str:
    """A value with what it counts, in a few cells."""
    if unit.startswith("bytes"):
        return size(int(value)) + ("/s" if unit != "bytes" else "")
    if unit.startswith("%"):
        return f"{percent(value)} %" if value else "0 %"
    shown = count(round(value)) if value >= 10 or value == int(value) else f"{value:.1f}"
    return shown + ("/s" if unit.endswith("a second") else "")


def folded(values: Values, columns: int) -> list[float | None]:
    """`values` in exactly so many columns, newest at the right: the highest of each column's own."""
    if len(values) <= columns:
        return [None] * (columns - len(values)) + list(values)
    edges = [len(values) * place // columns for place in range(columns + 1)]
    groups = (values[start:end] for start, end in itertools.pairwise(edges))
    return [max((value for value in group if value is not None), default=None) for group in groups]


def nice_top(highest: float, unit: str = "") -> float:
    """A round number of `unit` that is not below `highest`; of bytes one that is round in powers of 1024."""
    if unit.startswith("bytes"):
        scale = 1.0
        while scale * 1024 <= highest:
            scale *= 1024
        return nice_top(highest / scale) * scale
    if highest < _NOTHING:
        return 1.0
    power = 1.0
    while power * 10 <= highest:
        power *= 10
    while power > highest:
        power /= 10
    return next(power * step for step in _STEPS if power * step >= highest * (1 - 1e-9))


def plot(
    values: Values,
    unit: str,
    width: int,
    height: int,
    *,
    seconds: float,
    top: float | None = None,
    is_ascii: bool = False,
) -> list[str]:
    """Lines of exactly `width` cells: `height` of the area, then one of times.

    Args:
        values: oldest first; the last one is now.
        seconds: how far back the first value is.
        top: the value at the upper edge; None for a round number above the highest.
    """
    known = [value for value in values if value is not None]
    top = top or nice_top(max(known, default=0.0), unit)
    scale = [words_of(unit, top), *[""] * (height - 2), words_of(unit, 0)] if height > 1 else [words_of(unit, top)]
    margin = max(map(len, scale)) + 1
    scale = scale if known else [""] * height
    cells = max(_LEAST_WIDTH, width - margin)
    area = _area(folded(values, 2 * cells), height, top, is_ascii=is_ascii)
    lines = [f"{mark:>{margin - 1}} {line}"[:width] for mark, line in zip(scale, area, strict=True)]
    if not known:
        text = "nothing measured in this time"
        middle = height // 2
        lines[middle] = (" " * margin + text.center(cells))[:width].ljust(width)
    return [*lines, " " * margin + _times(seconds, cells)]


def _area(columns: list[float | None], height: int, top: float, *, is_ascii: bool) -> list[str]:
    dots = [_dots(value, top, height * 4) for value in columns]
    lines = []
    for row in range(height):
        below = (height - 1 - row) * 4
        filled = [min(4, max(0, dot - below)) for dot in dots]
        pairs = zip(filled[::2], filled[1::2], strict=True)
        lines.append("".join(_cell(left, right, is_ascii=is_ascii) for left, right in pairs))
    return lines


def _dots(value: float | None, top: float, most: int) -> int:
    """How many dots high: one at least for what was measured, so that nothing and zero differ."""
    return 0 if value is None else max(1, min(most, round(most * value / top)))


def _cell(left: int, right: int, *, is_ascii: bool) -> str:
    if is_ascii:
        return " .:|#"[max(left, right)]
    return chr(0x2800 | _LEFT[left] | _RIGHT[right]) if left or right else " "


def _times(seconds: float, cells: int) -> str:
    """``10m ago``, the half of it and ``now`` below the area."""
    line, half = f"{_age(seconds)} ago", _age(seconds / 2)
    if cells > len(line) + len(half) + 8:
        line = line.ljust(cells // 2 - len(half) // 2) + half
    return line.ljust(cells - 3)[: cells - 3] + "now"


def _age(seconds: float) -> str:
    if seconds >= 3600:
        return f"{seconds / 3600:g}h"
    return f"{seconds / 60:g}m" if seconds >= 60 else f"{seconds:g}s"
