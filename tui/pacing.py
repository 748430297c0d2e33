"""Paints no more than the terminal takes: while it is behind nothing is painted, then once what is there by then.

Everything else goes on meanwhile: keys, the line to the engine, reading. What was not painted is painted as what has
changed since the last frame that was; a frame that was made and could not be shown makes it all.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, TypeVar

from rich.console import RenderableType
from textual.app import App
from textual.screen import Screen

from tui.driver import TerminalDriver
from tui.outlet import Outlet

Result = TypeVar("Result")


class PacedApp(App[Result]):
    """An app whose terminal may be slow, or take nothing for hours.

    Textual's batches, in which nothing is laid out and painted, do the holding.
    """

    _is_held = False
    _has_missed = False

    @property
    def _outlet(self) -> Outlet | None:
        return self._driver.outlet if isinstance(self._driver, TerminalDriver) else None

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Show a frame; one that finds others still waiting is the last for now."""
        if self._batch_count:
            self._has_missed = self._has_missed or renderable is not None
            return
        outlet = self._outlet
        is_last = outlet is not None and outlet.is_behind
        super()._display(screen, renderable)
        if outlet is not None and is_last:
            self._hold(outlet)

    def _hold(self, outlet: Outlet) -> None:
        """Paint nothing until the terminal has taken all."""
        self._is_held = True
        self._begin_batch()
        loop = asyncio.get_running_loop()

        def tell() -> None:
            with suppress(RuntimeError):  # the loop is over
                loop.call_soon_threadsafe(self._go_on, outlet)

        outlet.tell_when_taken(tell)

    def _go_on(self, outlet: Outlet) -> None:
        if not self._is_held:
            return
        self._is_held = False
        self._has_missed = self._has_missed or outlet.has_lost
        outlet.has_lost = False
        self._end_batch()

    def _end_batch(self) -> None:
        """Paint what a batch has kept back. Textual leaves that to whatever comes next, and loses frames made in it."""
        super()._end_batch()
        if self._batch_count or not self._running or not self._screen_stack:
            return
        if self._has_missed:
            self._has_missed = False
            self.screen.refresh(layout=True)
        for screen in self.screen_stack:
            screen.check_idle()
