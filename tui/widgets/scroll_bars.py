"""Scroll bars of plain cells, for terminals that have no blocks: Textual's own end in eighths of one."""

from __future__ import annotations

from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender

from tui.render.glyphs import Glyphs


class PlainBars(ScrollBarRender):
    """Its ends are whole cells."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def fit_scroll_bars(glyphs: Glyphs) -> None:
    """From now on every scroll bar of the process is drawn in the signs that `glyphs` has."""
    ScrollBar.renderer = PlainBars if glyphs.is_ascii else ScrollBarRender
