"""Stored lines as strips, made once for as long as they look the same; what a person has put a sign on is made anew."""

from __future__ import annotations

from dataclasses import replace

from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from supervisor.logs.record import decode
from tui.link.patience import TooSlow, patience
from tui.render.log_lines import Form, record_lines
from tui.render.pieces import Line, Tone
from tui.widgets.painter import Ground, Painter

CACHE_LINES = 128
HIGHLIGHT_S = 0.02
"""A line in which nothing is found by then shows nothing found."""
LONG_LINE_BYTES = 4096
"""A longer line is known by its ends: the cache must not hold megabytes, nor hash them for each paint."""


class LogStrips:
    """The strips of one log pane: all in one form, which `use` changes."""

    def __init__(self, widget: Widget, form: Form) -> None:
        self._painter = Painter(widget)
        self._cache: dict[object, tuple[Strip, ...]] = {}
        self.form = form

    def use(self, form: Form) -> bool:
        """Draw in `form` from now on; whether that is another one."""
        is_other = form != self.form
        if is_other:
            self.form = form
            self._cache.clear()
        return is_other

    def look_again(self) -> None:
        """The colours may be others: where they are, all strips are made anew."""
        if self._painter.forget():
            self._cache.clear()

    def of(self, stored: bytes) -> tuple[Strip, ...]:
        """The rows of a stored line."""
        key = stored if len(stored) <= LONG_LINE_BYTES else (len(stored), stored[:512], stored[-512:])
        strips = self._cache.get(key)
        if strips is None:
            if len(self._cache) >= CACHE_LINES:
                del self._cache[
                    next(iter(self._cache))
                ]  # all at once would be made anew at once, and cost memory in waves
            # Textual keeps what it has computed of a strip with the strip, so strips are kept, not lines.
            strips = self._cache[key] = self._made(self._lines(stored), "")
        return strips

    def with_sign(self, stored: bytes, ground: Ground, mark: str) -> tuple[Strip, ...]:
        """The same on another ground, and with `mark` in its first cell."""
        lines = self._lines(stored)
        if mark:
            (text, look), *rest = lines[0]
            lines[0] = ((mark, Tone.ACCENT), (text[len(mark) :], look), *rest)
        return self._made(lines, ground)

    def words(self, text: str, tone: Tone) -> Strip:
        """A line that is none of the store's."""
        return self._painter.strip(((f" {text}", tone),), self.form.width)

    def blank(self) -> Strip:
        """A row without anything."""
        return Strip.blank(self.form.width, self.blank_style())

    def blank_style(self) -> Style:
        """How a cell without anything looks."""
        return self._painter.style(Tone.PLAIN)

    def _lines(self, stored: bytes) -> list[Line]:
        record = decode(stored)
        if self.form.found is None:
            return record_lines(record, self.form)
        try:
            with patience(HIGHLIGHT_S):
                return record_lines(record, self.form)
        except TooSlow:
            return record_lines(record, replace(self.form, found=None))

    def _made(self, lines: list[Line], ground: Ground) -> tuple[Strip, ...]:
        return tuple(self._painter.new_strip(line, self.form.width, ground) for line in lines)
