"""What can happen to a replica: facts in the past tense, wishes in the imperative. Each carries its monotonic time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Timer(StrEnum):
    """The deadlines of a life. At most one of each is armed."""

    TERM = "SIGTERM"
    KILL = "SIGKILL"
    GRACE = "stuck"
    RESTART = "restart"
    START = "start timeout"
    AGE = "max age"
    SCHEDULE = "scheduled run"


@dataclass(frozen=True, slots=True)
class ExitCause:
    """How an incarnation ended."""

    text: str
    """In words: ``exit code 3``, ``killed by SIGKILL from outside``."""
    is_ok: bool
    """It ended well: exit code 0 and no uncaught exception."""
    exit_code: int | None = None
    signal: int | None = None
    is_permanent: bool = False
    """Another try would end the same way: no such command, a target that cannot be imported."""


@dataclass(frozen=True, slots=True)
class WishStart:
    """Somebody wants it to run."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishStop:
    """Somebody wants it at rest."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishRestart:
    """Somebody wants a new incarnation."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishKill:
    """Somebody wants the live incarnation dead at once; the restart policy decides what follows."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishForce:
    """Somebody wants a stop to wait no longer."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishPause:
    """Somebody wants its whole tree to stand still (SIGSTOP)."""

    at_s: float


@dataclass(frozen=True, slots=True)
class WishResume:
    """Somebody wants a paused tree to go on (SIGCONT)."""

    at_s: float


@dataclass(frozen=True, slots=True)
class DependenciesMet:
    """Everything that it depends on is there."""

    at_s: float


@dataclass(frozen=True, slots=True)
class DependencyFailed:
    """Something that it depends on will not come."""

    at_s: float
    text: str
    """``redis failed: exit code 1``."""


@dataclass(frozen=True, slots=True)
class RunDue:
    """The schedule's next run is due at `due_s`; policy arms the timer."""

    at_s: float
    due_s: float


@dataclass(frozen=True, slots=True)
class Launched:
    """A process exists."""

    at_s: float
    incarnation: int
    pid: int


@dataclass(frozen=True, slots=True)
class LaunchFailed:
    """No process could be made."""

    at_s: float
    incarnation: int
    cause: ExitCause


@dataclass(frozen=True, slots=True)
class ReportedRunning:
    """The target runs."""

    at_s: float
    incarnation: int
    hears_stop: bool = False
    """It can end by being asked; otherwise SIGTERM is the first step of a stop."""


@dataclass(frozen=True, slots=True)
class BecameReady:
    """Its checks say that it can serve."""

    at_s: float
    incarnation: int


@dataclass(frozen=True, slots=True)
class BecameUnready:
    """A readiness check fails that had passed."""

    at_s: float
    incarnation: int
    text: str


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A liveness check has failed for good: it is ended, and policy decides what follows."""

    at_s: float
    incarnation: int
    text: str
    is_hang: bool = False
    """It has gone silent (heartbeat, watchdog): SIGABRT first, so that it leaves its stack."""


@dataclass(frozen=True, slots=True)
class RecycleDue:
    """A new incarnation is due though this one did nothing wrong: its age, memory, files or group ask for it."""

    at_s: float
    incarnation: int
    text: str
    by: str = "policy"
    """Who asks: ``policy``, ``schedule``, ``watch``, ``group``, ``reload``."""


@dataclass(frozen=True, slots=True)
class TimeExtended:
    """It asked for more time to start or to stop (sd_notify ``EXTEND_TIMEOUT_USEC``)."""

    at_s: float
    incarnation: int
    by_s: float


@dataclass(frozen=True, slots=True)
class Exited:
    """The process is reaped and its pipes are drained."""

    at_s: float
    incarnation: int
    cause: ExitCause


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A deadline passed."""

    at_s: float
    incarnation: int
    timer: Timer
    text: str = ""
    """What was waited for, where somebody knows."""


Event = (
    WishStart
    | WishStop
    | WishRestart
    | WishKill
    | WishForce
    | WishPause
    | WishResume
    | DependenciesMet
    | DependencyFailed
    | RunDue
    | Launched
    | LaunchFailed
    | ReportedRunning
    | BecameReady
    | BecameUnready
    | Unhealthy
    | RecycleDue
    | TimeExtended
    | Exited
    | TimerFired
)
