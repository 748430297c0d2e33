"""The engine's side of loguru sinks: a helper process for each, which reads the store; their word is passed on.

A helper that has died is started again, later and later, and goes on where it was. All of them end with the engine,
after they have written what is left.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.processes.companion import Companion, message_in
from supervisor.processes.preparing import Surroundings, fill
from supervisor.processes.reaping import exit_cause
from supervisor.profile.model import Profile
from supervisor.profile.sinks import STDERR

FINISH_S: Final = 5.0
"""How long helpers go on writing after the engine's end."""
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 30.0

PROGRAM: Final = "supervisor.logs.sink_process"

Report = Callable[[str, str], None]
"""Gets a level and a sentence for people."""


@dataclass(frozen=True, slots=True)
class SinkOrder:
    """One sink as its helper is told; see `supervisor.profile.sinks.SinkSpec`."""

    sink: str
    """An absolute path, in which loguru fills in ``{time}``, or ``stderr``."""
    level: str
    workers: tuple[str, ...] = ()
    format: str | None = None
    serialize: bool = False
    rotation: str | int | None = None
    retention: str | int | None = None
    compression: str | None = None


def sink_orders(profile: Profile, output_directory: Path) -> dict[str, SinkOrder]:
    """The sinks of a profile, by name."""
    around = Surroundings(profile.directory, output_directory, 0, {})
    return {
        name: SinkOrder(
            sink=spec.sink
            if spec.sink == STDERR
            else str(profile.directory / Path(fill(spec.sink, around)).expanduser()),
            level=spec.level,
            workers=tuple(spec.workers),
            format=spec.format,
            serialize=spec.serialize,
            rotation=spec.rotation,
            retention=spec.retention,
            compression=spec.compression,
        )
        for name, spec in profile.logs.sinks.items()
    }


class Sinks:
    """All sinks of a run.

    Args:
        loop: the engine's.
        log_directory: where the store's segments are.
        report: told what a person should know, once each.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, log_directory: Path, report: Report) -> None:
        self._loop = loop
        self._log_directory = log_directory
        self._report = report
        self._sinks: dict[str, _Sink] = {}
        self._leaving: list[_Sink] = []

    def change(self, orders: Mapping[str, SinkOrder]) -> None:
        """Serve these sinks from now on. A new one gets the run from its beginning, a changed one goes on."""
        for name, sink in list(self._sinks.items()):
            if orders.get(name) is None:
                sink.dismiss()
                self._leaving.append(self._sinks.pop(name))
            elif orders[name] != sink.order:
                sink.change(orders[name])
        for name, order in orders.items():
            if name not in self._sinks:
                self._sinks[name] = _Sink(self._loop, name, order, self._log_directory, self._report)
        self._leaving = [sink for sink in self._leaving if sink.pid is not None]

    def pids(self) -> frozenset[int]:
        """The helpers that live."""
        return frozenset(sink.pid for sink in (*self._sinks.values(), *self._leaving) if sink.pid is not None)

    @property
    def positions(self) -> dict[str, tuple[int, int]]:
        """Where each sink is in the store: the number of a segment, and the line in it that comes next."""
        return {name: sink.position for name, sink in self._sinks.items()}

    async def finish(self) -> None:
        """Let the helpers write what is left, for FINISH_S; those that hang are killed. The store must be complete."""
        every = [*self._sinks.values(), *self._leaving]
        for sink in every:
            sink.dismiss()
        waits = [asyncio.ensure_future(sink.ended.wait()) for sink in every if sink.pid is not None]
        if waits:
            await asyncio.wait(waits, timeout=FINISH_S + 1.0)
        late = [sink for sink in every if sink.pid is not None]
        for sink in late:
            sink.kill()
        if late:
            await asyncio.wait(waits, timeout=1.0)
        for wait in waits:
            wait.cancel()
        for sink in every:
            if not sink.is_complete:
                self._report("WARNING", f"sink {sink.name} hung at the end; its last records are in the store only")
        self._sinks.clear()
        self._leaving.clear()


class _Sink:
    """One sink: its helper, and what is known of it."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, name: str, order: SinkOrder, log_directory: Path, report: Report
    ) -> None:
        self.name = name
        self.order = order
        self.position = (0, 0)
        self.ended = asyncio.Event()
        self.is_complete = False
        """Its helper has ended and says that everything is written."""
        self._loop = loop
        self._log_directory = log_directory
        self._report = report
        self._helper: Companion | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._retry_s = FIRST_RETRY_S
        self._is_open = True
        self._must_return = False
        self._said = ""
        self._launch()

    @property
    def pid(self) -> int | None:
        return self._helper.pid if self._helper is not None else None

    def change(self, order: SinkOrder) -> None:
        """Serve another order, once the helper of this one has written what it has begun."""
        self.order = order
        if self._helper is not None:
            self._must_return = True
            self._helper.dismiss()

    def dismiss(self) -> None:
        """Have the helper write what is left, and end."""
        self._is_open = self._must_return = False
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None
        if self._helper is not None:
            self._helper.dismiss()

    def kill(self) -> None:
        """End the helper at once."""
        if self._helper is not None:
            self._helper.kill()

    def _launch(self) -> None:
        self._retry = None
        setup = {
            **asdict(self.order),
            "name": self.name,
            "logs": str(self._log_directory),
            "at": self.position,
            "finish_s": FINISH_S,
        }
        try:
            self._helper = Companion(
                self._loop, (sys.executable, "-m", PROGRAM), self._on_line, self.on_ended, setup=setup
            )
        except OSError as error:
            self._try_later(f"cannot be served: {error.strerror}")

    def _try_later(self, trouble: str) -> None:
        if trouble != self._said:
            self._report("WARNING", f"sink {self.name} {trouble}; tried again in {self._retry_s:g} s")
        self._said = trouble
        self._retry = self._loop.call_later(self._retry_s, self._launch)
        self._retry_s = min(LAST_RETRY_S, 2 * self._retry_s)

    def _on_line(self, line: bytes) -> None:
        self.on_message(message_in(line))

    def on_message(self, message: dict[str, Any]) -> None:
        """The helper's word."""
        if "at" in message:
            segment, line = message["at"]
            self.position = (segment, line)
            self._retry_s, self._said = FIRST_RETRY_S, ""
        elif "trouble" in message:
            self._report("WARNING", f"sink {self.name} cannot write: {message['trouble']}; records wait in the store")
        elif "well" in message:
            self._report("INFO", f"sink {self.name} writes again")
        elif "gone" in message:
            self._report(
                "WARNING", f"sink {self.name} was too slow: {message['gone']} records were deleted before it had them"
            )

    def on_ended(self, status: int | None) -> None:
        """The helper is reaped."""
        assert self._helper is not None
        pid, self._helper = self._helper.pid, None
        if self._must_return:
            self._must_return = False
            self._launch()
        elif self._is_open:
            self._try_later(f"lost its helper (pid {pid}): {exit_cause(status).text}")
        else:
            self.is_complete = status == 0
            self.ended.set()
