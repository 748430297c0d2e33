"""What is shown in full is asked of the engine: when the cursor comes to rest, when something was done, now and then.

::

    cursor, tick, acted ──► fetch() ──► the engine ──► the first screen, which shows it if it is still about that
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from tui.hang_desk import Work
from tui.link.engine_link import EngineLink
from tui.link.view import FleetView, LinkState
from tui.render.channel_detail import ChannelInside
from tui.screens.fleet import FleetScreen
from tui.situation import Place

AGAIN_EVERY_S = 1.0
REST_S = 0.08
"""A cursor that runs through the table asks for the last row only."""


class Start(Protocol):
    """Does work in the background."""

    def __call__(self, work: Work, group: str, *, is_latest_only: bool = False) -> None: ...


@dataclass(frozen=True)
class Fetching:
    """One for the whole dashboard.

    Attributes:
        view: what the engine said last.
        screen: the first screen; None once it has been left.
    """

    link: EngineLink
    view: Callable[[], FleetView]
    screen: Callable[[], FleetScreen | None]
    start: Start

    def fetch(self, place: Place, name: str, delay_s: float = REST_S) -> None:
        """Ask for all about `name`, after `delay_s` seconds in which nothing else is asked for."""
        fetches = {"workers": self._fetch_worker, "channels": self._fetch_inside, "pools": self._fetch_pool}
        self.start(partial(fetches[place], name, delay_s), "detail", is_latest_only=True)

    def again(self) -> None:
        """What is shown may have become another thing by itself."""
        screen = self.screen()
        if screen is None or self.view().state is not LinkState.LIVE or not screen.is_detail_shown:
            return
        if screen.subject is not None and screen.place != "errors" and screen.wants_detail_again:
            self.fetch(screen.place, screen.subject, 0.0)

    def acted(self, place: Place, name: str) -> None:
        """Something was done to `name`: what is shown of it in full may be another thing now."""
        screen = self.screen()
        if screen is not None and screen.place == place and screen.subject == name:
            self.fetch(place, name, 0.0)

    async def _fetch_worker(self, name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        detail = await self.link.detail(name)
        if (screen := self.screen()) is not None:  # It may have been left meanwhile.
            screen.show_detail(detail)

    async def _fetch_inside(self, name: str, delay_s: float) -> None:
        """Ask for a queue's items, as far as there are any."""
        await asyncio.sleep(delay_s)
        channel = self.view().channels.get(name)
        if channel is None or channel.kind != "queue":
            return
        letters = await self.link.letters(name) if channel.dead_letters else None
        first = await self.link.peek(name) if channel.depth != 0 else None
        inside = ChannelInside(name, letters.letters if letters else (), first.letters if first else ())
        if (screen := self.screen()) is not None:
            screen.show_inside(inside)

    async def _fetch_pool(self, name: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        detail = await self.link.pool_detail(name)
        if (screen := self.screen()) is not None:
            screen.show_pool(detail)
