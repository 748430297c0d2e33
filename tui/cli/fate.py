"""What became of workers, in a line each, and what a headless run's exit code makes of it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from supervisor.lifecycle.states import State
from tui.cli.exits import ExitCode
from tui.cli.telling import one_line
from tui.render.life_words import obstacle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.api.messages import Fleet, ReplicaRow, TreeProcess

_HIGHEST_CODE: Final = 255
_WARNING: Final = 1000
"""Characters of a warning: a sentence and what to do."""
_FIGURES: Final = re.compile(r"\d+")


def fate_line(before: ReplicaRow | None, now: ReplicaRow) -> str:
    """What to narrate of a replica between two looks; empty where nothing happened that a person must know."""
    if before is not None and (before.state, before.incarnation) == (now.state, now.incarnation):
        return ""
    cause = f": {one_line(now.exit_cause)}" if now.exit_cause else ""
    missing = f": {one_line(obstacle(now))}" if now.waits_for else ""
    match now.state:
        case State.RUNNING:
            return _running_line(before, now)
        case State.UNREADY:
            was_ready = before is not None and before.state is State.RUNNING and _is_same_life(before, now)
            return f"{now.name} {'not ready any more' if was_ready else f'not ready yet, pid {now.pid}'}{missing}"
        case State.WAITING:
            return f"{now.name} waits{f' for {one_line(now.waits_for)}' if now.waits_for else ''}"
        case State.SCHEDULED:
            return f"{now.name} ended{cause}; it waits for its next run" if now.incarnation else ""
        case State.PAUSED:
            return f"{now.name} paused, pid {now.pid}"
        case State.BACKOFF:
            return f"{now.name} ended{cause}; it will be started again"
        case State.FINISHED | State.FAILED | State.SKIPPED:
            return f"{now.name} {now.state.value}{cause}"
        case State.STUCK:
            return f"{now.name} stuck: it was killed and did not die (pid {now.pid})"
        case State.STOPPED:
            return f"{now.name} stopped{cause}" if now.incarnation else ""
        case _:
            return ""


def _running_line(before: ReplicaRow | None, now: ReplicaRow) -> str:
    """How it came to run: started, started again, ready after all, or let go on."""
    if before is not None and _is_same_life(before, now):
        how = {State.UNREADY: "ready", State.PAUSED: "goes on"}.get(before.state)
        if how:
            return f"{now.name} {how}, pid {now.pid}"
    again = f", restart {now.restarts}" if now.restarts else ""
    return f"{now.name} running, pid {now.pid}{again}"


def _is_same_life(before: ReplicaRow, now: ReplicaRow) -> bool:
    return before.incarnation == now.incarnation


def warning_lines(before: ReplicaRow | None, now: ReplicaRow) -> list[str]:
    """What to narrate of a replica's warnings that have come or gone between two looks.

    A figure in one that grows, ``no heartbeat for 13 s``, makes no other warning of it. Those that end with the
    process are not told: its end is.
    """
    old = {_warning_key(text): text for text in before.warnings} if before is not None else {}
    new = {_warning_key(text): text for text in now.warnings}
    lines = [f"{now.name} {one_line(text, _WARNING)}" for key, text in new.items() if key not in old]
    if before is not None and _is_same_life(before, now) and now.pid is not None:
        lines += [f"{now.name} {_over(one_line(text, _WARNING))}" for key, text in old.items() if key not in new]
    return lines


def _warning_key(text: str) -> str:
    """What stays of a warning as long as it is the same one: ``DEADLOCK``, or its text without figures."""
    name, colon, _ = text.partition(":")
    return name if colon and name.isupper() else _FIGURES.sub("", text)


def _over(text: str) -> str:
    name, colon, _ = text.partition(":")
    return f"{name if colon and name.isupper() else text}: that is over"


def gone_line(name: str) -> str:
    """What to narrate of a replica that there is no more: scaled down, or reloaded away."""
    return f"{name} is no longer part of the run"


def ended_by(fleet: Fleet) -> str:
    """Why a run ends by itself, in words; empty where it does not."""
    if fleet.exit_code is None:
        return ""
    outcome = one_line(fleet.outcome).rstrip(".")
    return outcome or f"a significant worker has ended, exit code {fleet.exit_code}"


def verdict(rows: Sequence[ReplicaRow], survivors: Sequence[TreeProcess], exit_code: int | None = None) -> int:
    """The exit code of a run that is over.

    `exit_code` is that of the significant worker whose end has ended the run; it goes before all others. Then comes the
    first failed worker's own ("first" by the time of the failure), then 1 for what did not do what it was there for. A
    code that no shell shows (a signal, none at all) counts as 1.
    """
    if exit_code is not None:
        return exit_code if 0 <= exit_code <= _HIGHEST_CODE else ExitCode.FAILED
    failed = sorted((row for row in rows if row.state is State.FAILED), key=lambda row: row.since_s)
    if failed:
        code = failed[0].exit_code
        return code if code is not None and 1 <= code <= _HIGHEST_CODE else ExitCode.FAILED
    if survivors or any(row.state in (State.STUCK, State.SKIPPED) for row in rows):
        return ExitCode.FAILED
    return ExitCode.OK
