"""What became of workers, in a line each, and what a headless run's exit code makes of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from supervisor.lifecycle.states import State
from tui.cli.exits import ExitCode
from tui.cli.telling import one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.messages import ReplicaRow, TreeProcess

_HIGHEST_CODE: Final = 255


def fate_line(before: ReplicaRow | None, now: ReplicaRow) -> str:
    """What to narrate of a replica between two looks; empty where nothing happened that a person must know."""
    if before is not None and (before.state, before.incarnation) == (now.state, now.incarnation):
        return ""
    cause = f": {one_line(now.exit_cause)}" if now.exit_cause else ""
    match now.state:
        case State.RUNNING:
            again = f", restart {now.restarts}" if now.restarts else ""
            return f"{now.name} running, pid {now.pid}{again}"
        case State.BACKOFF:
            return f"{now.name} ended{cause}; it will be started again"
        case State.FINISHED | State.FAILED:
            return f"{now.name} {now.state.value}{cause}"
        case State.STUCK:
            return f"{now.name} stuck: it was killed and did not die (pid {now.pid})"
        case State.STOPPED:
            return f"{now.name} stopped{cause}" if now.incarnation else ""
        case _:
            return ""


def verdict(rows: Sequence[ReplicaRow], survivors: Sequence[TreeProcess]) -> int:
    """The exit code of a run that is over: the first failed worker's own where it has one, 1 where it has none.

    "First" is by the time of the failure. A code that no shell shows (a signal, none at all) counts as 1.
    """
    failed = sorted((row for row in rows if row.state is State.FAILED), key=lambda row: row.since_s)
    if failed:
        code = failed[0].exit_code
        return code if code is not None and 1 <= code <= _HIGHEST_CODE else ExitCode.FAILED
    if survivors or any(row.state is State.STUCK for row in rows):
        return ExitCode.FAILED
    return ExitCode.OK
