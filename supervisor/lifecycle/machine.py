"""The whole policy of one replica's life: `step` takes a life and an event, and gives the next life and what to do.

::

                    WishStart                    ReportedRunning
        STOPPED ───────────────► STARTING ─────────────────────► RUNNING
           ▲                        ▲  │ LaunchFailed, Exited       │ Exited
           │ Exited, wish REST      │  └────────────┬───────────────┤
        STOPPING ◄──────────────────┼─ WishStop ────│───────────────┤
           │ Exited, wish RUN ──────┘               ▼               ▼
           │                        TimerFired   BACKOFF     FINISHED, FAILED
           └─ SIGKILL did not help ► STUCK

An event of an older incarnation changes nothing. A stop wish always wins: nothing restarts what a person stopped.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any, Final

from supervisor.lifecycle.effects import (
    ArmTimer,
    AskToStop,
    DisarmTimers,
    Effect,
    LaunchProcess,
    Note,
    SendKill,
    SendTerm,
)
from supervisor.lifecycle.events import (
    Event,
    ExitCause,
    Exited,
    Launched,
    LaunchFailed,
    ReportedRunning,
    Timer,
    TimerFired,
    WishForce,
    WishKill,
    WishRestart,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import AT_REST, State

STUCK_AFTER_S: Final = 2.0
"""How long a process may take to die of SIGKILL before it is called stuck."""

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

    def in_words(self) -> str:
        return f"ask, SIGTERM after {self.signal_after_s:g} s, SIGKILL after {self.timeout_s:g} s, whole process tree"


@dataclass(frozen=True, slots=True)
class Life:
    """Everything that policy knows of one replica."""

    name: str
    restart: RestartRule = RestartRule()
    stop: StopRule = StopRule()
    state: State = State.STOPPED
    since_s: float = 0.0
    wish: Wish = Wish.REST
    incarnation: int = 0
    pid: int | None = None
    hears_stop: bool = False
    stop_step: StopStep = StopStep.NONE
    exits_s: tuple[float, ...] = ()
    """The exits that count against the restart intensity."""
    restarts: int = 0
    cause: ExitCause | None = None
    """How the last incarnation ended."""
    next_step: Timer | None = None
    next_step_s: float | None = None
    history: tuple[str, ...] = field(default=(), repr=False)


Step = tuple[Life, tuple[Effect, ...]]


class ImpossibleTransition(AssertionError):
    """An event came that cannot come in this state; the message tells the replica's last events."""

    def __init__(self, life: Life, event: Event) -> None:
        told = "\n  ".join(life.history) or "(nothing yet)"
        super().__init__(
            f"{life.name} (incarnation {life.incarnation}) is {life.state} and cannot take {event}; before:\n  {told}"
        )


def step(life: Life, event: Event) -> Step:
    """The next life, and the effects to carry out in their order.

    Raises:
        ImpossibleTransition: the event contradicts what has happened so far.
    """
    if _is_stale(life, event):
        return life, ()
    after, effects = _HANDLERS[type(event)](life, event)
    after = _told(after, event, before=life)
    return after, effects


def _is_stale(life: Life, event: Event) -> bool:
    incarnation = getattr(event, "incarnation", None)
    return incarnation is not None and incarnation < life.incarnation


def _told(after: Life, event: Event, before: Life) -> Life:
    line = f"{event.at_s:.3f} {type(event).__name__}: {before.state} -> {after.state}"
    since_s = (
        event.at_s if after.state is not before.state or after.incarnation != before.incarnation else after.since_s
    )
    return replace(after, since_s=since_s, history=(*before.history[1 - HISTORY_LENGTH :], line))


def _launch(life: Life, *, is_restart: bool) -> Step:
    incarnation = life.incarnation + 1
    after = replace(
        life,
        state=State.STARTING,
        incarnation=incarnation,
        pid=None,
        hears_stop=False,
        stop_step=StopStep.NONE,
        restarts=life.restarts + is_restart,
        next_step=None,
        next_step_s=None,
    )
    return after, (DisarmTimers(), LaunchProcess(incarnation))


def _on_wish_start(life: Life, event: WishStart) -> Step:
    wanted = replace(life, wish=Wish.RUN)
    if life.state in AT_REST:
        return _launch(replace(wanted, exits_s=()), is_restart=False)
    if life.state is State.BACKOFF:
        return _launch(wanted, is_restart=True)
    if life.state is State.STUCK:
        return wanted, (Note("WARNING", f"starts when pid {life.pid}, which does not die, is gone"),)
    return wanted, ()


def _on_wish_restart(life: Life, event: WishRestart) -> Step:
    if life.state in {State.STARTING, State.RUNNING}:
        return _begin_stop(replace(life, wish=Wish.RUN, exits_s=()), event.at_s)
    return _on_wish_start(life, WishStart(event.at_s))


def _on_wish_stop(life: Life, event: WishStop) -> Step:
    wanted = replace(life, wish=Wish.REST)
    if life.state in {State.STARTING, State.RUNNING}:
        return _begin_stop(wanted, event.at_s)
    if life.state is State.BACKOFF:
        return replace(wanted, state=State.STOPPED, next_step=None, next_step_s=None), (DisarmTimers(),)
    return wanted, ()


def _on_wish_kill(life: Life, event: WishKill) -> Step:
    if life.state is State.BACKOFF:
        return _on_wish_stop(life, WishStop(event.at_s))
    wanted = replace(life, wish=Wish.REST)
    if life.state in AT_REST:
        return wanted, ()
    return _kill(wanted, event.at_s)


def _on_wish_force(life: Life, event: WishForce) -> Step:
    if life.state in {State.STOPPING, State.STUCK}:
        return _kill(life, event.at_s)
    return life, ()


def _begin_stop(life: Life, now_s: float) -> Step:
    kill_at_s = now_s + life.stop.timeout_s
    arm_kill = ArmTimer(life.incarnation, Timer.KILL, kill_at_s)
    if not life.hears_stop:
        after = replace(
            life, state=State.STOPPING, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s
        )
        return after, (AskToStop(life.incarnation), SendTerm(life.incarnation), arm_kill)
    term_at_s = now_s + min(life.stop.signal_after_s, life.stop.timeout_s)
    after = replace(life, state=State.STOPPING, stop_step=StopStep.ASK, next_step=Timer.TERM, next_step_s=term_at_s)
    return after, (AskToStop(life.incarnation), ArmTimer(life.incarnation, Timer.TERM, term_at_s), arm_kill)


def _kill(life: Life, now_s: float) -> Step:
    grace_at_s = now_s + STUCK_AFTER_S
    state = State.STUCK if life.state is State.STUCK else State.STOPPING
    after = replace(life, state=state, stop_step=StopStep.KILL, next_step=Timer.GRACE, next_step_s=grace_at_s)
    return after, (
        DisarmTimers(),
        SendKill(life.incarnation),
        ArmTimer(life.incarnation, Timer.GRACE, grace_at_s),
    )


def _on_launched(life: Life, event: Launched) -> Step:
    if life.state is State.STARTING:
        return replace(life, pid=event.pid), ()
    if life.state is State.STOPPING:
        again: Effect = SendKill(life.incarnation) if life.stop_step is StopStep.KILL else SendTerm(life.incarnation)
        return replace(life, pid=event.pid), (AskToStop(life.incarnation), again)
    if life.state is State.STUCK:  # a launch that took longer than the whole stop
        return _kill(replace(life, state=State.STOPPING, pid=event.pid), event.at_s)
    raise ImpossibleTransition(life, event)


def _on_reported_running(life: Life, event: ReportedRunning) -> Step:
    if life.state is State.STARTING:
        return replace(life, state=State.RUNNING, hears_stop=event.hears_stop), ()
    return life, ()


def _on_exited(life: Life, event: Exited | LaunchFailed) -> Step:
    ended = replace(life, cause=event.cause, pid=None, next_step=None, next_step_s=None)
    if life.state in {State.STOPPING, State.STUCK}:
        if life.wish is Wish.RUN:
            return _launch(ended, is_restart=True)
        return replace(ended, state=State.STOPPED), (DisarmTimers(),)
    if life.state in {State.STARTING, State.RUNNING}:
        return _follow_policy(ended, event.cause, event.at_s)
    raise ImpossibleTransition(life, event)


def _follow_policy(life: Life, cause: ExitCause, now_s: float) -> Step:
    if cause.is_permanent or not life.restart.wants_restart(exited_ok=cause.is_ok):
        state = State.FINISHED if cause.is_ok else State.FAILED
        return replace(life, state=state), (DisarmTimers(),)
    recent = life.restart.recent((*life.exits_s, now_s), now_s)
    life = replace(life, exits_s=recent)
    if life.restart.is_exhausted(len(recent)):
        within = f"{len(recent)} exits within {life.restart.within_s:g} s"
        told = f"gave up: {within}; the last: {cause.text}. Start it to try again"
        return replace(life, state=State.FAILED), (DisarmTimers(), Note("ERROR", told))
    delay_s = life.restart.delay_s(len(recent))
    if delay_s <= 0:
        return _launch(life, is_restart=True)
    at_s = now_s + delay_s
    waiting = replace(life, state=State.BACKOFF, next_step=Timer.RESTART, next_step_s=at_s)
    return waiting, (DisarmTimers(), ArmTimer(life.incarnation, Timer.RESTART, at_s))


def _on_timer(life: Life, event: TimerFired) -> Step:
    if event.timer is Timer.RESTART and life.state is State.BACKOFF:
        return _launch(life, is_restart=True)
    if life.state is not State.STOPPING:
        return life, ()
    if event.timer is Timer.TERM and life.stop_step < StopStep.TERM:
        kill_at_s = life.since_s + life.stop.timeout_s
        return (
            replace(life, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s),
            (SendTerm(life.incarnation),),
        )
    if event.timer is Timer.KILL and life.stop_step < StopStep.KILL:
        return _kill(life, event.at_s)
    if event.timer is Timer.GRACE and life.stop_step is StopStep.KILL:
        told = f"pid {life.pid} did not die of SIGKILL within {STUCK_AFTER_S:g} s; no second copy is started"
        return replace(life, state=State.STUCK, next_step=None, next_step_s=None), (Note("ERROR", told),)
    return life, ()


_HANDLERS: dict[type, Callable[[Life, Any], Step]] = {
    WishStart: _on_wish_start,
    WishStop: _on_wish_stop,
    WishRestart: _on_wish_restart,
    WishKill: _on_wish_kill,
    WishForce: _on_wish_force,
    Launched: _on_launched,
    LaunchFailed: _on_exited,
    ReportedRunning: _on_reported_running,
    Exited: _on_exited,
    TimerFired: _on_timer,
}
