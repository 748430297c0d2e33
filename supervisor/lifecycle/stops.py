"""How an incarnation is ended: asked, told by a signal, killed, and given up as stuck. Pure.

::

    begin_stop ─ ask ─ signal_after ─► SIGTERM ─ timeout ─► SIGKILL ─ STUCK_AFTER_S ─► STUCK
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from supervisor.lifecycle.effects import (
    ArmTimer,
    AskToStop,
    DisarmTimers,
    Effect,
    Note,
    SendAbort,
    SendKill,
    SendResume,
    SendTerm,
)
from supervisor.lifecycle.events import Timer, TimerFired
from supervisor.lifecycle.life import Life, Step, StopStep
from supervisor.lifecycle.states import State

STUCK_AFTER_S: Final = 3.0
"""How long a process may take to die of SIGKILL before it is called stuck; longer than its pipes may take to drain."""

ABORT_GRACE_S: Final = 2.0
"""How long a hung process has to leave its stack or core after SIGABRT, unless it may stop for less."""


def begin_stop(life: Life, now_s: float) -> Step:
    """Ask it to end; the harder steps follow at their deadlines."""
    number = life.incarnation
    kill_at_s = now_s + life.stop.timeout_s
    effects: tuple[Effect, ...] = (DisarmTimers(), ArmTimer(number, Timer.KILL, kill_at_s))
    if life.state is State.PAUSED:
        effects = (*effects, SendResume(number))
    stopping = replace(life, state=State.STOPPING, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s)
    if not life.hears_stop:
        return stopping, (*effects, AskToStop(number), SendTerm(number))
    term_at_s = now_s + min(life.stop.signal_after_s, life.stop.timeout_s)
    asked = replace(stopping, stop_step=StopStep.ASK, next_step=Timer.TERM, next_step_s=term_at_s)
    return asked, (*effects, AskToStop(number), ArmTimer(number, Timer.TERM, term_at_s))


def abort(life: Life, now_s: float) -> Step:
    """End a hung process so that it leaves its stack or a core: SIGABRT, and SIGKILL soon."""
    kill_at_s = now_s + min(ABORT_GRACE_S, life.stop.timeout_s)
    after = replace(life, state=State.STOPPING, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s)
    number = life.incarnation
    return after, (DisarmTimers(), SendAbort(number), ArmTimer(number, Timer.KILL, kill_at_s))


def kill(life: Life, now_s: float) -> Step:
    """SIGKILL now, and STUCK where that does not help."""
    grace_at_s = now_s + STUCK_AFTER_S
    state = State.STUCK if life.state is State.STUCK else State.STOPPING
    after = replace(life, state=state, stop_step=StopStep.KILL, next_step=Timer.GRACE, next_step_s=grace_at_s)
    return after, (
        DisarmTimers(),
        SendKill(life.incarnation),
        ArmTimer(life.incarnation, Timer.GRACE, grace_at_s),
    )


def extend(life: Life, now_s: float, by_s: float) -> Step:
    """Give a stop that has not come to SIGKILL more time, as the worker has asked."""
    if life.stop_step >= StopStep.KILL:
        return life, ()
    kill_at_s = now_s + by_s
    after = replace(life, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s)
    return after, (ArmTimer(life.incarnation, Timer.KILL, kill_at_s),)


def on_deadline(life: Life, event: TimerFired) -> Step:
    """A deadline of the stop has passed."""
    if event.timer is Timer.TERM and life.stop_step < StopStep.TERM:
        kill_at_s = life.since_s + life.stop.timeout_s
        after = replace(life, stop_step=StopStep.TERM, next_step=Timer.KILL, next_step_s=kill_at_s)
        return after, (SendTerm(life.incarnation),)
    if event.timer is Timer.KILL and life.stop_step < StopStep.KILL:
        return kill(life, event.at_s)
    if event.timer is Timer.GRACE and life.stop_step is StopStep.KILL:
        told = f"pid {life.pid} did not die of SIGKILL within {STUCK_AFTER_S:g} s; no second copy is started"
        return replace(life, state=State.STUCK, next_step=None, next_step_s=None), (Note("ERROR", told),)
    return life, ()
