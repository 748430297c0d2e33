"""The themes to choose from: the whole dashboard shows the one under the cursor, Enter keeps it, Esc does not."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tui.render.glyphs import STATE_TONES, Glyphs
from tui.render.pieces import Found, Line, Tone, fit_line
from tui.screens.dialog_title import DialogTitle
from tui.screens.upper import UpperScreen
from tui.settings_desk import SettingsDesk
from tui.widgets.answer_bar import AnswerBar
from tui.widgets.choice_list import ChoiceList
from tui.widgets.line import LineWidget

NAME_CELLS = 26
MOST_LINES = 14
SAMPLES = ("running", "hung", "failed", "paused", "finished")
"""States that are shown in their tones."""


class ThemesScreen(UpperScreen[None]):
    """Stands at the side, so that one sees what the theme does to the rest."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", show=False),
        Binding("enter,space", "keep", show=False),
        Binding("up,k,shift+tab", "move(-1)", show=False),
        Binding("down,j,tab", "move(1)", show=False),
        Binding("home,g,pageup", "move(-99)", show=False),
        Binding("end,G,pagedown", "move(99)", show=False),
    ]

    def __init__(self, desk: SettingsDesk, glyphs: Glyphs) -> None:
        super().__init__()
        self._desk = desk
        self._glyphs = glyphs
        self._list = ChoiceList(id="themes-list")

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield DialogTitle("Theme")
            yield self._list
            yield LineWidget(id="themes-sample")
            yield Static(Content("enter keeps it for this project   esc goes back"), classes="dialog-foot")
        yield AnswerBar()

    def on_mount(self) -> None:
        self._before = self.app.theme

    def on_resize(self, _: events.Resize) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        width = self._list.size.width - 1
        names = self._desk.theme_names
        self._list.show([self._line(name, width) for name in names])
        self._list.styles.height = min(len(names), MOST_LINES)
        self.query_one(LineWidget).show(self._sample)
        self._list.choose(names.index(self.app.theme) if self.app.theme in names else 0)

    def _sample(self, width: int) -> Line:
        states = [(f"{self._glyphs.states[state]} {state}   ", STATE_TONES[state]) for state in SAMPLES]
        return fit_line((*states, ("found", Found(Tone.PLAIN))), width, self._glyphs.ellipsis)

    def _line(self, name: str, width: int) -> Line:
        mark = self._glyphs.points if name == self._before else " "
        pieces = (
            (f"{mark} ", Tone.ACCENT),
            (f"{name:<{NAME_CELLS}}", Tone.STRONG),
            (self._desk.about(name), Tone.PLAIN),
        )
        return fit_line(pieces, width, self._glyphs.ellipsis)

    def action_move(self, lines: int) -> None:
        self._list.choose(self._list.chosen + lines)
        self.app.theme = self._desk.theme_names[self._list.chosen]

    def on_choice_list_taken(self) -> None:
        self.app.theme = self._desk.theme_names[self._list.chosen]

    def action_keep(self) -> None:
        self._desk.choose_theme(self.app.theme)
        self.dismiss(None)

    def action_leave(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)
