"""Paints what has changed on a screen and nothing beside it: Textual's (8.2) compositor, with another partial update.

Textual's own renders each widget between the uppermost and the lowest change as a whole, and writes what stands there
already. Here a line is rendered where something changed in it, and written where it comes out as another one.

::

    dirty regions ──> parts of lines ──> strips of the widgets in front there ──> those that differ ──> terminal
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from rich.console import Console
from rich.control import Control
from textual import screen
from textual._compositor import Compositor, CompositorUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.overlay import Overlay

Parts = dict[int, Strip | None]
"""Of a line, by their first column; None where nothing is rendered yet."""


class PartsUpdate(CompositorUpdate):
    """Strips, and where they go."""

    def __init__(self, parts: list[tuple[int, int, Strip]]) -> None:
        self.parts = parts
        """Column, line and strip of each."""

    def render_segments(self, console: Console) -> str:
        """What the terminal is told."""
        return "".join(Control.move_to(x, y).segment.text + strip.render(console) for x, y, strip in self.parts)


class LeanCompositor(Compositor):
    """A compositor that knows what it has written since it last wrote all."""

    def __init__(self) -> None:
        super().__init__()
        self._written: dict[int, tuple[list[int], Parts]] = {}
        """By line: where it was cut, and its parts."""

    @property
    def visible_widgets(self) -> dict[Widget, tuple[Region, Region]]:
        """What is on the screen, in front first; overlays only while they are out."""
        is_kept = self._visible_widgets is not None
        seen = super().visible_widgets
        if not is_kept:
            for widget in [each for each in seen if isinstance(each, Overlay) and not each.is_out]:
                del seen[widget]
        return seen

    def forget_order(self) -> None:
        """An overlay has come out, or is away again."""
        self._visible_widgets = self._layers_visible = None

    def update_widgets(self, widgets: set[Widget]) -> None:
        """Take in what is dirty, also of widgets whose word has yet to come.

        That takes some turns of the loop: what belongs together, such as a cursor and the keys that are named for it,
        would be two frames, and the second waits for the next tick.
        """
        super().update_widgets(widgets | {each for each in self.visible_widgets if _is_silently_dirty(each)})

    def render_full_update(self, simplify: bool = False) -> LayoutUpdate:
        """Write all, whatever is there: somebody else may have written meanwhile."""
        self._written.clear()
        return super().render_full_update(simplify)

    def render_partial_update(self) -> PartsUpdate | None:  # type: ignore[override]
        """Write what differs where something is dirty; None where nothing does."""
        lines = self._dirty_lines()
        self._fill(lines)
        parts = [
            (x, y, strip)
            for y, line in lines.items()
            for x, strip in line.items()
            if strip is not None and self._write(x, y, strip)
        ]
        return PartsUpdate(parts) if parts else None

    def _dirty_lines(self) -> dict[int, Parts]:
        """The parts of lines, cut where widgets begin and end, that have something dirty in them: from now on none."""
        lines: dict[int, Parts] = {}
        regions = self._dirty_regions.copy()
        self._dirty_regions.clear()
        for y, begin, end in self._regions_to_spans(regions):
            if 0 <= y < len(self.cuts):
                line = lines.setdefault(y, {})
                for start, stop in pairwise(self.cuts[y]):
                    if start < end and stop > begin:
                        line[start] = None
        return lines

    def _fill(self, lines: dict[int, Parts]) -> None:
        """Render the widgets, those in front first, as far as they can be seen."""
        bare = {y: set(line) for y, line in lines.items()}
        for widget, (region, clip) in self.visible_widgets.items():
            if not bare:
                return
            seen = region.intersection(clip)
            for first, count in _runs(_bare_in(seen, bare)):
                crop = Region(seen.x - region.x, first - region.y, seen.width, count)
                for y, strip in enumerate(widget.render_lines(crop), first):
                    self._put(strip, y, seen, lines[y], bare[y])
                    if not bare[y]:
                        del bare[y]

    def _put(self, strip: Strip, y: int, seen: Region, line: Parts, bare: set[int]) -> None:
        """Put a widget's line into the parts of the screen's that nothing in front of it has filled."""
        left, right = seen.x, seen.right
        cuts = [cut for cut in self.cuts[y] if left <= cut <= right]
        for cut, part in zip(cuts, strip.divide([cut - left for cut in cuts[1:]]), strict=False):
            if cut in bare:
                line[cut] = part
                bare.discard(cut)

    def _write(self, x: int, y: int, strip: Strip) -> bool:
        """Let `strip` stand there; whether something else did."""
        cuts, parts = self._written.get(y, ((), {}))
        if cuts != self.cuts[y]:
            parts = {}
            self._written[y] = self.cuts[y], parts
        before = parts.get(x)
        is_other = before is not strip and before != strip
        parts[x] = strip
        return is_other


def _is_silently_dirty(widget: Widget) -> bool:
    """Whether something of it is to be painted where it is. A screen keeps that until its own frame."""
    return bool(widget._repaint_regions) and not (widget._layout_required or isinstance(widget, screen.Screen))  # noqa: SLF001


def _bare_in(seen: Region, bare: dict[int, set[int]]) -> list[int]:
    """The lines in which a part inside `seen` is not filled; `bare` has the columns at which such parts begin."""
    left, top, right, bottom = seen.x, seen.y, seen.right, seen.bottom
    return [y for y, columns in bare.items() if top <= y < bottom and any(left <= x < right for x in columns)]


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Numbers that follow each other: the first, and how many."""
    first = 0
    for index, number in enumerate(numbers):
        if index + 1 == len(numbers) or numbers[index + 1] != number + 1:
            yield numbers[first], index + 1 - first
            first = index + 1


def paint_little() -> None:
    """Have every screen that is made from now on paint so."""
    screen.Compositor = LeanCompositor  # type: ignore[attr-defined]
