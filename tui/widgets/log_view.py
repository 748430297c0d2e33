"""The log pane: only the lines on the screen are read and decoded, however many there are.

It follows the newest line until a person scrolls up, and says how many have arrived since.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from supervisor.logs.record import decode
from tui.actions import MOVES
from tui.link.log_source import LogSource
from tui.render.glyphs import UNICODE, Glyphs
from tui.render.log_lines import record_line
from tui.render.pieces import Line, Tone
from tui.widgets.painter import Painter

SCAN_BUDGET_S = 0.006
"""Of one turn; a key that waits is handled in between."""

SCAN_EVERY_S = 0.02
CACHE_LINES = 1024


class LogView(ScrollView, can_focus=True):
    """Shows a `LogSource`; says `Moved` when it begins or ends to follow."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding(keys, action, show=False) for keys, action, _ in MOVES]

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
        utc_offset_s: int = 0,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,  # noqa: A002 (Textual's own name)
    ) -> None:
        super().__init__(id=id)
        self._source = source
        self._utc_offset_s = utc_offset_s
        self._glyphs = glyphs
        self._painter = Painter(self)
        self._cache: dict[bytes, Strip] = {}
        self._page: tuple[int, list[bytes]] = (0, [])
        self._cursor = 0
        self._is_moving_itself = False
        self._paused_at: int | None = None
        self._name_width = 8
        self._empty: tuple[str, ...] = ()

    @property
    def is_following(self) -> bool:
        """The newest line stays in sight."""
        return self._paused_at is None

    @property
    def arrived_since_pause(self) -> int:
        """Lines that came since it was paused."""
        return 0 if self._paused_at is None else max(self._source.line_count - self._paused_at, 0)

    def on_mount(self) -> None:
        self._scanning = self.set_interval(SCAN_EVERY_S, self.pull, pause=True)

    def pull(self) -> None:
        """Take in what was written since, and show it where the view follows; called by whoever sets the pace."""
        top, cursor = self._source.number(self.scroll_offset.y), self._source.number(self._cursor)
        if self._source.advance(SCAN_BUDGET_S):
            self._take_in()
            if not self.is_following:
                self._stay_at(top, cursor)
            self.post_message(self.Moved())
        elif self.is_following and self.scroll_offset.y != self.max_scroll_y:
            # Textual sends no Resize when a layout and a scroll of another widget fall into one turn.
            self._take_in()
        if self._source.is_scanning:
            self._scanning.resume()
        else:
            self._scanning.pause()

    def _stay_at(self, top: int, cursor: int) -> None:
        """Older matches may have been found above: keep the lines in sight where they are."""
        self._cursor = self._source.index(cursor)
        self._is_moving_itself = True
        self.scroll_to(y=self._source.index(top), animate=False, force=True)
        self._is_moving_itself = False

    def start_over(self) -> None:
        """The source shows other lines now: another run, another filter."""
        self._cache.clear()
        self._paused_at = None
        self._source.advance(SCAN_BUDGET_S)
        if self._source.is_scanning:
            self._scanning.resume()
        self._take_in()
        self.post_message(self.Moved())

    def _take_in(self) -> None:
        count = self._source.line_count
        self._page = (0, [])
        self._is_moving_itself = True
        # Growing must not cost a layout of the whole screen each time, so the size is set below Textual's reactive.
        size = Size(self.size.width, count)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)
        if self.is_following:
            self._cursor = max(count - 1, 0)
            self.scroll_to(y=self.max_scroll_y, animate=False, force=True)
            self.refresh()
        else:
            self.refresh()
        self._is_moving_itself = False

    def name_column(self, longest: int) -> None:
        """How wide the longest worker name is, in cells."""
        width = min(max(longest, 6), 16)
        if width != self._name_width:
            self._name_width = width
            self._forget_lines()

    def explain_empty(self, lines: tuple[str, ...]) -> None:
        """What to say when there is nothing to show."""
        if lines != self._empty:
            self._empty = lines
            if not self._source.line_count:
                self.refresh()

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
            is_at_end = round(new_value) >= self.max_scroll_y
            if is_at_end != self.is_following:
                self._paused_at = None if is_at_end else self._source.line_count
                self.post_message(self.Moved())

    def cursor_line(self) -> bytes | None:
        """The stored line under the cursor; the newest one while it follows."""
        lines = self._source.lines(self._cursor, 1) if self._source.line_count else []
        return lines[0] if lines else None

    def _forget_lines(self) -> None:
        self._cache.clear()
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()
        self._cache.clear()

    def on_resize(self, _: events.Resize) -> None:
        self._forget_lines()
        self._take_in()

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    @property
    def text_width(self) -> int:
        """Cells beside the scroll bar."""
        return self.size.width - self.scrollbar_size_vertical

    def render_line(self, y: int) -> Strip:
        width = self.text_width
        count = self._source.line_count
        if not count:
            text = self._empty[y] if y < len(self._empty) else ""
            return self._painter.strip(((f" {text}", Tone.STRONG if y == 0 else Tone.DIM),), width)
        index = self.scroll_offset.y + y
        stored = self._stored(index) if index < count else None
        if stored is None:
            return Strip.blank(width, self._painter.style(Tone.PLAIN))
        if index == self._cursor and self.has_focus and not self.is_following:
            return self._painter.strip(self._line(stored, width), width, "cursor")
        strip = self._cache.get(stored)
        if strip is None:
            if len(self._cache) >= CACHE_LINES:
                self._cache.clear()
            # Textual keeps what it has computed of a strip with the strip, so strips are kept, not lines.
            strip = self._cache[stored] = self._painter.strip(self._line(stored, width), width)
        return strip

    def render_lines(self, crop: Region) -> list[Strip]:
        """The strips that are on the screen, past Textual's cache of lines, which knows lines by their place.

        A log that scrolls has other lines in every place; known by what they hold, most of them are there already.
        """
        if self.styles.text_opacity != 1.0 or self.opacity != 1.0:
            return super().render_lines(crop)
        width, blank = self.size.width, self._painter.style(Tone.PLAIN)
        filters = self.get_line_filters()
        _, background = self.background_colors
        strips = []
        for y in crop.line_range:
            strip = self.render_line(y).adjust_cell_length(width, blank)
            for each in filters:
                strip = strip.apply_filter(each, background)
            strips.append(strip if crop.column_span == (0, width) else strip.crop(*crop.column_span))
        return strips

    def _stored(self, index: int) -> bytes | None:
        """One stored line; a whole screen of them is read at once."""
        first, lines = self._page
        if not first <= index < first + len(lines):
            first = self.scroll_offset.y
            lines = self._source.lines(first, self.size.height)
            self._page = (first, lines)
        return lines[index - first] if 0 <= index - first < len(lines) else None

    def _line(self, stored: bytes, width: int) -> Line:
        return record_line(decode(stored), width, self._name_width, self._utc_offset_s, self._glyphs.ellipsis)

    def action_move(self, lines: int) -> None:
        count = self._source.line_count
        if not count or (self.is_following and lines > 0):
            return
        top, height = self.scroll_offset.y, self.size.height
        cursor = min(max(self._cursor, top), top + height - 1)
        self._cursor = min(max(cursor + lines, 0), count - 1)
        if self.is_following:
            self._paused_at = count
            self.post_message(self.Moved())
        self._is_moving_itself = True
        if self._cursor < top:
            self.scroll_to(y=self._cursor, animate=False, force=True)
        elif self._cursor >= top + height:
            self.scroll_to(y=self._cursor - height + 1, animate=False, force=True)
        self._is_moving_itself = False
        self.refresh()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self.size.height - 1, 1))

    def action_first(self) -> None:
        self.action_move(-self._source.line_count)

    def action_last(self) -> None:
        self.follow(is_wanted=True)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if index < self._source.line_count:
            if self.is_following:
                self.follow(is_wanted=False)
            self._cursor = index
            self.refresh()
            if event.chain == 2:
                self.post_message(self.Opened())
