"""The states of a replica, and the sets by which other rooms ask about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a replica is in its life. This one enum is the state; nothing stands beside it."""

    STOPPED = "stopped"
    """At rest because somebody wished it, or not started yet."""
    WAITING = "waiting"
    """Wished to run, and held back until what it depends on is there."""
    SCHEDULED = "scheduled"
    """Between two runs of its schedule."""
    STARTING = "starting"
    """Launched; the target is not running yet."""
    UNREADY = "unready"
    """The target runs, and a check says that it cannot serve (yet)."""
    RUNNING = "running"
    """The target runs (a command: its program has been executed), and is ready where it says when it is."""
    PAUSED = "paused"
    """Its whole tree was stopped with SIGSTOP, by wish."""
    STOPPING = "stopping"
    """Asked to end; SIGTERM and SIGKILL follow at their deadlines."""
    BACKOFF = "backoff"
    """Ended and waiting to be started again."""
    FINISHED = "finished"
    """Ended well and not to be started again."""
    FAILED = "failed"
    """Ended badly, or could not be started, and not to be started again by itself."""
    SKIPPED = "skipped"
    """Not started, because what it depends on has failed."""
    STUCK = "stuck"
    """SIGKILL was sent and it did not die (uninterruptible sleep). No second copy is started."""


LIVE: Final = frozenset({State.STARTING, State.UNREADY, State.RUNNING, State.PAUSED, State.STOPPING, State.STUCK})
"""A process exists, or is being made."""

UP: Final = frozenset({State.UNREADY, State.RUNNING, State.PAUSED})
"""The target has been started and nobody has asked it to end."""

AT_REST: Final = frozenset({State.STOPPED, State.FINISHED, State.FAILED, State.SKIPPED})
"""No process exists and none will start by itself."""

BETWEEN: Final = frozenset({State.WAITING, State.SCHEDULED, State.BACKOFF})
"""No process exists, and one will start by itself when something has happened or a time has come."""
