"""Keeps the dashboard's memory flat: little garbage in circles, and a look for the rest before it is much.

What is in a circle waits for the collector, and the longer it waits the more it takes; the holes that it leaves in the
heap are never given back.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from typing import Final

from textual.strip import Strip

THRESHOLDS: Final = (5_000, 5, 5)
"""Objects, and rounds, after which it is looked for. With ten times the objects memory grows by 7 MiB in two minutes;
with Python's own 700, keys wait for the collector."""


def settle() -> None:
    """What is there after the first paint stays: no round looks at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def let_strips_go() -> None:
    """Have a strip that is not cut not keep itself in its own cache, as Textual (8.2) has it: a circle for each row."""
    divide = Strip.divide

    def divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
        inside = [cut for cut in cuts if cut <= strip.cell_length]
        return [strip] if inside == [strip.cell_length] else divide(strip, inside)

    if divide.__name__ != divided.__name__:
        Strip.divide = divided  # type: ignore[assignment, method-assign]
