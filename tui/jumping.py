"""Labels for going somewhere at once: one or two letters for each place on the screen that one can go to.

No label begins another one, so the last letter that is needed is always known; it draws nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

LETTERS: Final = "asdfghjklqwertyuiopzxcvbnm"
"""Those under the fingers first."""
MOST: Final = len(LETTERS) ** 2


@dataclass(frozen=True, slots=True)
class Spot:
    """Something on the screen that one can go to."""

    x: int
    y: int
    """Its first cell, counted from the upper left one of the screen."""
    what: Literal["pane", "place", "row", "line"]
    go: Callable[[], object]


@runtime_checkable
class Jumpable(Protocol):
    """A widget in which one can go to cells: a click there goes to what is there."""

    def jump_cells(self) -> Iterable[tuple[int, int]]:
        """Column and row of the first cell of each thing that is in sight, counted from the widget's own first cell."""


@runtime_checkable
class Titled(Protocol):
    """A screen with panes and ways in its titles."""

    def title_spots(self) -> Iterable[Spot]:
        """Its panes and ways, where they are drawn now."""


_RANKS: Final = {"pane": 0, "place": 1, "row": 2, "line": 3}
"""What gets the short labels, where there are not enough of them for all."""


def labels(count: int) -> list[str]:
    """`count` labels, the shortest first, none of which begins another; there are `MOST` at most."""
    count = min(count, MOST)
    firsts = 0
    while len(LETTERS) - firsts + firsts * len(LETTERS) < count:
        firsts += 1
    single = LETTERS[: len(LETTERS) - firsts]
    double = [first + second for first in LETTERS[len(LETTERS) - firsts :] for second in LETTERS]
    return [*single, *double][:count]


def labelled(spots: Sequence[Spot]) -> dict[str, Spot]:
    """Each of `spots` by its label: panes and places first, then rows, then lines, from the top of the screen on.

    Of two in the same cell the first one is meant.
    """
    by_cell: dict[tuple[int, int], Spot] = {}
    for spot in spots:
        by_cell.setdefault((spot.y, spot.x), spot)
    ranked = sorted(by_cell.values(), key=lambda spot: (_RANKS[spot.what], spot.y, spot.x))
    return dict(zip(labels(len(ranked)), ranked, strict=False))


def still_meant(named: Mapping[str, Spot], typed: str) -> dict[str, Spot]:
    """What `typed` may become."""
    return {label: spot for label, spot in named.items() if label.startswith(typed)}
