"""The first screen: the table of workers or of channels, the log of all workers, and what is selected in full.

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
from textual.widget import Widget
from textual.widgets import Static

from supervisor.api.messages import ChannelRow, Letter, ReplicaRow, WorkerDetail
from supervisor.logs.record import decode
from tui.actions import ACTIONS, ASK_HINTS, BY_ID, FILTER_HINTS, LOG, Action, Pane, Place, Situation, hints, why_not
from tui.link.log_source import LogSource
from tui.link.view import FleetView, LinkState
from tui.render.channel_detail import ChannelInside
from tui.render.glyphs import Glyphs
from tui.render.log_words import no_lines, subject_of
from tui.render.pieces import plain
from tui.screens.logs import LogPane
from tui.screens.reading import HelpScreen, RecordScreen
from tui.screens.room import PANES, RoomScreen
from tui.screens.wording import Wording
from tui.widgets.channel_table import ChannelTable
from tui.widgets.filter_box import FilterBox, TypingBox
from tui.widgets.fleet_table import FleetTable
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget, MakeLine
from tui.widgets.page_view import PageView
from tui.widgets.painter import Ground
from tui.widgets.rows_table import RowsTable


class FleetScreen(RoomScreen):
    """All that a person sees first, and mostly."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"act('{action.id}')", action.label, show=False)
        for action in ACTIONS
        if not action.is_for_the_app
    ]

    class DetailWanted(Message):
        """The replica or the channel `name` is to be shown in full."""

        def __init__(self, place: Place, name: str) -> None:
            super().__init__()
            self.place: Place = place
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
        self._filters: dict[Pane, str] = dict.fromkeys(PANES, "")
        self._detail: WorkerDetail | None = None
        self._inside: ChannelInside | None = None
        self._banner: tuple[str, str] = ("", "")

    def compose(self) -> ComposeResult:
        yield LineWidget(id="header")
        yield Static(id="banner", markup=False)
        with Vertical(id="panes"):
            with Vertical(id="workers-pane", classes="pane"):
                yield LineWidget(id="workers-title")
                yield FilterBox("workers", "filter by name, state or activity; ! inverts; esc clears")
                yield FleetTable(id="workers", glyphs=self._glyphs)
            with Vertical(id="channels-pane", classes="pane"):
                yield LineWidget(id="channels-title")
                yield FilterBox("channels", "filter by name, kind, state or user; ! inverts; esc clears")
                yield ChannelTable(id="channels", glyphs=self._glyphs)
            with Horizontal(id="lower"):
                wording = self._wording
                yield LogPane(self._source, wording.project, self._glyphs, wording.clock, self._utc_offset_s)
                with Vertical(id="detail-pane", classes="pane"):
                    yield LineWidget(id="detail-title")
                    yield PageView(id="detail")
        yield HintBar(id="hints")
        yield Static(id="too-small", markup=False)

    def on_mount(self) -> None:
        self.table = self.query_one(FleetTable)
        self.channel_table = self.query_one(ChannelTable)
        self.logs = self.query_one(LogPane)
        self.log_view = self.logs.view
        self.detail_view = self.query_one(PageView)
        self._header = self.query_one("#header", LineWidget)
        self._banner_line = self.query_one("#banner", Static)
        self._hints = self.query_one(HintBar)
        self._titles: dict[Pane, LineWidget] = {
            pane: self.query_one(f"#{pane}-title", LineWidget) for pane in PANES if pane != "log"
        }
        self.panes = {pane: self.query_one(f"#{pane}-pane") for pane in PANES}
        self._boxes = {box.pane: box for box in self.query(FilterBox)}
        self.is_ready = True
        self.table.focus()

    @property
    def place_table(self) -> RowsTable[ReplicaRow] | RowsTable[ChannelRow]:
        """The table that is shown."""
        return self.table if self.place == "workers" else self.channel_table

    @property
    def subject(self) -> str | None:
        """What the cursor of the table that is shown is on: what the detail is about."""
        return self.place_table.cursor_name if self.is_ready else None

    # --- values come down ---

    def draw(self, view: FleetView, now_s: float) -> None:
        """Show `view`, its times counted at `now_s` (monotonic); only what differs is painted."""
        is_other_run = self._source.open(view.fleet.log.directory if view.fleet else "")
        rows_before, self._view, self._now_s = self._counts(), view, now_s
        if is_other_run:
            self.logs.begin_run()
        if rows_before != self._counts():
            self.log_view.name_column(max((len(row.name) for row in view.rows), default=8))
            self.share_height()
        self.set_class(view.state is LinkState.LOST, "-stale")
        self.table.explain_empty(self._wording.no_workers(view, self._filters["workers"]))
        self.table.show(view.rows, view.channels, now_s, self._wording.local_offset_s())
        self.channel_table.explain_empty(self._wording.no_channels(view, self._filters["channels"]))
        self.channel_table.show_rows(view.fleet.channels if view.fleet else (), now_s)
        self.log_view.explain_empty(no_lines(self.logs.facts(), view.fleet.log.directory) if view.fleet else ())
        self._draw_lines()
        self._draw_detail()

    def _counts(self) -> tuple[int, int]:
        return len(self._view.rows), len(self._view.channels)

    def row_count(self) -> int:
        """How many rows the table that is shown would like to show."""
        if self.place == "workers":
            return len(self._view.rows)
        return len(self._view.channels) or len(self._wording.no_channels(self._view, "")) - 1

    def show_inside(self, inside: ChannelInside) -> None:
        """The engine's answer to `DetailWanted` of a queue."""
        if self.place == "channels" and inside.channel == self.subject:
            self._inside = inside
            self._draw_detail()
            self._draw_lines()

    def letter(self, letter_id: str) -> Letter | None:
        """A dead letter of the queue that is shown in full."""
        letters = self._inside.letters if self._inside else ()
        return next((letter for letter in letters if letter.id == letter_id), None)

    def show_detail(self, detail: WorkerDetail | None) -> None:
        """The engine's answer to `DetailWanted` of a replica."""
        if self.place == "workers" and detail is not None and detail.row.name == self.subject:
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
        shown, needle = len(self.place_table.shown_names), self._filters[self.place]
        self._title(self.place, lambda width: wording.table_title(self.place, view, shown, needle, width))
        self.logs.draw(self._ground("log"))
        self._title("detail", lambda width: wording.detail_title(self.subject, width))
        if isinstance(self.focused, TypingBox):
            self._hints.show(FILTER_HINTS if isinstance(self.focused, FilterBox) else ASK_HINTS)
        else:
            self._hints.show(hints(self.situation()))

    def _title(self, pane: Pane, make: MakeLine) -> None:
        self._titles[pane].show(make, self._ground(pane))

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
        else:
            row = self._view.row(self.subject)
            detail = self._detail if self._detail and row and self._detail.row.name == row.name else None
            page = self._wording.detail(row, detail, self._view, now_s, width)
        self.detail_view.show_page(page)

    def on_log_view_moved(self) -> None:
        self._draw_lines()

    def on_jumping_pane_changed(self) -> None:
        self.redraw()

    def on_rows_table_selected(self, message: RowsTable.Selected) -> None:
        if message.table is self.place_table:
            self._show_other(message.name)

    def _show_other(self, name: str | None) -> None:
        """The detail is about something else now."""
        self._detail, self._inside = None, None
        self.detail_view.start_over()
        self._draw_detail()
        self._draw_lines()
        if name is not None:
            self.post_message(self.DetailWanted(self.place, name))

    def redraw(self) -> None:
        if self.is_attached:
            self.draw(self._view, self._now_s)

    # --- wishes go up ---

    def situation(self) -> Situation:
        """What the person looks at."""
        is_of_workers = self.place == "workers"
        row = self._view.row(self.subject) if is_of_workers else None
        return Situation(
            row=row,
            replicas=sum(other.worker == row.worker for other in self._view.rows) if row else 0,
            place=self.place,
            channel=None if is_of_workers else self._view.channels.get(self.subject or ""),
            letter=self.detail_view.chosen_in_sight,
            pane=self._pane,
            is_live=self._view.state is LinkState.LIVE,
            is_filtered=self._source.is_narrowed if self._pane == "log" else bool(self._filters.get(self._pane)),
            is_wide=self.has_class("-wide"),
        )

    def action_act(self, action_id: str) -> None:
        """Do the action called `action_id`, or say why not."""
        action = BY_ID[action_id]
        if self.may(action):
            if action.group is LOG:
                self._reveal_log()
            owner = self if hasattr(self, f"do_{action_id}") else self.logs
            getattr(owner, f"do_{action_id}")()
            self._draw_lines()

    def _reveal_log(self) -> None:
        """Whatever is done in the log can be seen."""
        if self.zoomed() not in (None, "log"):
            self.zoom(None)
        if self.is_detail_wanted and not self.has_class("-wide"):
            self._set_detail(is_open=False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where a person types, every key of ours is a letter like all others."""
        return not (action == "act" and parameters != ("next_pane",) and isinstance(self.focused, TypingBox))

    def may(self, action: Action) -> bool:
        """Whether `action` can be done now; where it cannot, the person is told why."""
        situation = self.situation()
        if action.applies(situation):
            return True
        self.app.notify(plain(why_not(action, situation)), severity="warning", markup=False)
        return False

    async def on_hint_bar_chosen(self, message: HintBar.Chosen) -> None:
        if message.action_id in ("back", "answer", "keep_filter") and isinstance(self.focused, TypingBox):
            self.focused.action_leave(message.action_id == "back")
        elif BY_ID[message.action_id].is_for_the_app:
            await self.run_action(f"app.wish('{message.action_id}')")
        else:
            self.action_act(message.action_id)

    def on_rows_table_opened(self) -> None:
        self.action_act("open")

    def on_log_view_opened(self) -> None:
        self.action_act("open")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for pane in PANES:
            if self._is_in(event.widget, pane):
                self._pane = pane
        self._draw_lines()

    def _is_in(self, widget: Widget, pane: Pane) -> bool:
        return any(node.id == f"{pane}-pane" for node in widget.ancestors)

    def do_filter(self) -> None:
        """`/`"""
        if self._pane == "log":
            self.logs.box.open()
        else:
            self._boxes[self.place].open()
        self.share_height()

    def on_filter_box_typed(self, message: FilterBox.Typed) -> None:
        self._filters[message.pane] = message.text
        (self.table if message.pane == "workers" else self.channel_table).filter(message.text)
        self.redraw()

    def on_filter_box_left(self, message: FilterBox.Left) -> None:
        self.query_one(f"#{message.pane}").focus()
        self.share_height()

    def do_own_log(self) -> None:
        """`l`"""
        name = self.table.cursor_name or ""
        self.logs.narrow(worker="" if self._source.narrowing.worker == name else name)
        self.redraw()

    def do_line_worker(self) -> None:
        """`o`"""
        stored = self.log_view.cursor_line()
        name = subject_of(decode(stored)) if stored is not None else ""
        if self._view.row(name) is None:
            self.app.notify(f"{plain(name) or 'Nobody'} is no worker of this run.", severity="warning", markup=False)
            return
        self.go_to("workers")
        self.table.show_all_with(name)
        self.table.focus()

    def do_zoom(self) -> None:
        """`z`"""
        self.zoom(None if self.zoomed() else self._pane)

    def do_channels(self) -> None:
        """`c`"""
        self.go_to("workers" if self.place == "channels" else "channels")
        self.place_table.focus()
        self._show_other(self.subject)

    def do_detail(self) -> None:
        """`d`"""
        self._set_detail(is_open=not self.is_detail_wanted)

    def _set_detail(self, *, is_open: bool) -> None:
        self.want_detail(is_open=is_open)
        if not is_open and self._pane == "detail":
            self.place_table.focus()
        elif is_open and self._pane == "log" and not self.has_class("-wide"):
            self.detail_view.focus()

    def do_open(self) -> None:
        """`enter`"""
        if self._pane == "log":
            stored = self.log_view.cursor_line()
            if stored is not None:
                self.app.push_screen(RecordScreen(stored, self._utc_offset_s, self._neighbour))
        elif self._pane == self.place:
            self.zoom(None)
            self._set_detail(is_open=True)
            self.call_after_refresh(self.detail_view.focus)

    def _neighbour(self, step: int) -> bytes | None:
        """The record after or before the one under the cursor, which goes there."""
        return self.log_view.cursor_line() if self.log_view.step(step) else None

    def do_back(self) -> None:
        """`esc`: one step back, from the nearest to the farthest."""
        box = self._boxes.get(self._pane)
        if self._pane == "log" and self.logs.stop():
            self._draw_lines()
        elif self.zoomed():
            self.zoom(None)
        elif self._pane == "log" and self.logs.step_back():
            self.redraw()
        elif box is not None and box.value:
            box.clear_and_hide()
        elif self._pane == "detail":
            if not self.has_class("-wide"):
                self._set_detail(is_open=False)
            self.place_table.focus()
        elif self._pane == "channels":
            self.do_channels()
        elif self._source.narrowing.worker:
            self.logs.narrow(worker="")
        else:
            self.place_table.focus()

    def do_next_pane(self) -> None:
        """`tab`"""
        self.focus_next()

    def do_help(self) -> None:
        """`?`"""
        self.app.push_screen(HelpScreen())

    def names(self) -> Sequence[str]:
        """All replicas, filtered out or not."""
        return tuple(row.name for row in self._view.rows)
