"""The life of a replica, decided without a process or a clock."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervisor.lifecycle import effects as fx
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
from supervisor.lifecycle.life import ImpossibleTransition, Life, StartRule, StopRule, Wish
from supervisor.lifecycle.machine import step
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import AT_REST, BETWEEN, LIVE, State
from tests.lifecycle.lives import BAD, OK, lead, running


def test_start_launches_the_first_incarnation() -> None:
    """A start wish on a replica at rest launches incarnation 1."""
    life, effects = step(Life("w"), WishStart(1.0))
    assert (life.state, life.incarnation) == (State.STARTING, 1)
    assert fx.LaunchProcess(1) in effects


def test_stop_asks_then_terms_then_kills() -> None:
    """A worker that hears stops is asked; SIGTERM and SIGKILL follow at their deadlines, measured from the wish."""
    life, effects = step(running(), WishStop(10.0))
    assert fx.AskToStop(1) in effects
    assert fx.SendTerm(1) not in effects
    assert (life.next_step, life.next_step_s) == (Timer.TERM, 11.0)
    life, effects = step(life, TimerFired(11.0, 1, Timer.TERM))
    assert effects == (fx.SendTerm(1),)
    assert (life.next_step, life.next_step_s) == (Timer.KILL, 15.0)
    life, effects = step(life, TimerFired(15.0, 1, Timer.KILL))
    assert fx.SendKill(1) in effects


def test_worker_that_cannot_hear_gets_sigterm_at_once() -> None:
    """A command, or a plain function, loses no time to a question it cannot hear."""
    _, effects = step(running(hears_stop=False), WishStop(10.0))
    assert fx.SendTerm(1) in effects


def test_process_that_survives_sigkill_is_stuck_and_not_doubled() -> None:
    """A replica whose process does not die is STUCK, and a start makes no second copy."""
    life = lead(running(), WishKill(10.0), TimerFired(12.0, 1, Timer.GRACE))
    assert life.state is State.STUCK
    life, effects = step(life, WishStart(13.0))
    assert not any(isinstance(effect, fx.LaunchProcess) for effect in effects)
    life, effects = step(life, Exited(99.0, 1, BAD))
    assert fx.LaunchProcess(2) in effects


def test_first_failure_restarts_at_once_and_the_next_after_a_backoff() -> None:
    """A crash after a calm time costs nothing; repeated crashes wait twice as long each time, up to the cap."""
    rule = RestartRule(backoff_min_s=0.5, backoff_max_s=1.5, max_exits=10)
    life, effects = step(running(rule), Exited(5.0, 1, BAD))
    assert fx.LaunchProcess(2) in effects
    waits = []
    for number in range(2, 6):
        life = lead(life, Launched(5.0, number, 100 + number), Exited(5.0, number, BAD))
        assert life.state is State.BACKOFF
        waits.append((life.next_step_s or 0) - 5.0)
        life = lead(life, TimerFired(life.next_step_s or 0, number, Timer.RESTART))
    assert waits == [0.5, 1.0, 1.5, 1.5]


def test_too_many_exits_end_in_failed_with_the_reason() -> None:
    """The restart intensity counts every exit within the window and says why it gave up."""
    life = running(RestartRule(max_exits=1, backoff_min_s=0.0))
    life = lead(life, Exited(5.0, 1, BAD), Launched(5.1, 2, 101))
    life, effects = step(life, Exited(5.2, 2, BAD))
    assert life.state is State.FAILED
    notes = [effect for effect in effects if isinstance(effect, fx.Note)]
    assert "2 exits within 60 s" in notes[0].text


@pytest.mark.parametrize(
    ("policy", "cause", "expected"),
    [
        ("never", OK, State.FINISHED),
        ("never", BAD, State.FAILED),
        ("on-failure", OK, State.FINISHED),
        ("on-failure", BAD, State.STARTING),
        ("always", OK, State.STARTING),
        ("always", BAD, State.STARTING),
    ],
)
def test_policy_decides_what_follows_an_exit(policy: str, cause: ExitCause, expected: State) -> None:
    """never, on-failure and always mean what they say."""
    life = lead(running(RestartRule(policy=policy)), Exited(5.0, 1, cause))  # type: ignore[arg-type]
    assert life.state is expected


def test_permanent_failure_is_not_retried() -> None:
    """A target that cannot be imported fails at once, whatever the policy."""
    life = lead(running(RestartRule(policy="always")), Exited(5.0, 1, replace(BAD, is_permanent=True)))
    assert life.state is State.FAILED


def test_event_of_an_older_incarnation_changes_nothing() -> None:
    """A late exit of incarnation 1 does not touch incarnation 2."""
    life = lead(running(), Exited(5.0, 1, BAD))
    assert step(life, Exited(6.0, 1, OK)) == (life, ())


def test_restart_wish_while_stopping_starts_again() -> None:
    """The last wish wins: stop, then restart, is a restart."""
    life = lead(running(), WishStop(5.0), WishRestart(5.1), Exited(5.2, 1, OK))
    assert (life.state, life.incarnation) == (State.STARTING, 2)


def test_impossible_transition_tells_the_history() -> None:
    """An event that cannot come says what came before it."""
    with pytest.raises(ImpossibleTransition, match="WishStart: stopped -> starting"):
        step(lead(running(), WishStop(5.0), Exited(6.0, 1, OK)), Launched(7.0, 1, 9))


class LifeMachine(RuleBasedStateMachine):
    """Random wishes and facts; a tiny world that launches and kills as it is told."""

    def __init__(self) -> None:
        super().__init__()
        start = StartRule(timeout_s=20.0, has_dependencies=True, has_checks=True, max_age_s=60.0)
        self.life = Life("w", restart=RestartRule(policy="always", max_exits=3), stop=StopRule(), start=start)
        self.now_s = 0.0
        self.launching: int | None = None
        self.alive: set[int] = set()
        self.user_stopped = False

    def send(self, event: Event) -> None:
        before = self.life
        self.life, effects = step(self.life, event)
        for effect in effects:
            if isinstance(effect, fx.LaunchProcess):
                assert not self.alive, "a second incarnation beside a live one"
                assert self.launching is None, "a second launch beside one under way"
                assert not self.user_stopped, "started what a person stopped"
                self.launching = effect.incarnation
        if self.life.state is not before.state:
            assert self.life.history[-1].endswith(f"{before.state} -> {self.life.state}")

    @rule(seconds=st.floats(0.01, 40))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        if self.life.next_step is not None and (self.life.next_step_s or 0) <= self.now_s:
            self.send(TimerFired(self.now_s, self.life.incarnation, self.life.next_step))

    @rule()
    def start(self) -> None:
        self.user_stopped = False
        self.send(WishStart(self.now_s))

    @rule()
    def restart(self) -> None:
        self.user_stopped = False
        self.send(WishRestart(self.now_s))

    @rule(kind=st.sampled_from([WishStop, WishKill]))
    def stop(self, kind: type[WishStop | WishKill]) -> None:
        self.user_stopped = True
        self.send(kind(self.now_s))

    @rule(kind=st.sampled_from([WishPause, WishResume]))
    def pause_or_resume(self, kind: type[WishPause | WishResume]) -> None:
        self.send(kind(self.now_s))

    @rule(are_met=st.booleans())
    def dependencies_answer(self, are_met: bool) -> None:
        self.send(DependenciesMet(self.now_s) if are_met else DependencyFailed(self.now_s, "gone"))

    @precondition(lambda self: bool(self.alive))
    @rule(kind=st.sampled_from([BecameReady, BecameUnready, Unhealthy, RecycleDue, TimeExtended]))
    def is_judged(self, kind: type) -> None:
        more = {BecameReady: (), TimeExtended: (3.0,)}.get(kind, ("why",))
        self.send(kind(self.now_s, max(self.alive), *more))

    @rule()
    def force(self) -> None:
        self.send(WishForce(self.now_s))

    @precondition(lambda self: self.launching is not None)
    @rule(works=st.booleans(), permanent=st.booleans())
    def launch_answers(self, works: bool, permanent: bool) -> None:
        number, self.launching = self.launching, None
        assert number is not None
        if works:
            self.alive.add(number)
            self.send(Launched(self.now_s, number, 1000 + number))
        else:
            self.send(LaunchFailed(self.now_s, number, replace(BAD, is_permanent=permanent)))

    @precondition(lambda self: bool(self.alive))
    @rule()
    def reports_running(self) -> None:
        self.send(ReportedRunning(self.now_s, max(self.alive), hears_stop=True))

    @precondition(lambda self: bool(self.alive))
    @rule(cause=st.sampled_from([OK, BAD]))
    def exits(self, cause: ExitCause) -> None:
        self.send(Exited(self.now_s, self.alive.pop(), cause))

    @invariant()
    def state_agrees_with_the_world(self) -> None:
        assert len(self.alive) <= 1
        if self.life.state in AT_REST | BETWEEN:
            assert not self.alive
            assert self.launching is None
        if self.life.state in LIVE:
            assert self.alive or self.launching is not None
        if self.user_stopped:
            assert self.life.wish is Wish.REST


TestLifeMachine = LifeMachine.TestCase
TestLifeMachine.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
