"""The bottom line under a dialog: the answers to its question, or nothing, but never what cannot be done meanwhile."""

from __future__ import annotations

from typing import Final

from rich.cells import cell_len

from tui.actions import Action
from tui.widgets.hint_bar import HintBar

ANSWER: Final = "A question"
TAKE: Final = "take"
"""Whatever is marked is the answer."""
OF_EVERY_QUESTION: Final = (
    Action(TAKE, ("enter",), "Take the marked line", "Give the answer that is marked.", ANSWER),
    Action("cancel", ("escape",), "Cancel", "Nothing is done.", ANSWER),
)
"""What is shown where the answers themselves have not enough room."""
_GAP_CELLS: Final = 2


def answer(answer_id: str, key: str, label: str) -> Action:
    """An answer as the bottom line shows it."""
    return Action(answer_id, (key,), label, label, ANSWER)


class AnswerBar(HintBar):
    """Stands over the hints of the screen below; without `answers` it is empty."""

    DEFAULT_CSS = "AnswerBar { layer: answers; dock: bottom; }"

    def __init__(self, answers: tuple[Action, ...] = ()) -> None:
        super().__init__()
        self._answers = answers

    def on_resize(self) -> None:
        """Each answer in full, or none of them."""
        cells = sum(cell_len(each.key_name) + 1 + cell_len(each.label) + _GAP_CELLS for each in self._answers)
        is_room = cells + 1 <= self.size.width + _GAP_CELLS
        self.show(self._answers if is_room else OF_EVERY_QUESTION)
