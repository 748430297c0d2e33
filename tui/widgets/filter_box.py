"""Lines that a person types in: a pane's filter, where each letter filters at once, and the log's questions."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import Reactive
from textual.widget import Widget
from textual.widgets import Input

from tui.situation import Pane
from tui.widgets.overlay import Overlay

Asked = Literal["search", "time", "file"]
"""What the log asks for."""


class TypingBox(Input):
    """A line to type in that is there only while somebody does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", show=False),
        Binding("enter", "leave(False)", show=False),
    ]

    virtual_size: Reactive[Size] = Reactive(Size(0, 0))
    """As in `ScrolledLines`: a letter more or less costs no layout."""

    def __init__(self, placeholder: str, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False, id=id)
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

    def take_typed_ahead(self, event: events.Key) -> bool:
        """Take a key that was on its way to another widget when the box opened; whether it is one for a box."""
        if event.key in ("enter", "escape"):
            self.action_leave(event.key == "escape")
        elif event.key == "backspace":
            self.action_delete_left()
        elif event.is_printable and event.character is not None:
            self.insert_text_at_cursor(event.character)
        else:
            return False
        return True

    def _hide(self) -> None:
        self._show(is_shown=False)

    def action_leave(self, is_cleared: bool) -> None:
        """The person is done: with Enter, or `is_cleared` with Esc."""
        raise NotImplementedError


def is_typing(widget: Widget) -> bool:
    """Whether a person types in a box of the screen that `widget` is on: then its keys are letters."""
    return isinstance(widget.screen.focused, TypingBox)


class FilterBox(TypingBox):
    """A pane's filter; says `Typed` for each change and `Left` when the person is done with it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "leave(False)", show=False)]

    class Typed(Message):
        """The filter is another one now."""

        def __init__(self, pane: Pane, text: str) -> None:
            super().__init__()
            self.pane: Pane = pane
            self.text = text

    class Left(Message):
        """The person has gone back to the pane; `is_cleared` after Esc."""

        def __init__(self, pane: Pane, *, is_cleared: bool) -> None:
            super().__init__()
            self.pane: Pane = pane
            self.is_cleared = is_cleared

    def __init__(self, pane: Pane, placeholder: str) -> None:
        super().__init__(placeholder, id=f"{pane}-filter")
        self.pane: Pane = pane
        """Whose filter it is."""

    def clear_and_hide(self) -> None:
        """No filter any more."""
        self._hide()
        self.value = ""

    def watch_value(self, value: str) -> None:
        if self.is_attached:
            self.post_message(self.Typed(self.pane, value))

    def action_leave(self, is_cleared: bool) -> None:
        self._hide()
        if is_cleared:
            self.value = ""
        self.post_message(self.Left(self.pane, is_cleared=is_cleared))


class HeadingsBox(FilterBox, Overlay):
    """A table's filter: lies over its headings while a person types, so that no row moves and nothing is laid out."""

    @property
    def is_open(self) -> bool:
        return self.is_out

    def _show(self, *, is_shown: bool) -> None:
        self.come_out(is_out=is_shown)

    def put_away(self) -> None:
        """Another widget has the focus; what was typed stays."""
        if self.is_open and self.screen.focused is not self:
            self._hide()


class AskBox(TypingBox):
    """One question at a time; says `Typed` for each change, `Answered` after Enter and `Declined` after Esc."""

    class Typed(Message):
        """So far."""

        def __init__(self, asked: Asked, text: str) -> None:
            super().__init__()
            self.asked: Asked = asked
            self.text = text

    class Answered(Typed):
        """What was typed is the answer."""

    class Declined(Message):
        """The person has no answer."""

        def __init__(self, asked: Asked) -> None:
            super().__init__()
            self.asked: Asked = asked

    def __init__(self, *, id: str) -> None:  # noqa: A002 (Textual's own name)
        super().__init__("", id=id)
        self._asked: Asked = "search"

    def ask(self, asked: Asked, placeholder: str, value: str = "") -> None:
        """Ask for something; `value` is there already, to be changed."""
        self._asked = asked
        self.placeholder = placeholder
        self.value = value
        self.cursor_position = len(value)
        self.open()

    def watch_value(self, value: str) -> None:
        if self.is_attached and self.is_open:
            self.post_message(self.Typed(self._asked, value))

    def action_leave(self, is_cleared: bool) -> None:
        self._hide()
        self.post_message(self.Declined(self._asked) if is_cleared else self.Answered(self._asked, self.value))
