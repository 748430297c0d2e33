"""Styled text without a style sheet: pieces of text, each with the tone it is said in, cut and padded by cells.

Worker text enters through `plain`, which takes away whatever a terminal would obey.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rich.cells import cell_len, set_cell_size

from supervisor.logs.inert import inert


class Tone(StrEnum):
    """How a piece of text is said; widgets turn tones into colours."""

    PLAIN = "plain"
    DIM = "dim"
    """Secondary: units, ages, headings of columns."""
    STRONG = "strong"
    ACCENT = "accent"
    """Focus and keys, nothing else."""
    GOOD = "good"
    COOL = "cool"
    """Held by wish: paused."""
    AMBER = "amber"
    """Hung, not ready, backoff, warnings."""
    RED = "red"
    """Failed, killed, errors."""


@dataclass(frozen=True, slots=True)
class Hue:
    """One of `HUES` colours by which a person tells things apart; they mean nothing else."""

    number: int


HUES = 10


@dataclass(frozen=True, slots=True)
class Ink:
    """How a worker itself wants its output to look: what it said with SGR sequences (ECMA-48 8.3.117)."""

    colour: str = ""
    """``color(9)`` of the terminal's palette of 256, or ``#rrggbb``; empty for the pane's own."""
    ground: str = ""
    """The same, behind the text."""
    is_bold: bool = False
    is_dim: bool = False
    is_italic: bool = False
    is_underlined: bool = False
    is_reversed: bool = False
    is_struck: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """Text that a search has found, in the look that it has anyway."""

    look: Tone | Hue | Ink


Look = Tone | Hue | Ink | Found
Piece = tuple[str, Look]
Line = tuple[Piece, ...]

MAX_CHARACTERS = 4000
"""No screen shows more of one line; zero-width marks count too."""


_JOINERS = re.compile("[\u00ad\u200b-\u200d\u2060-\u2064\ufe00-\ufe0f\U000e0000-\U000e01ef]")
"""Invisible characters that make some terminals draw their neighbours in another width than others do."""


def plain(text: str) -> str:
    """One line of worker text with nothing in it that a terminal would obey, or that would shift a column."""
    text = text[:MAX_CHARACTERS]
    if text.isascii() and text.isprintable():
        return text
    return _JOINERS.sub("", inert(text, keeps_newlines=False))


def cut(text: str, width: int, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells; what is cut off is marked with `ellipsis`."""
    if width <= 0:
        return ""
    if len(text) <= width and text.isascii():
        return text
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - cell_len(ellipsis)).rstrip() + ellipsis if width > 1 else ellipsis[:width]


def fit(text: str, width: int, *, is_right: bool = False, ellipsis: str = "…") -> str:
    """`text` in exactly `width` cells."""
    if width <= 0:
        return ""
    short = cut(text, width, ellipsis)
    blank = " " * (width - cell_len(short))
    return blank + short if is_right else short + blank


def line_width(line: Line) -> int:
    """Cells that `line` takes."""
    return sum(cell_len(text) for text, _ in line)


def line_text(line: Line) -> str:
    """`line` without its tones."""
    return "".join(text for text, _ in line)


def fit_line(line: Line, width: int, ellipsis: str = "…") -> Line:
    """`line` in exactly `width` cells."""
    fitted: list[Piece] = []
    room = width
    for text, tone in line:
        wide = cell_len(text)
        if wide >= room:
            fitted.append((fit(text, room, ellipsis=ellipsis), tone))
            return tuple(fitted)
        fitted.append((text, tone))
        room -= wide
    if room:
        fitted.append((" " * room, Tone.PLAIN))
    return tuple(fitted)


def cut_line(line: Line, width: int, ellipsis: str = "…") -> Line:
    """`line` in at most `width` cells; what is cut off is marked with `ellipsis`."""
    if line_width(line) <= width:
        return line
    kept: list[Piece] = []
    room = width
    for text, look in line:
        wide = cell_len(text)
        if wide >= room:
            # The whole line is too long, so that even a piece that fits exactly has to make room for the mark.
            kept.append((cut(text + " " * (wide == room), room, ellipsis), look))
            break
        kept.append((text, look))
        room -= wide
    return tuple(kept)


def highlighted(line: Line, spans: Sequence[tuple[int, int]]) -> Line:
    """`line` with the characters of `spans` (from, to; ascending, apart from each other) shown as found."""
    if not spans:
        return line
    pieces: list[Piece] = []
    at, rest = 0, list(spans)
    for text, look in line:
        end, done = at + len(text), at
        while rest and rest[0][0] < end:
            start, stop = max(rest[0][0], done), min(rest[0][1], end)
            pieces.append((text[done - at : start - at], look))
            pieces.append((text[start - at : stop - at], look if isinstance(look, Found) else Found(look)))
            done = stop
            if rest[0][1] > end:
                break
            rest.pop(0)
        pieces.append((text[done - at :], look))
        at = end
    return tuple(piece for piece in pieces if piece[0])


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; what does not fit is cut from `left`."""
    right_width = line_width(right)
    if right_width + 1 > width:
        return fit_line(left, width)
    return fit_line(left, width - right_width) + right


def fold_line(line: Line, width: int, most: int) -> list[Line]:
    """`line` folded at exactly `width` cells, at most `most` lines of it; nothing is left out at the folds."""
    rows: list[Line] = []
    row: list[Piece] = []
    room = max(width, 2)
    for text, look in line:
        rest = text
        while rest and len(rows) < most:
            head = _head(rest, room)
            if head:
                row.append((head, look))
                room -= cell_len(head)
                rest = rest[len(head) :]
            if rest:
                rows.append(tuple(row))
                row, room = [], max(width, 2)
    if row and len(rows) < most:
        rows.append(tuple(row))
    return rows


def _head(text: str, room: int) -> str:
    """As many first characters as fit into `room` cells; a wide one is not split."""
    if text.isascii():
        return text[:room]
    if cell_len(text) <= room:
        return text
    head = set_cell_size(text, room)
    return head if text.startswith(head) else head[:-1]


def wrap(text: str, width: int) -> list[str]:
    """`text` folded at `width` cells, at spaces where there are any."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        lines.extend(_fold(paragraph, max(width, 4)))
    return lines


def _fold(paragraph: str, width: int) -> list[str]:
    lines: list[str] = []
    rest = paragraph
    while cell_len(rest) > width:
        head = set_cell_size(rest, width).rstrip() or rest[:1]
        space = head.rfind(" ")
        if space > width // 2 and not rest[len(head) :].startswith(" "):
            head = head[:space]
        lines.append(head)
        rest = rest[len(head) :].lstrip(" ")
    lines.append(rest)
    return lines
