"""Which sign stands in each cell that lines run through: they join where they have an end in common, else they pass.

It depends on the layout alone: whatever flows, the strokes are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8

_STROKES: Final = {
    UP: "│", DOWN: "│", UP | DOWN: "│", LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─",
    DOWN | RIGHT: "╭", DOWN | LEFT: "╮", UP | RIGHT: "╰", UP | LEFT: "╯",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬", UP | LEFT | RIGHT: "┴",
    UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
_STRAIGHT: Final = {UP: "|", DOWN: "|", UP | DOWN: "|", LEFT: "-", RIGHT: "-", LEFT | RIGHT: "-"}
"""In ASCII; all others are a plus."""

Corner = tuple[int, int]
"""Column, row."""

_DIRECTIONS: Final = {(1, 0): (RIGHT, LEFT), (-1, 0): (LEFT, RIGHT), (0, 1): (DOWN, UP), (0, -1): (UP, DOWN)}


@dataclass(frozen=True, slots=True)
class Strokes:
    """The cells of all lines of a drawing."""

    cells: tuple[tuple[int, int, str, int], ...]
    """Column, row, sign, and which of `groups` runs there."""
    groups: tuple[tuple[int, ...], ...]
    """Lines by number that have cells in common."""


Run = tuple[tuple[Corner, ...], int]
"""The corners of a line, each in a row or a column with the one before, and in which direction it begins and ends."""


def strokes_of(runs: Sequence[Run], links: Sequence[tuple[int, int]], *, is_ascii: bool) -> Strokes:
    """The strokes of lines; ``links[number]`` are the two ends of each."""
    leaving: dict[Corner, dict[int, int]] = {}
    for number, (corners, ahead) in enumerate(runs):
        for (x, y), direction in _steps(corners, ahead):
            cell = leaving.setdefault((x, y), {})
            cell[number] = cell.get(number, 0) | direction
    groups: dict[tuple[int, ...], int] = {}
    cells = []
    for (x, y), masks in leaving.items():
        group = groups.setdefault(tuple(masks), len(groups))
        cells.append((x, y, _sign(masks, links, is_ascii=is_ascii), group))
    return Strokes(tuple(cells), tuple(groups))


def _steps(corners: Sequence[Corner], ahead: int) -> list[tuple[Corner, int]]:
    """Each cell of a line with a direction in which it leaves it; at its ends to what it joins."""
    steps = [(corners[0], _OPPOSITE[ahead]), (corners[-1], ahead)] if corners else []
    for (from_x, from_y), (to_x, to_y) in pairwise(corners):
        step_x, step_y = (to_x > from_x) - (to_x < from_x), (to_y > from_y) - (to_y < from_y)
        forth, back = _DIRECTIONS.get((step_x, step_y), (0, 0))
        for step in range(abs(to_x - from_x) + abs(to_y - from_y)):
            x, y = from_x + step * step_x, from_y + step * step_y
            steps += [((x, y), forth), ((x + step_x, y + step_y), back)]
    return steps


def _sign(masks: dict[int, int], links: Sequence[tuple[int, int]], *, is_ascii: bool) -> str:
    """Of lines that cross and have no end in common the upright one is seen."""
    everywhere = 0
    for mask in masks.values():
        everywhere |= mask
    if everywhere == UP | DOWN | LEFT | RIGHT and _only_cross(masks, links):
        everywhere = UP | DOWN
    return _STRAIGHT.get(everywhere, "+") if is_ascii else _STROKES.get(everywhere, " ")


def _only_cross(masks: dict[int, int], links: Sequence[tuple[int, int]]) -> bool:
    """Whether each line goes straight through, and those that are upright have no end in common with the others."""
    upright = {number for number, mask in masks.items() if mask & (UP | DOWN)}
    if any(masks[number] & (LEFT | RIGHT) for number in upright):
        return False
    sources, targets = ({links[number][side] for number in upright} for side in (0, 1))
    return not any(
        links[number][0] in sources or links[number][1] in targets for number in masks if number not in upright
    )


_OPPOSITE: Final = {UP: DOWN, DOWN: UP, LEFT: RIGHT, RIGHT: LEFT}
