"""What becomes of a replica between its start and its end: waits, checks, pauses, recycling, schedules."""

from __future__ import annotations

from dataclasses import replace

from supervisor.lifecycle import effects as fx
from supervisor.lifecycle.events import (
    BecameReady,
    BecameUnready,
    DependenciesMet,
    DependencyFailed,
    Exited,
    Launched,
    RecycleDue,
    ReportedRunning,
    RunDue,
    TimeExtended,
    Timer,
    TimerFired,
    Unhealthy,
    WishPause,
    WishResume,
    WishStart,
    WishStop,
)
from supervisor.lifecycle.life import Life, StartRule
from supervisor.lifecycle.machine import step
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import State
from tests.lifecycle.lives import BAD, OK, lead, running, unready, waiting


def test_worker_with_dependencies_waits_and_is_launched_when_they_are_met() -> None:
    """Nothing is launched before everything that it depends on is there."""
    life = waiting()
    assert (life.state, life.incarnation) == (State.WAITING, 0)
    life, effects = step(life, DependenciesMet(2.0))
    assert (life.state, fx.LaunchProcess(1) in effects) == (State.STARTING, True)


def test_failed_dependency_skips_with_the_reason() -> None:
    """SKIPPED is at rest, and says why."""
    life = lead(waiting(), DependencyFailed(2.0, "redis failed: exit code 1"))
    assert (life.state, life.cause and life.cause.text) == (State.SKIPPED, "redis failed: exit code 1")
    assert lead(life, WishStart(3.0)).state is State.WAITING


def test_stop_of_what_waits_needs_no_process() -> None:
    """WAITING, SCHEDULED and BACKOFF are left for STOPPED at once."""
    assert lead(waiting(), WishStop(2.0)).state is State.STOPPED
    assert lead(Life("w", start=StartRule(is_scheduled=True)), WishStart(1.0), WishStop(2.0)).state is State.STOPPED


def test_checks_make_running_of_unready() -> None:
    """A worker with checks is UNREADY until they pass, and again when one fails."""
    life = unready()
    assert (life.state, life.next_step, life.next_step_s) == (State.UNREADY, Timer.START, 61.0)
    life = lead(life, BecameReady(2.0, 1))
    assert (life.state, life.next_step) == (State.RUNNING, None)
    assert lead(life, TimerFired(61.0, 1, Timer.START)).state is State.RUNNING
    life = lead(life, BecameUnready(70.0, 1, "tcp :80: refused"))
    assert life.state is State.UNREADY
    assert lead(life, TimerFired(71.0, 1, Timer.START)).state is State.UNREADY, "the start was over long ago"


def test_readiness_that_never_comes_is_a_failure_that_names_what_is_missing() -> None:
    """The start timeout stops it; the cause has the missing signal; the restart policy goes on from there."""
    life, _ = step(unready(), TimerFired(61.0, 1, Timer.START, "tcp 127.0.0.1:6390"))
    assert life.state is State.STOPPING
    life = lead(replace(life, restart=RestartRule(policy="never")), Exited(62.0, 1, OK))
    assert life.state is State.FAILED
    assert life.cause is not None
    assert "not ready within 60 s (waits for tcp 127.0.0.1:6390)" in life.cause.text


def test_worker_may_ask_for_more_time_to_start_and_to_stop() -> None:
    """EXTEND_TIMEOUT_USEC moves the deadline that is next, and no other."""
    life, effects = step(unready(), TimeExtended(30.0, 1, 100.0))
    assert effects == (fx.ArmTimer(1, Timer.START, 130.0),)
    life, effects = step(lead(life, WishStop(40.0)), TimeExtended(41.0, 1, 20.0))
    assert effects == (fx.ArmTimer(1, Timer.KILL, 61.0),)
    assert (life.next_step, life.next_step_s) == (Timer.KILL, 61.0)


def test_failed_liveness_restarts_as_a_failure() -> None:
    """It is ended, and what follows is the restart policy's: the exit counts, whatever the process says of itself."""
    life, _ = step(running(), Unhealthy(5.0, 1, "http :80: no answer"))
    assert life.state is State.STOPPING
    life = lead(life, Exited(6.0, 1, OK))
    assert (life.state, life.incarnation, len(life.exits_s)) == (State.STARTING, 2, 1)
    assert life.cause is not None
    assert life.cause.text == "liveness failed: http :80: no answer; exit code 0"


def test_hung_worker_is_aborted_for_its_stack_and_then_killed() -> None:
    """A missed heartbeat: SIGABRT, SIGKILL two seconds later."""
    life, effects = step(running(), Unhealthy(5.0, 1, "heartbeat", is_hang=True))
    assert fx.SendAbort(1) in effects
    life, effects = step(life, TimerFired(7.0, 1, Timer.KILL))
    assert fx.SendKill(1) in effects


def test_stop_wish_beats_a_failed_check() -> None:
    """A worker that a person stops while it is being replaced stays down."""
    life = lead(running(), Unhealthy(5.0, 1, "x"), WishStop(5.5), Exited(6.0, 1, OK))
    assert life.state is State.STOPPED


def test_pause_and_resume_keep_what_it_was() -> None:
    """SIGSTOP and SIGCONT to the tree; a stop while paused lets it go on first, so that it can obey."""
    life, effects = step(running(), WishPause(5.0))
    assert (life.state, fx.SendPause(1) in effects) == (State.PAUSED, True)
    _, effects = step(life, WishStop(6.0))
    assert effects.index(fx.SendResume(1)) < effects.index(fx.AskToStop(1))
    life, effects = step(life, WishResume(6.0))
    assert (life.state, fx.SendResume(1) in effects) == (State.RUNNING, True)


def test_age_and_memory_recycle_without_counting_as_failures() -> None:
    """A graceful restart: no exit is counted, and policy is not asked."""
    life = Life("w", start=StartRule(max_age_s=10.0), restart=RestartRule(policy="never"))
    life, effects = step(lead(life, WishStart(1.0), Launched(1.1, 1, 100)), ReportedRunning(1.2, 1, hears_stop=True))
    assert fx.ArmTimer(1, Timer.AGE, 11.2) in effects
    life = lead(life, TimerFired(11.2, 1, Timer.AGE))
    assert life.state is State.STOPPING
    life = lead(life, Exited(12.0, 1, OK))
    assert (life.state, life.incarnation, life.exits_s) == (State.STARTING, 2, ())
    life = lead(life, Launched(12.1, 2, 101), ReportedRunning(12.2, 2), RecycleDue(13.0, 2, "memory"))
    assert life.state is State.STOPPING


def test_scheduled_worker_runs_at_its_time_and_comes_back() -> None:
    """Between two runs it is SCHEDULED, not at rest, with the time of the next run to be seen."""
    life = lead(Life("w", start=StartRule(is_scheduled=True)), WishStart(1.0), RunDue(1.0, 30.0))
    assert (life.state, life.next_step, life.next_step_s) == (State.SCHEDULED, Timer.SCHEDULE, 30.0)
    life = lead(life, TimerFired(30.0, 0, Timer.SCHEDULE), Launched(30.1, 1, 100), ReportedRunning(30.2, 1))
    assert lead(life, Exited(31.0, 1, OK)).state is State.SCHEDULED
    assert lead(replace(life, restart=RestartRule(policy="never")), Exited(31.0, 1, BAD)).state is State.SCHEDULED


def test_start_of_a_scheduled_worker_runs_it_now() -> None:
    """A person need not wait for the time."""
    life = lead(Life("w", start=StartRule(is_scheduled=True)), WishStart(1.0), RunDue(1.0, 30.0), WishStart(2.0))
    assert life.state is State.STARTING


def test_long_life_forgets_earlier_exits() -> None:
    """After `reset_after` of stable life the backoff begins anew."""
    rule = RestartRule(within_s=1000.0, reset_after_s=10.0, backoff_min_s=1.0)
    life = lead(running(rule), Exited(2.0, 1, BAD), Launched(2.1, 2, 101), Exited(2.2, 2, BAD))
    assert life.state is State.BACKOFF
    life = lead(life, TimerFired(life.next_step_s or 0, 2, Timer.RESTART), Launched(4.0, 3, 102))
    assert lead(life, Exited(40.0, 3, BAD)).state is State.STARTING, "at once, as after a calm time"


def test_jitter_spreads_those_who_died_together_and_stays_below_the_backoff() -> None:
    """Each replica has its own share of the jitter, always the same, never above the plain backoff."""
    rule = RestartRule(backoff_min_s=1.0, jitter=0.5)
    delays = {rule.delay_s(2, f"w.{number}#1") for number in range(50)}
    assert len(delays) > 40
    assert all(0.5 < delay <= 1.0 for delay in delays)
    assert rule.delay_s(2, "w.1#1") == rule.delay_s(2, "w.1#1")
