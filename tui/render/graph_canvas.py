"""A sheet of cells on which text, frames and strokes stand: turned into lines of pieces at the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from rich.cells import cell_len

from tui.render.graph_strokes import Strokes
from tui.render.pieces import Line, Look, Piece, Tone

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


@dataclass
class Canvas:
    """Grows downwards as it is drawn on; `width` cells wide."""

    width: int
    is_ascii: bool
    _rows: dict[int, dict[int, tuple[str, Look]]] = field(default_factory=dict)
    """What stands in each cell, by row and column."""

    def text(self, x: int, y: int, line: Line) -> None:
        """Put `line` at a column and a row; it hides what is there."""
        row = self._rows.setdefault(y, {})
        for text, look in line:
            if cell_len(text) == len(text):
                for character in text:
                    if 0 <= x < self.width:
                        row[x] = (character, look)
                    x += 1
            else:
                x = self._broad(row, x, text, look)

    def _broad(self, row: dict[int, tuple[str, Look]], x: int, text: str, look: Look) -> int:
        """Put text with characters of two cells or none; the column after it."""
        for character in text:
            cells = cell_len(character)
            if cells and 0 <= x <= self.width - cells:
                row[x] = (character, look)
                if cells == 2:
                    row[x + 1] = ("", look)
            x += cells
        return x

    def frame(self, x: int, y: int, width: int, height: int, tone: Look, *, is_chosen: bool) -> None:
        """A frame, and nothing in it."""
        top_left, top_right, bottom_left, bottom_right, flat, upright = FRAMES[self.is_ascii, is_chosen]
        self.text(x, y, ((top_left + flat * (width - 2) + top_right, tone),))
        for row in range(y + 1, y + height - 1):
            self.text(x, row, ((upright + " " * (width - 2) + upright, tone),))
        self.text(x, y + height - 1, ((bottom_left + flat * (width - 2) + bottom_right, tone),))

    def lay(self, strokes: Strokes, tone_of: Callable[[int], Tone]) -> None:
        """Draw lines where nothing stands; `tone_of` a line's number says how. In a cell that several share, the one
        that matters most has the say."""
        tones = [max(map(tone_of, group), key=lambda tone: WEIGHT.get(tone, 0)) for group in strokes.groups]
        for x, y, character, group in strokes.cells:
            self._rows.setdefault(y, {}).setdefault(x, (character, tones[group]))

    def lines(self) -> list[Line]:
        """All of it."""
        height = max(self._rows, default=-1) + 1
        return [_line(self._rows.get(y, {})) for y in range(height)]


def _line(row: dict[int, tuple[str, Look]]) -> Line:
    """A row's cells as pieces, with blanks between them and none at the end."""
    pieces: list[Piece] = []
    text: list[str] = []
    look: Look = Tone.PLAIN
    at = 0
    for x in sorted(row):
        character, its = row[x]
        gap = " " * (x - at)
        if gap and look == Tone.PLAIN:
            text.append(gap)
        elif gap:
            pieces.append(("".join(text), look))
            text, look = [gap], Tone.PLAIN
        if its != look:
            pieces.append(("".join(text), look))
            text, look = [], its
        text.append(character)
        at = x + 1
    return _trimmed([piece for piece in (*pieces, ("".join(text), look)) if piece[0]])


def _trimmed(row: list[Piece]) -> Line:
    """Without blanks at its end."""
    while row and not row[-1][0].strip():
        row.pop()
    if row:
        row[-1] = (row[-1][0].rstrip(), row[-1][1])
    return tuple(row)
