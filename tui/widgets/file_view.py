"""A page of a file with a cursor that goes from line to line."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from tui.render.channel_detail import Page
from tui.render.pieces import Line
from tui.widgets.page_view import PageView


class FileView(PageView):
    """`PageView` whose cursor is on a line of the screen, whatever that is about."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self.chosen = 0
        """The line of the screen that the cursor is on."""

    def show_page(self, page: Page) -> None:
        self.show(page.lines)
        self.chosen = max(min(self.chosen, len(page.lines) - 1), 0)

    def show(self, lines: Sequence[Line], *, from_top: bool = False) -> None:
        super().show(lines, from_top=from_top)
        self.chosen = max(min(self.chosen, len(lines) - 1), 0)

    def line_at(self, index: int, line: Line) -> Strip:
        is_chosen = index == self.chosen and self.has_focus
        return self._painter.strip(line, self.text_width, "cursor" if is_chosen else "")

    def choose(self, index: int, around: int = 1) -> None:
        """Put the cursor on a line, and that in sight with so many lines `around` it."""
        self.chosen = max(min(index, len(self._lines) - 1), 0)
        top, end = max(self.chosen - around, 0), min(self.chosen + around + 1, len(self._lines))
        region = Region(0, top, 1, max(end - top, 1))
        self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)
        self.refresh()

    def action_move(self, lines: int) -> None:
        self.choose(self.chosen + lines)

    def action_first(self) -> None:
        self.choose(0)

    def action_last(self) -> None:
        self.choose(len(self._lines) - 1)

    def on_click(self, event: events.Click) -> None:
        self.choose(self.scroll_offset.y + event.y)
