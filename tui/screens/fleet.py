"""The first screen: the table of workers, the log of all of them, and the selected one in full.

Values come down through `draw`; wishes that leave the screen are bound by the app.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from supervisor.api.messages import WorkerDetail
from tui.actions import ACTIONS, BY_ID, FILTER_HINTS, Action, Pane, Situation, hints, why_not
from tui.link.log_source import LogSource
from tui.link.view import FleetView, LinkState
from tui.render.glyphs import Glyphs
from tui.screens.reading import HelpScreen, RecordScreen
from tui.screens.wording import Wording
from tui.widgets.filter_box import FilterBox
from tui.widgets.fleet_table import HEADER_LINES, FleetTable
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget, MakeLine
from tui.widgets.lines_view import LinesView
from tui.widgets.log_view import LogView
from tui.widgets.painter import Ground

NEEDED_COLUMNS, NEEDED_LINES = 60, 15
WIDE_FROM_COLUMNS = 120

_BODIES: dict[Pane, str] = {"workers": "#workers", "log": "#log", "detail": "#detail"}


class FleetScreen(Screen[None]):
    """All that a person sees first, and mostly."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"act('{action.id}')", action.label, show=False)
        for action in ACTIONS
        if not action.is_for_the_app
    ]

    class DetailWanted(Message):
        """The replica `name` is to be shown in full."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, source: LogSource, wording: Wording, glyphs: Glyphs, utc_offset_s: int) -> None:
        super().__init__()
        self._source = source
        self._wording = wording
        self._glyphs = glyphs
        self._utc_offset_s = utc_offset_s
        self._view = FleetView()
        self._now_s = 0.0
        self._pane: Pane = "workers"
        self._filters: dict[Pane, str] = {"workers": "", "log": "", "detail": ""}
        self._log_worker = ""
        self._detail: WorkerDetail | None = None
        self._banner: tuple[str, str] = ("", "")
        self.is_ready = False
        """Mounted: it can draw."""

    def compose(self) -> ComposeResult:
        yield LineWidget(id="header")
        yield Static(id="banner", markup=False)
        with Vertical(id="panes"):
            with Vertical(id="workers-pane", classes="pane"):
                yield LineWidget(id="workers-title")
                yield FilterBox("workers", "filter by name, state or activity; ! inverts; esc clears")
                yield FleetTable(id="workers", glyphs=self._glyphs)
            with Horizontal(id="lower"):
                with Vertical(id="log-pane", classes="pane"):
                    yield LineWidget(id="log-title")
                    yield FilterBox("log", "filter the log; ! inverts; re: regular expression; esc clears")
                    yield LogView(self._source, utc_offset_s=self._utc_offset_s, glyphs=self._glyphs, id="log")
                with Vertical(id="detail-pane", classes="pane"):
                    yield LineWidget(id="detail-title")
                    yield LinesView(id="detail")
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        self.table = self.query_one(FleetTable)
        self.log_view = self.query_one(LogView)
        self.detail_view = self.query_one("#detail", LinesView)
        self._header = self.query_one("#header", LineWidget)
        self._banner_line = self.query_one("#banner", Static)
        self._hints = self.query_one(HintBar)
        self._titles = {pane: self.query_one(f"#{pane}-title", LineWidget) for pane in _BODIES}
        self._panes = {pane: self.query_one(f"#{pane}-pane") for pane in _BODIES}
        self._boxes = {box.pane: box for box in self.query(FilterBox)}
        self.is_ready = True
        self.table.focus()

    # --- values come down ---

    def draw(self, view: FleetView, now_s: float) -> None:
        """Show `view`, its times counted at `now_s` (monotonic); only what differs is painted."""
        is_other_run = self._source.open(view.fleet.log.directory if view.fleet else "")
        rows_before, self._view, self._now_s = len(self._view.rows), view, now_s
        if is_other_run:
            self.log_view.start_over()
        if rows_before != len(view.rows):
            self.log_view.name_column(max((len(row.name) for row in view.rows), default=8))
            self._share_height()
        self.set_class(view.state is LinkState.LOST, "-stale")
        self.table.explain_empty(self._wording.no_workers(view, self._filters["workers"]))
        self.table.show(view.rows, view.channels, now_s)
        self.log_view.explain_empty(
            self._wording.no_records(view, self._source, self._filters["log"], self._log_worker)
        )
        self._draw_lines()
        self._draw_detail()

    def show_detail(self, detail: WorkerDetail | None) -> None:
        """The engine's answer to `DetailWanted`."""
        if detail is not None and detail.row.name == self.table.cursor_name:
            self._detail = detail
            self._draw_detail()

    def _draw_lines(self) -> None:
        """Header, banner, titles and hints."""
        wording, view, now_s = self._wording, self._view, self._now_s
        self._header.show(lambda width: wording.header(view, width))
        tone, text = wording.banner(view, now_s)
        if (tone, text) != self._banner:
            self._banner = (tone, text)
            self._banner_line.set_classes(f"-{tone}" if tone else "")
            self._banner_line.update(text)
        shown = len(self.table.shown_names)
        self._title("workers", lambda width: wording.workers_title(view, now_s, shown, self._filters["workers"], width))
        log = self.log_view
        self._title(
            "log",
            lambda width: wording.log_title(
                self._source, self._filters["log"], self._log_worker, log.is_following, log.arrived_since_pause, width
            ),
        )
        self._title("detail", lambda width: wording.detail_title(self.table.cursor_name, width))
        is_typing = isinstance(self.focused, FilterBox)
        self._hints.show(FILTER_HINTS if is_typing else hints(self.situation()))

    def _title(self, pane: Pane, make: MakeLine) -> None:
        ground: Ground = "title-focused" if pane == self._pane else "title"
        self._titles[pane].show(make, ground)

    @property
    def is_detail_shown(self) -> bool:
        """Whether anybody can see the detail pane."""
        return self.is_ready and self._panes["detail"].display

    def _draw_detail(self) -> None:
        if not self.is_detail_shown:
            return
        row = self._view.row(self.table.cursor_name)
        detail = self._detail if self._detail and row and self._detail.row.name == row.name else None
        self.detail_view.show(self._wording.detail(row, detail, self._view, self._now_s, self.detail_view.text_width))

    def on_log_view_moved(self) -> None:
        self._draw_lines()

    def on_fleet_table_selected(self, message: FleetTable.Selected) -> None:
        self._detail = None
        self.detail_view.scroll_to(y=0, animate=False, force=True)
        self._draw_detail()
        self._draw_lines()
        if message.name is not None:
            self.post_message(self.DetailWanted(message.name))

    # --- the room ---

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
        self._share_height()
        self.call_after_refresh(self._redraw)

    def _redraw(self) -> None:
        if self.is_attached:
            self.draw(self._view, self._now_s)

    def _share_height(self) -> None:
        """The table takes the lines it needs, at most half of the screen."""
        room = self.size.height - 2
        wanted = max(len(self._view.rows), 6) + HEADER_LINES + 1 + self._boxes["workers"].has_class("-open")
        is_zoomed = self.has_class("-zoom-workers")
        self._panes["workers"].styles.height = "1fr" if is_zoomed else max(min(wanted, room // 2), 5)

    # --- wishes go up ---

    def situation(self) -> Situation:
        """What the person looks at."""
        return Situation(
            row=self._view.row(self.table.cursor_name),
            pane=self._pane,
            is_live=self._view.state is LinkState.LIVE,
            is_filtered=bool(self._filters[self._pane]),
            is_wide=self.has_class("-wide"),
        )

    def action_act(self, action_id: str) -> None:
        """Do the action called `action_id`, or say why not."""
        if self.may(BY_ID[action_id]):
            getattr(self, f"do_{action_id}")()
            self._draw_lines()

    def may(self, action: Action) -> bool:
        """Whether `action` can be done now; where it cannot, the person is told why."""
        situation = self.situation()
        if action.applies(situation):
            return True
        self.app.notify(why_not(action, situation), severity="warning", markup=False)
        return False

    async def on_hint_bar_chosen(self, message: HintBar.Chosen) -> None:
        if message.action_id == "back" and isinstance(self.focused, FilterBox):
            self.focused.action_leave(True)
        elif BY_ID[message.action_id].is_for_the_app:
            await self.run_action(f"app.wish('{message.action_id}')")
        else:
            self.action_act(message.action_id)

    def on_fleet_table_opened(self) -> None:
        self.action_act("open")

    def on_log_view_opened(self) -> None:
        self.action_act("open")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for pane in _BODIES:
            if self._is_in(event.widget, pane):
                self._pane = pane
        self._draw_lines()

    def _is_in(self, widget: Widget, pane: Pane) -> bool:
        return any(node.id == f"{pane}-pane" for node in widget.ancestors)

    def do_filter(self) -> None:
        """`/`"""
        pane: Pane = "log" if self._pane == "log" else "workers"
        self._boxes[pane].open()
        self._share_height()

    def on_filter_box_typed(self, message: FilterBox.Typed) -> None:
        self._filters[message.pane] = message.text
        if message.pane == "workers":
            self.table.filter(message.text)
        else:
            self._narrow_log()
        self._redraw()

    def on_filter_box_left(self, message: FilterBox.Left) -> None:
        self.query_one(_BODIES[message.pane]).focus()
        self._share_height()

    def _narrow_log(self) -> None:
        self._source.narrow(self._filters["log"], self._log_worker)
        self.log_view.start_over()

    def do_own_log(self) -> None:
        """`l`"""
        name = self.table.cursor_name or ""
        self._log_worker = "" if self._log_worker == name else name
        self._narrow_log()
        self._redraw()

    def do_follow(self) -> None:
        """`f`"""
        self.log_view.follow(is_wanted=not self.log_view.is_following)

    def do_zoom(self) -> None:
        """`z`"""
        self._zoom(None if self._zoomed() else self._pane)

    def _zoomed(self) -> Pane | None:
        return next((pane for pane in _BODIES if self.has_class(f"-zoom-{pane}")), None)

    def _zoom(self, pane: Pane | None) -> None:
        for each in _BODIES:
            self.set_class(each == pane, f"-zoom-{each}")
        self._share_height()
        self.call_after_refresh(self._redraw)

    def do_detail(self) -> None:
        """`d`"""
        name = "-no-detail" if self.has_class("-wide") else "-detail"
        self._set_detail(
            is_open=self.has_class("-no-detail") if name == "-no-detail" else not self.has_class("-detail")
        )

    def _set_detail(self, *, is_open: bool) -> None:
        self.set_class(not is_open, "-no-detail")
        self.set_class(is_open, "-detail")
        if not is_open and self._pane == "detail":
            self.table.focus()
        elif is_open and self._pane == "log" and not self.has_class("-wide"):
            self.detail_view.focus()
        self.call_after_refresh(self._redraw)

    def do_open(self) -> None:
        """`enter`"""
        if self._pane == "log":
            stored = self.log_view.cursor_line()
            if stored is not None:
                self.app.push_screen(RecordScreen(stored, self._utc_offset_s))
        elif self._pane == "workers":
            self._zoom(None)
            self._set_detail(is_open=True)
            self.call_after_refresh(self.detail_view.focus)

    def do_back(self) -> None:
        """`esc`: one step back, from the nearest to the farthest."""
        box = self._boxes.get(self._pane)
        if self._zoomed():
            self._zoom(None)
        elif box is not None and box.value:
            box.clear_and_hide()
        elif self._pane == "detail":
            if not self.has_class("-wide"):
                self._set_detail(is_open=False)
            self.table.focus()
        elif self._log_worker:
            self.do_own_log() if self._log_worker == self.table.cursor_name else self._show_all_logs()
        else:
            self.table.focus()

    def _show_all_logs(self) -> None:
        self._log_worker = ""
        self._narrow_log()

    def do_keep_filter(self) -> None:
        """Enter, while typing a filter."""
        if isinstance(self.focused, FilterBox):
            self.focused.action_leave(False)

    def do_next_pane(self) -> None:
        """`tab`"""
        self.focus_next()

    def do_help(self) -> None:
        """`?`"""
        self.app.push_screen(HelpScreen())

    def names(self) -> Sequence[str]:
        """All replicas, filtered out or not."""
        return tuple(row.name for row in self._view.rows)
