"""Keeps the dashboard's memory flat: little garbage in circles, and a look for the rest before it is much.

What is in a circle waits for the collector, and the longer it waits the more it takes; the holes that it leaves in the
heap are never given back.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich import cells, segment
from rich.segment import Segment
from textual.cache import FIFOCache
from textual.strip import Strip

THRESHOLDS: Final = (2_000, 5, 5)
"""Objects, and rounds, after which it is looked for. With 50,000 objects memory grows by 7 MiB in two minutes;
with Python's own 700, keys wait for the collector."""

LOOK_EVERY_S: Final = 5.0
"""How long circles may be old before they are looked for. By Python's own count that takes five minutes, and a megabyte
of answers, rows and strips that have gone by; with what stays left out, a look takes a millisecond or two."""

SWITCH_S: Final = 0.0005
"""How long the thread that reads keys, or the one that writes to the terminal, waits for the one that draws; Python's
own ten times as much is the better part of what a key may take."""

STRIP_CACHES: Final = {
    "_divide_cache": 4,
    "_crop_cache": 16,
    "_style_cache": 16,
    "_filter_cache": 4,
    "_line_length_cache": 4,
    "_crop_extend_cache": 4,
    "_offsets_cache": 4,
}
"""What Textual (8.2) makes with each strip, and how many entries it has room for."""


def settle() -> None:
    """After the first paint: what is there stays, no round looks at it again; and keys wait for nobody."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    sys.setswitchinterval(SWITCH_S)


def look_again() -> None:
    """To be called every `LOOK_EVERY_S`: let all circles go that came after the first paint."""
    if any(gc.get_count()[1:]):  # since the last look enough came to be worth one
        gc.collect()


def leave_little() -> None:
    """Have Textual (8.2) and Rich (15) keep less of what was painted once."""
    _make_caches_when_needed()
    _let_strips_go()
    _let_texts_go()


def _make_caches_when_needed() -> None:
    """Have a strip begin without its seven caches, most of which stay empty: they are five times what it says."""

    def begin(self: Strip, segments: Iterable[Segment], cell_length: int | None = None) -> None:
        self._segments = list(segments)
        self._cell_length = cell_length
        self._render_cache = self._link_ids = self._cell_count = None

    def missing(strip: Strip, name: str) -> FIFOCache[Any, Any]:
        if name not in STRIP_CACHES:
            raise AttributeError(f"a strip has no {name}")
        cache: FIFOCache[Any, Any] = FIFOCache(STRIP_CACHES[name])
        setattr(strip, name, cache)
        return cache

    if not hasattr(Strip, "__getattr__"):
        Strip.__init__ = begin  # type: ignore[method-assign]
        Strip.__getattr__ = missing  # type: ignore[attr-defined]


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
