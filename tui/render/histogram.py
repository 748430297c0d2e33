"""How much was logged when, and how bad it was, in one row: two bars to a cell, in the colour of the worse one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tui.render.glyphs import Glyphs
from tui.render.pieces import Line, Piece, Tone
from tui.render.zone import Offset, local

STEPS_S: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""How long a bar may last; past the last one, so many days."""
SECOND_US: Final = 1_000_000
DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Bar:
    """What was logged in one stretch of time."""

    records: int = 0
    warnings: int = 0
    errors: int = 0

    def __add__(self, other: Bar) -> Bar:
        return Bar(self.records + other.records, self.warnings + other.warnings, self.errors + other.errors)


NO_BAR: Final = Bar()
_LEFT: Final = (0x00, 0x40, 0x44, 0x46, 0x47)
_RIGHT: Final = (0x00, 0x80, 0xA0, 0xB0, 0xB8)
_ASCII: Final = " .-=#"


@dataclass(frozen=True, slots=True)
class Scale:
    """Which stretch of time each bar of a row is."""

    first: int
    """The number of the first bar: its time, since 1970, in steps."""
    count: int
    step_us: int
    newest_us: int
    """Of the newest record: it is in the last bar, which has seldom ended yet."""

    @property
    def start_us(self) -> int:
        return self.first * self.step_us

    @property
    def end_us(self) -> int:
        return (self.first + self.count) * self.step_us


def scale_for(oldest_us: int, newest_us: int, most: int) -> Scale:
    """At most `most` bars for the time from `oldest_us` to `newest_us`, each as short as that allows."""
    for step_s in (*STEPS_S, *(days * DAY_S for days in (2, 7, 30, 365, 3650))):
        step_us = step_s * SECOND_US
        first, last = oldest_us // step_us, newest_us // step_us
        if last - first < most:
            break
    return Scale(first, min(last - first + 1, most), step_us, newest_us)


def bar_cells(width: int) -> int:
    """Cells of a row of `width` that are bars; the others say from when to when."""
    return max(width - 2 * _LABEL_WIDTH, 4)


_LABEL_WIDTH = len(" 14:02:11 ")


def histogram_line(bars: Mapping[int, Bar], scale: Scale, here_us: int, utc_offset_s: Offset, glyphs: Glyphs) -> Line:
    """The bars of `scale`, from the first one's time to the newest record's; `here_us` is where the reader is."""
    values = [bars.get(scale.first + at, NO_BAR) for at in range(scale.count)]
    if len(values) % 2:
        values.append(NO_BAR)
    high = math.log1p(max((bar.records for bar in values), default=0)) or 1.0
    here = (here_us - scale.start_us) // scale.step_us // 2 if here_us else -1
    pieces: list[Piece] = [(f" {clock(scale.start_us, scale, utc_offset_s)} ", Tone.DIM)]
    for at in range(0, len(values), 2):
        pair = values[at : at + 2]
        heights = [math.log1p(bar.records) if bar.records else -1.0 for bar in pair]
        sign = bar_pair(heights[0], heights[1], high, glyphs)
        pieces.append((sign, Tone.ACCENT) if at // 2 == here else (sign, _tone(pair)))
    pieces.append((f" {clock(min(scale.newest_us, scale.end_us), scale, utc_offset_s)} ", Tone.DIM))
    return tuple(pieces)


def bar_pair(first: float, second: float, high: float, glyphs: Glyphs) -> str:
    """Two bars in one cell; nothing for a negative height, and for any other at least a little."""
    most = len(_LEFT) - 1
    left, right = (0 if height < 0 else 1 + round((most - 1) * height / high) for height in (first, second))
    if glyphs.is_ascii:
        return _ASCII[max(left, right)]
    return chr(0x2800 | _LEFT[left] | _RIGHT[right]) if left or right else " "


def _tone(pair: list[Bar]) -> Tone:
    if any(bar.errors for bar in pair):
        return Tone.RED
    return Tone.AMBER if any(bar.warnings for bar in pair) else Tone.DIM


def time_at(cell: int, scale: Scale) -> int:
    """When the bars in cell `cell` of a row begin, in µs since 1970; outside of them the time of the nearest."""
    place = min(max(2 * (cell - _LABEL_WIDTH), 0), scale.count - 1)
    return (scale.first + place) * scale.step_us


def clock(at_us: int, scale: Scale, utc_offset_s: Offset) -> str:
    """``14:02:11``, or the day where bars last for hours; eight cells."""
    moment = local(at_us / SECOND_US, utc_offset_s)
    return f"{moment:%H:%M:%S}" if scale.step_us < 3600 * SECOND_US else f"{moment:%d %b  }"
