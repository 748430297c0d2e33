"""A worker's own way to be stopped: a command that is run instead of asking, in a session of its own.

It has the worker's environment and user, and PROCDECK_PID, the leader's pid. Policy's deadlines bound it: it is killed
with the tree, and when the worker has ended.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

from supervisor.processes import linux, stopping
from supervisor.processes.executing import Program, StartFailed, execute
from supervisor.processes.reaping import ExitWatch

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from supervisor.processes.orders import LaunchOrder

TOLD_BYTES: Final = 400
"""How much of what a failed command said is told."""


class StopCommand:
    """One run of a stop command.

    Raises:
        StartFailed: it cannot be started.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        argv: tuple[str, ...],
        order: LaunchOrder,
        leader_pid: int,
        report: Callable[[str], None],
    ) -> None:
        self._words = argv
        self._report = report
        self._output = linux.memory_file("procdeck-stop")
        environment = {**os.environ, **order.environment, "PROCDECK_PID": str(leader_pid)}
        identity = {key: value for key, value in order.limits.items() if key == "identity"}
        try:
            self.pid: int | None = execute(
                Program(argv, environment, order.cwd, {1: self._output, 2: self._output}, limits=identity)
            )
        except StartFailed:
            os.close(self._output)
            raise
        linux.unshield(self.pid)
        self._watch = ExitWatch(loop, self.pid, self._on_reaped)

    def kill(self) -> None:
        """SIGKILL to it and what it has started, if it still runs."""
        if self.pid is not None:
            stopping.kill_tree(self.pid)

    def _on_reaped(self, status: int | None) -> None:
        self.pid = None
        said = os.pread(self._output, 65536, 0)[-TOLD_BYTES:].decode(errors="replace").strip()
        os.close(self._output)
        if status not in (0, -signal.SIGKILL):
            text = f"its stop command ended with {status}: {' '.join(self._words)}"
            self._report(f"{text}: {said}" if said else text)
