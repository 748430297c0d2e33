"""A widget whose lines a `Painter` makes: Textual neither keeps them a second time nor colours them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class PaintedWidget(Widget):
    """Textual (8.2) keeps lines by their place, and colours each anew; a `Painter` knows them by what they say."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """All but the one that a painter's styles have been through."""
        return [each for each in super().get_line_filters() if not isinstance(each, ANSIToTruecolor)]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips that are on the screen, past Textual's cache of lines.

        Lines that scroll have another place each time; known by what they say, most of them are there already.
        """
        width = self.size.width
        if width != self.outer_size.width or self.styles.text_opacity != 1.0 or self.opacity != 1.0:
            return super().render_lines(crop)
        strips = [self.render_line(y) for y in crop.line_range]
        if any(strip.cell_length != width for strip in strips):
            blank = self.rich_style
            strips = [strip.adjust_cell_length(width, blank) for strip in strips]
        for each in self.get_line_filters():
            _, background = self.background_colors
            strips = [strip.apply_filter(each, background) for strip in strips]
        return strips if crop.column_span == (0, width) else [strip.crop(*crop.column_span) for strip in strips]
