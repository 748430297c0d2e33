"""Which wishes to a pool mean something, which of them it can follow now, and how they are put in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.api.pools import PoolActionName, PoolFailure, PoolRequest, PoolRow

PROCESSES_LIMIT: Final = 1000
"""The most members of a pool, as a profile has it."""

_NEEDED: Final[dict[PoolActionName, str]] = {"resize": "processes", "cancel": "index", "kill-member": "pid"}
_TAKEN: Final[dict[PoolActionName, frozenset[str]]] = {
    "resize": frozenset({"processes"}),
    "retry-failed": frozenset({"index"}),
    "cancel": frozenset({"index"}),
    "kill-member": frozenset({"pid"}),
}
_TOLD_MEMBERS: Final = 64
"""More members than these no report has."""
_NAMED: Final = 8
"""Members or items that a sentence names."""


def check_wish(action: PoolActionName, request: PoolRequest) -> None:
    """See that `request` says what `action` needs, and nothing else.

    Raises:
        ValueError: it does not; the message says what to do.
    """
    given = {key for key in ("processes", "index", "pid") if getattr(request, key) is not None}
    needed = _NEEDED.get(action)
    if needed is not None and needed not in given:
        raise ValueError(f"{action} needs {needed}")
    surplus = given - _TAKEN.get(action, frozenset())
    if surplus:
        raise ValueError(f"{', '.join(sorted(surplus))} is not for {action}")
    if request.processes is not None and not 1 <= request.processes <= PROCESSES_LIMIT:
        raise ValueError(f"processes is a number from 1 to {PROCESSES_LIMIT}, not {request.processes}")
    if request.index is not None and not 0 <= request.index < 2**53:
        raise ValueError(f"index counts items from 0; there is none at {request.index}")
    if request.pid is not None and not 1 < request.pid < 2**31:
        raise ValueError(f"pid is the number of a member's process, not {request.pid}")


def why_not(row: PoolRow, action: PoolActionName, request: PoolRequest, failures: Sequence[PoolFailure]) -> str:
    """Why the pool cannot follow this wish now, and what to do; empty where it can."""
    name, report = row.name, row.report
    if not row.is_live or report.state in ("finished", "failed"):
        how = f"has {report.state}" if report.state in ("finished", "failed") else "does not run"
        return f"pool {name} {how}; procdeck restart {row.replica} runs it again"
    if action == "kill-member":
        pids = [member.pid for member in report.members]
        if request.pid not in pids and len(pids) < _TOLD_MEMBERS:
            return f"{request.pid} is no member of {name}; its members are {_some(pids)}"
    elif action == "cancel" and report.total is not None and (request.index or 0) >= report.total:
        return f"{name} has no item {request.index}; its items are 0 to {report.total - 1}"
    elif action == "retry-failed" and not report.failed:
        return f"nothing of {name} has failed"
    elif action == "retry-failed" and request.index is not None:
        known = [failure.index for failure in failures]
        if request.index not in known and report.failed <= len(known):
            return f"item {request.index} of {name} has not failed; those that have: {_some(known)}"
    return ""


def _some(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_NAMED]))
    more = len(numbers) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown or "none yet"


def sentence_of(row: PoolRow, action: PoolActionName, request: PoolRequest) -> str:
    """What was asked of the pool."""
    name = row.name
    match action:
        case "resize":
            now = f", it has {row.report.processes}" if request.processes != row.report.processes else " as it has"
            return f"{name}: {_plural(request.processes or 0, 'process', 'processes')} asked for{now}"
        case "pause":
            return f"{name}: pause asked for; members finish what they have in hand"
        case "resume":
            return f"{name}: asked to go on"
        case "retry-failed":
            what = "what has failed" if request.index is None else f"item {request.index}"
            return f"{name}: asked to try {what} again"
        case "cancel":
            return f"{name}: asked to cancel item {request.index}"
        case "kill-member":
            return f"{name}: member {request.pid} is to be killed and replaced"


def _plural(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"
