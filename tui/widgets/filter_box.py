"""Lines that a person types in: a pane's filter, where each letter filters at once, and the log's questions.

What is typed next may be a key that acts on what was found: so a box calls whoever it is for, and posts no message that
would be heard later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Input

from tui.situation import Pane
from tui.widgets.overlay import Overlay

Asked = Literal["search", "time", "file"]
"""What the log asks for."""


def _ignore(*_: object) -> None:
    pass


class TypingBox(Input):
    """A line to type in that is there only while somebody does.

    Attributes:
        home: what has the focus when the person is done; None until somebody says so.
        hear: told of each other text.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", show=False),
        Binding("enter", "leave(False)", show=False),
    ]

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    """As in `ScrolledLines`: a letter more or less costs no layout."""

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False, id=id)
        self.home: Widget | None = None
        self.hear: Callable[[str], None] = _ignore
        self.add_class("-valid")  # as after Textual's own look at the first letter, which then changes no style
        self.cursor_blink = False

    def on_mount(self) -> None:
        self._selection_news = self.screen.text_selection_started_signal

    def on_unmount(self) -> None:
        self._selection_news.unsubscribe(
            self
        )  # Textual's own leaves a function there that keeps the box as long as it lives

    @property
    def is_open(self) -> bool:
        """A person sees it."""
        return self.display

    def open(self) -> None:
        """Show the box and type in it, from the very next key on."""
        self._show(is_shown=True)
        self.screen.set_focus(self)

    def _show(self, *, is_shown: bool) -> None:
        self.display = is_shown

    def _on_focus(self, _: events.Focus) -> None:
        self.set_reactive(Widget.has_focus, True)  # Textual's own then has no style to look up again

    def _on_blur(self, _: events.Blur) -> None:
        self.set_reactive(Widget.has_focus, False)

    def watch_value(self, value: str) -> None:
        if self.is_attached:
            self.hear(value)

    def clear_and_hide(self) -> None:
        """Nothing is looked for any more."""
        self._show(is_shown=False)
        self.value = ""

    def put_away(self) -> None:
        """Where another widget has the focus, be seen no more; what was typed stays."""
        if self.is_open and self.screen.focused is not self:
            self._show(is_shown=False)

    def action_leave(self, is_cleared: bool) -> None:
        """The person is done: with Enter, or `is_cleared` with Esc."""
        self._show(is_shown=False)
        self.screen.set_focus(self.home)
        if is_cleared:
            self.value = ""


class OverBox(TypingBox, Overlay):
    """Lies over what is below it while a person types, so that no row moves and nothing is laid out.

    Attributes:
        shown: called when it has come out or gone.
    """

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(placeholder, id=id)
        self.shown: Callable[[], None] = _ignore

    @property
    def is_open(self) -> bool:
        return self.is_out

    def _show(self, *, is_shown: bool) -> None:
        self.come_out(is_out=is_shown)
        self.shown()


class FilterBox(OverBox):
    """A pane's filter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "leave(False)", show=False)]

    def __init__(
        self, pane: Pane, placeholder: str, *, home: Widget | None = None, hear: Callable[[str], None] = _ignore
    ) -> None:
        super().__init__(placeholder, id=f"{pane}-filter")
        self.home, self.hear = home, hear
        self.pane: Pane = pane
        """Whose filter it is."""


class AskBox(OverBox):
    """One question at a time.

    Attributes:
        answered: called after Enter, with what was asked and what was typed.
        declined: called after Esc, with what was asked.
    """

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id)
        self.asked: Asked = "search"
        """What is typed is an answer to this."""
        self.answered: Callable[[Asked, str], None] = _ignore
        self.declined: Callable[[Asked], None] = _ignore

    def ask(self, asked: Asked, placeholder: str, value: str = "") -> None:
        """Ask for something; `value` is there already, to be changed."""
        self.asked = asked
        self.placeholder = placeholder
        self.value = value
        self.cursor_position = len(value)
        self.open()

    def watch_value(self, value: str) -> None:
        if self.is_open:
            super().watch_value(value)

    def action_leave(self, is_cleared: bool) -> None:
        super().action_leave(False)
        if is_cleared:
            self.declined(self.asked)
        else:
            self.answered(self.asked, self.value)
