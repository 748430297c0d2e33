"""A widget of one or few lines whose text is made anew for the width it gets: header, pane title, banner."""

from __future__ import annotations

from collections.abc import Callable

from textual.strip import Strip

from tui.render.pieces import Line
from tui.widgets.painted import PaintedWidget
from tui.widgets.painter import Ground, Painter

MakeLine = Callable[[int], Line]
"""Makes the line for a width in cells."""


class LineWidget(PaintedWidget):
    """One line. `show` repaints only when the line differs."""

    DEFAULT_CSS = "LineWidget { height: 1; width: 1fr; }"

    def __init__(self, *, id: str | None = None, ground: Ground = "") -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._make: MakeLine = lambda _: ()
        self._shown: Line = ()
        self._made_of: tuple[object, ...] | None = None
        self._width = 0
        self._ground: Ground = ground

    def show(self, make: MakeLine, ground: Ground | None = None, made_of: tuple[object, ...] | None = None) -> None:
        """Show what `make` returns for this widget's width; while `made_of` is equal, so is what it returns."""
        if made_of is not None and made_of == self._made_of and ground in (None, self._ground):
            return
        self._make, self._made_of = make, made_of
        ground, before = self._ground if ground is None else ground, (self._shown, self._ground)
        self._make_for(self.size.width)
        self._ground = ground
        if before != (self._shown, ground):
            self.refresh()

    def _make_for(self, width: int) -> None:
        self._shown, self._width = self._make(width) if width else (), width

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        if width != self._width:
            self._make_for(width)
        return self._painter.strip(self._shown, width, self._ground)
