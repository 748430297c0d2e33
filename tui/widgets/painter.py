"""Turns toned lines into the strips that Textual shows; the colours come from the theme, looked up once.

Component classes would do the same, at 0.3 ms for each of a dozen in each widget before the first paint.
"""

from __future__ import annotations

from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.render.pieces import Line, Tone, line_width
from tui.theme import ground_style, tone_style

Ground = Literal["", "cursor", "cursor-blurred", "title", "title-focused"]
"""What a line stands on; empty for the widget's own background."""


class Painter:
    """Paints for one widget, on its own background and foreground."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Tone, Ground], Style] = {}

    def forget(self) -> None:
        """The styles changed: look them up again."""
        self._styles.clear()

    def style(self, tone: Tone, ground: Ground = "") -> Style:
        """The style of `tone` on `ground`."""
        key = (tone, ground)
        style = self._styles.get(key)
        if style is None:
            app = self._widget.app
            variables, is_ansi = app.theme_variables, app.native_ansi_color
            style = self._widget.rich_style + tone_style(tone, variables, is_ansi=is_ansi)
            if ground:
                style += ground_style(ground, variables, is_ansi=is_ansi)
            self._styles[key] = style
        return style

    def strip(self, line: Line, width: int, ground: Ground = "") -> Strip:
        """`line` in exactly `width` cells."""
        used = line_width(line)
        segments = [Segment(text, self.style(tone, ground)) for text, tone in line if text]
        if used < width:
            segments.append(Segment(" " * (width - used), self.style(Tone.PLAIN, ground)))
            used = width
        strip = Strip(segments, used)
        return strip if used == width else strip.crop(0, width)
