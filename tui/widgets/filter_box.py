"""The line a person types a filter in; each letter filters at once."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Input

from tui.actions import Pane


class FilterBox(Input):
    """A pane's filter; says `Typed` for each change and `Left` when the person is done with it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave(True)", show=False),
        Binding("enter,down", "leave(False)", show=False),
    ]

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
        super().__init__(placeholder=placeholder, compact=True, select_on_focus=False, id=f"{pane}-filter")
        self.cursor_blink = False
        self.pane: Pane = pane
        """Whose filter it is."""

    def open(self) -> None:
        """Show the box and type in it, from the very next key on."""
        self.add_class("-open")
        self.display = True  # the class shows it a moment later, and what is not shown gets no focus
        self.screen.set_focus(self)

    def take_typed_ahead(self, event: events.Key) -> bool:
        """Take a letter that was on its way to another widget when the box opened; whether it was one."""
        if not event.is_printable or event.character is None:
            return False
        self.insert_text_at_cursor(event.character)
        return True

    def clear_and_hide(self) -> None:
        """No filter any more."""
        self._hide()
        self.value = ""

    def _hide(self) -> None:
        self.remove_class("-open")
        self.display = False

    def watch_value(self, value: str) -> None:
        if self.is_attached:
            self.post_message(self.Typed(self.pane, value))

    def action_leave(self, is_cleared: bool) -> None:
        self._hide()
        if is_cleared:
            self.value = ""
        self.post_message(self.Left(self.pane, is_cleared=is_cleared))
