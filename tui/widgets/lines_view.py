"""Any number of ready-made lines, scrolled: the detail pane, the help and a log record in full."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region
from textual.strip import Strip

from tui.render.pieces import Line
from tui.widgets.painter import Painter
from tui.widgets.scrolled import ScrolledLines


class LinesView(ScrolledLines):
    """Shows lines; `show` repaints those that differ and keeps the place."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        """Show `lines`, each at most as wide as the widget; `from_top` leaves the old place."""
        before, self._lines = self._lines, lines
        if len(before) != len(lines):
            self.make_room(len(lines))
            self.refresh()
        else:
            for index, (old, new) in enumerate(zip(before, lines, strict=True)):
                if old != new:
                    self.refresh(Region(0, index - self.scroll_offset.y, self.size.width, 1))
        if from_top:
            self.scroll_to(y=0, animate=False, force=True)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def refresh_focus(self) -> None:
        """Lines without a cursor look the same."""

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        return self.line_at(index, self._lines[index] if index < len(self._lines) else ())

    def line_at(self, index: int, line: Line) -> Strip:
        """`line`, which stands at `index`, as it is painted."""
        del index
        return self._painter.strip(line, self.text_width)

    def action_move(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False)
