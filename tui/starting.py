"""An engine that starts while its dashboard is painted already: who waits for it, and what then is remembered."""

from __future__ import annotations

import asyncio
import importlib
import time
from pathlib import Path
from typing import Protocol

from supervisor.paths import EngineNote
from tui.recent import remember_profile

NEEDED_NEXT = "aiohttp"
"""What the line to the engine stands on; it takes 200 ms to import, which nobody waits for meanwhile."""


VERDICT_PATIENCE_S = 3.0
"""How long the screen waits for the verdict on the profile, which is there before its own modules are, mostly: a
mistake in it is told on a terminal that was never touched."""


class Ignited(Protocol):
    """What `supervisor.processes.ignition.Ignition` is to a dashboard."""

    is_over: bool
    """Whether `result` does not wait."""

    def fileno(self) -> int:
        """A descriptor that can be read as soon as there is something to hear."""

    def hear(self, timeout_s: float | None = 0.0) -> None:
        """Take the engine's next word, if there is one within `timeout_s` seconds."""

    def result(self) -> EngineNote:
        """Wait for the engine's word. Raises `ProcdeckError` where it did not start."""

    def leave(self) -> None:
        """Ask no more."""


class Starting:
    """One start of an engine."""

    def __init__(self, ignition: Ignited) -> None:
        self._ignition = ignition
        self._is_over = False

    def look(self) -> None:
        """Wait for the verdict on the profile; nothing is painted before. Raises as `over`."""
        self._hear(VERDICT_PATIENCE_S)

    async def over(self) -> None:
        """Wait for the engine's word.

        Raises:
            ProcdeckError: it did not start; the message is its own.
        """
        if self._is_over:
            return
        loop, is_readable = asyncio.get_running_loop(), asyncio.Event()
        loading = loop.run_in_executor(None, importlib.import_module, NEEDED_NEXT)
        descriptor = self._ignition.fileno()  # by its number: who leaves meanwhile closes what has it
        loop.add_reader(descriptor, is_readable.set)
        try:
            while True:
                await is_readable.wait()
                is_readable.clear()
                if self._hear():
                    break
        finally:
            loop.remove_reader(descriptor)
        await loading

    def leave(self) -> None:
        """Wait no longer; the engine goes on with what it does."""
        if not self._is_over:
            self._is_over = True
            self._ignition.leave()

    def _hear(self, timeout_s: float = 0.0) -> bool:
        """Whether it is over now."""
        if self._is_over:
            return True
        self._ignition.hear(timeout_s)
        if not self._ignition.is_over:
            return False
        self._is_over = True
        note = self._ignition.result()
        remember_profile(Path(note.profile_path), time.time())
        return True
