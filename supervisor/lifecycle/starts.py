"""How an incarnation begins, and what follows its end: launches, what they wait for, and the restart policy. Pure."""

from __future__ import annotations

from dataclasses import replace

from supervisor.lifecycle.effects import ArmTimer, DisarmTimers, Effect, LaunchProcess, Note
from supervisor.lifecycle.events import ExitCause, Timer
from supervisor.lifecycle.life import Life, Step, StopStep
from supervisor.lifecycle.states import State


def begin(life: Life, now_s: float, *, is_restart: bool) -> Step:
    """Launch, or wait for what it depends on first."""
    if life.start.has_dependencies:
        waiting = replace(life, state=State.WAITING, next_step=None, next_step_s=None)
        return waiting, (DisarmTimers(),)
    return launch(life, now_s, is_restart=is_restart)


def launch(life: Life, now_s: float, *, is_restart: bool) -> Step:
    """A new incarnation."""
    incarnation = life.incarnation + 1
    timeout_s = life.start.timeout_s
    deadline_s = None if timeout_s is None else now_s + timeout_s
    after = replace(
        life,
        state=State.STARTING,
        incarnation=incarnation,
        pid=None,
        hears_stop=False,
        stop_step=StopStep.NONE,
        launched_s=now_s,
        was_ready=False,
        paused_in=State.RUNNING,
        blame="",
        restarts=life.restarts + is_restart,
        next_step=None if deadline_s is None else Timer.START,
        next_step_s=deadline_s,
    )
    effects: tuple[Effect, ...] = (DisarmTimers(), LaunchProcess(incarnation))
    if deadline_s is not None:
        effects = (DisarmTimers(), ArmTimer(incarnation, Timer.START, deadline_s), LaunchProcess(incarnation))
    return after, effects


def up(life: Life, now_s: float, state: State) -> Step:
    """The target runs: RUNNING, or UNREADY until its checks say more."""
    effects: tuple[Effect, ...] = ()
    if life.start.max_age_s is not None and not life.was_ready:
        effects = (ArmTimer(life.incarnation, Timer.AGE, now_s + life.start.max_age_s),)
    if state is State.RUNNING:
        return replace(life, state=state, was_ready=True, next_step=None, next_step_s=None), effects
    return replace(life, state=state), effects


def follow_policy(life: Life, cause: ExitCause, now_s: float) -> Step:
    """What comes after an end that nobody wished."""
    if cause.is_permanent or not life.restart.wants_restart(exited_ok=cause.is_ok):
        if life.start.is_scheduled and not cause.is_permanent:
            return replace(life, state=State.SCHEDULED), (DisarmTimers(),)
        return replace(life, state=State.FINISHED if cause.is_ok else State.FAILED), (DisarmTimers(),)
    before = life.restart.recent(life.exits_s, now_s, lived_s=now_s - life.launched_s)
    recent = life.restart.recent((*before, now_s), now_s)
    life = replace(life, exits_s=recent)
    if life.restart.is_exhausted(len(recent)):
        within = f"{len(recent)} exits within {life.restart.within_s:g} s"
        told = f"gave up: {within}; the last: {cause.text}. Start it to try again"
        return replace(life, state=State.FAILED), (DisarmTimers(), Note("ERROR", told))
    delay_s = life.restart.delay_s(len(recent), f"{life.name}#{life.incarnation}")
    if delay_s <= 0:
        return begin(life, now_s, is_restart=True)
    at_s = now_s + delay_s
    waiting = replace(life, state=State.BACKOFF, next_step=Timer.RESTART, next_step_s=at_s)
    return waiting, (DisarmTimers(), ArmTimer(life.incarnation, Timer.RESTART, at_s))
