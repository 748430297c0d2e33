"""What policy wants done: verb and object. `supervisor.engine` hands each to the room that does it."""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.lifecycle.events import Timer


@dataclass(frozen=True, slots=True)
class LaunchProcess:
    """Start a process for this incarnation."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class AskToStop:
    """Say "stop" on the control pipe."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class SendTerm:
    """SIGTERM, then SIGCONT, to the whole process tree."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class SendKill:
    """SIGKILL to the whole process tree."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class SendPause:
    """SIGSTOP to the whole process tree."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class SendResume:
    """SIGCONT to the whole process tree."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class SendAbort:
    """SIGABRT to the leader, so that it leaves a stack or a core before it is killed."""

    incarnation: int


@dataclass(frozen=True, slots=True)
class ArmTimer:
    """Fire `timer` at `at_s`, in place of an earlier one of the same kind."""

    incarnation: int
    timer: Timer
    at_s: float


@dataclass(frozen=True, slots=True)
class DisarmTimers:
    """No timer of this replica fires any more."""


@dataclass(frozen=True, slots=True)
class Note:
    """Write this sentence to the log and the events, about this replica."""

    level: str
    text: str
    by: str = ""
    """Who has brought it about: ``schedule``, ``watch``, ``policy``."""


Effect = (
    LaunchProcess
    | AskToStop
    | SendTerm
    | SendKill
    | SendPause
    | SendResume
    | SendAbort
    | ArmTimer
    | DisarmTimers
    | Note
)
