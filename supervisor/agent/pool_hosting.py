"""Carries words between the pools of this worker and the engine: reports and failures there, wishes back."""

from __future__ import annotations

import builtins
import re
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

    def say(self, level: str, message: str, *, extra: Mapping[str, object], error: BaseException | None = None) -> None:
        records.emit(level, message, logger=LOGGER, extra=extra or None, exception=error and _fields(error))

    def show(self, text: str, done: int, total: int, *, has_moved: bool) -> None:
        if self._board is not None:
            self._board.progress(done, total)
            self._board.doing(text)
            if has_moved:
                self._board.beat()


def _fields(error: BaseException) -> dict[str, str]:
    """What a record tells of what a task has raised."""
    from supervisor.agent.explaining import explain
    from supervisor.poolrun.wording import exception_fields

    fields = exception_fields(error)
    advice = explain(error) or explain(_quoted(error))
    if advice:
        fields["advice"] = advice
    return fields


def _quoted(error: BaseException) -> BaseException:
    """The exception that the text of another one quotes: ``the result cannot be pickled: TypeError: cannot ...``."""
    found = re.search(r"\b([A-Z]\w*(?:Error|Exception)): (.*)", str(error), re.DOTALL)
    if found is None:
        return Exception()
    known = getattr(builtins, found[1], Exception)
    stand_in: type[Exception] = type(found[1], (known,), {"__init__": Exception.__init__})
    return stand_in(found[2])


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
