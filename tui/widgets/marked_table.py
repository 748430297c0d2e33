"""A table in which rows can be marked, to do something to several at once. Marks of rows that are gone go with them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from tui.render.pieces import Tone
from tui.widgets.rows_table import RowsTable
from tui.widgets.table_rows import Painted, RowT


class MarkedTable(RowsTable[RowT]):
    """`RowsTable` with marks; the key of the mark stands before that of the page."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "screen.act('mark_row')", show=False)]

    _marks: frozenset[str] = frozenset()

    @property
    def marked(self) -> tuple[RowT, ...]:
        """All marked rows, filtered out or not, in order."""
        return tuple(row for row in self._all if row.name in self._marks)

    def show_rows(self, rows: tuple[RowT, ...], now_s: float) -> None:
        if self._marks:
            self._mark(self._marks & {row.name for row in rows})
        super().show_rows(rows, now_s)

    def toggle_mark(self) -> None:
        """Mark the row under the cursor, or take its mark away, and go on to the next."""
        self.turn_marks()
        self.action_move(1)

    def turn_marks(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self.cursor_name is not None:
            self._mark(self._marks ^ {self.cursor_name})

    def clicked(self, index: int, event: events.Click) -> None:
        """A click on the margin, or with ctrl or shift, marks the row or takes its mark away."""
        if event.x == 0 or event.ctrl or event.shift:
            self._move_to(index)
            self.turn_marks()
        else:
            super().clicked(index, event)

    def mark(self, names: frozenset[str]) -> None:
        """Mark those called so, and nobody else."""
        self._mark(names & {row.name for row in self._all})

    def clear_marks(self) -> bool:
        """Take all marks away; whether there were any."""
        had_any = bool(self._marks)
        self._mark(frozenset())
        return had_any

    def _mark(self, names: frozenset[str]) -> None:
        if names != self._marks:
            self._marks = names
            self._painted.clear()
            self.refresh()

    def _paint(self, row: RowT) -> Painted:
        painted = super()._paint(row)
        if row.name not in self._marks:
            return painted
        (margin, _), *rest = painted.line
        return replace(painted, line=((self._glyphs.points + margin[1:], Tone.ACCENT), *rest))
