"""What all scrolled lines have in common: a change of focus, or of how many lines there are, costs no layout.

Textual's (8.2) own `ScrollView` looks its style up again and is painted as a whole whenever the focus comes or goes,
and has the whole screen laid out whenever it has more lines to scroll through, or fewer.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scroll_view import ScrollView
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from tui.actions import MOVES
from tui.widgets.painted import PaintedWidget
from tui.widgets.scroll_bars import KeptBar


class ScrolledLines(ScrollView, PaintedWidget, can_focus=True):
    """Lines to scroll through. A subclass draws them, and says what the focus changes in them.

    Of its bases Textual takes the first for its styles.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding(keys, action, show=False) for keys, action, _ in MOVES]

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        if self._vertical_scrollbar is None:
            bar = self._vertical_scrollbar = KeptBar(thickness=self.scrollbar_size_vertical)
            bar.display = False
            self.app._start_widget(self, bar)  # noqa: SLF001 (as Textual's own property does)
        return self._vertical_scrollbar

    def make_room(self, lines: int) -> None:
        """There are so many lines: the scroll bar shows it, and no place is beyond the last of them."""
        size = Size(self.size.width, lines)
        if size != self.virtual_size:
            self.set_reactive(Widget.virtual_size, size)
            self._scroll_update(size)

    def refresh_focus(self) -> None:
        """Ask for a repaint of what looks otherwise while the focus is here."""
        raise NotImplementedError

    def _on_focus(self, event: events.Focus) -> None:
        self._have_focus(event, events.DescendantFocus(self))

    def _on_blur(self, event: events.Blur) -> None:
        self._have_focus(event, events.DescendantBlur(self))

    def _have_focus(
        self, event: events.Focus | events.Blur, news: events.DescendantFocus | events.DescendantBlur
    ) -> None:
        """Do what Textual's widget does, and leave what it would look up and paint: no style of ours asks for focus."""
        event.prevent_default()
        self.set_reactive(Widget.has_focus, isinstance(event, events.Focus))
        self.refresh_focus()
        if self.parent is not None:
            self.parent.post_message(news)

    @property
    def text_width(self) -> int:
        """Cells beside the scroll bar."""
        return self.size.width - self.scrollbar_size_vertical
