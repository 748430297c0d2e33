"""Text that opens over the fleet to be read, scrolled and closed: the help, and one log record in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from supervisor.logs.record import Record, decode
from tui.actions import MOVES, Action
from tui.hang_actions import title_of
from tui.keymap import key_name
from tui.offers import all_offered
from tui.render.pieces import Line, Tone, wrap
from tui.render.record import record_view
from tui.render.zone import Offset
from tui.screens.dialog_title import DialogTitle
from tui.screens.upper import UpperScreen
from tui.situation import Access
from tui.widgets.answer_bar import AnswerBar
from tui.widgets.filter_box import TypingBox
from tui.widgets.lines_view import LinesView


class ReadingScreen(UpperScreen[None]):
    """A title and lines; Esc, q and Enter close it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter", "close", show=False)]
    FOOT: ClassVar[str] = "esc closes   up down pgup pgdn scroll"
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-slim"), (106, "-wide")]  # noqa: RUF012 (as Textual names and types it)
    """Where only letters of what lies below would stand beside it, it takes the whole width."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title_text = title

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield DialogTitle(self._title_text)
            yield LinesView(id="reading")
            yield Static(Content(self.FOOT), classes="dialog-foot")
        yield AnswerBar()

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
    """All keys, generated from the registry of actions: first what can be done now, `v` shows only that; / filters."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "close", show=False),
        Binding("slash", "look", show=False),
        Binding("v", "only_valid", show=False),
    ]
    FOOT = "esc closes   / filters   v: only what can be done now, or all"

    def __init__(
        self, first: str = "", is_valid: Callable[[Action], bool] = lambda _: True, access: Access = "all"
    ) -> None:
        super().__init__("Keys")
        self._access = access
        self._first = first
        self._is_valid = is_valid
        self._is_only_valid = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield DialogTitle(self._title_text)
            yield TypingBox("what to look for; esc clears", id="help-filter")
            yield LinesView(id="reading")
            yield Static(Content(self.FOOT), classes="dialog-foot")
        yield AnswerBar()

    def on_mount(self) -> None:
        self._box = self.query_one(TypingBox)
        self._box.home, self._box.hear = self.query_one(LinesView), lambda _: self.fill(from_top=True)

    def action_look(self) -> None:
        self._box.open()

    def action_only_valid(self) -> None:
        self._is_only_valid = not self._is_only_valid
        self.fill(from_top=True)

    def lines(self, width: int) -> list[Line]:
        needle = self._box.value
        shown = help_lines(
            width, self._first, self._is_valid, needle, is_only_valid=self._is_only_valid, access=self._access
        )
        return shown or [((f'No key is about "{needle}"; esc clears the filter.', Tone.DIM),)]


class RecordScreen(ReadingScreen):
    """One log record, everything in it; left and right go to its neighbours."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n", "step(1)", show=False),
        Binding("left,p", "step(-1)", show=False),
    ]
    FOOT = "esc closes   up down pgup pgdn scroll   left right: the records before and after"

    def __init__(self, stored: bytes, utc_offset_s: Offset, neighbour: Callable[[int], bytes | None]) -> None:
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


def help_lines(
    width: int,
    first: str = "",
    is_valid: Callable[[Action], bool] = lambda _: True,
    needle: str = "",
    *,
    is_only_valid: bool = False,
    access: Access = "all",
) -> list[Line]:
    """The help: each action once, by group, the group `first` before all others; what is valid now before the rest.

    `needle` leaves those that have it in their keys, their label or their sentence. What can never be done with the
    `access` that a person has is left out.
    """
    found = [action for action in all_offered(access) if _is_found(action, needle)]
    lines = _by_group([action for action in found if is_valid(action)], first, width)
    rest = [] if is_only_valid else [action for action in found if not is_valid(action)]
    if rest:
        lines += [(), (("Not here, or not now:", Tone.AMBER),), *_by_group(rest, first, width)]
    moves = [(" ".join(map(key_name, keys.split(","))), f"{meaning.capitalize()}.") for keys, _, meaning in MOVES]
    told = [
        line for keys, text in moves if needle.lower() in f"{keys} {text}".lower() for line in _entry(keys, text, width)
    ]
    if told:
        lines += [(), (("Moving, in every pane", Tone.STRONG),), *told]
    return lines[1:]


def _is_found(action: Action, needle: str) -> bool:
    texts = (action.label, action.help, " ".join(map(key_name, action.keys)))
    return any(needle.strip().lower() in text.lower() for text in texts)


def _by_group(actions: list[Action], first: str, width: int) -> list[Line]:
    lines: list[Line] = []
    groups = dict.fromkeys(action.group for action in actions)
    for group in sorted(groups, key=lambda group: group != first):
        lines += [(), ((title_of(group), Tone.STRONG),)]
        for action in actions:
            if action.group == group:
                lines += _entry(" ".join(map(key_name, action.keys)), action.help, width)
    return lines


def _entry(keys: str, sentence: str, width: int) -> list[Line]:
    folded = wrap(sentence, width - 21)
    return [
        ((f"  {keys if index == 0 else '':<19}", Tone.ACCENT), (text, Tone.PLAIN)) for index, text in enumerate(folded)
    ]
