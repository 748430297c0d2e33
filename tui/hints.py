"""Which keys the hint bar shows: the few that a person most likely wants now, called what they do here."""

from __future__ import annotations

from dataclasses import replace

from tui.actions import ACTIONS, ALWAYS, WORKER, Action, meant_by
from tui.offers import also_offered, offered
from tui.situation import Situation

HINT_LIMIT, WIDE_HINT_LIMIT = 8, 15
OF_POOLS_TOO = ("open", "own_log")
"""Actions on workers that are hinted at where pools are shown; the others can be done to a pool's worker there."""
BACK_RANK = 5
"""Of the way back to the workers: before the ways to other places."""


def hints(situation: Situation) -> tuple[Action, ...]:
    """What the hint bar shows: what a recording has keys for; then what is valid now, most wanted first; help and quit
    always."""
    besides = [action for action in also_offered(situation.access) if action.hint_rank]
    hinted = [action for action in offered(ACTIONS, situation.access) if action.hint_rank]
    shown = sorted(hinted, key=lambda action: _rank(action, situation))
    valid = [_worded(action, situation) for action in shown if _is_hinted(action, situation)]
    always = [action for action in valid if action.hint_rank >= ALWAYS]
    room = (WIDE_HINT_LIMIT if situation.is_wide else HINT_LIMIT) - len(always) - len(besides)
    return (*besides, *[action for action in valid if action.hint_rank < ALWAYS][:room], *always)


def _rank(action: Action, situation: Situation) -> int:
    """What fits the row under the cursor comes before what fits every row."""
    is_warned = situation.row is not None and bool(situation.row.warnings)
    if is_warned and situation.place == "workers" and action.id == "why":
        return 0
    if action.id == "pools" and situation.place == "workers" and situation.pool is not None:
        return 1
    if action.id == situation.place:
        return BACK_RANK
    return 2 if action.id == "open" and situation.failure is not None else action.hint_rank


def _is_hinted(action: Action, situation: Situation) -> bool:
    """It can be done, its key means it here, and it is about what this place shows."""
    if situation.pane not in action.hinted_in or not action.applies(situation):
        return False
    if action.group is WORKER and situation.place == "pools" and action.id not in OF_POOLS_TOO:
        return False
    if action.id == "back":
        return situation.is_zoomed and bool(action.keys)
    if action.id == "open" and situation.pane == "detail":
        return situation.failure is not None
    return bool(action.keys) and meant_by(action.keys[0], situation).id == action.id


def _worded(action: Action, situation: Situation) -> Action:
    """`action`, called what its key does here."""
    if action.id == situation.place and situation.place != "workers":
        return replace(action, label="Workers")
    if action.id == "open" and situation.pane == "errors":
        return replace(action, label="Log line")
    if action.id == "open" and situation.failure is not None:
        return replace(action, label="Traceback")
    if action.id == "pools" and situation.place == "workers" and situation.pool is not None:
        return replace(action, label="Its pool")
    return action
