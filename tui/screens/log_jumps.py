"""Goes to places in the log: matches, errors, times, marks.

A person is taken to what was asked for as soon as it is found; looking for it goes on in slices that delay no paint.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from textual.containers import Vertical
from textual.message import Message
from textual.timer import Timer

from supervisor.clock import Clock
from tui.link.log_source import LogSource
from tui.render.moments import moment
from tui.render.pieces import plain
from tui.render.zone import Offset
from tui.widgets.log_view import SCAN_BUDGET_S, LogView


@dataclass(slots=True)
class _Quest:
    """Something that a person wants to be taken to."""

    what: str
    look: Iterator[int | None]
    """Gives the number of a line once it is found, and None as often as it has to go on."""
    none: str
    """What is said where there is none."""


class JumpingPane(Vertical):
    """A pane with a log in it, and a cursor in the log that can be sent to places."""

    class Changed(Message):
        """What it says of itself may be another thing now."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, JumpingPane.Changed)

    def __init__(self, source: LogSource, clock: Clock, utc_offset_s: Offset) -> None:
        super().__init__(classes="log")
        self._source = source
        self._clock = clock
        self._utc_offset_s = utc_offset_s
        self._quest: _Quest | None = None
        self.view: LogView
        self._questing: Timer

    @property
    def source(self) -> LogSource:
        """What it shows."""
        return self._source

    def do_search(self) -> None:
        """Ask for what to search."""
        raise NotImplementedError

    # --- going there ---

    def _here(self) -> int:
        """The line from which to look: the one under the cursor."""
        return self.view.cursor_number or 0

    def _go(self, what: str, look: Iterator[int | None], none: str, *, takes_focus: bool = True) -> None:
        self._quest = _Quest(what, look, none)
        if takes_focus:
            self.view.focus()
        self._questing.resume()
        self._pursue()

    def _pursue(self) -> None:
        """Look on for what a person wants to be taken to, for a few milliseconds."""
        quest = self._quest
        if quest is None:
            self._questing.pause()
            return
        until_s = time.monotonic() + SCAN_BUDGET_S
        while True:
            number = next(quest.look, -1)
            if number is not None:
                break
            if time.monotonic() >= until_s:
                self.post_message(self.Changed())
                return
        self._end_quest()
        if number >= 0 and self._source.line_count:
            self.view.jump_to(min(self._source.index(number), self._source.line_count - 1))
        elif quest.none:
            self.app.notify(quest.none, severity="warning", markup=False)
        self.post_message(self.Changed())

    def _end_quest(self) -> None:
        self._quest = None
        self._questing.pause()

    def _step(self, step: int) -> int:
        """While the newest line is followed there is nothing after it: the next one is the newest one then."""
        return -1 if self.view.is_following else step

    def _hits(self, number: int, step: int) -> Iterator[int | None]:
        while True:
            hit = self._source.next_hit(number, step)
            if hit is not None:
                yield hit
                return
            if not self._source.is_seeking:
                return
            self.view.scan()
            yield None

    def _reach(self, number: int) -> Iterator[int | None]:
        """Line `number`, once it is known whether it is shown."""
        while not self._source.knows(number):
            self.view.scan()
            yield None
        if self._source.line_count:
            yield number

    def _to_match(self, step: int) -> None:
        if not self._source.sought:
            self.do_search()
            return
        start = self._here() + (1 if self.view.is_following else 0)
        where = "after" if self._step(step) > 0 else "before"
        self._go("match", self._hits(start, self._step(step)), f"No match {where} this line.")

    def do_next_match(self) -> None:
        """`n`"""
        self._to_match(1)

    def do_previous_match(self) -> None:
        """`N`"""
        self._to_match(-1)

    def _to_level(self, minimum: str, what: str, step: int) -> None:
        start = self._here() + (1 if self.view.is_following else 0)
        where = "after" if self._step(step) > 0 else "before"
        self._go(what, self._source.seek_level(start, self._step(step), minimum), f"No {what} {where} this line.")

    def do_next_error(self) -> None:
        """`e`"""
        self._to_level("ERROR", "error", 1)

    def do_previous_error(self) -> None:
        """`E`"""
        self._to_level("ERROR", "error", -1)

    def do_next_warning(self) -> None:
        """`.`"""
        self._to_level("WARNING", "warning or error", 1)

    def do_previous_warning(self) -> None:
        """`,`"""
        self._to_level("WARNING", "warning or error", -1)

    def _go_to_time(self, text: str) -> None:
        if not text.strip():
            return
        try:
            at_s = moment(text, self._clock.wall_s(), self._utc_offset_s)
        except ValueError as trouble:
            self.app.notify(plain(str(trouble)), severity="warning", markup=False)
            return
        self.go_to_moment(int(at_s * 1e6))

    def go_to_moment(self, at_us: int) -> None:
        """Go to the first line that is as young as `at_us`, in µs since 1970."""
        self._go("time", self._line_at(at_us), "Nothing has been logged yet.")

    def _line_at(self, at_us: int) -> Iterator[int | None]:
        timeline = self._source.timeline
        while timeline is not None and not timeline.is_complete:
            self.view.scan()
            yield None
        number = timeline.line_at(at_us) if timeline is not None else None
        if number is not None:
            yield number

    def stand_at(self, at_us: int) -> bool:
        """Have the last line that is older than `at_us` at the lower edge; False while lines are still counted."""
        timeline = self._source.timeline
        if timeline is None or not timeline.is_complete or not self._source.line_count:
            return False
        older = timeline.count_before(at_us)
        if not self._source.knows(max(older - 1, 0)):
            return False
        self.view.end_at(min(max(self._source.index(older) - 1, 0), self._source.line_count - 1))
        return True

    # --- marks ---

    def do_mark(self) -> None:
        """`m`"""
        number, marks = self._here(), self.view.marks
        if self.view.is_following:
            self.view.follow(is_wanted=False)
        marks.symmetric_difference_update({number})
        self.view.refresh()
        self.view.action_move(1)

    def _to_mark(self, step: int) -> None:
        here = self._here()
        there = [number for number in self.view.marks if (number - here) * step > 0] or list(self.view.marks)
        if there:
            self._go("mark", iter([min(there) if step > 0 else max(there)]), "")
        else:
            self.app.notify("No line is marked: m marks the one under the cursor.", severity="warning", markup=False)

    def do_next_mark(self) -> None:
        """`'`; after the last one the first."""
        self._to_mark(1)

    def do_previous_mark(self) -> None:
        """`"`"""
        self._to_mark(-1)

    def do_unmark(self) -> None:
        """`M`"""
        self.view.marks.clear()
        self.view.refresh()
