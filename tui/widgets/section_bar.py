"""The names of a page's sections in one line, the one that is shown among them; a click goes to one."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tui.render.worker_page import section_at, section_line
from tui.widgets.painter import Painter


class SectionBar(Widget):
    """Shows names; says `Chosen` when one is clicked."""

    DEFAULT_CSS = "SectionBar { height: 1; width: 1fr; }"

    class Chosen(Message):
        """The name at `index` was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, names: Sequence[str], *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._names = names
        self._chosen = 0

    def show(self, chosen: int) -> None:
        """The section at `chosen` is shown now."""
        if chosen != self._chosen:
            self._chosen = chosen
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        line = section_line(self._names, self._chosen, self.size.width) if y == 0 else ()
        return self._painter.strip(line, self.size.width)

    def on_click(self, event: events.Click) -> None:
        index = section_at(self._names, event.x)
        if index is not None:
            self.post_message(self.Chosen(index))
