"""The detail pane: ready-made lines, of which some are an item that a cursor can be put on."""

from __future__ import annotations

from collections.abc import Iterator

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from tui.render.channel_detail import Item, Page
from tui.render.pieces import Line
from tui.widgets.lines_view import LinesView


class PageView(LinesView):
    """Shows a `Page`. Without items the keys scroll; with items they go from one to the next, and scroll beyond."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._items: tuple[Item, ...] = ()
        self._chosen = 0

    def start_over(self) -> None:
        """What comes next is a page about something else: begin at its top."""
        self._items, self._chosen = (), 0
        self.scroll_to(y=0, animate=False, force=True)

    def show_page(self, page: Page) -> None:
        """Show `page`; the cursor stays on its item, or where that is gone, on the one in its place."""
        before, chosen, self._items = self._items, self._item, page.items
        ids = [item.id for item in page.items]
        is_there = chosen is not None and chosen.id in ids
        self._chosen = ids.index(chosen.id) if is_there and chosen else max(min(self._chosen, len(ids) - 1), 0)
        self.show(page.lines)
        if before != page.items:
            self.refresh()

    @property
    def _item(self) -> Item | None:
        return self._items[self._chosen] if self._chosen < len(self._items) else None

    @property
    def chosen_in_sight(self) -> str | None:
        """The item under the cursor, as long as a person can see it and has gone to this pane."""
        item = self._item
        if item is None or not self.has_focus:
            return None
        top = self.scroll_offset.y
        return item.id if top <= item.line < top + self.size.height else None

    def refresh_focus(self) -> None:
        if self._item is not None:
            self.refresh()

    def line_at(self, index: int, line: Line) -> Strip:
        item = self._item
        is_chosen = item is not None and self.has_focus and item.line <= index < item.line + item.height
        return self._painter.strip(line, self.text_width, "cursor" if is_chosen else "")

    def _choose(self, index: int) -> None:
        self._chosen = index
        item = self._items[index]
        self.scroll_to_region(
            Region(0, item.line, 1, item.height), animate=False, force=True, x_axis=False, immediate=True
        )
        self.refresh()

    def action_move(self, lines: int) -> None:
        item, goal = self._item, self._chosen + lines
        is_step = item is not None and abs(lines) == 1 and 0 <= goal < len(self._items)
        if is_step and item and not (self._is_beyond(item, lines) or self._is_far(self._items[goal], lines)):
            self._choose(goal)
        else:
            super().action_move(lines)

    def _is_beyond(self, item: Item, direction: int) -> bool:
        """Whether `item` is out of sight in that direction: one has to scroll there first."""
        top = self.scroll_offset.y
        if direction > 0:
            return item.line >= top + self.size.height
        return item.line + item.height <= top

    def _is_far(self, item: Item, direction: int) -> bool:
        """Whether there is more than `item` beyond the edge of what is in sight: one has to read that on the way."""
        top = self.scroll_offset.y
        if direction > 0:
            return item.line > top + self.size.height
        return item.line + item.height < top

    def jump_cells(self) -> Iterator[tuple[int, int]]:
        """Where on the screen an item begins."""
        top = self.scroll_offset.y
        for item in self._items:
            if top <= item.line < top + self.size.height:
                yield 0, item.line - top

    def on_click(self, event: events.Click) -> None:
        line = self.scroll_offset.y + event.y
        for index, item in enumerate(self._items):
            if item.line <= line < item.line + item.height:
                self._choose(index)
