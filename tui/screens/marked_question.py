"""The question before something is done to all marked workers or to a group: how many, which, and what goes along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from supervisor.api.messages import ActionName, ReplicaRow
from supervisor.lifecycle.states import LIVE
from tui.actions import Action, with_keys
from tui.render.figures import plural
from tui.render.pieces import plain
from tui.screens.confirm import Choice, Question
from tui.situation import Situation

MOST_NAMES: Final = 8

_DANGEROUS: Final[frozenset[ActionName]] = frozenset({"stop", "restart", "kill"})
_ENDING: Final[frozenset[ActionName]] = frozenset({"stop", "kill"})
_HOW: Final[dict[ActionName, str]] = {
    "stop": "Each is asked, then gets SIGTERM, then SIGKILL to its whole process tree, at its own deadlines.",
    "start": "Each is started; one in backoff or with a schedule starts now.",
    "restart": "Each is stopped, then started again.",
    "kill": "SIGKILL ends their whole process trees at once; they cannot clean up. They stay down until "
    "started ({start}).",
    "pause": "Their whole process trees stand still (SIGSTOP) until they are resumed ({resume}).",
    "resume": "Their process trees go on (SIGCONT).",
}


def marked_label(marked: Sequence[ReplicaRow]) -> str:
    """How marked workers are called in sentences."""
    return marked[0].name if len(marked) == 1 else f"{len(marked)} marked workers"


def group_label(situation: Situation) -> str:
    """How the workers below a heading are called in sentences."""
    several = situation.grouped
    told = plural(len(several), "worker")
    return several[0].name if len(several) == 1 else f"all {told} of {plain(situation.group_label)}"


def marked_question(
    action: Action, marked: Sequence[ReplicaRow], rows: Sequence[ReplicaRow], label: str = ""
) -> Question:
    """Before `action` is done to `marked`, which are some of the fleet's `rows`, and are called `label`."""
    assert action.wish is not None
    what = f"{action.label} {label or marked_label(marked)}"
    parts = [f"{_names([row.name for row in marked])}{_processes(marked)}.", with_keys(_HOW[action.wish])]
    idle = [row for row in marked if not action.applies(replace(Situation(), row=row))]
    if idle:
        one = (
            f"{idle[0].name} is {idle[0].state.value}" if len(idle) == 1 else f"{len(idle)} of them are in other states"
        )
        parts.append(f"{one}: nothing is done there.")
    if action.wish in _ENDING:
        parts += _gaps(marked, rows)
    choice = Choice(action.id, what, (action.keys or action.own_keys)[0], is_dangerous=action.wish in _DANGEROUS)
    return Question(title=f"{what}?", text=" ".join(parts), choices=(choice,))


def _names(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _processes(marked: Sequence[ReplicaRow]) -> str:
    processes = sum(row.processes for row in marked if row.state in LIVE)
    return f": {processes} process{'' if processes == 1 else 'es'}" if processes else ""


def _gaps(marked: Sequence[ReplicaRow], rows: Sequence[ReplicaRow]) -> list[str]:
    """Of which workers nobody is left, and which queues nobody reads then."""
    names = {row.name for row in marked}
    going = [row for row in marked if row.state in LIVE]
    staying = [row for row in rows if row.state in LIVE and row.name not in names]
    workers = {row.worker for row in going} - {row.worker for row in staying}
    scaled = [name for name in dict.fromkeys(row.worker for row in going if row.name != row.worker) if name in workers]
    unread = {channel for row in going for channel in row.reads} - {each for row in staying for each in row.reads}
    told = [f"No replica of {_names(scaled)} is left."] if scaled else []
    return [*told, f"Nobody is left to read {_names(sorted(unread))}."] if unread else told
