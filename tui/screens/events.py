"""What has happened, and what comes of what was asked for: a table that follows, below the lives of the last minutes.

::

    Happenings ──► lanes      starts, exits, restarts over time
              └──► table      newest at the bottom
                     └─► the event under the cursor in full, with the command line that asks for the same
"""

from __future__ import annotations

from typing import Final

from textual import events, on
from textual.app import ComposeResult

from supervisor.api.requests import EventList
from tui.actions import Action
from tui.event_actions import EVENTS_ACTIONS
from tui.hang_desk import HangDesk
from tui.link.view import LinkState
from tui.render.event_lanes import lane_lines
from tui.render.events import EventRow, told_lines
from tui.render.pieces import Line, Piece, Tone, plain
from tui.screens.asking import TICK_S, AskingScreen
from tui.screens.plots import SPANS
from tui.widgets.event_table import EventTable, FewLines
from tui.widgets.filter_box import TypingBox
from tui.widgets.hint_bar import HintBar
from tui.widgets.line import LineWidget

LANES_EVERY_S: Final = 1.0
"""How often time goes on in the lanes."""
LANES_SHARE: Final = 5
"""One line of so many may be a lane."""
NEEDLE_HELP: Final = "filter the events; ! inverts; ~ letters in their order; re: regex; esc clears"


class EventsScreen(AskingScreen[EventList]):
    """Looks on: it asks when it opens, and again only where something may have been missed."""

    ROWS = EVENTS_ACTIONS

    def __init__(self, desk: HangDesk, name: str = "") -> None:
        super().__init__(desk)
        self._only = name
        """Whose events are shown at first; empty: all."""
        self._span = 1
        self._rows: tuple[EventRow, ...] = ()
        self._version = -1
        self._drawn: tuple[object, ...] = ()
        self._laned: tuple[object, ...] = ()
        self._was_live = True

    def compose(self) -> ComposeResult:
        yield LineWidget(id="asking-title", ground="title-focused")
        yield FewLines(id="event-lanes")
        yield TypingBox(NEEDLE_HELP, id="event-filter")
        yield EventTable(self.desk.wording.utc_offset_s, id="events", glyphs=self.desk.glyphs)
        yield FewLines(id="event-told")
        yield HintBar(id="asking-hints")

    @on(events.Mount)
    def begin(self, event: events.Mount) -> None:
        """In place of what other screens do that ask: there is a table where they have a page."""
        event.prevent_default()
        self.table = self.query_one(EventTable)
        self.box = self.query_one(TypingBox)
        self.box.home, self.box.hear = self.table, self._filter
        self._lanes = self.query_one("#event-lanes", FewLines)
        self._told = self.query_one("#event-told", FewLines)
        self._title = self.query_one("#asking-title", LineWidget)
        self._hints = self.query_one(HintBar)
        if self._only:
            self.box.value = self._only
        self.table.focus()
        self.set_interval(TICK_S, self.tick)
        self.look()

    async def ask(self) -> EventList:
        return await self.desk.link.events(0)

    def took(self, reply: EventList) -> None:
        self.desk.happenings.take(reply)

    def tick(self) -> None:
        """Show what has come since; ask where something is missing."""
        if self.app.screen is not self:
            return
        is_live = self.desk.view().state is LinkState.LIVE
        if is_live and self.asked_s is None and (not self._was_live or self._is_missing()):
            self.look()
        self._was_live = is_live
        self.fill()

    def _is_missing(self) -> bool:
        return self.reply is not None and self.desk.happenings.is_behind and not self.trouble

    def heading(self) -> str:
        return "Events"

    def fill(self) -> None:
        happenings = self.desk.happenings
        now_at = self.desk.wording.clock.wall_s()
        size = self.size
        if happenings.version != self._version:
            self._version, self._rows = happenings.version, happenings.rows
        drawn = (self._version, int(now_at / LANES_EVERY_S))
        if drawn != self._drawn:
            self._drawn = drawn
            self._explain()
            self.table.show_rows(self._rows, now_at)
        laned = (bool(self._rows), int(now_at / LANES_EVERY_S), size, self._span)
        if laned != self._laned:
            self._laned = laned
            most = max(size.height // LANES_SHARE - 2, 2)
            told = [row.event for row in self._rows]
            self._lanes.show(lane_lines(told, now_at, self._span_s(now_at), size.width, most, self.desk.glyphs))
        self._draw_told()

    def _span_s(self, now_at: float) -> float:
        """The time of the lanes: no longer than there is something to tell of."""
        oldest_at = self._rows[0].event.at if self._rows else now_at
        return min(SPANS[self._span][0], max(now_at - oldest_at, SPANS[0][0]))

    def _explain(self) -> None:
        """What stands in the place of events where there are none to show."""
        if self.reply is None:
            words = [self.trouble, "Esc goes back."] if self.trouble else [self.looking_words(0.0)]
        elif self.box.value:
            words = [f'No event has "{plain(self.box.value)}" in it.', "Esc clears the filter."]
        elif self.table.is_only_problems:
            words = ["Nothing has gone wrong.", "! shows all events again."]
        else:
            words = ["Nothing has happened yet.", "Starts, exits, restarts and what is asked for will be told here."]
        self.table.explain_empty(tuple(words))

    def _draw_told(self) -> None:
        row = self.table.event_row
        now_at = self.desk.wording.clock.wall_s()
        self._told.show(told_lines(row, self.size.width, self.desk.glyphs, now_at))
        self._draw_title()
        self._hint()

    def _draw_title(self) -> None:
        self.show_title(self._chip(), self._notes())

    def _notes(self) -> Line:
        table, gone = self.table, self.desk.happenings.gone
        shown, total = len(table.rows), len(self._rows)
        pieces: list[Piece] = [(f" {shown:,} of {total:,}" if shown != total else f" {total:,}", Tone.DIM)]
        if gone:
            pieces.append((f", {gone:,} older ones in the journal", Tone.DIM))
        if self.box.value:
            pieces.append((f"  filter: {plain(self.box.value)}", Tone.ACCENT))
        if trouble := table.filter_trouble:
            pieces.append((f"  cannot be used: {plain(trouble)}", Tone.RED))
        if table.is_only_problems:
            pieces.append(("  only problems", Tone.AMBER))
        if self.trouble and self.reply is not None:
            pieces.append((f"  could not look again: {self.trouble}", Tone.RED))
        return tuple(pieces)

    def _chip(self) -> Line:
        if self.table.is_following:
            return (("FOLLOW ", Tone.GOOD),)
        names = [row.name for row in self.table.rows]
        after = len(names) - 1 - names.index(self.table.cursor_name) if self.table.cursor_name in names else 0
        return ((f"PAUSED, {after:,} below ", Tone.AMBER),)

    # --- what a person does ---

    @property
    def row(self) -> EventRow | None:
        """The event under the cursor."""
        return self.table.event_row

    def may(self, action: Action) -> bool:
        match action.id:
            case "worker" | "page":
                return self._worker() is not None
            case "copy":
                return self.row is not None and bool(self.row.command)
            case "log":
                return self.row is not None
            case "longer":
                return self._span < len(SPANS) - 1
            case "shorter":
                return self._span > 0
        return True

    def why_not(self, action: Action) -> str:
        row = self.row
        if row is None or action.id in ("longer", "shorter"):
            return "There is no event." if row is None else "That is as far as it goes."
        if action.id == "copy":
            if row.event.answers and row.wish is None:
                return "What was asked for is too long ago to be kept here: procdeck events has it."
            if row.event.step:
                return "No command line asks for the same."
            return "Nobody has asked for this: there is no command line for it."
        return f"{plain(row.event.subject)} is no worker of this run."

    def _worker(self) -> str | None:
        """The replica that the event is about, or the first of the worker."""
        row = self.row
        if row is None or self.desk.row(row.event.subject) is not None:
            return row.event.subject if row is not None else None
        return next((each.name for each in self.desk.view().rows if each.worker == row.event.subject), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where a person types, every key of ours is a letter like all others."""
        del parameters
        return not (action == "act" and isinstance(self.focused, TypingBox))

    def do_worker(self) -> None:
        """`enter`"""
        self.call_later(self.run_action, f"app.leave_for('workers', {self._worker()!r})")

    def do_page(self) -> None:
        """`I`"""
        self.desk.open("worker", self._worker() or "")

    def do_log(self) -> None:
        """`L`"""
        if self.row is not None:
            self.call_later(self.run_action, f"app.leave_for_moment({self.row.event.at!r})")

    def do_copy(self) -> None:
        """`y`"""
        if self.row is not None:
            self.app.copy_to_clipboard(self.row.command)
            self.desk.say(f"Copied: {plain(self.row.command)}")

    def do_filter(self) -> None:
        """`/`"""
        self.box.open()

    def do_problems(self) -> None:
        """`!`"""
        self.table.show_problems_only(is_only=not self.table.is_only_problems)
        self._redraw()

    def do_follow(self) -> None:
        """`f`"""
        if self.table.is_following:
            self.table.action_move(-1)
        else:
            self.table.action_last()

    def do_longer(self) -> None:
        """`+`"""
        self._span += 1
        self.fill()

    def do_shorter(self) -> None:
        """`-`"""
        self._span -= 1
        self.fill()

    def do_close(self) -> None:
        """`esc`: the filter first."""
        if self.box.value:
            self.box.clear_and_hide()
        else:
            super().do_close()

    def _filter(self, text: str) -> None:
        self.table.filter(text)
        self._redraw()

    def on_rows_table_opened(self) -> None:
        self.action_act("worker")

    def on_rows_table_selected(self) -> None:
        self._draw_told()

    def _redraw(self) -> None:
        self._drawn = ()
        self.fill()
