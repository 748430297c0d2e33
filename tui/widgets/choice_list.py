"""Ready-made lines of which one is chosen; what is typed elsewhere moves it, a click takes it."""

from __future__ import annotations

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tui.render.pieces import Line
from tui.widgets.lines_view import LinesView


class ChoiceList(LinesView, can_focus=False):
    """`LinesView` with a chosen line, which stays in sight. It never has the focus."""

    class Taken(Message):
        """The chosen line was clicked."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self.chosen = 0
        """The index of the chosen line."""

    def choose(self, index: int) -> None:
        """Choose the line at `index`, or the nearest that there is."""
        self.chosen = max(min(index, len(self._lines) - 1), 0)
        where = Region(0, self.chosen, 1, 1)
        self.scroll_to_region(where, animate=False, force=True, x_axis=False, immediate=True)
        self.refresh()

    def line_at(self, index: int, line: Line) -> Strip:
        is_chosen = index == self.chosen and bool(self._lines)
        return self._painter.strip(line, self.text_width, "cursor" if is_chosen else "")

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < len(self._lines):
            self.choose(index)
            self.post_message(self.Taken())
