"""Why an action cannot be done now, in a sentence with what to do instead."""

from __future__ import annotations

from typing import Final

from supervisor.api.messages import ReplicaRow
from supervisor.lifecycle.states import AT_REST, BETWEEN, State
from tui.actions import CHANNEL, LOG, POOL, Action, key_of, with_keys
from tui.situation import NOT_GIVEN, Access, Situation

_NOT_FOR_ERRORS: Final = "errors have two orders of their own: press {order} for the other one."

_OF_TABLES: Final[dict[str, str]] = {
    "order": "Cannot turn the table round: it stands as the profile has it; press {sort_next} to sort it by a column.",
    "sort_next": f"Cannot sort by a column: {_NOT_FOR_ERRORS}",
    "sort_previous": f"Cannot sort by a column: {_NOT_FOR_ERRORS}",
    "border_left": "The detail has the log's place in a narrow terminal: press {detail} to open it, or to close it.",
    "border_right": "The detail has the log's place in a narrow terminal: press {detail} to open it, or to close it.",
    "group": "Cannot group: only workers stand in groups; press {workers} to go to them.",
    "fold": "Cannot fold: the workers stand in no groups; press {group} to group them.",
    "unfold": "Cannot unfold: the workers stand in no groups; press {group} to group them.",
    "problems": "Cannot show problems only: every error is one; press {filter} to filter them.",
}


def why_not(action: Action, situation: Situation) -> str:
    """Why `action` cannot be done now, as a sentence with what to do instead."""
    row = situation.row
    if not action.is_offered(situation.access):
        return why_never(action, situation.access)
    if action.group is LOG:
        return f"{action.label} is for a line of the log; press {key_of('next_pane')} to go there."
    if not situation.is_live:
        return f"Cannot {action.verb or action.label.lower()}: the engine does not answer."
    what = action.verb or action.label.lower()
    if action.group is CHANNEL:
        return f"Cannot {what}: {_why_not_channel(action, situation)}."
    if action.group is POOL:
        return f"Cannot {what}: {_why_not_pool(action, situation)}."
    if situation.marked and action.acts_on_marks:
        return f"Cannot {what}: no marked worker is in a state for it; press esc to take the marks away."
    if action.id in _OF_TABLES:
        return with_keys(_OF_TABLES[action.id])
    if row is None:
        return f"Cannot {what}: {_why_not_without_row(action, situation)}."
    if action.id == "worker_level":
        return f"{row.name} is a command: it has no loggers that procdeck knows."
    if action.id == "fewer":
        return f"{row.worker} has one replica: press {key_of('stop')} to stop it."
    if action.id == "start" and row.state is State.WAITING and row.waits_for:
        return f"{row.name} starts by itself; it waits for {row.waits_for}."
    return f"{row.name} is {row.state.value}: {_instead(action, row)}."


def why_never(action: Action, access: Access) -> str:
    """Why `action` can never be done where a person has only that much access."""
    return f"Cannot {action.verb or action.label.lower()}: {NOT_GIVEN[access]}."


def _why_not_without_row(action: Action, situation: Situation) -> str:
    if situation.grouped and action.acts_on_marks:
        return f"no worker of {situation.group_label} is in a state for it"
    if situation.grouped:
        return f"that is for one worker; go to one of {situation.group_label}"
    if situation.place != "workers" and action.id != "open":
        return f"{situation.place} are shown; press {key_of(situation.place)} to go to the workers"
    return f"no {situation.place[:-1]} is under the cursor"


def _instead(action: Action, row: ReplicaRow) -> str:
    """What to do with `row` where `action` cannot be done in its state."""
    if action.id == "start":
        return "it starts by itself" if row.state is State.WAITING else f"press {key_of('restart')} to restart it"
    if row.state in AT_REST:
        return f"press {key_of('start')} to start it"
    if row.state in BETWEEN:
        return f"it has no process; press {key_of('stop')} so that it does not start"
    if action.id == "stop":
        return f"press {key_of('kill')} to kill it at once"
    return "it has to run first" if row.state is State.STARTING else "nothing to do"


def _why_not_channel(action: Action, situation: Situation) -> str:
    channel = situation.channel
    if situation.place != "channels":
        return f"{situation.place} are shown; press {key_of('channels')} to go to the channels"
    if channel is None:
        return "no channel is under the cursor"
    if channel.kind != "queue":
        return f"{channel.name} is a {channel.kind}, and only queues have items"
    if action.id == "drain":
        return f"{channel.name} is empty"
    if not channel.dead_letters:
        return f"{channel.name} has no dead letters"
    return f"no dead letter is under the cursor; press {key_of('open')}, then up and down to go to one"


def _why_not_pool(action: Action, situation: Situation) -> str:
    pool = situation.pool
    if situation.place != "pools":
        return f"{situation.place} are shown; press {key_of('pools')} to go to the pools"
    if pool is None:
        return "no pool is under the cursor"
    if not pool.is_live:
        return f"{pool.name} has ended; press {key_of('start')} to start its worker again"
    if action.id == "pool_retry":
        return f"nothing of {pool.name} has failed"
    if action.id == "pool_cancel":
        return f"no member of {pool.name} has an item in hand"
    if action.id == "pool_kill":
        return f"{pool.name} has no member yet"
    if action.id == "pool_fewer":
        return f"{pool.name} has one member; press {key_of('pool_pause')} to pause it"
    return f"{pool.name} is {pool.report.state}"
