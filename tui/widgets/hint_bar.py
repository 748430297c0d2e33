"""The bottom line: at most eight keys that work now; each can be clicked."""

from __future__ import annotations

from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from tui.actions import Action
from tui.render.pieces import Piece, Tone
from tui.widgets.painted import PaintedWidget
from tui.widgets.painter import Painter

ROOMY_COLUMNS = 100


def _wide(action: Action) -> int:
    return cell_len(action.key_name) + 1 + cell_len(action.label)


class HintBar(PaintedWidget):
    """Shows actions; says `Chosen` when one is clicked."""

    DEFAULT_CSS = "HintBar { height: 1; width: 1fr; }"

    class Chosen(Message):
        """A hint was clicked."""

        def __init__(self, action_id: str) -> None:
            super().__init__()
            self.action_id = action_id

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self._painter = Painter(self)
        self._actions: tuple[Action, ...] = ()
        self._spans: list[tuple[int, int, str]] = []

    def show(self, actions: tuple[Action, ...]) -> None:
        """Show `actions`, as many as the width has room for."""
        if actions != self._actions:
            self._actions = actions
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y:
            return Strip.blank(width, self.rich_style)
        pieces: list[Piece] = [(" ", Tone.PLAIN)]
        self._spans = []
        x = 1
        gap = 3 if width >= ROOMY_COLUMNS else 2
        for action in self._that_fit(width, gap):
            pieces += [(action.key_name, Tone.ACCENT), (f" {action.label}{' ' * gap}", Tone.PLAIN)]
            self._spans.append((x, x + _wide(action), action.id))
            x += _wide(action) + gap
        return self._painter.strip(tuple(pieces), width)

    def _that_fit(self, width: int, gap: int) -> list[Action]:
        """As many as there is room for; the last two, help and quit, before the others."""
        room = width - 1
        fitting: set[str] = set()
        for action in (*self._actions[-2:], *self._actions[:-2]):
            room -= _wide(action) + gap
            if room + gap < 0:
                break
            fitting.add(action.id)
        return [action for action in self._actions if action.id in fitting]

    def on_click(self, event: events.Click) -> None:
        for start, end, action_id in self._spans:
            if start <= event.x < end:
                self.post_message(self.Chosen(action_id))
