"""Turns toned lines into the strips that Textual shows; the colours come from the style sheet, looked up once."""

from __future__ import annotations

from typing import Final, Literal

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from tui.render.pieces import Line, Tone, line_width

Ground = Literal["", "cursor", "cursor-blurred", "title", "title-focused", "hover"]
"""What a line stands on; empty for the widget's own background."""

TONE_CLASSES: Final = frozenset(
    {f"tone--{tone.value}" for tone in Tone}
    | {f"ground--{ground}" for ground in ("cursor", "cursor-blurred", "title", "title-focused", "hover")}
)
"""For the COMPONENT_CLASSES of every widget that paints."""


class Painter:
    """Paints for one widget, whose COMPONENT_CLASSES include `TONE_CLASSES`."""

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
            widget = self._widget
            style = widget.rich_style + widget.get_component_rich_style(f"tone--{tone.value}", partial=True)
            if ground:
                style += widget.get_component_rich_style(f"ground--{ground}", partial=True)
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
