"""What the first screen shows: a table of workers, channels, pools or errors, the log, and what is selected in full.

Values come down through `draw`. What keys do is the subclass's business.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.reactive import Reactive
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from supervisor.api.messages import ChannelRow, WorkerDetail
from supervisor.api.pools import PoolDetail, PoolRow
from supervisor.logs.errors import ErrorGroup
from tui.actions import ASK_HINTS, FILTER_HINTS
from tui.grouping import FleetRow
from tui.hints import hints
from tui.link.error_source import ErrorSource
from tui.link.log_source import LogSource
from tui.link.view import FleetView, LinkState
from tui.render.channel_detail import ChannelInside
from tui.render.errors import ErrorRow, Order, error_rows
from tui.render.glyphs import Glyphs
from tui.render.headings import group_page
from tui.render.log_words import LogFacts, no_lines
from tui.render.ways import Ways
from tui.render.zone import Offset
from tui.screens.log_panes import LogPanes
from tui.screens.logs import LogPane
from tui.screens.room import PANES, RoomScreen
from tui.screens.wording import Wording
from tui.situation import Pane, Place, Situation
from tui.widgets.channel_table import ChannelTable
from tui.widgets.error_table import ErrorTable
from tui.widgets.filter_box import FilterBox, TypingBox
from tui.widgets.fleet_table import FleetTable
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget, MakeLine
from tui.widgets.log_view import SCAN_BUDGET_S, SCAN_EVERY_S
from tui.widgets.page_view import PageView
from tui.widgets.painter import Ground
from tui.widgets.pool_table import PoolTable
from tui.widgets.rows_table import RowsTable

AnyTable = RowsTable[FleetRow] | RowsTable[ChannelRow] | RowsTable[PoolRow] | RowsTable[ErrorRow]


class DrawnScreen(RoomScreen):
    """Draws a `FleetView`, the log and the errors."""

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """The widget with the focus, as Textual has it, which would paint the whole screen whenever it is another one."""

    class DetailWanted(Message):
        """The replica, the channel or the pool `name` is to be shown in full."""

        def __init__(self, place: Place, name: str) -> None:
            super().__init__()
            self.place: Place = place
            self.name = name

    def __init__(self, source: LogSource, wording: Wording, glyphs: Glyphs, utc_offset_s: Offset) -> None:
        super().__init__()
        self._source = source
        self._wording = wording
        self._glyphs = glyphs
        self._utc_offset_s = utc_offset_s
        self._view = FleetView()
        self._now_s = 0.0
        self._pane: Pane = "workers"
        self._filters: dict[Pane, str] = dict.fromkeys(PANES, "")
        self.kept_filters: dict[Pane, str] = {}
        """Those that were there from the start; the titles say so, for nobody has typed them today."""
        self._detail: WorkerDetail | None = None
        self._inside: ChannelInside | None = None
        self._pool_detail: PoolDetail | None = None
        self._banner: tuple[str, str] = ("", "")
        self._told_of_logs: list[tuple[LogFacts, int | None]] = []
        """What the logs' lines were drawn for."""
        self._hinted: Situation | None = None
        """What the hints were made for."""
        self._is_drawing_lines = False
        self._errors = ErrorSource()
        self.error_order: Order = "last seen"
        self._ways: Callable[[int], Ways] = lambda _: Ways()
        """The title of the table that is shown, for a width in cells."""

    def compose(self) -> ComposeResult:
        yield LineWidget(id="header")
        yield Static(id="banner", markup=False)
        with Vertical(id="panes"):
            tables: tuple[tuple[Place, AnyTable, str], ...] = (
                ("workers", FleetTable(id="workers", glyphs=self._glyphs), "name, state or activity"),
                ("channels", ChannelTable(id="channels", glyphs=self._glyphs), "name, kind, state or user"),
                ("pools", PoolTable(id="pools", glyphs=self._glyphs), "name, state, function or worker"),
                ("errors", ErrorTable(id="errors", glyphs=self._glyphs), "type, place, message or worker"),
            )
            for place, table, compared in tables:
                with Vertical(id=f"{place}-pane", classes="pane"):
                    yield LineWidget(id=f"{place}-title")
                    told = f"filter by {compared}; ! ~ re:; esc clears"
                    yield FilterBox(place, told, home=table, hear=partial(self.filter_by, place))
                    yield table
            with Horizontal(id="lower"):
                yield LogPanes(self._source, self._make_log)
                with Vertical(id="detail-pane", classes="pane"):
                    yield LineWidget(id="detail-title")
                    yield PageView(id="detail")
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        self.table = self.query_one(FleetTable)
        self.channel_table = self.query_one(ChannelTable)
        self.pool_table = self.query_one(PoolTable)
        self.error_table = self.query_one(ErrorTable)
        self._tables: dict[Place, AnyTable] = {
            "workers": self.table,
            "channels": self.channel_table,
            "pools": self.pool_table,
            "errors": self.error_table,
        }
        self.log_panes = self.query_one(LogPanes)
        self.log_view = self.log_panes.first.view
        self.detail_view = self.query_one(PageView)
        self._header = self.query_one("#header", LineWidget)
        self._banner_line = self.query_one("#banner", Static)
        self._hints = self.query_one(HintBar)
        self._titles: dict[Pane, LineWidget] = {
            pane: self.query_one(f"#{pane}-title", LineWidget) for pane in PANES if pane != "log"
        }
        self.panes = {pane: self.query_one(f"#{pane}-pane") for pane in PANES}
        self._boxes = {box.pane: box for box in self.query(FilterBox) if box.pane != "log"}
        self._looking: Timer = self.set_interval(SCAN_EVERY_S, self._look_for_errors, pause=True)
        self.is_ready = True
        self.table.focus()

    def _make_log(self, source: LogSource) -> LogPane:
        wording = self._wording
        return LogPane(source, wording.project, self._glyphs, wording.clock, self._utc_offset_s)

    @property
    def logs(self) -> LogPane:
        """The log in which things are done."""
        return self.log_panes.chosen

    @property
    def place_table(self) -> AnyTable:
        """The table that is shown."""
        return self._tables[self.place]

    @property
    def subject(self) -> str | None:
        """What the cursor of the table that is shown is on: what the detail is about."""
        return self.place_table.cursor_name if self.is_ready else None

    def draw(self, view: FleetView, now_s: float) -> None:
        """Show `view`, its times counted at `now_s` (monotonic); only what differs is painted."""
        directory = view.fleet.log.directory if view.fleet else ""
        anew = [pane for pane in self.log_panes if pane.source.open(directory)]
        rows_before, self._view, self._now_s = self._counts(), view, now_s
        for pane in anew:
            pane.begin_run()
        if rows_before != self._counts():
            self._name_columns()
            self.share_height()
        self.set_class(view.state is LinkState.LOST, "-stale")
        self._explain_tables()
        self.table.show(view.rows, view.channels, now_s, self._wording.local_offset_s(), view.pools_of)
        self.channel_table.show_rows(view.fleet.channels if view.fleet else (), now_s)
        self.pool_table.show_rows(view.fleet.pools if view.fleet else (), now_s)
        for pane in self.log_panes:
            if view.fleet is not None:
                pane.state = view.fleet.log
            pane.view.explain_empty(no_lines(pane.facts(), directory) if view.fleet else ())
        self._draw_errors()
        self._draw_lines_now()
        self._draw_detail()

    def _explain_tables(self) -> None:
        """Let each table have words for what it says while it is empty."""
        view, filters = self._view, self._filters
        self._explain("workers", self._wording.no_workers(view, filters["workers"]), len(view.rows))
        self._explain("channels", self._wording.no_channels(view, filters["channels"]), len(view.channels))
        self._explain("pools", self._wording.no_pools(view, filters["pools"]), len(view.pools))
        if self.place == "errors":
            self.error_table.explain_empty(self._wording.no_errors(self._errors, filters["errors"]))

    def _explain(self, place: Place, words: tuple[str, ...], total: int) -> None:
        """Let the table of `place` say `words` while it is empty, or that its `total` rows are all in order."""
        table = self._tables[place]
        if table.is_only_problems and total:
            words = self._wording.no_problems(place, total, self._filters[place])
        table.explain_empty(words)

    def _name_columns(self) -> None:
        """The logs' columns for the names of workers are as wide as the longest needs."""
        for pane in self.log_panes:
            pane.view.name_column(max((len(row.name) for row in self._view.rows), default=8))

    def _told_filter(self, pane: Pane) -> str:
        """The filter of a table as its title says it."""
        text = self._filters[pane]
        return f"{text} (kept)" if text and text == self.kept_filters.get(pane) else text

    def _counts(self) -> tuple[int, int, int]:
        return len(self._view.rows), len(self._view.channels), len(self._view.pools)

    def _draw_errors(self) -> None:
        """While they are shown they are looked for; nobody else pays for it."""
        if self.place != "errors":
            self._looking.pause()
            return
        self._errors.open(self._source.directory, self._source.reader)
        self._looking.resume()
        self._explain_tables()
        now_at = self._wording.clock.wall_s()
        self.error_table.show_rows(error_rows(self._errors.groups, self.error_order, now_at), now_at)

    def _look_for_errors(self) -> None:
        before = len(self._errors.groups)
        if self._errors.advance(SCAN_BUDGET_S):
            if len(self._errors.groups) != before:
                self.share_height()
            self.redraw()

    @property
    def error(self) -> ErrorGroup | None:
        """The error under the cursor."""
        if self.place != "errors":
            return None
        return next((row.group for row in self.error_table.rows if row.name == self.subject), None)

    def row_count(self) -> int:
        """How many rows the table that is shown would like to show."""
        if self.place == "workers":
            return len(self._view.rows) + self.table.heading_count
        if self.place == "errors":
            return len(self._errors.groups)
        if self.place == "pools":
            return len(self._view.pools) or len(self._wording.no_pools(self._view, "")) - 1
        return len(self._view.channels) or len(self._wording.no_channels(self._view, "")) - 1

    def show_inside(self, inside: ChannelInside) -> None:
        """The engine's answer to `DetailWanted` of a queue."""
        if self.place == "channels" and inside.channel == self.subject:
            self._inside = inside
            self._draw_detail()
            self._draw_lines()

    def show_detail(self, detail: WorkerDetail | None) -> None:
        """The engine's answer to `DetailWanted` of a replica."""
        if self.place == "workers" and detail is not None and detail.row.name == self.subject:
            self._detail = detail
            self._draw_detail()

    def show_pool(self, detail: PoolDetail | None) -> None:
        """The engine's answer to `DetailWanted` of a pool."""
        if self.place == "pools" and detail is not None and detail.row.name == self.subject:
            self._pool_detail = detail
            self._draw_detail()
            self._draw_lines()

    @property
    def wants_detail_again(self) -> bool:
        """What is shown in full may be out of date. Of a pool its row tells all but its failures, which are many."""
        if self.place != "pools" or self._pool_detail is None:
            return True
        pool = self._view.pools.get(self.subject or "")
        return pool is not None and pool.report.failed != self._pool_detail.row.report.failed

    def _draw_lines(self) -> None:
        """Draw header, banner, titles and hints, once for all that happens in this turn."""
        if not self._is_drawing_lines:
            self._is_drawing_lines = self.call_later(self._draw_lines_now)

    def _draw_lines_now(self) -> None:
        self._is_drawing_lines = False
        if not self.is_attached:
            return
        wording, view, now_s = self._wording, self._view, self._now_s
        self.draw_clock()
        if (banner := wording.banner(view, now_s)) != self._banner:
            tone, text = self._banner = banner
            self._banner_line.set_classes(f"-{tone}" if tone else "")
            self._banner_line.update(text)
        table, typed = self.place_table, self._told_filter(self.place)
        shown, trouble = len(table.shown_names), table.filter_trouble
        made_of: tuple[object, ...] | None = None
        if self.place == "errors":
            self._ways = lambda width: wording.errors_title(
                self._errors, shown, typed, self.error_order, width, trouble
            )
        else:
            marked, grouping = (len(self.table.marked), self.table.grouping) if self.place == "workers" else (0, "")
            hidden, order = table.hidden_count if table.is_only_problems else None, table.sort_title
            rest = (marked, hidden, order, grouping, trouble)
            self._ways = lambda width: wording.table_title(self.place, view, shown, typed, width, *rest)
            if view.state is not LinkState.LOST:  # what is said of its age goes on by itself
                made_of = (view.fleet is None, self._counts(), shown, typed, *rest)
        ways = self._ways
        self._title(self.place, lambda width: ways(width).line, made_of)
        self._told_of_logs = self._logs_now()
        for pane in self.log_panes:
            pane.draw(self._ground("log") if pane is self.logs else "title")
        heading = self.table.heading if self.place == "workers" else None
        subject = heading.label if heading else self.error.type if self.error else self.subject
        self._title("detail", lambda width: wording.detail_title(subject, width), (subject,))
        if isinstance(self.focused, TypingBox):
            self._hinted = None
            self._hints.show(FILTER_HINTS if isinstance(self.focused, FilterBox) else ASK_HINTS)
        elif (situation := self.situation()) != self._hinted:
            self._hinted = situation
            self._hints.show(hints(situation))

    def draw_clock(self) -> None:
        """Draw the header, where it says something else by now."""
        wording, view = self._wording, self._view
        self._header.show(lambda width: wording.header(view, width), made_of=(view, int(wording.clock.wall_s())))

    def _title(self, pane: Pane, make: MakeLine, made_of: tuple[object, ...] | None) -> None:
        self._titles[pane].show(make, self._ground(pane), made_of)

    def _ground(self, pane: Pane) -> Ground:
        return "title-focused" if pane == self._pane else "title"

    def _draw_detail(self) -> None:
        if not self.is_detail_shown:
            return
        width, now_s = self.detail_view.text_width, self._now_s
        if self.place == "channels":
            channel = self._view.channels.get(self.subject or "")
            inside = self._inside if self._inside and channel and self._inside.channel == channel.name else None
            page = self._wording.channel(channel, inside, self._view, now_s, width)
        elif self.place == "pools":
            pool = self._view.pools.get(self.subject or "")
            whole = self._pool_detail
            whole = whole if pool and whole and whole.row.name == pool.name else None
            page = self._wording.pool(pool, whole, self._view, now_s, width)
        elif self.place == "errors":
            page = self._wording.error(self.error, width)
        else:
            row, heading = self._view.row(self.subject), self.table.heading
            if heading is not None:
                self.detail_view.show_page(group_page(heading, self._glyphs, now_s, width))
                return
            detail = self._detail if self._detail and row and self._detail.row.name == row.name else None
            page = self._wording.detail(row, detail, self._view, now_s, width)
        self.detail_view.show_page(page)

    def on_log_view_moved(self) -> None:
        if self._logs_now() != self._told_of_logs:  # a frame may have told it already
            self._draw_lines()

    def _logs_now(self) -> list[tuple[LogFacts, int | None]]:
        """What the logs' titles and histograms are made of."""
        return [(pane.facts(), pane.view.cursor_number) for pane in self.log_panes if pane.is_ready]

    def on_jumping_pane_changed(self) -> None:
        self.redraw()

    def on_rows_table_selected(self, message: RowsTable.Selected) -> None:
        if message.table is self.place_table:
            self._show_other(self.subject)

    def on_rows_table_sorted(self) -> None:
        self._draw_lines()

    def _show_other(self, name: str | None) -> None:
        """The detail is about something else now."""
        self._detail, self._inside, self._pool_detail = None, None, None
        self.detail_view.start_over()
        self._draw_detail()
        self._draw_lines()
        if name is not None and self.place != "errors":
            self.post_message(self.DetailWanted(self.place, name))

    def redraw(self) -> None:
        if self.is_attached:
            self.draw(self._view, self._now_s)

    def filter_by(self, pane: Place, text: str) -> None:
        """Let the table of `pane` show what `text` lets through."""
        raise NotImplementedError

    def situation(self) -> Situation:
        """What the person looks at."""
        raise NotImplementedError
