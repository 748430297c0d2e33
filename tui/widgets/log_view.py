"""The log pane: only the lines on the screen are read and decoded, however many there are.

It follows the newest line until a person scrolls up, and says how many have arrived since. A line is one row, or where
lines are wrapped as many as it needs; the scroll bar counts lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.link.log_source import LogSource
from tui.render.glyphs import UNICODE, Glyphs
from tui.render.log_lines import Form
from tui.render.pieces import Tone
from tui.render.zone import Offset
from tui.widgets.log_strips import LogStrips
from tui.widgets.scrolled import ScrolledLines

SCAN_BUDGET_S = 0.006
"""Of one turn; a key that waits is handled in between."""

SCAN_EVERY_S = 0.02

Place = tuple[int, int]
"""A line as it is counted here, and one of its rows."""


class LogView(ScrolledLines):
    """Shows a `LogSource`; says `Moved` when it begins or ends to follow."""

    class Moved(Message):
        """It follows now, or has paused, or other lines are there."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Moved)

    class Opened(Message):
        """A line was clicked twice."""

    def __init__(
        self,
        source: LogSource,
        *,
        utc_offset_s: Offset = 0,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002 (Textual's own name)
    ) -> None:
        super().__init__(id=id)
        self._source = source
        self._mark_sign = "*" if glyphs.is_ascii else "⣿"
        self._strips = LogStrips(self, Form(80, 8, utc_offset_s, glyphs.ellipsis))
        self._page: tuple[int, list[int], list[bytes]] = (0, [], [])
        self._cursor = 0
        self._skip = 0
        self._is_moving_itself = False
        self._is_outdated = False
        self._paused_at: int | None = None
        self._empty: tuple[str, ...] = ()
        self._is_covered = False
        self._is_last = False
        """Nothing is shown below the line under the cursor."""
        self._lead_pressed = 0
        """What `_lead` was when a mouse button went down, which may uncover the first row."""
        self.marks: set[int] = set()
        """Numbers of lines in the store that have a sign."""

    # --- how it looks ---

    @property
    def is_wrapped(self) -> bool:
        """Long lines are folded."""
        return self._strips.form.is_wrapped

    def wrap(self, *, is_wanted: bool) -> None:
        """Fold long lines, or cut them."""
        self._use(replace(self._strips.form, is_wrapped=is_wanted))

    def highlight(self, found: re.Pattern[str] | None) -> None:
        """Show what `found` finds wherever it stands."""
        self._use(replace(self._strips.form, found=found))

    def name_column(self, longest: int) -> None:
        """How wide the longest worker name is, in cells."""
        self._use(replace(self._strips.form, name_width=min(max(longest, 6), 16)))

    def _use(self, form: Form) -> None:
        if self._strips.use(form) and self.is_attached:
            self._skip = 0
            self._take_in()
            self.refresh()

    def explain_empty(self, lines: tuple[str, ...]) -> None:
        """What to say when there is nothing to show."""
        if lines != self._empty:
            self._empty = lines
            if not self._source.line_count:
                self.refresh()

    def cover(self, *, is_covered: bool) -> None:
        """Something lies over the first row: a few lines, or the words in their place, then begin below it."""
        if is_covered != self._is_covered:
            self._is_covered = is_covered
            self.refresh()

    @property
    def _lead(self) -> int:
        """Rows that are left free above the first line."""
        if not self._is_covered or self.scroll_offset.y or self._skip:
            return 0
        return int(self._place(self.size.height - 1)[0] >= self._source.line_count)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.look_again()

    def on_resize(self, _: events.Resize) -> None:
        self._strips.use(replace(self._strips.form, width=self.text_width))
        self._take_in()
        self.refresh()

    def refresh_focus(self) -> None:
        """The cursor is there only while it has the focus, and does not follow."""
        if not self.is_following:
            self.refresh()

    # --- following ---

    @property
    def is_following(self) -> bool:
        """The newest line stays in sight."""
        return self._paused_at is None

    @property
    def arrived_since_pause(self) -> int:
        """Lines that came since it was paused."""
        return 0 if self._paused_at is None else max(self._source.line_count - self._paused_at, 0)

    def follow(self, *, is_wanted: bool) -> None:
        """Follow the newest line, or stay here."""
        if is_wanted == self.is_following:
            return
        self._paused_at = None if is_wanted else self._source.line_count
        self._take_in()
        self.post_message(self.Moved())

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self._is_moving_itself and self.is_attached:
            self._skip = 0
            is_at_end = round(new_value) >= self.max_scroll_y and not self._is_last
            if is_at_end != self.is_following:
                self._paused_at = None if is_at_end else self._source.line_count
                if is_at_end:
                    self._take_in()
                self.post_message(self.Moved())

    def on_mount(self) -> None:
        self._scanning = self.set_interval(SCAN_EVERY_S, self.scan, pause=True)

    def pull(self) -> None:
        """Take in what was written since, and show it where the view follows; called by whoever sets the pace."""
        self.scan()
        if self._is_outdated:
            self._take_in()
            self.post_message(self.Moved())
        elif self.is_following and self.scroll_offset.y != self.max_scroll_y:
            # Textual sends no Resize when a layout and a scroll of another widget fall into one turn.
            self._take_in()

    def scan(self) -> None:
        """Take in and search on for a few milliseconds; what is there now is painted with the next `pull`."""
        top, cursor = self._source.number(self.scroll_offset.y), self._source.number(self._cursor)
        if self._source.advance(SCAN_BUDGET_S):
            self._is_outdated = True
            if not self.is_following:
                self._stay_at(top, cursor)
        if self._source.is_scanning:
            self._scanning.resume()
        else:
            self._scanning.pause()

    def _stay_at(self, top: int, cursor: int) -> None:
        """Older matches may have been found above: keep the lines in sight where they are."""
        self._cursor = self._source.index(cursor)
        place = self._source.index(top)
        if place != self.scroll_offset.y:
            self._page = (0, [], [])
            self._scroll(place, self._skip)

    def start_over(self) -> None:
        """The source shows other lines now: another run, another filter."""
        self._paused_at = None
        self._source.advance(SCAN_BUDGET_S)
        if self._source.is_scanning:
            self._scanning.resume()
        self._take_in()
        self.post_message(self.Moved())

    def _take_in(self) -> None:
        count = self._source.line_count
        self._page, self._is_outdated = (0, [], []), False
        if self.is_following:
            self._cursor = max(count - 1, 0)
            self._is_last = False
        if self.is_following or self._is_last:
            self._scroll(*self._top_with_last(self._cursor))
        else:
            self._make_room(self.scroll_offset.y)
        self.refresh()

    # --- what is where ---

    def _scroll(self, top: int, skip: int) -> None:
        """Let row `skip` of line `top` be the first on the screen."""
        self._is_moving_itself = True
        self._make_room(top)
        self._skip = skip
        self.scroll_to(y=top, animate=False, force=True)
        self._is_moving_itself = False
        self.refresh()

    def _make_room(self, top: int) -> None:
        """Let the scroll bar know how many lines there are, and let `top` be a place that it can have."""
        height = max(self._source.line_count, top + self.size.height if self.is_wrapped else 0)
        is_moving, self._is_moving_itself = self._is_moving_itself, True
        self.make_room(height)
        self._is_moving_itself = is_moving

    def _rows_of(self, index: int) -> int:
        stored = self._stored(index) if self.is_wrapped else None
        return len(self._strips.of(stored)) if stored is not None else 1

    def _top_with_last(self, last: int, room: int | None = None) -> Place:
        """What has to be first on the screen so that the last row of line `last` is in row `room`, or the last one."""
        room = max(self.size.height if room is None else room, 1)
        for index in range(last, -1, -1):
            rows = self._rows_of(index)
            if rows >= room:
                return index, rows - room
            room -= rows
        return 0, 0

    def _place(self, y: int) -> Place:
        """What is in row `y` of the screen."""
        index, row = self.scroll_offset.y, self._skip + y
        if not self.is_wrapped:
            return index + y, 0
        while index < self._source.line_count and row >= (rows := self._rows_of(index)):
            index, row = index + 1, row - rows
        return index, row

    def _visible(self) -> tuple[int, int]:
        """The first and the last line that are whole on the screen; where none is, the one that is there in part."""
        top, height = self.scroll_offset.y, self.size.height
        if not self.is_wrapped:
            return top, top + height - 1
        first = top + (self._skip > 0)
        last, row = self._place(height - 1)
        return first, max(last - (row + 1 < self._rows_of(last)), first)

    def _stored(self, index: int) -> bytes | None:
        """One stored line; a whole screen of them is read at once."""
        first, _, lines = self._page
        if not first <= index < first + len(lines):
            top, height = self.scroll_offset.y, max(self.size.height, 1)
            first = top if top <= index < top + height else max(index - height + 1, 0)
            numbers = self._source.numbers(first, height)
            self._page = first, numbers, self._source.read(numbers)
            first, _, lines = self._page
        return lines[index - first] if 0 <= index - first < len(lines) else None

    def _number(self, index: int) -> int | None:
        """The number in the store of a line that `_stored` has just given."""
        first, numbers, _ = self._page
        return numbers[index - first] if 0 <= index - first < len(numbers) else None

    # --- painting ---

    def render_line(self, y: int) -> Strip:
        count, y = self._source.line_count, y - self._lead
        if y < 0:
            return self._strips.blank()
        if not count:
            text = self._empty[y] if y < len(self._empty) else ""
            return self._strips.words(text, Tone.STRONG if y == 0 else Tone.DIM)
        index, row = self._place(y)
        stored = self._stored(index) if index < count and not (self._is_last and index > self._cursor) else None
        if stored is None:
            return self._strips.blank()
        is_chosen = index == self._cursor and self.has_focus and not self.is_following
        is_marked = bool(self.marks) and self._number(index) in self.marks
        if is_chosen or is_marked:
            mark = self._mark_sign if is_marked else ""
            rows = self._strips.with_sign(stored, "cursor" if is_chosen else "", mark)
        else:
            rows = self._strips.of(stored)
        return rows[row] if row < len(rows) else self._strips.blank()

    # --- the cursor ---

    @property
    def cursor_number(self) -> int | None:
        """The number in the store of the line under the cursor; the newest one while it follows."""
        return self._source.number(self._cursor) if self._source.line_count else None

    def cursor_line(self) -> bytes | None:
        """The stored line under the cursor; the newest one while it follows."""
        lines = self._source.lines(self._cursor, 1) if self._source.line_count else []
        return lines[0] if lines else None

    def step(self, lines: int) -> bool:
        """Move the cursor; whether it could."""
        before = self._cursor
        self.action_move(lines)
        return self._cursor != before

    def jump_to(self, index: int) -> None:
        """Put the cursor on line `index`, in the middle of the screen where it was out of sight."""
        if self.is_following:
            self._paused_at = self._source.line_count
        self._cursor, self._is_last = index, False
        first, last = self._visible()
        if not first <= index <= last:
            self._scroll(*self._top_with_last(index, self.size.height // 2))
        self.refresh()
        self.post_message(self.Moved())

    def end_at(self, index: int) -> None:
        """Put the cursor on line `index`, the last one on the screen; what comes after it is not shown."""
        self.jump_to(index)
        self._is_last = True
        self._scroll(*self._top_with_last(index))

    def action_move(self, lines: int) -> None:
        count = self._source.line_count
        if not count or (self.is_following and lines > 0):
            return
        first, last = self._visible()
        self._cursor = min(max(min(max(self._cursor, first), last) + lines, 0), count - 1)
        self._is_last = False
        if self.is_following:
            self._paused_at = count
            self.post_message(self.Moved())
        if self._cursor < first:
            self._scroll(self._cursor, 0)
        elif self._cursor > last:
            self._scroll(*self._top_with_last(self._cursor))
        self.refresh()

    def action_page(self, pages: int) -> None:
        first, last = self._visible()
        self.action_move(pages * max(last - first, 1))

    def action_first(self) -> None:
        self.action_move(-self._source.line_count)

    def action_last(self) -> None:
        self.follow(is_wanted=True)

    def jump_cells(self) -> Iterator[tuple[int, int]]:
        """Where on the screen a line begins."""
        for y in range(self.size.height):
            index, row = self._place(y)
            if row == 0 and index < self._source.line_count:
                yield 0, y + self._lead

    def focus_on_click(self) -> bool:
        self._lead_pressed = self._lead
        return super().focus_on_click()

    def on_click(self, event: events.Click) -> None:
        index, _ = self._place(event.y - self._lead_pressed)
        self._lead_pressed = 0
        if index < self._source.line_count:
            if self.is_following:
                self.follow(is_wanted=False)
            self._cursor = index
            self.refresh()
            if event.chain == 2:
                self.post_message(self.Opened())
