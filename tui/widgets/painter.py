"""Turns toned lines into the strips that Textual shows; the colours come from the theme, looked up once.

Component classes would do the same, at 0.3 ms for each of a dozen in each widget before the first paint.
"""

from __future__ import annotations

from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.render.pieces import Line, Look, Tone, line_width
from tui.theme import Palette, ground_style, look_style

Ground = Literal["", "cursor", "cursor-blurred", "title", "title-focused"]
"""What a line stands on; empty for the widget's own background."""

MOST_STYLES = 4096
"""A worker may write in 16 million colours."""


class Painter:
    """Paints for one widget, on its own background and foreground."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Look, Ground], Style] = {}
        self._source: tuple[object, ...] = ()

    def forget(self) -> bool:
        """The styles may be others, as after each change of the focus; where they are, True, and all are looked up."""
        app = self._widget.app
        source = (self._widget.rich_style, app.theme, app.native_ansi_color, app.ansi_theme)
        if source == self._source:
            return False
        self._source = source
        self._styles.clear()
        return True

    def style(self, look: Look, ground: Ground = "") -> Style:
        """The style of `look` on `ground`."""
        key = (look, ground)
        style = self._styles.get(key)
        if style is None:
            if len(self._styles) >= MOST_STYLES:
                self._styles.clear()
            style = self._styles[key] = self._make(look, ground)
        return style

    def _make(self, look: Look, ground: Ground) -> Style:
        """Of two grounds the worker's own or that of what was found stands before that of the line."""
        app = self._widget.app
        palette = Palette(app.theme_variables, app.native_ansi_color, app.current_theme.dark, app.ansi_theme)
        style = self._widget.rich_style
        if ground:
            style += ground_style(ground, palette.variables, is_ansi=palette.is_ansi)
        return style + look_style(look, palette)

    def strip(self, line: Line, width: int, ground: Ground = "") -> Strip:
        """`line` in exactly `width` cells."""
        used = line_width(line)
        segments = [Segment(text, self.style(look, ground)) for text, look in line if text]
        if used < width:
            segments.append(Segment(" " * (width - used), self.style(Tone.PLAIN, ground)))
            used = width
        strip = Strip(segments, used)
        return strip if used == width else strip.crop(0, width)
