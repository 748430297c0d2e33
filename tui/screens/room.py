"""How the first screen's room is shared: which table is shown, how high it is, who is zoomed, where the detail is."""

from __future__ import annotations

from textual import events
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui.situation import Pane, Place
from tui.widgets.rows_table import HEADER_LINES

NEEDED_COLUMNS, NEEDED_LINES = 60, 15
WIDE_FROM_COLUMNS = 120

PANES: tuple[Pane, ...] = ("workers", "channels", "pools", "errors", "log", "detail")
PLACES: tuple[Place, ...] = ("channels", "pools", "errors")
"""What the table may be of instead of workers."""
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
        filter_lines = int(pane.query_one("FilterBox").has_class("-open"))
        is_detail_below = self.has_class("-narrow") and self.is_detail_wanted
        wanted = max(self.row_count(), 1 if is_detail_below else FEWEST_ROWS) + HEADER_LINES + 1 + filter_lines
        pane.styles.height = "1fr" if self.zoomed() == self.place else max(min(wanted, room // 2), 5)

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
        self.set_class(not is_open, "-no-detail")
        self.set_class(is_open, "-detail")
        self.share_height()
        self.call_after_refresh(self.redraw)
