"""An engine that starts while its dashboard is painted already: who waits for it, and what then is remembered."""

from __future__ import annotations

import asyncio
import importlib
import select
import time
from pathlib import Path
from typing import Protocol

from supervisor.paths import EngineNote
from tui.recent import remember_profile

NEEDED_NEXT = "aiohttp"
"""What the line to the engine stands on; it takes 200 ms to import, which nobody waits for meanwhile."""


class Ignited(Protocol):
    """What `supervisor.processes.ignition.Ignition` is to a dashboard."""

    def fileno(self) -> int:
        """A descriptor that can be read as soon as `result` does not wait."""

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
        """Hear what the engine has said by now, if it has, without waiting. Raises as `over`."""
        if select.select([self._ignition], [], [], 0)[0]:
            self._hear()

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
            await is_readable.wait()
        finally:
            loop.remove_reader(descriptor)
        if not self._is_over:
            self._hear()
        await loading

    def leave(self) -> None:
        """Wait no longer; the engine goes on with what it does."""
        if not self._is_over:
            self._is_over = True
            self._ignition.leave()

    def _hear(self) -> None:
        self._is_over = True
        note = self._ignition.result()
        remember_profile(Path(note.profile_path), time.time())
