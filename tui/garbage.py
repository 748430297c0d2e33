"""Keeps the dashboard's memory flat: little garbage in circles, and a look for the rest before it is much.

What is in a circle waits for the collector, and the longer it waits the more it takes; the holes that it leaves in the
heap are never given back.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from rich import cells, segment
from textual.strip import Strip

THRESHOLDS: Final = (2_000, 5, 5)
"""Objects, and rounds, after which it is looked for. With 50,000 objects memory grows by 7 MiB in two minutes;
with Python's own 700, keys wait for the collector."""

SWITCH_S: Final = 0.0005
"""How long the thread that reads keys, or the one that writes to the terminal, waits for the one that draws; Python's
own ten times as much is the better part of what a key may take."""


def settle() -> None:
    """After the first paint: what is there stays, no round looks at it again; and keys wait for nobody."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)


def leave_little() -> None:
    """Have Textual (8.2) and Rich (15) keep less of what was painted once."""
    _let_strips_go()
    _let_texts_go()


def _let_strips_go() -> None:
    """Have a strip that is not cut not keep itself in its own cache, as Textual has it: a circle for each row."""
    divide = Strip.divide

    def divided(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
        inside = [cut for cut in cuts if cut <= strip.cell_length]
        return [strip] if inside == [strip.cell_length] else divide(strip, inside)

    if divide.__name__ != divided.__name__:
        Strip.divide = divided  # type: ignore[assignment, method-assign]


def _let_texts_go() -> None:
    """Have the width of plain ASCII not be remembered: of a log that goes by, Rich would keep 4096 texts for it."""
    remembered = cells.cached_cell_len

    def cell_length(text: str, unicode_version: str = "auto") -> int:
        return len(text) if text.isascii() and text.isprintable() else remembered(text, unicode_version)

    if remembered.__name__ != cell_length.__name__:
        for module in (cells, segment):
            module.cached_cell_len = cell_length  # type: ignore[attr-defined]
