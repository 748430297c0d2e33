"""Where a person is on the first screen, and how the table there stands: places, filters, order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Literal

from textual import events
from textual.message import Message
from textual.widget import Widget

from supervisor.api.letters import Letter
from supervisor.api.pools import PoolFailure, PoolRow
from tui.grouping import next_grouping
from tui.jumping import Spot
from tui.layout import Grouping, Layout
from tui.link.log_source import LogSource
from tui.render.figures import plural
from tui.render.glyphs import Glyphs
from tui.render.ways import Span, target_at
from tui.render.zone import Offset
from tui.screens.drawing import DrawnScreen
from tui.screens.wording import Wording
from tui.situation import Pane, Place
from tui.undo import Done, FilterAgain, MarkAgain

_FILTERS = "filters by it again"


class PlacesScreen(DrawnScreen):
    """A `DrawnScreen` with ways from place to place. What else keys do is its subclass's business."""

    class GivenUp(Message):
        """Marks or a filter were taken away."""

        def __init__(self, done: Done) -> None:
            super().__init__()
            self.done = done

    def __init__(self, source: LogSource, wording: Wording, glyphs: Glyphs, utc_offset_s: Offset) -> None:
        super().__init__(source, wording, glyphs, utc_offset_s)
        self._worker_before: str | None = None
        """Whose log was shown before pools were; None while they are not."""
        self._log_filter = ""
        self._before_logs: tuple[Pane | None, Pane] | None = None
        """Which pane had the whole screen before the logs had it, and which had the focus."""

    @property
    def pool(self) -> PoolRow | None:
        """The pool under the cursor; where workers are shown, the first pool of the one under the cursor."""
        if self.place == "pools":
            return self._view.pools.get(self.subject or "")
        return self._view.pools_of.get(self.subject or "") if self.place == "workers" else None

    @property
    def worker_name(self) -> str | None:
        """The replica under the cursor; where pools are shown, the one that has the pool under the cursor."""
        if self.place != "pools":
            return self.table.cursor_name
        return self.pool.replica if self.pool else None

    def letter(self, letter_id: str | None) -> Letter | None:
        """A dead letter of the queue that is shown in full."""
        letters = self._inside.letters if self._inside else ()
        return next((letter for letter in letters if letter.id == letter_id), None)

    def failure(self, index: int | None) -> PoolFailure | None:
        """A failed item of the pool that is shown in full."""
        failures = self._pool_detail.failures if self._pool_detail else ()
        return next((failure for failure in reversed(failures) if failure.index == index), None)

    def action_go(self, place: Place | Literal["logs"]) -> None:
        """A number goes to its place, and never back."""
        self.go(place)

    def go(self, place: Place | Literal["logs"], name: str = "") -> None:
        """Go to a place, and to what is called `name` there."""
        if place == "logs":
            self.do_logs()
            return
        self._go_to(place)
        if name:
            if name not in self.place_table.shown_names:
                self._boxes[place].clear_and_hide()
            self.place_table.show_all_with(name)

    def do_logs(self) -> None:
        """`8`"""
        if self.zoomed() != "log":
            self._before_logs = (self.zoomed(), self._pane)
            self.zoom("log")
        self.logs.view.focus()

    def unzoom(self) -> None:
        """To each pane its share again; from the logs one comes back to where one was."""
        zoomed, pane = self._before_logs or (None, None)
        self._before_logs = None
        self.zoom(zoomed)
        if pane is not None:
            (self.logs.view if pane == "log" else self.query_one(f"#{pane}")).focus()

    def do_workers(self) -> None:
        """`1`"""
        self._go_to("workers")

    def do_channels(self) -> None:
        """`c`"""
        self._go_to("workers" if self.place == "channels" else "channels")

    def do_errors(self) -> None:
        """`x`"""
        self._go_to("workers" if self.place == "errors" else "errors")

    def do_pools(self) -> None:
        """`b`"""
        pool = self.pool
        self._go_to("workers" if self.place == "pools" else "pools")
        if self.place == "pools" and pool is not None:
            self.pool_table.show_all_with(pool.name)

    def _go_to(self, place: Place) -> None:
        self._before_logs = None
        self.go_to(place)
        self.place_table.focus()
        self._draw_errors()
        self._show_other(self.subject)

    def _show_other(self, name: str | None) -> None:
        """Where pools are shown the log is that of the pool's worker; elsewhere it is again what it was before."""
        super()._show_other(name)
        log = self.log_panes.first
        if self.place == "pools":
            if self._worker_before is None:
                self._worker_before = log.source.narrowing.worker
            log.narrow(worker=self.worker_name or "")
        elif self._worker_before is not None:
            log.narrow(worker=self._worker_before)
            self._worker_before = None

    def tell_errors_until(self, lines: int, at: float) -> None:
        """Only of what failed in the first `lines` of the log, and of exits up to `at`, a Unix time."""
        self._errors.look_until(lines, at)

    def do_order(self) -> None:
        """`O`"""
        table = self.place_table
        if self.place == "errors":
            self.error_order = "count" if self.error_order == "last seen" else "last seen"
        elif table.sort is not None:
            table.sort_by(table.sort.turned())
        self.redraw()

    def do_sort_next(self) -> None:
        """`]`"""
        self.place_table.sort_beside(1)

    def do_sort_previous(self) -> None:
        """`[`"""
        self.place_table.sort_beside(-1)

    def ways_of_title(self) -> tuple[Widget, tuple[Span, ...]]:
        """The title of the table, and what its parts lead to."""
        title = self._titles[self.place]
        return title, self._ways(title.size.width).spans

    def title_spots(self) -> Iterator[Spot]:
        """The panes that are shown, and the places that the title of the table leads to."""
        for pane, widget in self.panes.items():
            if widget.region and pane != "log":
                yield Spot(widget.region.x, widget.region.y, "pane", self.query_one(f"#{pane}").focus)
        for log in self.log_panes:
            if log.region:
                yield Spot(log.region.x, log.region.y, "pane", log.view.focus)
        title, spans = self.ways_of_title()
        for span in spans if title.region else ():
            go = partial(self.call_later, self.run_action, f"app.leave_for({span.target!r}, '')")
            yield Spot(title.region.x + span.begin - 1, title.region.y, "place", go)

    async def on_click(self, event: events.Click) -> None:
        """A place in the title leads there."""
        title, spans = self.ways_of_title()
        target = target_at(spans, event.x) if event.widget is title else None
        if target is not None:
            await self.run_action(f"app.leave_for({target!r}, '')")

    def do_group(self) -> None:
        """`B`"""
        self.group_by(next_grouping(self.table.grouping))

    def group_by(self, grouping: Grouping) -> None:
        """Let the workers stand in other groups."""
        self.table.group_by(grouping)
        self.share_height()
        self.redraw()

    def do_fold(self) -> None:
        """`left`"""
        self.table.fold(is_folded=True)

    def do_unfold(self) -> None:
        """`right`"""
        self.table.fold(is_folded=False)

    def do_turn_fold(self) -> None:
        """`enter` on a heading."""
        self.table.turn_fold()

    def do_problems(self) -> None:
        """`!`"""
        self.place_table.show_problems_only(is_only=not self.place_table.is_only_problems)
        self.redraw()

    def filter_by(self, pane: Place, text: str) -> None:
        self._note_filter(pane, self._filters[pane], text)
        self._filters[pane] = text
        if text != self.kept_filters.get(pane):
            self.kept_filters.pop(pane, None)
        self._tables[pane].filter(text)
        self._boxes[pane].set_class(bool(self._tables[pane].filter_trouble), "-wrong")
        self._explain_tables()
        self._draw_lines()

    def on_jumping_pane_changed(self) -> None:
        """The first log's filter may be another one."""
        text = self.log_panes.first.source.narrowing.text
        self._note_filter("log", self._log_filter, text)
        self._log_filter = text

    def _note_filter(self, pane: Pane, before: str, now: str) -> None:
        """A filter that goes all at once was cleared; one that goes letter by letter was taken back by hand."""
        if len(before) > 1 and not now:
            self.post_message(
                self.GivenUp(Done(f"the filter {before} was cleared", FilterAgain(pane, before), _FILTERS))
            )

    def filter_again(self, pane: Pane, text: str) -> None:
        """Let a filter be as it was."""
        box = self.log_panes.first.box if pane == "log" else self._boxes[pane]
        box.value = text

    def mark_again(self, names: frozenset[str]) -> None:
        """Mark workers again."""
        self._go_to("workers")
        self.table.mark(names)
        self.redraw()

    def unmark(self) -> bool:
        """Take the marks away that a person can see; whether there were any."""
        names = frozenset(row.name for row in self.table.marked)
        if self.place != "workers" or not self.table.clear_marks():
            return False
        told = f"{plural(len(names), 'mark')} {'was' if len(names) == 1 else 'were'} taken away"
        self.post_message(self.GivenUp(Done(told, MarkAgain(names), "marks them again")))
        return True

    def laid_out(self) -> Layout:
        """How a person has laid out this screen."""
        tables = self._tables
        narrowing = self.log_panes.first.source.narrowing
        typed = {**self._filters, "log": narrowing.text}
        return Layout(
            place=self.place,
            sorts={place: table.sort for place, table in tables.items() if table.sort is not None},
            only_problems=frozenset(place for place, table in tables.items() if table.is_only_problems),
            filters={pane: text for pane, text in typed.items() if text},
            log_level=narrowing.level,
            grouping=self.table.grouping,
            is_detail_open=self._is_detail_open,
            table_lines=self.table_lines,
            detail_columns=self.detail_columns,
            second_log_lines=self.log_panes.second_lines,
        )

    def lay_out(self, layout: Layout) -> None:
        """Lay this screen out as `layout` says; what it does not say is as it was built."""
        self.table_lines, self.detail_columns = layout.table_lines, layout.detail_columns
        self.log_panes.second_lines = layout.second_log_lines
        if layout.is_detail_open is not None:
            self.want_detail(is_open=layout.is_detail_open)
        for place, table in self._tables.items():
            table.sort_by(layout.sorts.get(place))
            table.show_problems_only(is_only=place in layout.only_problems)
            self._boxes[place].value = layout.filters.get(place, "")
        log = self.log_panes.first
        log.box.value = layout.filters.get("log", "")
        log.narrow(text=log.box.value, level=layout.log_level)
        self.group_by(layout.grouping)
        self._go_to(layout.place)

    def names(self) -> Sequence[str]:
        """All replicas, filtered out or not."""
        return tuple(row.name for row in self._view.rows)
