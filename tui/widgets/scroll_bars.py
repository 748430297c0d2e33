"""Scroll bars: of plain cells for terminals that have no blocks, and drawn anew only where they look otherwise.

Textual's (8.2) own end in eighths of a cell, and are drawn as a whole for each line that a log gets.
"""

from __future__ import annotations

from math import ceil
from typing import ClassVar, Final

from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip

from tui.render.glyphs import Glyphs


class PlainBars(ScrollBarRender):
    """Its ends are whole cells."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


MOST_LOOKS: Final = 16
"""A page that is filled in two steps has two, again and again."""


class KeptBar(ScrollBar):
    """A vertical scroll bar that keeps what it was drawn as."""

    def __init__(self, *, thickness: int) -> None:
        super().__init__(vertical=True, name="vertical", thickness=thickness)
        self._looks: dict[tuple[object, ...], list[Strip]] = {}

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips of before, where the bar looked so already."""
        bar, width, height = self.render(), *self.size
        if not isinstance(bar, ScrollBarRender) or crop.column_span != (0, width):
            return super().render_lines(crop)
        look = (*thumb(bar, height), width, height, bar.style, type(bar))
        if look not in self._looks:
            if len(self._looks) >= MOST_LOOKS:
                del self._looks[next(iter(self._looks))]
            self._looks[look] = super().render_lines(Region(0, 0, width, height))
        return self._looks[look][crop.y : crop.bottom]

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._looks.clear()


def thumb(bar: ScrollBarRender, height: int) -> tuple[int, int]:
    """Where the thumb begins and ends in `height` cells, in parts of a cell, as Textual's `render_bar` reckons it."""
    if not (bar.window_size and height and bar.virtual_size) or height == bar.virtual_size:
        return 0, 0
    length = max(1, bar.window_size / (bar.virtual_size / height))
    parts = len(bar.VERTICAL_BARS)
    begin = int((height - length) * (bar.position / (bar.virtual_size - bar.window_size)) * parts)
    return begin, begin + ceil(length * parts)


def fit_scroll_bars(glyphs: Glyphs) -> None:
    """From now on every scroll bar of the process is drawn in the signs that `glyphs` has."""
    ScrollBar.renderer = PlainBars if glyphs.is_ascii else ScrollBarRender
