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


Event = (
    WishStart
    | WishStop
    | WishRestart
    | WishKill
    | WishForce
    | Launched
    | LaunchFailed
    | ReportedRunning
    | Exited
    | TimerFired
)
