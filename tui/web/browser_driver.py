"""Textual's web driver, which writes packets in part, and goes on when nobody is there any more."""

from __future__ import annotations

import asyncio
import os
from typing import Any, Final

from textual.drivers.web_driver import WebDriver

from tui.dashboard import Dashboard

_LOOK_EVERY_S: Final = 0.05


class BrowserDriver(WebDriver):
    """`WebDriver` for a dashboard that ends when its stdin does."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._write = self._write_whole  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()

    def _write_whole(self, data: bytes) -> None:
        """A pipe takes what it has room for; one whose reader is gone takes nothing, and nobody waits for it."""
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self.fileno, rest) :]
        except BrokenPipeError:
            pass

    def run_input_thread(self) -> None:
        """Read keys until stdin ends, and leave then."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        """As soon as there is a screen: Textual cannot take down what is half built."""
        assert isinstance(self._app, Dashboard)
        if self._app.screen_stack and self._app.fleet_screen.is_ready:
            self._app.exit()
        else:
            self._loop.call_later(_LOOK_EVERY_S, self._leave)
