"""The first screen under a person's hands: what each key does. Wishes that leave the screen are bound by the app."""

from __future__ import annotations

from collections.abc import Callable

from textual.binding import Binding
from textual.widget import Widget
from textual.worker import Worker

from supervisor.api.pools import PoolFailure
from supervisor.logs.errors import ErrorGroup
from supervisor.logs.record import decode
from tui.actions import ACTIONS, BY_ID, LOG, Action, goes_only, key_of
from tui.bindings import hear
from tui.link.log_source import LogSource
from tui.link.view import LinkState
from tui.offers import also_offered, offered
from tui.palette import Entry, action_entries, go_entries
from tui.refusals import why_not
from tui.render.glyphs import Glyphs
from tui.render.log_words import subject_of
from tui.render.pieces import plain
from tui.render.pool_detail import item_of, newest_failures
from tui.render.zone import Offset
from tui.screens.failures import FailureScreen
from tui.screens.palette import PaletteScreen
from tui.screens.places import PlacesScreen
from tui.screens.reading import HelpScreen, RecordScreen
from tui.screens.room import PANES
from tui.screens.wording import Wording
from tui.situation import Pane, Situation
from tui.widgets.filter_box import TypingBox
from tui.widgets.hint_bar import HintBar

BEFORE_US = 5_000
"""A failed item is logged about when the pool hears of it: so long before that is where to look for it in the log."""


def fleet_bindings() -> list[Binding]:
    """The keys of all that the first screen does itself."""
    return [
        Binding(key, f"{'go' if goes_only(key) else 'act'}('{action.id}')", action.label, show=False)
        for action in ACTIONS
        if not action.is_for_the_app
        for key in action.keys
    ]


class FleetScreen(PlacesScreen):
    """All that a person sees first, and mostly."""

    def __init__(self, source: LogSource, wording: Wording, glyphs: Glyphs, utc_offset_s: Offset) -> None:
        super().__init__(source, wording, glyphs, utc_offset_s)
        hear(self, fleet_bindings())
        self.when_ready: Callable[[], None] = lambda: None
        """What is done once it is mounted, before its first paint."""

    def on_mount(self) -> None:
        self.call_next(self.when_ready)  # the classes below mount in the same turn, and after this one

    def situation(self) -> Situation:
        """What the person looks at."""
        row = self._view.row(self.worker_name) if self.place in ("workers", "pools") else None
        heading = self.table.heading if self.place == "workers" else None
        chosen = self.detail_view.chosen_in_sight
        member, failure = item_of(chosen) if self.place == "pools" else (None, None)
        return Situation(
            row=row,
            marked=self.table.marked if self.place == "workers" else (),
            grouped=heading.members if heading is not None else (),
            group_label=heading.label if heading is not None else "",
            is_grouped=bool(self.table.grouping),
            replicas=sum(other.worker == row.worker for other in self._view.rows) if row else 0,
            place=self.place,
            channel=self._view.channels.get(self.subject or "") if self.place == "channels" else None,
            pool=self.pool,
            member=member,
            failure=failure,
            has_error=self.error is not None,
            letter=chosen if self.place == "channels" else None,
            pane=self._pane,
            is_live=self._view.state is LinkState.LIVE,
            access=self._wording.access,
            is_filtered=self.logs.source.is_narrowed if self._pane == "log" else bool(self._filters.get(self._pane)),
            is_sorted=self.place != "errors" and self.place_table.sort is not None,
            is_wide=self.has_class("-wide"),
            is_zoomed=self.zoomed() is not None,
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
        return not (action in ("act", "go") and parameters != ("next_pane",) and isinstance(self.focused, TypingBox))

    def may(self, action: Action) -> bool:
        """Whether `action` can be done now; where it cannot, the person is told why."""
        situation = self.situation()
        if action.can_be_done(situation):
            return True
        self.app.notify(plain(why_not(action, situation)), severity="warning", markup=False)
        return False

    async def on_hint_bar_chosen(self, message: HintBar.Chosen) -> None:
        await self._choose(message.action_id)

    async def _choose(self, action_id: str) -> None:
        if action_id in ("back", "answer", "keep_filter") and isinstance(self.focused, TypingBox):
            self.focused.action_leave(action_id == "back")
        elif action_id not in BY_ID or BY_ID[action_id].is_for_the_app:
            await self.run_action(f"app.wish('{action_id}')")
        else:
            self.action_act(action_id)

    def on_rows_table_opened(self) -> None:
        self.action_act("open")

    def on_log_view_opened(self) -> None:
        self.action_act("open")

    def watch_focused(self, focused: Widget | None) -> None:
        """At once, and not when the widget hears of it: what is typed next is for the pane where the focus is."""
        if focused is None or not self.is_ready:
            return
        for pane in PANES:
            if self._is_in(focused, pane):
                self._pane = pane
        for box in self.query(TypingBox):
            box.put_away()
        self._draw_lines()

    def _is_in(self, widget: Widget, pane: Pane) -> bool:
        return any(node.id == f"{pane}-pane" for node in widget.ancestors)

    def do_filter(self) -> None:
        """`/`"""
        if self._pane == "log":
            self.logs.box.open()
        else:
            self._boxes[self.place].open()

    def do_own_log(self) -> None:
        """`l`"""
        name = self.worker_name or ""
        self.logs.narrow(worker="" if self.logs.source.narrowing.worker == name else name)
        self.redraw()

    def do_line_worker(self) -> None:
        """`o`"""
        stored = self.logs.view.cursor_line()
        if self._pane != "log" and self.error is not None:
            name = self.error.worker
        elif self._pane != "log" and self.pool is not None:
            name = self.pool.replica
        else:
            name = subject_of(decode(stored)) if stored is not None else ""
        if self._view.row(name) is None:
            self.app.notify(f"{plain(name) or 'Nobody'} is no worker of this run.", severity="warning", markup=False)
            return
        self._go_to("workers")
        self.table.show_all_with(name)

    def do_mark_row(self) -> None:
        """`space`"""
        self.table.toggle_mark()

    def do_zoom(self) -> None:
        """`z`"""
        self.zoom(None if self.zoomed() else self._pane)

    def do_split(self) -> None:
        """`Z`"""
        _: Worker[None] = self.run_worker(self._split, group="split")

    async def _split(self) -> None:
        if not await self.log_panes.split():
            self.app.notify("There are two logs already: tab goes from one to the other.", markup=False)
        self._name_columns()
        self.redraw()

    def do_unsplit(self) -> None:
        """`Q`"""
        _: Worker[None] = self.run_worker(self._unsplit, group="split")

    async def _unsplit(self) -> None:
        if not await self.log_panes.close_second():
            self.app.notify(f"There is one log only: {key_of('split')} shows a second one.", markup=False)
        self.redraw()

    def _offered(self) -> tuple[Action, ...]:
        """What can ever be done here."""
        access = self._wording.access
        return (*also_offered(access), *offered(ACTIONS, access))

    def open_palette(self) -> None:
        """Offer what can be done, and all that one can go to."""
        situation = self.situation()
        actions = action_entries(
            self._offered(), lambda action: "" if action.applies(situation) else why_not(action, situation)
        )
        entries = [*actions, *go_entries(self._view, self.error_table.rows)]
        self.app.push_screen(PaletteScreen(entries, self._glyphs), self._do_entry)

    async def _do_entry(self, entry: Entry | None) -> None:
        """Do what was chosen as its key would, before what is typed next."""
        if entry is None:
            return
        if entry.what != "action":
            self.go(entry.what, entry.id)
        else:
            await self._choose(entry.id)

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
            stored = self.logs.view.cursor_line()
            if stored is not None:
                self.app.push_screen(RecordScreen(stored, self._utc_offset_s, self._neighbour))
        elif self.error is not None:
            self._go_to_line(self.error)
        elif self._pane == "detail":
            self._read_failure(self.situation().failure)
        elif self._pane == self.place == "workers" and self.table.heading is not None:
            self.do_turn_fold()
        elif self._pane == self.place:
            self.zoom(None)
            self._set_detail(is_open=True)
            self.call_after_refresh(self.detail_view.focus)

    def _go_to_line(self, error: ErrorGroup) -> None:
        if error.line < 0:
            told = f"{error.worker} left no line in the log: {error.message}"
            self.app.notify(plain(told), severity="warning", markup=False)
            return
        self._reveal_log()
        self.log_panes.first.go_to_line(error.line)

    def _read_failure(self, index: int | None) -> None:
        """Show what failed with its traceback; from there one can go to its time in the log."""
        if index is None or self._pool_detail is None:
            return
        failures, name = newest_failures(self._pool_detail), self._pool_detail.row.name
        self.app.push_screen(FailureScreen(name, failures, index, self._utc_offset_s, self._go_to_failure))

    def _go_to_failure(self, failure: PoolFailure) -> None:
        self.go_to_moment(failure.at)

    def go_to_moment(self, at: float) -> None:
        """Go to the record of a time, a Unix timestamp, in the log."""
        self._reveal_log()
        self.log_panes.first.go_to_moment(int(at * 1e6) - BEFORE_US)

    def _neighbour(self, step: int) -> bytes | None:
        """The record after or before the one under the cursor, which goes there."""
        view = self.logs.view
        return view.cursor_line() if view.step(step) else None

    def do_back(self) -> None:
        """`esc`: one step back, from the nearest to the farthest."""
        box = self._boxes[self.place] if self._pane == self.place else None
        is_done = self.logs.stop() if self._pane == "log" else self.unmark()
        if is_done:
            self._draw_lines()
        elif self._pane == "log" and self.logs.step_back():
            self.redraw()
        elif box is not None and box.value:
            box.clear_and_hide()
        elif self.zoomed():
            self.unzoom()
        elif self._pane == "detail":
            if not self.has_class("-wide"):
                self._set_detail(is_open=False)
            self.place_table.focus()
        elif self._pane in ("channels", "pools", "errors"):
            self._go_to("workers")
        elif self.unmark():
            self._draw_lines()
        elif self.logs.source.narrowing.worker:
            self.logs.narrow(worker="")
        else:
            self.place_table.focus()

    def do_next_pane(self) -> None:
        """`tab`"""
        self.focus_next()

    def do_help(self) -> None:
        """`?`"""
        situation, here = self.situation(), self._offered()
        self.app.push_screen(
            HelpScreen(
                next((action.group for action in also_offered(situation.access)), ""),
                lambda action: action in here and action.applies(situation),
                situation.access,
            )
        )
