"""One row of bars above the log: how much was logged when. A click goes to that time."""

from __future__ import annotations

from collections.abc import Mapping

from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.render.glyphs import Glyphs
from tui.render.histogram import Bar, Scale, bar_cells, histogram_line, time_at
from tui.render.pieces import Line
from tui.render.zone import Offset
from tui.widgets.painted import PaintedWidget
from tui.widgets.painter import Painter


class HistogramStrip(PaintedWidget):
    """Shows bars; says `Chosen` when one of them is clicked."""

    DEFAULT_CSS = "HistogramStrip { height: 1; width: 1fr; }"

    class Chosen(Message):
        """The bars of this time were clicked."""

        def __init__(self, at_us: int) -> None:
            super().__init__()
            self.at_us = at_us
            """In µs since 1970."""

    def __init__(self, glyphs: Glyphs, utc_offset_s: Offset, *, id: str | None = None) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._glyphs = glyphs
        self._utc_offset_s = utc_offset_s
        self._scale: Scale | None = None
        self._line: Line = ()

    @property
    def most_bars(self) -> int:
        """How many bars there is room for."""
        return 2 * bar_cells(self.size.width)

    def show(self, bars: Mapping[int, Bar], scale: Scale | None, here_us: int) -> None:
        """Show the bars of `scale`; `here_us` is the time at which the person is. No scale: nothing was logged."""
        self._scale = scale
        line = histogram_line(bars, scale, here_us, self._utc_offset_s, self._glyphs) if scale else ()
        if line != self._line:
            self._line = line
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        return self._painter.strip(self._line if y == 0 else (), self.size.width)

    def on_click(self, event: events.Click) -> None:
        if self._scale is not None:
            self.post_message(self.Chosen(time_at(event.x, self._scale)))
