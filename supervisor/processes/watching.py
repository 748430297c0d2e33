"""The engine's side of watched files: a helper process does the watching, and its word is passed on.

The helper starts when some worker has a rule, and again, later and later, when it has died. It ends with the engine.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.processes.companion import Companion, message_in
from supervisor.processes.reaping import exit_cause
from supervisor.processes.watch_rules import WatchRule

if TYPE_CHECKING:
    import asyncio

__all__ = ["FileWatch", "WatchRule"]

FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 30.0
PATIENCE_S: Final = 5.0
"""How long a helper that is not needed any more may take to end."""

STAMP_LAG_S: Final = 0.1
"""How far the stamps of files may lag behind the clock."""

PROGRAM: Final = "supervisor.processes.watching_child"

Told = Callable[[str, tuple[str, ...]], None]
"""A worker, and the paths that have changed: relative to the profile where they are below it."""


class FileWatch:
    """Tells which workers' files have changed."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        rules: Mapping[str, WatchRule],
        directory: Path,
        when_changed: Told,
        report: Callable[[str], None],
    ) -> None:
        """`rules` are by worker, their patterns relative to `directory`; `report` gets sentences for people."""
        self._loop = loop
        self._rules = dict(rules)
        self._directory = directory
        self._when_changed = when_changed
        self._report = report
        self._helper: Companion | None = None
        self._leaving: set[Companion] = set()
        self._retry: asyncio.TimerHandle | None = None
        self._retry_s = FIRST_RETRY_S
        self._is_open = False
        self._said = ""
        self.directories = 0
        """How many are watched now; 0 while none are."""

    def start(self) -> None:
        """Begin to watch, where there is anything to watch."""
        self._is_open = True
        self._launch(since_at=None)

    def change(self, rules: Mapping[str, WatchRule]) -> None:
        """Go by other rules from now on."""
        if dict(rules) == self._rules:
            return
        self._rules = dict(rules)
        if self._is_open:
            self._dismiss()
            self._launch(since_at=time.time() - STAMP_LAG_S)

    def pids(self) -> frozenset[int]:
        """The helper, and those before it that have not ended yet."""
        helpers = [*self._leaving, *([self._helper] if self._helper else [])]
        return frozenset(helper.pid for helper in helpers)

    def close(self) -> None:
        """Watch no more. The helper ends by itself, and is reaped while the loop goes on."""
        self._is_open = False
        self._dismiss()

    def _dismiss(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._helper is not None:
            self._leaving.add(self._helper)
            self._helper.ignore()
            self._helper.dismiss(PATIENCE_S)
            self._helper = None
        self.directories = 0

    def _launch(self, since_at: float | None) -> None:
        self._retry = None
        if not self._rules:
            return
        rules = {worker: asdict(rule) for worker, rule in self._rules.items()}
        setup = {"rules": rules, "directory": str(self._directory), "since_at": since_at}
        try:
            self._helper = self._companion(setup)
        except OSError as error:
            self._try_later(f"files cannot be watched: {error.strerror}", since_at)

    def _companion(self, setup: dict[str, Any]) -> Companion:
        words = [sys.executable, "-m", PROGRAM]
        mine: list[Companion] = []
        companion = Companion(
            self._loop,
            words,
            lambda line: self.on_message(mine[0], message_in(line)),
            lambda status: self.on_ended(mine[0], status),
            setup=setup,
        )
        mine.append(companion)
        return companion

    def _try_later(self, trouble: str, since_at: float | None) -> None:
        if trouble != self._said:
            self._report(f"{trouble}; tried again in {self._retry_s:g} s")
        self._said = trouble
        self._retry = self._loop.call_later(self._retry_s, self._launch, since_at)
        self._retry_s = min(LAST_RETRY_S, 2 * self._retry_s)

    def on_message(self, helper: Companion, message: dict[str, Any]) -> None:
        """The helper's word."""
        if helper is not self._helper:
            return
        if "watching" in message:
            self.directories = message["watching"]
            self._retry_s, self._said = FIRST_RETRY_S, ""
        elif "trouble" in message:
            self._report(f"watching files: {message['trouble']}")
        elif "changed" in message:
            for worker, paths in message["changed"].items():
                if worker in self._rules:
                    self._when_changed(worker, tuple(paths))

    def on_ended(self, helper: Companion, status: int | None) -> None:
        """A helper is reaped."""
        self._leaving.discard(helper)
        if helper is not self._helper:
            return
        self._helper, self.directories = None, 0
        trouble = f"the watcher of files (pid {helper.pid}) ended: {exit_cause(status).text}"
        untold_s = max((rule.debounce_s for rule in self._rules.values()), default=0.0)
        self._try_later(trouble, time.time() - untold_s - STAMP_LAG_S)
