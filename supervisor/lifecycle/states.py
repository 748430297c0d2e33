"""The states of a replica, and the sets by which other rooms ask about them."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where a replica is in its life. This one enum is the state; nothing stands beside it."""

    STOPPED = "stopped"
    """At rest because somebody wished it, or not started yet."""
    STARTING = "starting"
    """Launched; the target is not running yet."""
    RUNNING = "running"
    """The target runs (a command: its program has been executed)."""
    STOPPING = "stopping"
    """Asked to end; SIGTERM and SIGKILL follow at their deadlines."""
    BACKOFF = "backoff"
    """Ended and waiting to be started again."""
    FINISHED = "finished"
    """Ended well and not to be started again."""
    FAILED = "failed"
    """Ended badly, or could not be started, and not to be started again by itself."""
    STUCK = "stuck"
    """SIGKILL was sent and it did not die (uninterruptible sleep). No second copy is started."""


LIVE: Final = frozenset({State.STARTING, State.RUNNING, State.STOPPING, State.STUCK})
"""A process exists, or is being made."""

AT_REST: Final = frozenset({State.STOPPED, State.FINISHED, State.FAILED})
"""No process exists and none will start by itself."""
