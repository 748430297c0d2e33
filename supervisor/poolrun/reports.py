"""Puts a report together (`supervisor.api.pools.PoolReport`), from a pool's own progress and what a run has counted."""

from __future__ import annotations

from supervisor.poolrun.wording import short

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from supervisor.poolrun.intake import Entry
    from supervisor.pools.progress import MemberProgress, PoolProgress

MOST_MEMBERS = 64
MANY = 16
FEW_CHARACTERS = 60
"""How much of its item, the end, is told of each of many members: a report is one frame."""


def members_of(
    progress: PoolProgress, entry_of: Callable[[int], Entry | None], now_s: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The members, and the items that run, as a report has them.

    Args:
        entry_of: the item behind the pool's own number; None when it is not known.
        now_s: of the monotonic clock.
    """
    members, running = [], []
    for member in progress.members[:MOST_MEMBERS]:
        entry = entry_of(member.index) if member.index is not None and member.is_busy else None
        told: dict[str, Any] = {
            "pid": member.pid,
            "state": member.state,
            "done": member.done,
            "generation": member.generation,
        }
        told |= shares_of(member)
        if member.state != "starting":
            told["start_s"] = round(member.start_s, 3)
        if entry is not None:
            entry.shown = entry.shown or short(entry.item)
            shown = entry.shown if len(progress.members) <= MANY else entry.shown[-FEW_CHARACTERS:]
            told |= {"item": shown, "index": entry.index, "since_s": round(now_s - member.task_s, 1)}
            running.append(
                {
                    "index": entry.index,
                    "item": entry.shown,
                    "took_s": round(member.task_s, 3),
                    "pid": member.pid,
                    "is_running": True,
                }
            )
        members.append(told)
    return members, running


def shares_of(spent: MemberProgress | PoolProgress) -> dict[str, float]:
    """What the time of members went to, as shares of it."""
    whole_s = spent.start_s + spent.wait_s + spent.work_s
    if whole_s <= 0:
        return {}
    return {
        "start_share": round(spent.start_s / whole_s, 3),
        "wait_share": round(spent.wait_s / whole_s, 3),
        "work_share": round(spent.work_s / whole_s, 3),
    }


def averages_of(progress: PoolProgress) -> dict[str, Any]:
    """Of the pool's whole time: bytes for each item and result, and how much of the work is pickling."""
    told: dict[str, Any] = dict(shares_of(progress))
    told["pickle_share"] = round(min(1.0, progress.pickle_s / progress.work_s), 3) if progress.work_s > 0 else 0.0
    told["item_bytes"] = progress.item_bytes // max(1, progress.submitted)
    told["result_bytes"] = progress.result_bytes // max(1, progress.done)
    return told


def eta_s(total: int | None, over: int, rate: float) -> float | None:
    """Seconds until all are over; None when that cannot be said."""
    if total is None or rate <= 0:
        return None
    return round(max(0, total - over) / rate, 1)
