"""A widget of one or few lines whose text is made anew for the width it gets: header, pane title, banner."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip
from textual.widget import Widget

from tui.render.pieces import Line
from tui.widgets.painter import Ground, Painter

MakeLine = Callable[[int], Line]
"""Makes the line for a width in cells."""


class LineWidget(Widget):
    """One line. `show` repaints only when the line differs."""

    DEFAULT_CSS = "LineWidget { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, ground: Ground = "") -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._make: MakeLine = lambda _: ()
        self._shown: Line = ()
        self._ground: Ground = ground

    def show(self, make: MakeLine, ground: Ground | None = None) -> None:
        """Show what `make` returns for this widget's width."""
        self._make = make
        ground = self._ground if ground is None else ground
        line = make(self.size.width) if self.size.width else ()
        if line != self._shown or ground != self._ground:
            self._shown, self._ground = line, ground
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        self._shown = self._make(width)
        return self._painter.strip(self._shown, width, self._ground)
