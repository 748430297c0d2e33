"""The table of events: the newest at the bottom, followed until a person goes up; and the lanes above it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip
from textual.widget import Widget

from tui.needles import needle_of
from tui.render.events import EventRow, clock_words, columns_for_events, event_line, event_texts
from tui.render.fleet_rows import Column
from tui.render.glyphs import Glyphs
from tui.render.pieces import Line
from tui.render.zone import Offset
from tui.sorting import Key
from tui.widgets.painter import Painter
from tui.widgets.rows_table import RowsTable


class EventTable(RowsTable[EventRow]):
    """Shows events. `show_rows` gets wall times: what has happened may be of another boot."""

    IS_SORTABLE = False

    def __init__(self, utc_offset_s: Offset, *, id: str | None = None, glyphs: Glyphs) -> None:  # noqa: A002 (Textual's)
        super().__init__(id=id, glyphs=glyphs)
        self._utc_offset_s = utc_offset_s

    @property
    def event_row(self) -> EventRow | None:
        """The event under the cursor."""
        return next((row for row in reversed(self.rows) if row.name == self.cursor_name), None)

    @property
    def is_following(self) -> bool:
        """The cursor is on the newest event that is shown, and stays there."""
        return not self.rows or self.cursor_name == self.rows[-1].name

    def show_rows(self, rows: tuple[EventRow, ...], now_s: float) -> None:
        is_following = self.is_following
        super().show_rows(rows, now_s)
        if is_following:
            self.action_last()

    def filter(self, needle: str) -> None:
        """Show only what `needle` lets pass; while one goes along with the newest, one goes on doing so."""
        is_following = self.is_following
        super().filter(needle)
        if is_following:
            self.action_last()

    def columns_of(self, width: int, longest_name: int, rows: tuple[EventRow, ...]) -> tuple[Column, ...]:
        del longest_name
        return columns_for_events(width, rows)

    def line_of(self, row: EventRow, columns: tuple[Column, ...], width: int) -> Line:
        return event_line(row, columns, self._glyphs, self._now_s, width, self._utc_offset_s)

    def beside(self, row: EventRow) -> tuple[object, ...]:
        clock = clock_words(row.event.at, self._utc_offset_s, self._now_s)
        return (clock, int(self._now_s)) if row.is_counting_down else (clock,)

    def is_found(self, row: EventRow, needle: str) -> bool:
        return needle_of(needle).passes(event_texts(row))

    def key_of(self, row: EventRow, column: str) -> Key | None:
        """Events stand as they happened."""
        del row, column
        return None

    def is_problem(self, row: EventRow) -> bool:
        return row.is_problem


class FewLines(Widget):
    """Lines that are as many as they are high; nothing in them can be chosen."""

    DEFAULT_CSS = "FewLines { height: 1; width: 1fr; }"

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Show `lines`; without any the widget takes no room."""
        if len(lines) != len(self._lines):
            self.styles.height = len(lines)
            self.display = bool(lines)
        if list(lines) != list(self._lines):
            self._lines = lines
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        return self._painter.strip(self._lines[y] if y < len(self._lines) else (), self.size.width)
