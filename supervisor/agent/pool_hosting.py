"""Carries words between the pools of this worker and the engine: reports and failures there, wishes back."""

from __future__ import annotations

import sys

from supervisor.agent import records

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from supervisor.agent.context import Context
    from supervisor.agent.control import Control
    from supervisor.channels import StatusBoard

LOGGER = "procdeck.pool"


class AgentHost:
    """This worker, as its pools see it (`supervisor.poolrun.host.Host`).

    Args:
        board: None where the worker's code says for itself what it does.
    """

    def __init__(self, control: Control, board: StatusBoard | None) -> None:
        self._control = control
        self._board = board
        self.send = control.send
        self.check = control.check
        self.check_pools = control.check_pools
        self.fileno = control.fileno
        self.hear = control.hear

    def say(
        self, level: str, message: str, *, extra: Mapping[str, object], exception: Mapping[str, str] | None = None
    ) -> None:
        records.emit(level, message, logger=LOGGER, extra=extra or None, exception=exception)

    def show(self, text: str, done: int, total: int) -> None:
        if self._board is not None:
            self._board.progress(done, total)
            self._board.doing(text)
            self._board.beat()


def prepare_run(
    order: dict[str, Any], control: Control, board: StatusBoard, channels: dict[str, object], context: Context
) -> Callable[[], None]:
    """What runs a pool of the profile to its end. Raises what the import of its functions raises."""
    from supervisor.poolrun.plan import Plan
    from supervisor.poolrun.run import Run

    run = Run(Plan.of(order), AgentHost(control, board), channels, context)
    return lambda: _carry_out(run, control)


def _carry_out(run: Any, control: Control) -> None:
    """Run it. A failure that has words gets no traceback of ours."""
    from supervisor.poolrun.ending import RunFailed

    try:
        run.go()
    except RunFailed as failed:
        records.emit("ERROR", f"{failed}\n{failed.traceback}".strip(), logger=LOGGER)
        control.send("failed", phase="run", error=str(failed), place="", traceback=failed.traceback, advice="")
        sys.exit(1)
