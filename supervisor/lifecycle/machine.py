"""The whole policy of one replica's life: `step` takes a life and an event, and gives the next life and what to do.

::

                  WishStart              Launched, ReportedRunning
        STOPPED ────┬──────────► STARTING ───────┬────────────► RUNNING ◄──► PAUSED
           ▲        ▼               ▲  │         ▼ BecameReady ▲  │ BecameUnready
           │     WAITING ───────────┤  │      UNREADY ──────────┘  │
           │ DependencyFailed ► SKIPPED│         │                 │
           │                        │  │ LaunchFailed, Exited      │
           │ Exited, wish REST      │  └─────────┬─────────────────┤
        STOPPING ◄──────────────────┼─ WishStop ─│─────────────────┘ (also a failed check, an age, a start timeout)
           │ Exited, wish RUN ──────┘            ▼
           │               TimerFired, RunDue  BACKOFF, SCHEDULED or FINISHED, FAILED
           └─ SIGKILL did not help ► STUCK

An event of an older incarnation changes nothing. A stop wish always wins: nothing restarts what a person stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from supervisor.lifecycle.effects import (
    ArmTimer,
    AskToStop,
    DisarmTimers,
    Effect,
    Note,
    SendKill,
    SendPause,
    SendResume,
    SendTerm,
)
from supervisor.lifecycle.events import (
    BecameReady,
    BecameUnready,
    DependenciesMet,
    DependencyFailed,
    Event,
    ExitCause,
    Exited,
    Launched,
    LaunchFailed,
    RecycleDue,
    ReportedRunning,
    RunDue,
    TimeExtended,
    Timer,
    TimerFired,
    Unhealthy,
    WishForce,
    WishKill,
    WishPause,
    WishRestart,
    WishResume,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.life import HISTORY_LENGTH, ImpossibleTransition, Life, Step, StopRule, StopStep, Wish, judged
from supervisor.lifecycle.starts import begin, follow_policy, launch, up
from supervisor.lifecycle.states import AT_REST, BETWEEN, LIVE, UP, State
from supervisor.lifecycle.stops import STUCK_AFTER_S, abort, begin_stop, extend, kill, on_deadline

__all__ = ["HANDLERS", "STUCK_AFTER_S", "ImpossibleTransition", "Life", "Step", "StopRule", "StopStep", "Wish", "step"]

_STOPPABLE: Final = frozenset({State.STARTING, *UP})
_ENDING: Final = frozenset({State.STOPPING, State.STUCK})


def step(life: Life, event: Event) -> Step:
    """The next life, and the effects to carry out in their order.

    Raises:
        ImpossibleTransition: the event contradicts what has happened so far.
    """
    if _is_stale(life, event):
        return life, ()
    after, effects = HANDLERS[type(event)](life, event)
    if after is life and not effects:
        return life, ()
    return _told(after, event, before=life), effects


def _is_stale(life: Life, event: Event) -> bool:
    incarnation = getattr(event, "incarnation", None)
    return incarnation is not None and incarnation < life.incarnation


def _told(after: Life, event: Event, before: Life) -> Life:
    line = f"{event.at_s:.3f} {type(event).__name__}: {before.state} -> {after.state}"
    since_s = (
        event.at_s if after.state is not before.state or after.incarnation != before.incarnation else after.since_s
    )
    return replace(after, since_s=since_s, history=(*before.history[1 - HISTORY_LENGTH :], line))


def _on_wish_start(life: Life, event: WishStart) -> Step:
    wanted = life if life.wish is Wish.RUN else replace(life, wish=Wish.RUN)
    if life.state in AT_REST:
        fresh = replace(wanted, exits_s=())
        if life.start.is_scheduled:
            return replace(fresh, state=State.SCHEDULED), (DisarmTimers(),)
        return begin(fresh, event.at_s, is_restart=False)
    if life.state in {State.BACKOFF, State.SCHEDULED}:
        return begin(wanted, event.at_s, is_restart=life.state is State.BACKOFF)
    if life.state is State.STUCK:
        return wanted, (Note("WARNING", f"starts when pid {life.pid}, which does not die, is gone"),)
    return wanted, ()


def _on_wish_restart(life: Life, event: WishRestart) -> Step:
    if life.state in _STOPPABLE:
        return begin_stop(replace(life, wish=Wish.RUN, exits_s=()), event.at_s)
    return _on_wish_start(life, WishStart(event.at_s))


def _on_wish_stop(life: Life, event: WishStop) -> Step:
    wanted = life if life.wish is Wish.REST else replace(life, wish=Wish.REST)
    if life.state in _STOPPABLE:
        return begin_stop(wanted, event.at_s)
    if life.state in BETWEEN:
        return replace(wanted, state=State.STOPPED, next_step=None, next_step_s=None), (DisarmTimers(),)
    return wanted, ()


def _on_wish_kill(life: Life, event: WishKill) -> Step:
    if life.state in LIVE:
        return kill(replace(life, wish=Wish.REST), event.at_s)
    return _on_wish_stop(life, WishStop(event.at_s))


def _on_wish_force(life: Life, event: WishForce) -> Step:
    return kill(life, event.at_s) if life.state in _ENDING else (life, ())


def _on_wish_pause(life: Life, event: WishPause) -> Step:
    if life.state not in {State.RUNNING, State.UNREADY}:
        return life, ()
    paused = replace(life, state=State.PAUSED, paused_in=life.state, next_step=None, next_step_s=None)
    return paused, (DisarmTimers(), SendPause(life.incarnation))


def _on_wish_resume(life: Life, event: WishResume) -> Step:
    if life.state is not State.PAUSED:
        return life, ()
    number = life.incarnation
    effects: list[Effect] = [SendResume(number)]
    resumed = replace(life, state=life.paused_in)
    if not life.was_ready and life.start.timeout_s is not None:
        deadline_s = event.at_s + life.start.timeout_s
        effects.append(ArmTimer(number, Timer.START, deadline_s))
        resumed = replace(resumed, next_step=Timer.START, next_step_s=deadline_s)
    if life.start.max_age_s is not None:
        effects.append(ArmTimer(number, Timer.AGE, max(event.at_s, life.launched_s + life.start.max_age_s)))
    return resumed, tuple(effects)


def _on_dependencies_met(life: Life, event: DependenciesMet) -> Step:
    if life.state is not State.WAITING:
        return life, ()
    return launch(life, event.at_s, is_restart=life.incarnation > 0)


def _on_dependency_failed(life: Life, event: DependencyFailed) -> Step:
    if life.state is not State.WAITING:
        return life, ()
    return replace(life, state=State.SKIPPED, cause=ExitCause(event.text, is_ok=False)), (DisarmTimers(),)


def _on_run_due(life: Life, event: RunDue) -> Step:
    if life.state is not State.SCHEDULED:
        return life, ()
    due = replace(life, next_step=Timer.SCHEDULE, next_step_s=event.due_s)
    return due, (ArmTimer(life.incarnation, Timer.SCHEDULE, event.due_s),)


def _on_launched(life: Life, event: Launched) -> Step:
    if life.state is State.STARTING:
        return replace(life, pid=event.pid), ()
    if life.state is State.STOPPING:
        again: Effect = SendKill(life.incarnation) if life.stop_step is StopStep.KILL else SendTerm(life.incarnation)
        return replace(life, pid=event.pid), (AskToStop(life.incarnation), again)
    if life.state is State.STUCK:  # a launch that took longer than the whole stop
        return kill(replace(life, state=State.STOPPING, pid=event.pid), event.at_s)
    raise ImpossibleTransition(life, event)


def _on_reported_running(life: Life, event: ReportedRunning) -> Step:
    if life.state is not State.STARTING:
        return life, ()
    runs = replace(life, hears_stop=event.hears_stop)
    return up(runs, event.at_s, State.UNREADY if life.start.has_checks else State.RUNNING)


def _on_became_ready(life: Life, event: BecameReady) -> Step:
    if life.state is State.UNREADY:
        return up(life, event.at_s, State.RUNNING)
    if life.state is State.PAUSED:
        return replace(life, paused_in=State.RUNNING, was_ready=True), ()
    return life, ()


def _on_became_unready(life: Life, event: BecameUnready) -> Step:
    if life.state is State.RUNNING:
        return replace(life, state=State.UNREADY), (Note("WARNING", f"not ready any more: {event.text}"),)
    if life.state is State.PAUSED:
        return replace(life, paused_in=State.UNREADY), ()
    return life, ()


def _on_unhealthy(life: Life, event: Unhealthy) -> Step:
    if life.state not in {State.RUNNING, State.UNREADY}:
        return life, ()
    blamed = replace(life, blame=f"liveness failed: {event.text}")
    after, effects = abort(blamed, event.at_s) if event.is_hang else begin_stop(blamed, event.at_s)
    return after, (Note("ERROR", f"liveness failed: {event.text}"), *effects)


def _on_recycle_due(life: Life, event: RecycleDue) -> Step:
    if life.state not in {State.STARTING, State.RUNNING, State.UNREADY} or life.wish is Wish.REST:
        return life, ()
    after, effects = begin_stop(life, event.at_s)
    return after, (Note("INFO", f"restarts: {event.text}", event.by), *effects)


def _on_time_extended(life: Life, event: TimeExtended) -> Step:
    if life.state is State.STOPPING:
        return extend(life, event.at_s, event.by_s)
    if life.state not in {State.STARTING, State.UNREADY} or life.was_ready or life.next_step is not Timer.START:
        return life, ()
    deadline_s = event.at_s + event.by_s
    return replace(life, next_step_s=deadline_s), (ArmTimer(life.incarnation, Timer.START, deadline_s),)


def _on_exited(life: Life, event: Exited | LaunchFailed) -> Step:
    if life.state not in LIVE:
        raise ImpossibleTransition(life, event)
    cause = judged(life, event.cause)
    ended = replace(life, cause=cause, pid=None, blame="", next_step=None, next_step_s=None)
    if life.state not in _ENDING or (life.blame and life.wish is Wish.RUN):
        return follow_policy(ended, cause, event.at_s)
    if life.wish is Wish.RUN:
        return begin(ended, event.at_s, is_restart=True)
    return replace(ended, state=State.STOPPED), (DisarmTimers(),)


def _on_timer(life: Life, event: TimerFired) -> Step:
    if life.state is State.STOPPING:
        return on_deadline(life, event)
    match event.timer, life.state:
        case Timer.RESTART, State.BACKOFF:
            return begin(life, event.at_s, is_restart=True)
        case Timer.SCHEDULE, State.SCHEDULED:
            return begin(replace(life, next_step=None, next_step_s=None), event.at_s, is_restart=False)
        case Timer.START, State.STARTING | State.UNREADY if not life.was_ready:
            missing = f" (waits for {event.text})" if event.text else ""
            blame = f"not ready within {event.at_s - life.launched_s:.0f} s{missing}"
            after, effects = begin_stop(replace(life, blame=blame), event.at_s)
            return after, (Note("ERROR", blame), *effects)
        case Timer.AGE, State.RUNNING | State.UNREADY:
            lived_s = event.at_s - life.launched_s
            return _on_recycle_due(
                life, RecycleDue(event.at_s, life.incarnation, f"it has lived {lived_s:.0f} s (max_age)")
            )
    return life, ()


HANDLERS: Final[Mapping[type, Callable[[Life, Any], Step]]] = {
    WishStart: _on_wish_start,
    WishStop: _on_wish_stop,
    WishRestart: _on_wish_restart,
    WishKill: _on_wish_kill,
    WishForce: _on_wish_force,
    WishPause: _on_wish_pause,
    WishResume: _on_wish_resume,
    DependenciesMet: _on_dependencies_met,
    DependencyFailed: _on_dependency_failed,
    RunDue: _on_run_due,
    Launched: _on_launched,
    LaunchFailed: _on_exited,
    ReportedRunning: _on_reported_running,
    BecameReady: _on_became_ready,
    BecameUnready: _on_became_unready,
    Unhealthy: _on_unhealthy,
    RecycleDue: _on_recycle_due,
    TimeExtended: _on_time_extended,
    Exited: _on_exited,
    TimerFired: _on_timer,
}
"""One handler for each kind of event; each answers in every state, or raises ImpossibleTransition."""
