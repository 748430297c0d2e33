"""Where what stands in a drawing, and where a cursor goes from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from tui.render.graph import Key

Direction = Literal["left", "right", "up", "down"]

ASIDE: Final = {"left": 4, "right": 4, "up": 1, "down": 1}
"""How much farther something is that is so many cells to the side; a cell is twice as high as it is wide."""
FORWARD: Final = {"left": 1, "right": 1, "up": 4, "down": 4}


@dataclass(frozen=True, slots=True)
class Spot:
    """A rectangle of cells that a cursor can be put on."""

    key: Key
    x: int
    y: int
    width: int
    height: int

    def moved(self, rows: int, columns: int = 0) -> Spot:
        """So many rows farther down, and columns to the right."""
        return replace(self, x=self.x + columns, y=self.y + rows)

    def holds(self, x: int, y: int) -> bool:
        """Whether a cell is in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def spot_at(spots: Sequence[Spot], x: int, y: int) -> Spot | None:
    """What stands in a cell."""
    return next((spot for spot in spots if spot.holds(x, y)), None)


def neighbour(spots: Sequence[Spot], start: Spot, direction: Direction) -> Spot | None:
    """The nearest in a direction: it begins beyond `start`; what is straight ahead is nearer than what is beside."""
    found: list[tuple[int, int, Spot]] = []
    for index, spot in enumerate(spots):
        ahead, aside = _distance(start, spot, direction)
        if spot.key != start.key and ahead > 0:
            found.append((FORWARD[direction] * ahead + ASIDE[direction] * aside, index, spot))
    return min(found, key=lambda each: each[:2])[2] if found else None


def _distance(start: Spot, spot: Spot, direction: Direction) -> tuple[int, int]:
    """How far `spot` is ahead, and how far beside the stretch that `start` covers."""
    if direction in ("left", "right"):
        ahead = spot.x - (start.x + start.width) + 1 if direction == "right" else start.x - (spot.x + spot.width) + 1
        return ahead, _beside(start.y, start.height, spot.y, spot.height)
    ahead = spot.y - (start.y + start.height) + 1 if direction == "down" else start.y - (spot.y + spot.height) + 1
    return ahead, _beside(start.x, start.width, spot.x, spot.width)


def _beside(at: int, size: int, other_at: int, other_size: int) -> int:
    """Cells between two stretches; 0 where they overlap, but then their middles count a little."""
    return max(other_at - (at + size) + 1, at - (other_at + other_size) + 1, 0)
