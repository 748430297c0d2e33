"""What policy knows of one replica: its rules, its state, and what it is waiting for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Final

from supervisor.lifecycle.effects import Effect
from supervisor.lifecycle.events import Event, ExitCause, Timer
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import State

HISTORY_LENGTH: Final = 20


class Wish(StrEnum):
    """What people, or the profile, want of a replica."""

    RUN = "run"
    REST = "rest"


class StopStep(IntEnum):
    """The hardest step that the current stop has taken."""

    NONE = 0
    ASK = 1
    TERM = 2
    KILL = 3


@dataclass(frozen=True, slots=True)
class StopRule:
    """How a worker is stopped: asked, SIGTERM after `signal_after_s`, SIGKILL after `timeout_s` from the start."""

    signal_after_s: float = 1.0
    timeout_s: float = 5.0
    signal_name: str = "SIGTERM"
    command: str = ""
    """A program that asks it to end, for people; empty where the control pipe asks."""

    def in_words(self) -> str:
        ask = f"run {self.command}" if self.command else "ask"
        return (
            f"{ask}, {self.signal_name} after {self.signal_after_s:g} s, SIGKILL after {self.timeout_s:g} s, "
            "whole process tree"
        )


@dataclass(frozen=True, slots=True)
class StartRule:
    """What a start waits for, before it and after it."""

    timeout_s: float | None = None
    """How long it may take from the launch until it is ready; None: for ever."""
    has_dependencies: bool = False
    has_checks: bool = False
    """Startup or readiness checks say when it is RUNNING."""
    is_scheduled: bool = False
    max_age_s: float | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that policy knows of one replica."""

    name: str
    restart: RestartRule = RestartRule()
    stop: StopRule = StopRule()
    start: StartRule = StartRule()
    state: State = State.STOPPED
    since_s: float = 0.0
    wish: Wish = Wish.REST
    incarnation: int = 0
    pid: int | None = None
    hears_stop: bool = False
    stop_step: StopStep = StopStep.NONE
    launched_s: float = 0.0
    """When the current incarnation was launched."""
    was_ready: bool = False
    """Whether the current incarnation has been RUNNING."""
    paused_in: State = State.RUNNING
    """What a PAUSED replica goes on as."""
    blame: str = ""
    """Why policy itself is ending the current incarnation as a failure; empty where it is not."""
    exits_s: tuple[float, ...] = ()
    """The exits that count against the restart intensity."""
    restarts: int = 0
    cause: ExitCause | None = None
    """How the last incarnation ended, or why there was none."""
    next_step: Timer | None = None
    next_step_s: float | None = None
    history: tuple[str, ...] = field(default=(), repr=False)


def judged(life: Life, cause: ExitCause) -> ExitCause:
    """`cause`, with why policy itself ended the incarnation as a failure, where it did."""
    return replace(cause, text=f"{life.blame}; {cause.text}", is_ok=False) if life.blame else cause


Step = tuple[Life, tuple[Effect, ...]]


class ImpossibleTransition(AssertionError):
    """An event came that cannot come in this state; the message tells the replica's last events."""

    def __init__(self, life: Life, event: Event) -> None:
        told = "\n  ".join(life.history) or "(nothing yet)"
        super().__init__(
            f"{life.name} (incarnation {life.incarnation}) is {life.state} and cannot take {event}; before:\n  {told}"
        )
