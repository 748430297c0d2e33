"""Turns toned lines into the strips that Textual shows; the colours come from the theme, looked up once.

Component classes would do the same, at 0.3 ms for each of a dozen in each widget before the first paint.
"""

from __future__ import annotations

from typing import Literal

from rich.segment import Segment
from rich.style import Style
from textual.filter import ANSIToTruecolor
from textual.strip import Strip
from textual.widget import Widget

from tui.render.pieces import Line, Look, Tone, line_width
from tui.theme import Palette, ground_style, look_style

Ground = Literal["", "cursor", "cursor-blurred", "title", "title-focused"]
"""What a line stands on; empty for the widget's own background."""

MOST_STYLES = 4096
"""A worker may write in 16 million colours."""
FEWEST_STRIPS = 8
"""A line in a few of its states, as on either ground."""
STRIPS_PER_ROW = 3
"""Of those that are on the screen: what has scrolled by a page ago is there still. A line that goes with the clock
never comes again, and a hundred of them with a histogram in each are a megabyte."""


class Painter:
    """Paints for one widget, on its own background and foreground."""

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._styles: dict[tuple[Look, Ground], Style] = {}
        self._strips: dict[tuple[Line, int, Ground], Strip] = {}
        self._source: tuple[object, ...] = ()

    def forget(self) -> bool:
        """The styles may be others, as after each change of the focus; where they are, True, and all are looked up."""
        app = self._widget.app
        source = (self._widget.rich_style, app.theme, app.native_ansi_color, app.ansi_theme)
        if source == self._source:
            return False
        self._source = source
        self._styles.clear()
        self._strips.clear()
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
        return self._in_true_colours(style + look_style(look, palette))

    def _in_true_colours(self, style: Style) -> Style:
        """What Textual's filter would make of each line that has it."""
        for each in self._widget.app.get_line_filters():
            if isinstance(each, ANSIToTruecolor):
                style = each.truecolor_style(style, self._widget.background_colors[1].rich_color)
        return style

    def strip(self, line: Line, width: int, ground: Ground = "") -> Strip:
        """`line` in exactly `width` cells; the same strip as long as it says the same."""
        key = (line, width, ground)
        strip = self._strips.get(key)
        if strip is None:
            while len(self._strips) >= FEWEST_STRIPS + STRIPS_PER_ROW * max(self._widget.size.height - 1, 0):
                del self._strips[next(iter(self._strips))]
            strip = self._strips[key] = self.new_strip(line, width, ground)
        return strip

    def new_strip(self, line: Line, width: int, ground: Ground = "") -> Strip:
        """`line` in exactly `width` cells, for whoever keeps it."""
        used = line_width(line)
        segments = [Segment(text, self.style(look, ground)) for text, look in line if text]
        if used < width:
            segments.append(Segment(" " * (width - used), self.style(Tone.PLAIN, ground)))
            used = width
        strip = Strip(segments, used)
        return strip if used == width else strip.crop(0, width)
