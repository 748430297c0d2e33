"""What the engine keeps beside a live incarnation: its checks, and the lines of its output that others wait for.

::

    lanes ─ taps ─► lines that dependents wait for ─► when_line
                └─► HealthWatch ◄─ board, sockets, probes
                        └─ verdicts ─► Driver.apply
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from loguru import logger

from supervisor.lifecycle.events import Event
from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import State
from supervisor.processes.checks import needs_watch
from supervisor.processes.health import CheckReport, HealthWatch, Verdict
from supervisor.processes.line_search import LineSearch
from supervisor.processes.orders import LaunchOrder
from supervisor.profile.model import WorkerSpec

if TYPE_CHECKING:
    from supervisor.channels import BoardPage
    from supervisor.logs.lanes import Stream
    from supervisor.processes.lane_ends import Pipe


class Attendance:
    """The checks of one incarnation, if it has any, and the searches for lines that others wait for.

    Args:
        patterns: the regular expressions that dependents wait for.
        apply: hands an event to the replica's life.
        when_line: called with the one of `patterns` that has matched.
        tell: writes a sentence about the replica into the log.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        worker: WorkerSpec,
        order: LaunchOrder,
        runtime_directory: Path,
        patterns: Sequence[str],
        *,
        apply: Callable[[Event], None],
        when_line: Callable[[str], None],
        tell: Callable[[str, str, str], None],
    ) -> None:
        self._apply = apply
        self._when_line = when_line
        self._tell = tell
        self._watch: HealthWatch | None = None
        self.status = ""
        """What it says of itself by sd_notify."""
        if needs_watch(worker):
            self._watch = HealthWatch(
                loop,
                worker,
                order.name,
                order.incarnation,
                self,
                environment=order.environment,
                cwd=order.cwd,
                runtime_directory=runtime_directory,
                identity=order.limits.get("identity"),
            )
        self._searches = [LineSearch(pattern, partial(self._on_line, pattern)) for pattern in patterns]

    def dress(self, order: LaunchOrder) -> LaunchOrder:
        """`order` with what the checks need to be told: a notification socket, a descriptor."""
        if self._watch is None:
            return order
        number = self._watch.notify_fd_number
        return replace(
            order,
            environment={**order.environment, **self._watch.environment},
            notify_number=-1 if number is None else number,
        )

    @property
    def notify_fd(self) -> int:
        """What becomes the descriptor that `dress` has numbered; -1 for none."""
        descriptor = self._watch.notify_fd if self._watch is not None else None
        return -1 if descriptor is None else descriptor

    def listen(self, readers: Mapping[Stream, Pipe]) -> None:
        """Hear what comes on the worker's lanes."""
        for stream, reader in readers.items():
            for search in self._searches:
                reader.taps.append(search.tap(stream))
            if self._watch is not None and self._watch.wants_lines:
                reader.taps.extend(self._watch.taps(stream))

    def _on_line(self, pattern: str, _line: str) -> None:
        self._when_line(pattern)

    # --- its life goes on ---

    def launched(self, look: Callable[[], BoardPage]) -> None:
        """There is a process, and so a board, which `look` reads."""
        if self._watch is not None:
            self._watch.look = look

    def changed(self, before: Life, after: Life) -> None:
        """The replica's life has come into another state."""
        if self._watch is None or after.state is before.state:
            return
        if after.state is State.STOPPING:
            self._watch.stopping()
        elif after.state is State.PAUSED:
            self._watch.pause()
        elif before.state is State.PAUSED:
            self._watch.resume()
        elif before.state is State.STARTING and after.pid is not None:
            self._watch.on_started(after.pid)

    def on_ctx_ready(self) -> None:
        """The worker's own code says that it can serve."""
        if self._watch is not None:
            self._watch.on_ctx_ready()

    def close(self) -> None:
        """The incarnation is over."""
        for search in self._searches:
            search.close()
        if self._watch is not None:
            self._watch.close()

    # --- what it shows ---

    @property
    def missing(self) -> str:
        """Which check it waits for; empty where none does."""
        return self._watch.missing if self._watch is not None else ""

    @property
    def checks(self) -> tuple[CheckReport, ...]:
        """Its checks as they stand."""
        return self._watch.states if self._watch is not None else ()

    def pids(self) -> frozenset[int]:
        """The programs of its checks: children of the engine that are no strays."""
        return self._watch.pids() if self._watch is not None else frozenset()

    # --- what the checks say ---

    def on_verdict(self, watch: HealthWatch, event: Verdict) -> None:
        """Its life goes on."""
        del watch
        self._apply(event)

    def on_status(self, watch: HealthWatch, text: str) -> None:
        """It says what it is doing."""
        del watch
        self.status = text

    def on_stopping(self, watch: HealthWatch) -> None:
        """It ends by itself."""
        logger.info("{} says that it is stopping", watch.name)

    def on_remark(self, watch: HealthWatch, text: str) -> None:
        """Something worth a line in the log."""
        self._tell("WARNING", watch.name, text)
