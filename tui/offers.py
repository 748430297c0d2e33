"""What a dashboard offers: of all that a registry has, what can ever be done in it, told as it is there.

Hints, palette and help are made of this. What is not offered says why where its key is pressed all the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from tui.actions import ACTIONS, BY_ID, Action, ways_by_key
from tui.hang_actions import FLAME, SCREEN_ACTIONS, STACKS_ACTIONS
from tui.replay_actions import REPLAY, REPLAY_ACTIONS
from tui.situation import Access

_TOLD: Final[dict[Access, dict[str, str]]] = {
    "all": {},
    "looking": {
        "quit": "Leave; nothing is asked, for nothing can be stopped from here.",
        "undo": "Take back what was done last: a filter that was cleared.",
    },
    "recording": {
        "quit": "Leave the recording; nothing is asked, for nothing runs.",
        "undo": "Take back what was done last: a filter that was cleared.",
        "worker_page": "Show what was recorded of it on a page of its own: state, figures, log.",
        "suspend": "Go back to the shell for a while; fg comes back.",
    },
}
"""What the help says of actions that have less to do there, by their ids."""


def offered(actions: tuple[Action, ...], access: Access) -> tuple[Action, ...]:
    """Those of `actions` that can be done where a person has that much access."""
    if access == "all":
        return actions
    told = _TOLD[access]
    return tuple(
        replace(action, help=told[action.id]) if action.id in told and action == BY_ID.get(action.id) else action
        for action in actions
        if action.is_offered(access)
    )


def also_offered(access: Access) -> tuple[Action, ...]:
    """What can be done over every screen beside all that the screen itself has keys for."""
    return REPLAY_ACTIONS if access == "recording" else ()


def all_offered(access: Access) -> tuple[Action, ...]:
    """What can be done anywhere: on the first screen, and on those that can be opened over it."""
    screens = [actions for actions in SCREEN_ACTIONS.values() if _can_be_opened(actions[0].group, access)]
    return offered((*ACTIONS, *(action for actions in screens for action in actions)), access)


def _can_be_opened(group: str, access: Access) -> bool:
    """Whether there is the screen, or the recording, that the actions of `group` are for."""
    if group == REPLAY:
        return access in ("all", "recording")
    if group == FLAME:
        return next(action for action in STACKS_ACTIONS if action.id == "flame").is_offered(access)
    name = next(name for name, actions in SCREEN_ACTIONS.items() if actions[0].group == group)
    opening = next((action for action in ACTIONS if action.opens == name), None)
    return opening is None or opening.is_offered(access)


def places_offered(access: Access) -> list[tuple[str, str]]:
    """Each key that goes to a place, as a person reads it, with its place, in the order of the keyboard."""
    return [(key, place) for key, place in ways_by_key() if BY_ID[place].is_offered(access)]
