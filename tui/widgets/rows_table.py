"""A table of named rows: our own lines, of which only those that changed are painted again.

The cursor stays on its row, whatever rows come, go, move or are filtered out around it.
"""

from __future__ import annotations

from typing import ClassVar, Generic

from rich.cells import cell_len
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.render.fleet_rows import Column, column_at, header_line
from tui.render.glyphs import UNICODE, Glyphs
from tui.render.pieces import Line, Tone
from tui.sorting import Key, Sort, in_order, sort_beside, sort_by
from tui.widgets.finding import Finder
from tui.widgets.painter import Ground, Painter
from tui.widgets.scrolled import ScrolledLines
from tui.widgets.table_rows import Painted, RowT

HEADER_LINES = 1


class RowsTable(ScrolledLines, Generic[RowT]):
    """Shows rows; says `Selected` when the cursor moves to another one. What a row says is its subclass's business."""

    IS_SORTABLE: ClassVar[bool] = True
    """Its rows can stand by any of its columns."""

    class Selected(Message):
        """The cursor is on another row of `table`."""

        def __init__(self, table: Widget, name: str | None) -> None:
            super().__init__()
            self.table = table
            self.name = name

    class Opened(Message):
        """A row was clicked twice."""

    class Sorted(Message):
        """A heading was clicked: the rows stand in another order."""

    def __init__(self, *, id: str | None = None, glyphs: Glyphs = UNICODE) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._glyphs = glyphs
        self._painter = Painter(self)
        self._all: tuple[RowT, ...] = ()
        self._rows: tuple[RowT, ...] = ()
        self._now_s = 0.0
        self._finder = Finder()
        self._sort: Sort | None = None
        self._is_only_problems = False
        self._cursor: str | None = None
        self._columns: tuple[Column, ...] = ()
        self._columns_width = 0
        self._painted: dict[int, Painted] = {}
        """What is on the screen, by its line there."""
        self._made: dict[str, Painted] = {}
        """By the name of the row, wherever it stands."""
        self._empty: tuple[str, ...] = ()
        self._has_just_come = False

    # --- what a subclass says ---

    def columns_of(self, width: int, longest_name: int, rows: tuple[RowT, ...]) -> tuple[Column, ...]:
        """The columns that `width` cells have room for."""
        raise NotImplementedError

    def line_of(self, row: RowT, columns: tuple[Column, ...], width: int) -> Line:
        """`row` in exactly `width` cells."""
        raise NotImplementedError

    def beside(self, row: RowT) -> tuple[object, ...]:
        """What the line is made of beside the row itself; while that is equal, and the row the same, so is the line."""
        raise NotImplementedError

    def is_found(self, row: RowT, needle: str) -> bool:
        """Whether `row` passes the filter `needle`."""
        raise NotImplementedError

    def key_of(self, row: RowT, column: str) -> Key | None:
        """What of `row` is compared where it is sorted by `column`; nothing in a table that has its own order."""
        raise NotImplementedError

    def is_problem(self, row: RowT) -> bool:
        """Whether a person should look at `row`."""
        raise NotImplementedError

    # --- what all of them do ---

    @property
    def cursor_name(self) -> str | None:
        """The row under the cursor."""
        return self._cursor

    @property
    def shown_names(self) -> tuple[str, ...]:
        """The rows that pass the filter, in order."""
        return tuple(row.name for row in self._rows)

    @property
    def rows(self) -> tuple[RowT, ...]:
        """The rows that pass the filter, in order."""
        return self._rows

    @property
    def sort(self) -> Sort | None:
        """By which column the rows stand; None: as they came."""
        return self._sort

    @property
    def sort_title(self) -> str:
        """What the heading of that column says; empty where the rows stand as they came."""
        column = self._sorted_column()
        if column is not None:
            return column.title
        return self._sort.column if self._sort is not None else ""

    @property
    def is_only_problems(self) -> bool:
        """Only rows that a person should look at are shown."""
        return self._is_only_problems

    @property
    def filter_trouble(self) -> str:
        """Why the filter cannot be used, and lets all rows pass; empty where it can."""
        return self._finder.trouble

    @property
    def is_arranged(self) -> bool:
        """What becomes of a row may move it, or hide it."""
        return self._sort is not None or self._is_only_problems

    @property
    def hidden_count(self) -> int:
        """How many rows are not shown because nothing is wrong with them."""
        return sum(not self.is_problem(row) for row in self._all) if self._is_only_problems else 0

    def show_rows(self, rows: tuple[RowT, ...], now_s: float) -> None:
        """Show `rows`, their times counted at `now_s` (monotonic); only lines that differ are painted."""
        is_arranged = self.is_arranged
        is_new = rows is not self._all or is_arranged
        self._now_s = now_s
        if is_new:
            place = self._cursor_index() or 0
            names_changed = len(rows) != len(self._all) or any(
                old.name != new.name for old, new in zip(self._all, rows, strict=False)
            )
            self._all = rows
            if names_changed:
                self._columns = ()
            self._select_rows(place)
            if names_changed or is_arranged:
                self._scroll_along(place)
        self._refresh_changed()

    def filter(self, needle: str) -> None:
        """Show only rows with `needle` in them; empty shows all."""
        if needle != self._finder.typed:
            self._finder.use(needle)
            self._select_rows()
            self._refresh_changed()

    def sort_by(self, sort: Sort | None) -> None:
        """Let the rows stand by a column; None: as they came. The cursor stays on its row."""
        if sort != self._sort:
            self._sort = sort
            self._arrange()

    def sort_beside(self, step: int) -> None:
        """Sort by the column `step` columns after the one it is sorted by; past the last: by none."""
        columns = self._columns or self._columns_for(self.text_width)
        self.sort_by(sort_beside(self._sort, [column.id for column in columns if column.title], step))

    def show_problems_only(self, *, is_only: bool) -> None:
        """Show only rows that a person should look at, or all."""
        if is_only != self._is_only_problems:
            self._is_only_problems = is_only
            self._arrange()

    def _arrange(self) -> None:
        """Choose and order the rows anew, and see that the cursor is in sight."""
        self._select_rows(self._cursor_index() or 0)
        self._painted.clear()
        self._keep_cursor_visible()
        self.refresh()

    def explain_empty(self, lines: tuple[str, ...]) -> None:
        """What to say when there is nothing to show."""
        if lines != self._empty:
            self._empty = lines
            if not self._rows:
                self.refresh()

    def _select_rows(self, place: int = 0) -> None:
        """Let those pass that the filter lets pass; where the cursor's row does not, the one at `place` gets it."""
        before = len(self._rows)
        self._rows = self._passing()
        if len(self._rows) != before:
            self._painted.clear()
            self.make_room(len(self._rows) + HEADER_LINES)
            self.refresh()
        if self._cursor_index() is None:
            self._move_to(place)

    def _passing(self) -> tuple[RowT, ...]:
        """The rows to show, in order."""
        rows = self._finder.found(self._all, self.is_found)
        if self._is_only_problems:
            rows = tuple(row for row in rows if self.is_problem(row))
        sort = self._sort
        if sort is None:
            return rows
        return in_order(rows, lambda row: self.key_of(row, sort.column), is_descending=sort.is_descending)

    def _sorted_column(self) -> Column | None:
        """The column by which the rows stand, where there is room for it."""
        return next((column for column in self._columns if self._sort and self._sort.is_by(column.id)), None)

    def _columns_for(self, width: int) -> tuple[Column, ...]:
        longest = max((cell_len(row.name) for row in self._all), default=6)
        return self.columns_of(width, longest, self._all)

    def _header(self, width: int) -> Line:
        """The headings, with the way round in that of the column by which the rows stand."""
        column = self._sorted_column()
        if column is None or self._sort is None:
            return header_line(self._columns, width)
        sign = self._glyphs.descending if self._sort.is_descending else self._glyphs.ascending
        return header_line(self._columns, width, column.id, sign)

    def _scroll_along(self, place: int) -> None:
        """Keep the cursor, which was at `place`, on its line of the screen when rows above it have come or gone."""
        index, top = self._cursor_index(), self.scroll_offset.y
        if index is not None and index != place and top <= place < top + self.size.height - HEADER_LINES:
            self.scroll_to(y=max(top + index - place, 0), animate=False, force=True)

    def _cursor_index(self) -> int | None:
        return next((index for index, row in enumerate(self._rows) if row.name == self._cursor), None)

    def _refresh_changed(self) -> None:
        """Ask for a repaint of the visible lines that would come out different."""
        size, top = self.size, self.scroll_offset.y
        for y, row in enumerate(self._rows[top : top + max(size.height - HEADER_LINES, 0)], HEADER_LINES):
            painted = self._painted.get(y)
            if painted is not None:
                if painted.row is row and painted.beside == self.beside(row):
                    continue
                fresh = self._painted[y] = self._paint(row)
                if fresh.line == painted.line:
                    continue
            self.refresh(Region(0, y, size.width, 1))

    def _paint(self, row: RowT) -> Painted:
        """`row` as a line, made anew when it says something else now."""
        beside, made = self.beside(row), self._made.get(row.name)
        if made is None or made.row is not row or made.beside != beside:
            made = self._made[row.name] = Painted(row, beside, self.line_of(row, self._columns, self.text_width))
        return made

    def _forget(self) -> None:
        """Whatever was made looks otherwise now."""
        self._painted.clear()
        self._made.clear()

    def render_line(self, y: int) -> Strip:
        width = self.text_width
        if not self._columns or width != self._columns_width:
            self._columns_width = width
            self._forget()
            self._columns = self._columns_for(width)
        # What a filter lets nothing through of keeps its headings: the filter's own line may lie over them.
        is_headed = bool(self._rows or self._finder.typed)
        if is_headed and y < HEADER_LINES:
            return self._painter.strip(self._header(width), width)
        if not self._rows:
            line = y - HEADER_LINES if is_headed else y
            text = self._empty[line] if line < len(self._empty) else ""
            return self._painter.strip(((f" {text}", Tone.STRONG if line == 0 else Tone.DIM),), width)
        index = self.scroll_offset.y + y - HEADER_LINES
        if index >= len(self._rows):
            self._painted.pop(y, None)
            return Strip.blank(width, self._painter.style(Tone.PLAIN))
        row = self._rows[index]
        painted = self._painted.get(y)
        if painted is None or painted.row is not row or painted.beside != self.beside(row):
            painted = self._painted[y] = self._paint(row)
        ground: Ground = ""
        if row.name == self._cursor:
            ground = "cursor" if self.has_focus else "cursor-blurred"
        return self._painter.strip(painted.line, width, ground)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def on_resize(self, _: events.Resize) -> None:
        self.make_room(len(self._rows) + HEADER_LINES)
        self._keep_cursor_visible()
        self.refresh()

    def refresh_focus(self) -> None:
        self._refresh_row(self._cursor_index())

    def _refresh_row(self, index: int | None) -> None:
        """Ask for a repaint of one row, wherever it is."""
        if index is not None:
            self.refresh(Region(0, index - self.scroll_offset.y + HEADER_LINES, self.size.width, 1))

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - HEADER_LINES
        if event.y < HEADER_LINES:
            self._sort_by_heading(event.x)
        elif index < len(self._rows):
            self.clicked(index, event)
        self._has_just_come = False

    def on_focus(self) -> None:
        """The click that brought the focus opens nothing."""
        self._has_just_come = True

    def clicked(self, index: int, event: events.Click) -> None:
        """The cursor goes to the row; a second click there opens it, quick or not."""
        is_again = self._rows[index].name == self._cursor and not self._has_just_come
        self._move_to(index)
        if is_again or event.chain == 2:
            self.post_message(self.Opened())

    def _sort_by_heading(self, x: int) -> None:
        """A heading sorts by its column; the one by which the rows stand turns them round."""
        column = column_at(self._columns, x) if self._rows else None
        if column is None or not column.title or not self.IS_SORTABLE:
            return
        is_again = self._sort is not None and self._sort.is_by(column.id)
        self.sort_by(self._sort.turned() if self._sort is not None and is_again else sort_by(column.id))
        self.post_message(self.Sorted())

    def show_all_with(self, name: str) -> None:
        """Put the cursor on `name`, past a filter that hides it."""
        if name not in self.shown_names:
            self.show_problems_only(is_only=False)
            self.filter("")
        self.select(name)

    def select(self, name: str) -> None:
        """Put the cursor on `name`, when it is shown."""
        index = next((index for index, row in enumerate(self._rows) if row.name == name), None)
        if index is not None:
            self._move_to(index)

    def _move_to(self, index: int) -> None:
        name = self._rows[min(max(index, 0), len(self._rows) - 1)].name if self._rows else None
        if name != self._cursor:
            self._refresh_row(self._cursor_index())
            self._cursor = name
            self._refresh_row(self._cursor_index())
            self.post_message(self.Selected(self, name))
        self._keep_cursor_visible()

    def _keep_cursor_visible(self) -> None:
        index = self._cursor_index()
        room = self.size.height - HEADER_LINES
        if index is None or room < 1:
            return
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True)
        elif index >= top + room:
            self.scroll_to(y=index - room + 1, animate=False, force=True)

    def action_move(self, lines: int) -> None:
        self._move_to((self._cursor_index() or 0) + lines)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self.size.height - HEADER_LINES - 1, 1))

    def action_first(self) -> None:
        self._move_to(0)

    def action_last(self) -> None:
        self._move_to(len(self._rows) - 1)
