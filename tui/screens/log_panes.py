"""One log, or two one below the other: each with its own worker, filter, search and place, of the same store.

What is done in the log is done in the one that has, or had last, the focus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tui.link.log_source import LogSource
from tui.screens.logs import LogPane

LEAST_LOG_LINES: Final = 4
"""A person can make neither log smaller than this, where there is room for both."""
PULL_EVERY_S: Final = 0.1
"""How often the second log takes in what is new; the first is pulled by whoever sets the pace of the screen."""

MakePane = Callable[[LogSource], LogPane]


class LogPanes(Vertical):
    """The room that the logs share; the first one is always there.

    Attributes:
        first: the log that was there from the beginning.
        second: the one below it; None where there is one only.
        second_lines: how high a person has made the second; None: each has a half.
    """

    def __init__(self, source: LogSource, make: MakePane) -> None:
        super().__init__(id="log-pane", classes="pane")
        self._make = make
        self.first = self._chosen = make(source)
        self.second: LogPane | None = None
        self.second_lines: int | None = None

    def compose(self) -> ComposeResult:
        yield self.first

    def on_mount(self) -> None:
        self._pulling = self.set_interval(PULL_EVERY_S, self._pull_second, pause=True)

    async def on_unmount(self) -> None:
        if self.second is not None:
            await _end(self.second.source)

    def __iter__(self) -> Iterator[LogPane]:
        yield self.first
        if self.second is not None and self.second.is_ready:
            yield self.second

    @property
    def chosen(self) -> LogPane:
        """The log in which things are done; a key that follows tab at once is for the one it went to."""
        focused = self.screen.focused if self.is_attached else None  # a last frame may come while all is taken down
        for pane in self:
            if focused is not None and pane in focused.ancestors:
                self._chosen = pane
        return self._chosen

    async def split(self) -> bool:
        """Show a second log, with all that there is in it, and go there; False where there are two already."""
        if self.second is not None:
            return False
        pane = self.second = self._make(self.first.source.twin())
        self._share_height()
        await self.mount(pane)
        if self.second is pane:  # it may have been closed while it was made
            pane.begin_run()
            pane.view.focus()
            self._pulling.resume()
        return True

    async def close_second(self) -> bool:
        """Show the first log only, and go there from the second; False where it is so already."""
        pane, self.second = self.second, None
        if pane is None:
            return False
        self._pulling.pause()
        if pane.has_focus_within:
            self.first.view.focus()
        self._chosen = self.first
        await pane.remove()
        await _end(pane.source)
        return True

    # --- the border between them ---

    @property
    def is_in_second(self) -> bool:
        """Whether things are done in the second log now."""
        second = self.second
        return second is not None and second.is_ready and second.has_focus_within

    def is_border(self, taken: Widget) -> bool:
        """Whether who takes hold of this widget has the border between the logs."""
        return self.second is not None and taken.id == "log-title" and taken.parent is self.second

    def make_second(self, lines: int) -> None:
        """Make the second log so many lines high, as far as there is room; the first has the others."""
        if self.second is not None:
            self.second_lines = self._fitting(lines)
            self._share_height()

    def move_border(self, lines: int) -> None:
        """So many lines down; nothing happens where there is one log."""
        if self.second is not None:
            # What was chosen counts: a second key may come before the first one's layout.
            chosen = self.second_lines
            self.make_second((self.second.size.height if chosen is None else self._fitting(chosen)) - lines)

    def on_resize(self) -> None:
        self._share_height()

    def _share_height(self) -> None:
        if self.second is not None:
            chosen = self.second_lines
            self.second.styles.height = None if chosen is None else self._fitting(chosen)

    def _fitting(self, lines: int) -> int:
        return max(min(lines, self.size.height - LEAST_LOG_LINES), LEAST_LOG_LINES)

    def _pull_second(self) -> None:
        if self.second is not None and self.second.is_ready:
            self.second.view.pull()


async def _end(source: LogSource) -> None:
    source.close()
    await source.end_helpers()
