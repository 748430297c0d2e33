"""Where a person is and where else one can go, as lines whose parts can be clicked: crumbs, and a strip of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len

from tui.render.glyphs import Glyphs
from tui.render.header import pane_title
from tui.render.pieces import Line, Piece, Tone, cut, line_width, plain

MOST_OF_A_CRUMB: Final = 18


@dataclass(frozen=True, slots=True)
class Span:
    """Cells of a line that lead somewhere."""

    begin: int
    end: int
    target: str

    def shifted(self, cells: int) -> Span:
        """The same, so many cells farther to the right."""
        return Span(self.begin + cells, self.end + cells, self.target)


@dataclass(frozen=True, slots=True)
class Ways:
    """A line, and what its parts lead to."""

    line: Line = ()
    spans: tuple[Span, ...] = ()

    @property
    def width(self) -> int:
        """In cells."""
        return line_width(self.line)


def target_at(spans: Sequence[Span], x: int) -> str | None:
    """What the cell `x` leads to."""
    return next((span.target for span in spans if span.begin <= x < span.end), None)


def crumbs(passed: Sequence[str], room: int, glyphs: Glyphs) -> Ways:
    """``Workers › Why ›`` before the heading of the screen that is shown; the first are left out where it is narrow.

    What each leads to is its index in `passed`.
    """
    named = [cut(plain(crumb), MOST_OF_A_CRUMB, glyphs.ellipsis) for crumb in passed]
    joint = f" {glyphs.joint} "
    first = 0
    while first < len(named) and _width(named[first:], joint, is_cut=first > 0) > room:
        first += 1
    if first == len(named):
        return Ways()
    pieces: list[Piece] = [(" ", Tone.PLAIN)]
    if first:
        pieces.append((glyphs.ellipsis + joint, Tone.DIM))
    spans: list[Span] = []
    x = line_width(tuple(pieces))
    for index, crumb in enumerate(named[first:], first):
        spans.append(Span(x, x + cell_len(crumb), str(index)))
        pieces += [(crumb, Tone.PLAIN), (joint.rstrip(), Tone.DIM)]
        x += cell_len(crumb) + len(joint)
        if index < len(named) - 1:
            pieces.append((" ", Tone.PLAIN))
    return Ways(tuple(pieces), tuple(spans))


def _width(named: Sequence[str], joint: str, *, is_cut: bool) -> int:
    return 1 + sum(cell_len(crumb) + len(joint) for crumb in named) + (1 + len(joint) if is_cut else 0)


def places(keys: Sequence[tuple[str, str]], here: str, room: int) -> Ways:
    """``2 Channels  3 Pools``: the ways to all places but `here`; the keys alone where there is little room.

    Args:
        keys: each key with its place, as they are to stand.
        here: the place that is shown.
        room: cells; nothing is shown where not even the keys have room.
    """
    others = [(key, place) for key, place in keys if place != here]
    for is_named, gap in ((True, 2), (False, 1)):
        ways = _strip(others, gap, is_named=is_named)
        if ways.width <= room:
            return ways
    return Ways()


def _strip(others: Sequence[tuple[str, str]], gap: int, *, is_named: bool) -> Ways:
    pieces: list[Piece] = []
    spans: list[Span] = []
    x = 0
    for key, place in others:
        name = f" {place.capitalize()}" if is_named else ""
        pieces += [(" " * gap, Tone.PLAIN), (key, Tone.ACCENT)]
        if name:
            pieces.append((name, Tone.DIM))
        x += gap
        spans.append(Span(x, x + cell_len(key) + cell_len(name), place))
        x += cell_len(key) + cell_len(name)
    return Ways((*pieces, (" ", Tone.PLAIN)) if pieces else (), tuple(spans))


def titled(title: str, notes: Line, chip: Line, others: Sequence[tuple[str, str]], here: str, width: int) -> Ways:
    """The title of the place `here` in exactly `width` cells: at the right `chip`, then the ways to `others`."""
    room = width - line_width(notes) - line_width(chip) - cell_len(title) - 3
    strip = places(others, here, room)
    shift = width - strip.width
    line = pane_title(title, notes, (*chip, *strip.line), width)
    return Ways(line, tuple(span.shifted(shift) for span in strip.spans))
