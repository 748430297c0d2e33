"""How people name workers, and how events are put in words. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from supervisor.lifecycle.life import Life
from supervisor.lifecycle.states import State

if TYPE_CHECKING:
    from supervisor.replica import Replica

ALL = "*"
MOST_NAMES_SAID: Final = 30
"""Of those that somebody might have meant."""


def choose(name: str, replicas: Mapping[str, Replica], *, but: str = "") -> list[Replica]:
    """The replicas that `name` means: one, all of a worker, or all (``*``) but the one named `but`; empty for none."""
    if name == ALL:
        return [replica for replica in replicas.values() if replica.name != but]
    if name in replicas:
        return [replicas[name]]
    return [replica for replica in replicas.values() if replica.worker.name == name]


def near(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """Known names that look like `name`."""
    return tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.6))


def unknown(name: str, known: Sequence[str]) -> str:
    """What to say of a name that means nothing."""
    likely = near(name, known)
    if likely:
        return f"no worker is named {name!r}; did you mean {likely[0]!r}?"
    rest = len(known) - MOST_NAMES_SAID
    more = f" and {rest:,} more" if rest > 0 else ""
    return f"no worker is named {name!r}; there are: {', '.join(known[:MOST_NAMES_SAID])}{more}"


def mover(before: Life, after: Life) -> str:
    """Who has brought a change about that nobody has asked for: ``policy``, ``schedule``; empty where it came so."""
    if State.BACKOFF in (before.state, after.state) and before.state is not State.STOPPING:
        return "policy"
    if before.state is State.SCHEDULED and after.incarnation != before.incarnation:
        return "schedule"
    return ""


def transition(before: Life, after: Life) -> tuple[str, str, str]:
    """A change of state as (level, subject, sentence)."""
    cause = after.cause.text if after.cause is not None and after.cause is not before.cause else ""
    is_meant = not cause or after.cause is None or after.cause.is_ok or before.state is State.STOPPING
    level = "INFO" if is_meant else "WARNING"
    if after.state in {State.FAILED, State.SKIPPED, State.STUCK}:
        level = "ERROR"
    return level, after.name, _in_words(before, after, cause)


def _in_words(before: Life, after: Life, cause: str) -> str:
    match after.state:
        case State.STARTING:
            lead = f"{cause}; " if cause else ""
            return f"{lead}starting (incarnation {after.incarnation})"
        case State.WAITING:
            return (f"{cause}; " if cause else "") + "waits for what it depends on"
        case State.SCHEDULED:
            return (f"{cause}; " if cause else "") + "between two runs"
        case State.UNREADY:
            return "not ready" if after.was_ready else f"started, pid {after.pid}; not ready yet"
        case State.RUNNING:
            goes_on = before.state is State.PAUSED
            return f"goes on, pid {after.pid}" if goes_on else f"running, pid {after.pid}"
        case State.PAUSED:
            return f"paused, pid {after.pid} and its tree"
        case State.STOPPING:
            return "stopping"
        case State.BACKOFF:
            wait_s = (after.next_step_s or 0.0) - after.since_s
            return f"{cause}; restart in {wait_s:.1f} s"
        case State.FAILED | State.SKIPPED | State.FINISHED:
            return f"{after.state}: {cause}"
        case State.STOPPED:
            return f"stopped: {cause}" if cause else "stopped"
        case State.STUCK:
            return f"stuck: pid {after.pid} does not die"
