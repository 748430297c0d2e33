"""Styled text without a style sheet: pieces of text, each with the tone it is said in, cut and padded by cells.

Worker text enters through `plain`, which takes away whatever a terminal would obey.
"""

from __future__ import annotations

import re
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


Piece = tuple[str, Tone]
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


def spread(left: Line, right: Line, width: int) -> Line:
    """`left` and `right` at the two ends of `width` cells; what does not fit is cut from `left`."""
    right_width = line_width(right)
    if right_width + 1 > width:
        return fit_line(left, width)
    return fit_line(left, width - right_width) + right


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
