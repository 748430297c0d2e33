"""The engine's side of watched files: a helper process does the watching, and its word is passed on.

The helper starts when some worker has a rule, and again, later and later, when it has died. It ends with the engine.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from supervisor.processes import linux
from supervisor.processes.reaping import ExitWatch, exit_cause
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

LINE_LIMIT_BYTES: Final = 1024 * 1024
"""A helper that sends more than this without the end of a line is not heard."""

_ROOT: Final = str(Path(__file__).resolve().parent.parent.parent)

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
        self._helper: _Helper | None = None
        self._leaving: set[_Helper] = set()
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
            self._helper.dismiss()
            self._helper = None
        self.directories = 0

    def _launch(self, since_at: float | None) -> None:
        self._retry = None
        if not self._rules:
            return
        rules = {worker: asdict(rule) for worker, rule in self._rules.items()}
        setup = {"rules": rules, "directory": str(self._directory), "since_at": since_at}
        try:
            self._helper = _Helper(self._loop, json.dumps(setup).encode(), self)
        except OSError as error:
            self._try_later(f"files cannot be watched: {error.strerror}", since_at)

    def _try_later(self, trouble: str, since_at: float | None) -> None:
        if trouble != self._said:
            self._report(f"{trouble}; tried again in {self._retry_s:g} s")
        self._said = trouble
        self._retry = self._loop.call_later(self._retry_s, self._launch, since_at)
        self._retry_s = min(LAST_RETRY_S, 2 * self._retry_s)

    def on_message(self, helper: _Helper, message: dict[str, Any]) -> None:
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

    def on_ended(self, helper: _Helper, status: int | None) -> None:
        """A helper is reaped."""
        self._leaving.discard(helper)
        if helper is not self._helper:
            return
        self._helper, self.directories = None, 0
        trouble = f"the watcher of files (pid {helper.pid}) ended: {exit_cause(status).text}"
        untold_s = max((rule.debounce_s for rule in self._rules.values()), default=0.0)
        self._try_later(trouble, time.time() - untold_s - STAMP_LAG_S)


class _Helper:
    """One helper process, from its launch until it is reaped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, setup: bytes, owner: FileWatch) -> None:
        self._loop = loop
        self._owner = owner
        self._rest = b""
        self._kill: asyncio.TimerHandle | None = None
        descriptor = linux.memory_file("procdeck-watch", setup)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "supervisor.processes.watching_child", str(descriptor)],
                pass_fds=(descriptor,),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                start_new_session=True,
            )
        finally:
            os.close(descriptor)
        self.pid = self._process.pid
        self._output = self._pipe(self._process.stdout)
        os.set_blocking(self._output, False)
        self._watch = ExitWatch(loop, self.pid, self._on_exit)
        loop.add_reader(self._output, self._on_readable)

    @staticmethod
    def _pipe(file: IO[bytes] | None) -> int:
        assert file is not None
        return file.fileno()

    def dismiss(self) -> None:
        """Have it end: it does so when its stdin is closed; one that does not is killed."""
        self._stop_reading()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._kill = self._loop.call_later(PATIENCE_S, self._process.kill)

    def _stop_reading(self) -> None:
        if self._output >= 0:
            self._loop.remove_reader(self._output)
            self._output = -1
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _on_readable(self) -> None:
        try:
            chunk = os.read(self._output, 65536)
        except BlockingIOError:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        if not chunk or len(self._rest) > LINE_LIMIT_BYTES:
            self._stop_reading()
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:
                continue  # something in it has printed
            if isinstance(message, dict):
                self._owner.on_message(self, message)

    def _on_exit(self, status: int | None) -> None:
        self._process.returncode = 0 if status is None else status
        if self._kill is not None:
            self._kill.cancel()
        self._stop_reading()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._owner.on_ended(self, status)
