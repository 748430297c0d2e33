"""The title of a dialog: from where it was opened, as crumbs that lead back there, then what it is about."""

from __future__ import annotations

from functools import cached_property
from itertools import takewhile
from typing import Any, Final

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui.render.glyphs import ASCII, UNICODE
from tui.render.ways import Ways, crumbs, target_at

ROOM: Final = 60
"""Cells in the narrowest dialog, of 64 columns; in a terminal that has not so many, as many as `_SHARE` leaves."""
_SHARE: Final = 0.95
_EDGES: Final = 4


class DialogTitle(Widget):
    """``Workers › Why › Kill parse.1?``; where there is not room for all, the first crumbs are left out."""

    def __init__(self, title: str) -> None:
        super().__init__(classes="dialog-title")
        self._title = title

    @cached_property
    def _ways(self) -> Ways:
        """The crumbs: once it is shown, what is below it stays there."""
        glyphs = ASCII if self.app.has_class("-ascii") else UNICODE
        room = min(ROOM, int(self.app.size.width * _SHARE) - _EDGES) - cell_len(self._title)
        return crumbs([name for name, _ in passed(self.screen)], room, glyphs)

    def render(self) -> Content:
        """Where one is."""
        way = "".join(text for text, _ in self._ways.line)[1:]  # without the blank that it begins with in a pane
        return Content.assemble((f"{way} ", "not bold $dim"), self._title) if way else Content(self._title)

    async def on_click(self, event: events.Click) -> None:
        """A crumb leads back to its screen: to go there is to cancel."""
        target = target_at(self._ways.spans, event.x + 1) if event.y == 0 else None
        if target is not None:
            event.stop()
            _, depth = passed(self.screen)[int(target)]
            await self.run_action(f"app.back_to({depth})")


def passed(here: Screen[Any]) -> list[tuple[str, int]]:
    """What the screens below `here` are called, with the number of screens below each; nameless ones are left out."""
    found = []
    for depth, screen in enumerate(takewhile(lambda screen: screen is not here, here.app.screen_stack)):
        crumb = getattr(screen, "crumb", None)
        name = crumb() if crumb is not None else str(getattr(screen, "place", "")).capitalize()
        if name:
            found.append((name, depth))
    return found
