"""A sheet of cells on which lines join as they cross, and text stands: turned into lines of pieces at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from rich.cells import cell_len

from tui.render.pieces import Line, Look, Piece, Tone

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8

_STROKES: Final = {
    UP: "│", DOWN: "│", UP | DOWN: "│", LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─",
    DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | RIGHT: "╰", UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
_STRAIGHT: Final = {UP: "|", DOWN: "|", UP | DOWN: "|", LEFT: "-", RIGHT: "-", LEFT | RIGHT: "-"}
"""In ASCII; all others are a plus."""

Frame = tuple[str, str, str, str, str, str]
FRAMES: Final[dict[tuple[bool, bool], Frame]] = {
    (False, False): ("╭", "╮", "╰", "╯", "─", "│"),
    (False, True): ("╔", "╗", "╚", "╝", "═", "║"),
    (True, False): ("+", "+", "+", "+", "-", "|"),
    (True, True): ("#", "#", "#", "#", "=", "#"),
}
"""Corners, then horizontal and vertical; by whether it is ASCII, and whether the cursor is on it."""

WEIGHT: Final = {Tone.DIM: 0, Tone.PLAIN: 1, Tone.AMBER: 2}
"""Where lines share a cell, whose tone it has."""

Corner = tuple[int, int]
"""Column, row."""


@dataclass
class Canvas:
    """Grows downwards as it is drawn on; `width` cells wide."""

    width: int
    is_ascii: bool
    _cells: dict[Corner, tuple[str, Look]] = field(default_factory=dict)
    _runs: dict[Corner, dict[int, int]] = field(default_factory=dict)
    """Of each cell the directions in which each line leaves it, by the line's number."""
    _tones: dict[int, Tone] = field(default_factory=dict)
    height: int = 0

    def text(self, x: int, y: int, line: Line) -> None:
        """Put `line` at a column and a row; it hides what is there."""
        for text, look in line:
            for character in text:
                cells = cell_len(character)
                if cells and 0 <= x <= self.width - cells:
                    self._cells[x, y] = (character, look)
                    if cells == 2:
                        self._cells[x + 1, y] = ("", look)
                x += cells
        self.height = max(self.height, y + 1)

    def frame(self, x: int, y: int, width: int, height: int, tone: Look, *, is_chosen: bool) -> None:
        """A frame, and nothing in it."""
        top_left, top_right, bottom_left, bottom_right, flat, upright = FRAMES[self.is_ascii, is_chosen]
        self.text(x, y, ((top_left + flat * (width - 2) + top_right, tone),))
        for row in range(y + 1, y + height - 1):
            self.text(x, row, ((upright + " " * (width - 2) + upright, tone),))
        self.text(x, y + height - 1, ((bottom_left + flat * (width - 2) + bottom_right, tone),))

    def run(self, number: int, corners: Sequence[Corner], tone: Tone) -> None:
        """Draw line `number` along `corners`; each is in a row or a column with the one before."""
        self._tones[number] = tone
        for (from_x, from_y), (to_x, to_y) in pairwise(corners):
            step_x, step_y = (to_x > from_x) - (to_x < from_x), (to_y > from_y) - (to_y < from_y)
            ahead, behind = _DIRECTIONS.get((step_x, step_y), (0, 0))
            for step in range(abs(to_x - from_x) + abs(to_y - from_y)):
                x, y = from_x + step * step_x, from_y + step * step_y
                self._leave(x, y, number, ahead)
                self._leave(x + step_x, y + step_y, number, behind)

    def tip(self, x: int, y: int, number: int, direction: int) -> None:
        """Let line `number` leave a cell in `direction` too, to what stands there."""
        self._leave(x, y, number, direction)

    def _leave(self, x: int, y: int, number: int, direction: int) -> None:
        if 0 <= x < self.width:
            runs = self._runs.setdefault((x, y), {})
            runs[number] = runs.get(number, 0) | direction
            self.height = max(self.height, y + 1)

    def lines(self, have_in_common: Callable[[int, int], bool]) -> list[Line]:
        """All of it. Lines that do not `have_in_common` a source or target pass each other where they cross."""
        for (x, y), runs in self._runs.items():
            if (x, y) not in self._cells:
                self._cells[x, y] = (self._stroke(runs, have_in_common), self._tone(runs))
        rows: list[list[Piece]] = [[] for _ in range(self.height)]
        for y, row in enumerate(rows):
            x = 0
            while x < self.width:
                character, look = self._cells.get((x, y), (" ", Tone.PLAIN))
                if row and row[-1][1] == look:
                    row[-1] = (row[-1][0] + character, look)
                else:
                    row.append((character, look))
                x += 1
        return [_trimmed(row) for row in rows]

    def _tone(self, runs: dict[int, int]) -> Tone:
        return max((self._tones[number] for number in runs), key=lambda tone: WEIGHT.get(tone, 0))

    def _stroke(self, runs: dict[int, int], have_in_common: Callable[[int, int], bool]) -> str:
        everywhere = 0
        for mask in runs.values():
            everywhere |= mask
        upright = [number for number, mask in runs.items() if mask & (UP | DOWN)]
        if everywhere == UP | DOWN | LEFT | RIGHT and not any(
            runs[number] & (LEFT | RIGHT) or any(have_in_common(number, other) for other in runs if other != number)
            for number in upright
        ):
            everywhere = UP | DOWN
        if self.is_ascii:
            return _STRAIGHT.get(everywhere, "+")
        return _STROKES.get(everywhere, " ")


_DIRECTIONS: Final = {(1, 0): (RIGHT, LEFT), (-1, 0): (LEFT, RIGHT), (0, 1): (DOWN, UP), (0, -1): (UP, DOWN)}


def _trimmed(row: list[Piece]) -> Line:
    """Without blanks at its end."""
    while row and not row[-1][0].strip():
        row.pop()
    if row:
        row[-1] = (row[-1][0].rstrip(), row[-1][1])
    return tuple(row)
