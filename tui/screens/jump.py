"""Jump mode: the screen as it was when it began, with a label on all that one can go to; typing one goes there.

The picture stands still while a person reads it, so a label always means what it was put on.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.actions import Action
from tui.jumping import Jumpable, Spot, Titled, labelled, still_meant
from tui.render.pieces import Tone
from tui.screens.upper import UpperScreen
from tui.widgets.hint_bar import HintBar
from tui.widgets.painter import Painter
from tui.widgets.rows_table import HEADER_LINES, RowsTable

HINTS: Final = (
    Action("label", ("a",), "or another label: go there", "Go to what it stands on.", "Jumping"),
    Action("back", ("escape",), "Stay here", "End it.", "Jumping"),
)
DIM: Final = Style(dim=True)


class LabelledPicture(Widget):
    """Strips of a screen, dim, with labels over them."""

    def __init__(self, strips: list[Strip]) -> None:
        super().__init__()
        self._strips = strips
        self._painter = Painter(self)
        self._labels: dict[str, Spot] = {}
        self._typed = ""

    def show(self, named: dict[str, Spot], typed: str) -> None:
        """Show the labels of `named`, of which `typed` is there already."""
        self._labels, self._typed = named, typed
        self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._painter.forget()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(width)
        strip = strip.apply_style(DIM).adjust_cell_length(width)
        for label, spot in self._labels.items():
            if spot.y == y and spot.x + len(label) <= width:
                parts = (strip.crop(0, spot.x), self._label(label), strip.crop(spot.x + len(label), width))
                strip = Strip.join(parts)
        return strip

    def _label(self, label: str) -> Strip:
        style = self._painter.style(Tone.ACCENT) + Style(bold=True, reverse=True, dim=False)
        typed = len(self._typed)
        return Strip([Segment(label[:typed], style + DIM), Segment(label[typed:], style)], len(label))


class JumpScreen(UpperScreen[Spot | None]):
    """Ends with what a label was typed of, or with nothing."""

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        strips = below._compositor.render_strips(below.size)  # noqa: SLF001 (as Textual's own modal screens do)
        self._lines = len(strips)
        self._picture = LabelledPicture(strips)
        self._named = labelled(list(spots_of(below)))
        self._typed = ""

    def compose(self) -> ComposeResult:
        yield self._picture
        yield HintBar(id="jump-hints")

    def on_mount(self) -> None:
        self.query_one(HintBar).show(HINTS)
        self._picture.show(self._named, "")

    def take_key(self, event: events.Key) -> None:
        """Every key is for the labels."""
        if event.key == "escape":
            self.dismiss(None)
        elif event.key == "backspace":
            self._take(self._typed[:-1])
        elif event.character is not None and event.is_printable:
            self._take(self._typed + event.character.lower())

    def _take(self, typed: str) -> None:
        """A letter that is in no label changes nothing."""
        left = still_meant(self._named, typed)
        if typed in left:
            self.dismiss(left[typed])
        elif left:
            self._typed = typed
            self._picture.show(left, typed)

    def on_click(self) -> None:
        self.dismiss(None)

    def on_hint_bar_chosen(self) -> None:
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        """The picture is of a screen of another size then."""
        if event.size.height != self._lines:
            self.dismiss(None)


def spots_of(screen: Screen[Any]) -> Iterator[Spot]:
    """All that one can go to on `screen`, as it is drawn."""
    if isinstance(screen, Titled):
        yield from screen.title_spots()
    for widget in screen.query("*"):
        region = widget.region
        if not region:
            continue
        if isinstance(widget, RowsTable):
            yield from _rows(widget)
        elif isinstance(widget, Jumpable):
            for x, y in widget.jump_cells():
                yield Spot(region.x + x, region.y + y, "line", partial(_click, widget, x, y))


def _rows(table: RowsTable[Any]) -> Iterator[Spot]:
    top, region = table.scroll_offset.y, table.region
    for y, row in enumerate(table.rows[top : top + region.height - HEADER_LINES], HEADER_LINES):
        yield Spot(region.x, region.y + y, "row", partial(_select, table, row.name))


def _select(table: RowsTable[Any], name: str) -> None:
    table.focus()
    table.select(name)


def _click(widget: Widget, x: int, y: int) -> None:
    widget.focus()
    widget.post_message(events.Click(widget, x, y, 0, 0, 1, shift=False, meta=False, ctrl=False))
