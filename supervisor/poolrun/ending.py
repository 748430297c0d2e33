"""How a run ends otherwise than by being done, and what it says of itself in the end."""

from __future__ import annotations

import time

from supervisor.channels.interrupt import StopRequested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.poolrun.run import Run


class RunFailed(Exception):
    """The run cannot go on, for a reason in words.

    Attributes:
        traceback: of the user's code that is to blame, where there is one.
    """

    def __init__(self, text: str, traceback: str = "") -> None:
        super().__init__(text)
        self.traceback = traceback


class Terminated(StopRequested):
    """SIGTERM: nothing is waited for."""


def failed_for(error: BaseException) -> RunFailed:
    """Why the pool as a whole cannot go on; a traceback in the text of `error` goes where tracebacks go."""
    text, _, traceback = str(error).partition("\n")
    last = traceback.strip().rpartition("\n")[2]
    return RunFailed(f"{text} {last}".strip(), traceback)


def summary_of(run: Run) -> dict[str, Any]:
    """What ``on_complete`` is called with.

    Keys: ``pool``, ``total`` (None when it was stopped before that was known), ``done``, ``failed``, ``retried``,
    ``skipped`` (done by an earlier run), ``elapsed_s``, ``is_stopped``, ``results`` and ``errors`` (files, or None).
    """
    results = run.plan.results or {}
    path = results.get("path") if results.get("kind") == "file" else None
    from supervisor.poolrun.journal import errors_path

    return {
        "pool": run.plan.name,
        "total": run.taking.total,
        "done": run.tally.done,
        "failed": run.tally.failed,
        "retried": run.tally.retried,
        "skipped": run.tally.skipped,
        "elapsed_s": round(time.monotonic() - run.tally.begun_s, 3),
        "is_stopped": run.is_stop_wished,
        "results": path,
        "errors": errors_path(path) if path and run.tally.failed else None,
    }
