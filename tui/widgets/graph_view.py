"""The drawing of the pipeline: scrolled, with a cursor that goes from one thing in it to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from tui.render.graph import Key
from tui.render.graph_spots import Direction, Spot, neighbour, spot_at
from tui.render.pieces import Line
from tui.widgets.page_view import PageView


class GraphView(PageView):
    """Shows lines, and says `Chosen` when the cursor goes to another of the spots in them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "go('left')", show=False),
        Binding("right,l", "go('right')", show=False),
        Binding("tab", "step(1)", show=False),
        Binding("shift+tab", "step(-1)", show=False),
    ]

    class Chosen(Message):
        """The cursor is on something else now; `is_opened`: and its place is wanted."""

        def __init__(self, key: Key, *, is_opened: bool = False) -> None:
            super().__init__()
            self.key = key
            self.is_opened = is_opened

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's own name)
        super().__init__(id=id)
        self.spots: tuple[Spot, ...] = ()
        self.chosen: Key | None = None

    def show_drawing(self, lines: Sequence[Line], spots: tuple[Spot, ...]) -> None:
        """Show `lines`, in which the cursor can go to `spots`; its own may have moved."""
        self.spots = spots
        self.show(lines)

    @property
    def spot(self) -> Spot | None:
        """What the cursor is on."""
        return next((spot for spot in self.spots if spot.key == self.chosen), None)

    def reveal(self) -> None:
        """Scroll so far that all of what the cursor is on can be seen."""
        spot = self.spot
        if spot is not None:
            region = Region(0, spot.y, 1, spot.height)
            self.scroll_to_region(region, animate=False, force=True, x_axis=False, immediate=True)

    def _put_cursor(self, spot: Spot | None) -> None:
        if spot is not None:
            self.chosen = spot.key
            self.post_message(self.Chosen(spot.key))

    def action_move(self, lines: int) -> None:
        if abs(lines) == 1:
            self.action_go("down" if lines > 0 else "up")
        else:
            self.scroll_to(y=self.scroll_offset.y + lines, animate=False)

    def action_go(self, direction: Direction) -> None:
        """To the nearest in that direction; where there is none, what is left of the drawing comes into sight."""
        start = self.spot
        goal = neighbour(self.spots, start, direction) if start else next(iter(self.spots), None)
        if goal is not None:
            self._put_cursor(goal)
        elif direction in ("up", "down"):
            self.scroll_to(y=self.scroll_offset.y + (1 if direction == "down" else -1), animate=False)

    def action_step(self, by: int) -> None:
        """To the next in the order of the profile, and round again."""
        keys = [spot.key for spot in self.spots]
        if keys:
            at = keys.index(self.chosen) + by if self.chosen in keys else 0
            self._put_cursor(self.spots[at % len(keys)])

    def action_first(self) -> None:
        self._put_cursor(min(self.spots, key=lambda spot: (spot.y, spot.x), default=None))
        self.scroll_to(y=0, animate=False)

    def action_last(self) -> None:
        self._put_cursor(max(self.spots, key=lambda spot: (spot.y, spot.x), default=None))
        self.scroll_to(y=self.max_scroll_y, animate=False)

    def on_click(self, event: events.Click) -> None:
        """A click puts the cursor there; a second one at once goes to its place."""
        event.prevent_default()
        spot = spot_at(self.spots, event.x, self.scroll_offset.y + event.y)
        if spot is not None:
            self.chosen = spot.key
            self.post_message(self.Chosen(spot.key, is_opened=event.chain > 1))
