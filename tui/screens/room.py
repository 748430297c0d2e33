"""How the first screen's room is shared: which table is shown, how high it is, who is zoomed, where the detail is."""

from __future__ import annotations

from textual import events
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.screens.log_panes import LogPanes
from tui.situation import Pane, Place
from tui.widgets.rows_table import HEADER_LINES

NEEDED_COLUMNS, NEEDED_LINES = 60, 15
WIDE_FROM_COLUMNS = 120

PANES: tuple[Pane, ...] = ("workers", "channels", "pools", "errors", "log", "detail")
PLACES: tuple[Place, ...] = ("channels", "pools", "errors")
"""What the table may be of instead of workers."""
LEAST_TABLE_LINES, LEAST_LOWER_LINES, LEAST_PANE_COLUMNS = 5, 4, 20
"""A person can make no pane smaller than this."""

BORDERS = {"log-title": "table", "detail-title": "table", "detail-pane": "detail"}
"""What can be dragged, by the widget that is taken hold of: the lower edge of the table, the left one of the detail."""

FEWEST_ROWS = 6
"""The table has room for so many rows, and for the words that stand in their place, even when there are fewer; in a
narrow terminal the detail may have that room."""


class RoomScreen(Screen[None]):
    """A screen of panes: a table above, log and detail below. Knows nothing of what is in them."""

    def __init__(self) -> None:
        super().__init__()
        self.place: Place = "workers"
        self.is_ready = False
        """Mounted: it can draw."""
        self.panes: dict[Pane, Widget] = {}
        self.table_lines: int | None = None
        """How high a person has made the table; None: as high as its rows need."""
        self.detail_columns: int | None = None
        """How wide a person has made the detail; None: as the style sheet has it."""
        self.log_panes: LogPanes
        self._dragged = ""
        self._is_detail_open: bool | None = None
        """As a person wants it; None: as the terminal's width has it."""

    def row_count(self) -> int:
        """How many rows the table that is shown would like to show."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw everything again, for the sizes it has now."""
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        if not self.is_ready:
            return
        width, height = event.size
        self.set_class(width >= WIDE_FROM_COLUMNS, "-wide")
        self.set_class(width < WIDE_FROM_COLUMNS, "-narrow")
        is_small = width < NEEDED_COLUMNS or height < NEEDED_LINES
        self.set_class(is_small, "-too-small")
        if is_small:
            needed = f"procdeck needs {NEEDED_COLUMNS} columns and {NEEDED_LINES} lines."
            self.query_one("#too-small", Static).update(
                f"{needed}\nThis terminal has {width} and {height}.\nThe workers are not affected."
            )
        self.share_height()
        self.call_after_refresh(self.redraw)

    def share_height(self) -> None:
        """The table takes the lines it needs, at most half of the screen."""
        room = self.size.height - 2
        pane = self.panes[self.place]
        is_detail_below = self.has_class("-narrow") and self.is_detail_wanted
        wanted = max(self.row_count(), 1 if is_detail_below else FEWEST_ROWS) + HEADER_LINES + 1
        chosen = self.table_lines
        lines = min(wanted, room // 2) if chosen is None else min(chosen, self._most_table_lines)
        pane.styles.height = "1fr" if self.zoomed() == self.place else max(lines, LEAST_TABLE_LINES)
        columns = self.detail_columns
        if columns is None or self.zoomed() is not None or not self.has_class("-wide"):
            self.panes["detail"].styles.width = None
        else:
            self.panes["detail"].styles.width = self._detail_fitting(columns)

    @property
    def _most_table_lines(self) -> int:
        return self.size.height - 2 - LEAST_LOWER_LINES

    def _detail_fitting(self, columns: int) -> int:
        return max(min(columns, self.size.width - LEAST_PANE_COLUMNS), LEAST_PANE_COLUMNS)

    def make_table(self, lines: int) -> None:
        """Make the table so many lines high, as far as there is room; what is below it gets the others."""
        self.table_lines = max(min(lines, self._most_table_lines), LEAST_TABLE_LINES)
        self._shared_anew()

    def make_detail(self, columns: int) -> None:
        """Make the detail so many columns wide, as far as there is room; the log gets the others."""
        self.detail_columns = self._detail_fitting(columns)
        self._shared_anew()

    def _shared_anew(self) -> None:
        self.share_height()
        self.call_after_refresh(self.redraw)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of a border."""
        taken, _ = self.get_widget_at(event.screen_x, event.screen_y)  # a terminal's event names no widget
        border = BORDERS.get(taken.id or "")
        if self.log_panes.is_border(taken):
            border = "log"
        is_there = border == "log" or (self.zoomed() is None and (border == "table" or self.has_class("-wide")))
        if border is not None and is_there:
            self._dragged = border
            self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The border goes where the mouse does, as long as its button is down."""
        if self._dragged and not event.button:
            self.on_mouse_up()
        elif self._dragged == "table":
            self.make_table(event.screen_y - self.panes[self.place].region.y)
        elif self._dragged == "detail":
            self.make_detail(self.size.width - event.screen_x)
        elif self._dragged == "log":
            self.log_panes.make_second(self.log_panes.region.bottom - event.screen_y)

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._dragged:
            self._dragged = ""
            self.release_mouse()

    def do_border_up(self) -> None:
        """`ctrl+up`"""
        self._move_border(-1)

    def do_border_down(self) -> None:
        """`ctrl+down`"""
        self._move_border(1)

    def _move_border(self, lines: int) -> None:
        """The table's lower edge; in the second log, and in either that has the whole screen, the one between them."""
        if self.zoomed() == "log" or self.log_panes.is_in_second:
            self.log_panes.move_border(lines)
        elif self.zoomed() is None:
            # What was chosen counts: a second key may come before the first one's layout.
            chosen, most = self.table_lines, self._most_table_lines
            self.make_table((self.panes[self.place].size.height if chosen is None else min(chosen, most)) + lines)

    def do_border_left(self) -> None:
        """`ctrl+left`"""
        self._move_side(2)

    def do_border_right(self) -> None:
        """`ctrl+right`"""
        self._move_side(-2)

    def _move_side(self, columns: int) -> None:
        if self.zoomed() is None and self.has_class("-wide") and self.is_detail_wanted:
            chosen = self.detail_columns
            before = self.panes["detail"].outer_size.width if chosen is None else self._detail_fitting(chosen)
            self.make_detail(before + columns)

    def zoomed(self) -> Pane | None:
        """The pane that has the whole screen."""
        return next((pane for pane in PANES if self.has_class(f"-zoom-{pane}")), None)

    def zoom(self, pane: Pane | None) -> None:
        """Give `pane` the whole screen; None: to each its share."""
        for each in PANES:
            self.set_class(each == pane, f"-zoom-{each}")
        self.share_height()
        self.call_after_refresh(self.redraw)

    def go_to(self, place: Place) -> None:
        """Show the table of `place`."""
        self.place = place
        for each in PLACES:
            self.set_class(place == each, f"-{each}")
        self.zoom(None)

    @property
    def is_detail_shown(self) -> bool:
        """Whether anybody can see the detail pane."""
        return self.is_ready and self.panes["detail"].display

    @property
    def is_detail_wanted(self) -> bool:
        """Whether the detail pane is open in this layout; a zoom may hide it all the same."""
        return not self.has_class("-no-detail") if self.has_class("-wide") else self.has_class("-detail")

    def want_detail(self, *, is_open: bool) -> None:
        """Open the detail pane, or close it."""
        self._is_detail_open = is_open
        self.set_class(not is_open, "-no-detail")
        self.set_class(is_open, "-detail")
        self.share_height()
        self.call_after_refresh(self.redraw)
