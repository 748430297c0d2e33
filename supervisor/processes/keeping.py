"""The engine's side of the process that looks after a run's store: it compresses segments and writes plain files.

It is started when the profile asks for one of the two, again when it has died, and ends with the engine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from supervisor.processes.companion import Companion
from supervisor.processes.reaping import exit_cause

RETRY_S: Final = 5.0
FINISH_S: Final = 10.0
"""How long it may go on after the engine's end: what is left of the last segment."""


class Keeper:
    """The one process; none where `command` is empty. `report` gets a level and a sentence."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, command: Sequence[str], report: Callable[[str, str], None]
    ) -> None:
        self._loop = loop
        self._command = command
        self._report = report
        self._companion: Companion | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._is_open = False
        self._ended = asyncio.Event()

    def start(self) -> None:
        """Begin, where there is anything to do."""
        self._is_open = bool(self._command)
        self._launch()

    def _launch(self) -> None:
        self._retry = None
        if not self._is_open:
            return
        try:
            self._companion = Companion(self._loop, self._command, self._on_line, self._on_ended)
        except OSError as error:
            self._try_later(f"cannot start what looks after the store: {error.strerror}")

    def _try_later(self, trouble: str) -> None:
        self._report("WARNING", f"{trouble}; tried again in {RETRY_S:g} s")
        self._retry = self._loop.call_later(RETRY_S, self._launch)

    def _on_line(self, line: bytes) -> None:
        self._report("WARNING", line.decode(errors="replace"))

    def _on_ended(self, status: int | None) -> None:
        assert self._companion is not None
        pid, self._companion = self._companion.pid, None
        self._ended.set()
        if self._is_open:
            self._try_later(f"what looks after the store (pid {pid}) ended: {exit_cause(status).text}")

    def pids(self) -> frozenset[int]:
        """The process, while it lives."""
        return frozenset() if self._companion is None else frozenset([self._companion.pid])

    async def finish(self) -> None:
        """Let it do what is left; the store must be complete. One that hangs is killed."""
        self._is_open = False
        if self._retry is not None:
            self._retry.cancel()
        if self._companion is not None:
            self._ended.clear()
            self._companion.dismiss(FINISH_S)
            await asyncio.wait_for(self._ended.wait(), FINISH_S + 2.0)
