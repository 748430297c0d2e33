"""The table of transitions: every event in every state."""

from __future__ import annotations

import pytest

from supervisor.lifecycle import effects as fx
from supervisor.lifecycle.events import (
    BecameReady,
    BecameUnready,
    DependencyFailed,
    Event,
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
    WishKill,
    WishPause,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.life import ImpossibleTransition, Life, StartRule
from supervisor.lifecycle.machine import HANDLERS, step
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import AT_REST, BETWEEN, LIVE, UP, State
from tests.lifecycle.lives import BAD, OK, lead, running, unready, waiting


def example_lives() -> dict[State, Life]:
    """A life in each state."""
    run = running()
    return {
        State.STOPPED: Life("w"),
        State.WAITING: waiting(),
        State.SCHEDULED: lead(Life("w", start=StartRule(is_scheduled=True)), WishStart(1.0)),
        State.STARTING: lead(Life("w"), WishStart(1.0)),
        State.UNREADY: unready(),
        State.RUNNING: run,
        State.PAUSED: lead(run, WishPause(2.0)),
        State.STOPPING: lead(run, WishStop(2.0)),
        State.BACKOFF: lead(run, Exited(2.0, 1, BAD), Launched(2.1, 2, 9), Exited(2.2, 2, BAD)),
        State.FINISHED: lead(run, Exited(2.0, 1, OK)),
        State.FAILED: lead(running(RestartRule(policy="never")), Exited(2.0, 1, BAD)),
        State.SKIPPED: lead(waiting(), DependencyFailed(2.0, "x")),
        State.STUCK: lead(run, WishKill(2.0), TimerFired(4.0, 1, Timer.GRACE)),
    }


def example_event(kind: type, incarnation: int) -> Event:
    """An event of this kind about `incarnation`."""
    more: dict[type, tuple[object, ...]] = {
        DependencyFailed: ("x",),
        RunDue: (12.0,),
        Launched: (incarnation, 7),
        LaunchFailed: (incarnation, BAD),
        Exited: (incarnation, BAD),
        BecameUnready: (incarnation, "x"),
        Unhealthy: (incarnation, "x"),
        RecycleDue: (incarnation, "x"),
        TimeExtended: (incarnation, 5.0),
        TimerFired: (incarnation, Timer.KILL),
        ReportedRunning: (incarnation,),
        BecameReady: (incarnation,),
    }
    event: Event = kind(9.0, *more.get(kind, ()))
    return event


IMPOSSIBLE = {
    (state, kind)
    for state in State
    for kind in (Launched, LaunchFailed, Exited)
    if state not in LIVE or (kind is Launched and state in UP)
}
"""A process begins once and ends once, and only where there is one."""


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("kind", list(HANDLERS))
def test_table_of_transitions_is_total(state: State, kind: type) -> None:
    """Every event in every state is answered, but for those that would contradict what has happened."""
    life = example_lives()[state]
    assert life.state is state
    event = example_event(kind, life.incarnation)
    if (state, kind) in IMPOSSIBLE:
        with pytest.raises(ImpossibleTransition, match=f"is {state}"):
            step(life, event)
        return
    after, effects = step(life, event)
    assert after.state is life.state or after.history[-1].endswith(f"{life.state} -> {after.state}")
    if after.state in AT_REST | BETWEEN:
        assert not any(isinstance(effect, fx.LaunchProcess) for effect in effects)
