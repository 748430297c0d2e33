"""The command palette: type to find an action, a worker, a channel, a pool or an error; Enter does it or goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui.palette import Entry, Found, entry_line, found, near
from tui.render.glyphs import Glyphs
from tui.render.pieces import plain
from tui.screens.upper import UpperScreen
from tui.widgets.answer_bar import AnswerBar
from tui.widgets.choice_list import ChoiceList


class PaletteScreen(UpperScreen[Entry | None]):
    """Its result is the entry that was chosen; None after Esc, which changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "leave", show=False),
        Binding("enter", "take", show=False, priority=True),
        Binding("up,ctrl+k,shift+tab", "move(-1)", show=False, priority=True),
        Binding("down,ctrl+j,ctrl+n,tab", "move(1)", show=False, priority=True),
        Binding("pageup", "page(-1)", show=False, priority=True),
        Binding("pagedown", "page(1)", show=False, priority=True),
    ]

    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-slim"), (116, "-wide")]  # noqa: RUF012 (as Textual names and types it)

    def __init__(self, entries: Sequence[Entry], glyphs: Glyphs) -> None:
        super().__init__()
        self._entries = entries
        self._glyphs = glyphs
        self._found: list[Found] = []
        self._typed = Input(placeholder="what to do, or where to go", compact=True, id="palette-typed")
        self._list = ChoiceList(id="palette-list")
        self._is_near = False
        """Nothing fits what is typed; what is shown may be meant."""
        self._is_moved = False
        """The person has gone to another line than the first."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield self._typed
            yield self._list
            yield Static(id="palette-about")
            yield Static(classes="dialog-foot", id="palette-foot")
        yield AnswerBar()

    def on_mount(self) -> None:
        self._typed.cursor_blink = False
        self._typed.cursor_position = len(self._typed.value)
        self.set_focus(self._typed)

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self._fill)

    def on_input_changed(self) -> None:
        self._is_moved = False
        self._fill(is_anew=True)

    def _look(self) -> None:
        """Find what fits what is typed, or is near to it."""
        self._found = found(self._entries, self._typed.value)
        self._is_near = not self._found
        if self._is_near:
            self._found = near(self._entries, self._typed.value)

    def _fill(self, *, is_anew: bool = False) -> None:
        """Show what fits what is typed; `is_anew` chooses the best of it."""
        width = self._list.size.width - 1
        self._look()
        self._list.show([entry_line(one, width, self._glyphs) for one in self._found], from_top=is_anew)
        self._choose(0 if is_anew else self._list.chosen)
        if self._is_near:
            foot = (
                f"nothing fits{'; meant is perhaps one of these: down chooses' if self._found else ''}   esc goes back"
            )
        else:
            number = f"{len(self._found)} of {len(self._entries)}"
            foot = f"enter does it   up down choose   esc goes back   {number}"
        self.query_one("#palette-foot", Static).update(Content(foot))

    def _choose(self, index: int) -> None:
        """Choose a line, and say in full what its own room may cut."""
        self._list.choose(index)
        entry = self._found[self._list.chosen].entry if self._found else None
        said = " ".join(part for part in (entry.about, entry.refusal) if part) if entry else ""
        self.query_one("#palette-about", Static).update(Content(plain(said)))

    def action_move(self, lines: int) -> None:
        self._is_moved = True
        self._choose(self._list.chosen + lines)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(self._list.size.height - 1, 1))

    def action_take(self) -> None:
        """Do what is chosen. What is typed may be newer than what is shown.

        Before any choice Enter does nothing where nothing is typed, or what is typed fits nothing.
        """
        shown = self._found
        self._look()
        if shown != self._found:
            self._list.chosen, self._is_moved = 0, False
        is_guess = self._is_near or not self._typed.value.strip()
        if self._found and (self._is_moved or not is_guess):
            self.dismiss(self._found[self._list.chosen].entry)

    def on_choice_list_taken(self) -> None:
        self._is_moved = True
        self.action_take()

    def action_leave(self) -> None:
        self.dismiss(None)
