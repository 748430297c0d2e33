"""How people name workers, and how events are put in words. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from supervisor.lifecycle.machine import Life
from supervisor.lifecycle.states import State

if TYPE_CHECKING:
    from supervisor.replica import Replica

ALL = "*"


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
    hint = f"did you mean {likely[0]!r}?" if likely else f"there are: {', '.join(known)}"
    return f"no worker is named {name!r}; {hint}"


def transition(before: Life, after: Life) -> tuple[str, str, str]:
    """A change of state as (level, subject, sentence)."""
    cause = after.cause.text if after.cause is not None and after.cause is not before.cause else ""
    level = (
        "INFO" if not cause or after.cause is None or after.cause.is_ok or before.state is State.STOPPING else "WARNING"
    )
    match after.state:
        case State.STARTING:
            lead = f"{cause}; " if cause else ""
            return level, after.name, f"{lead}starting (incarnation {after.incarnation})"
        case State.RUNNING:
            return level, after.name, f"running, pid {after.pid}"
        case State.STOPPING:
            return level, after.name, "stopping"
        case State.BACKOFF:
            wait_s = (after.next_step_s or 0.0) - after.since_s
            return level, after.name, f"{cause}; restart in {wait_s:.1f} s"
        case State.FAILED:
            return "ERROR", after.name, f"failed: {cause}"
        case State.FINISHED:
            return level, after.name, f"finished: {cause}"
        case State.STOPPED:
            return level, after.name, f"stopped: {cause}" if cause else "stopped"
        case State.STUCK:
            return "ERROR", after.name, f"stuck: pid {after.pid} does not die"
