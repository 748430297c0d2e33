"""Text that opens over the fleet to be read, scrolled and closed: the help, and one log record in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from supervisor.logs.record import Record, decode
from tui.actions import ACTIONS, MOVES, key_name
from tui.hang_actions import HANG_ACTIONS
from tui.render.pieces import Line, Tone, wrap
from tui.render.record import record_view
from tui.widgets.lines_view import LinesView


class ReadingScreen(ModalScreen[None]):
    """A title and lines; Esc, q and Enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "close", show=False)]
    FOOT: ClassVar[str] = "esc closes   up down pgup pgdn scroll"

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title_text = title

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(Content(self._title_text), classes="dialog-title")
            yield LinesView(id="reading")
            yield Static(Content(self.FOOT), classes="dialog-foot")

    def on_mount(self) -> None:
        self.query_one(LinesView).focus()

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self.fill)

    def fill(self, *, from_top: bool = False) -> None:
        """Show what there is to read now."""
        view = self.query_one(LinesView)
        view.show(self.lines(view.size.width - 1), from_top=from_top)

    def lines(self, width: int) -> list[Line]:
        """What there is to read, folded to `width` cells."""
        raise NotImplementedError

    def action_close(self) -> None:
        self.dismiss(None)


class HelpScreen(ReadingScreen):
    """All keys, generated from the registry of actions."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("question_mark", "close", show=False)]

    def __init__(self, first: str = "") -> None:
        super().__init__("Keys")
        self._first = first

    def lines(self, width: int) -> list[Line]:
        return help_lines(width, self._first)


class RecordScreen(ReadingScreen):
    """One log record, everything in it; left and right go to its neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "step(1)", show=False),
        Binding("left,p", "step(-1)", show=False),
    ]
    FOOT = "esc closes   up down pgup pgdn scroll   left right: the records before and after"

    def __init__(self, stored: bytes, utc_offset_s: int, neighbour: Callable[[int], bytes | None]) -> None:
        super().__init__("Log record")
        self._record: Record = decode(stored)
        self._utc_offset_s = utc_offset_s
        self._neighbour = neighbour

    def action_step(self, step: int) -> None:
        """Show the record after this one, or with -1 the one before, as far as the log shows it."""
        stored = self._neighbour(step)
        if stored is None:
            where = "after" if step > 0 else "before"
            self.app.notify(f"The log shows no record {where} this one.", severity="warning", markup=False)
            return
        self._record = decode(stored)
        self.fill(from_top=True)

    def lines(self, width: int) -> list[Line]:
        return record_view(self._record, width, self._utc_offset_s)


def help_lines(width: int, first: str = "") -> list[Line]:
    """The help: each action once, by group; the group `first` before all others."""
    lines: list[Line] = []
    everything = (*ACTIONS, *HANG_ACTIONS)
    groups = dict.fromkeys(action.group for action in everything)
    for group in sorted(groups, key=lambda group: group != first):
        lines += [(), ((group, Tone.STRONG),)]
        for action in everything:
            if action.group == group:
                keys = " ".join(key_name(key) for key in action.keys)
                lines += _entry(keys, action.help, width)
    lines += [(), (("Moving, in every pane", Tone.STRONG),)]
    for keys, _, meaning in MOVES:
        lines += _entry(" ".join(key_name(key) for key in keys.split(",")), meaning.capitalize() + ".", width)
    return lines[1:]


def _entry(keys: str, sentence: str, width: int) -> list[Line]:
    folded = wrap(sentence, width - 21)
    return [
        ((f"  {keys if index == 0 else '':<19}", Tone.ACCENT), (text, Tone.PLAIN)) for index, text in enumerate(folded)
    ]
