"""The policy of health with virtual time: who is ready, who is alive, and who is only waiting, paused or slow."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from supervisor.lifecycle.events import BecameReady, BecameUnready, Unhealthy
from supervisor.lifecycle.health import (
    GAP_S,
    Begun,
    Check,
    Ending,
    Failed,
    Health,
    HealthEvent,
    Heard,
    Held,
    Looked,
    Nature,
    Passed,
    PeriodChanged,
    Rearmed,
    Role,
    Tripped,
    Verdict,
    health_of,
    step,
)


def probe(role: Role, what: str = "tcp :1", successes: int = 1, failures: int = 3) -> Check:
    return Check(role, Nature.PROBE, what, successes, failures, before="not tried yet")


def once(role: Role, what: str = "ctx") -> Check:
    return Check(role, Nature.ONCE, what, before="nothing came")


def silence(period_s: float | None = 10.0, what: str = "heartbeat 10s") -> Check:
    return Check("alive", Nature.SILENCE, what, period_s=period_s)


def lead(health: Health, *events: HealthEvent) -> tuple[Health, list[Verdict]]:
    told: list[Verdict] = []
    for event in events:
        health, verdicts = step(health, event)
        told += verdicts
    return health, told


def begun(*checks: Check) -> Health:
    return lead(health_of(1, checks), Begun(0.0))[0]


def looks(until_s: float, since_s: float = 0.0, every_s: float = 1.0) -> list[Looked]:
    count = round((until_s - since_s) / every_s)
    return [Looked(since_s + number * every_s, every_s) for number in range(1, count + 1)]


def test_ready_when_every_readiness_check_has_passed() -> None:
    """Two checks: the first alone is not enough, and the second tells it once."""
    health, told = lead(begun(probe("ready"), once("ready")), Passed(1.0, 0, "connected"))
    assert (told, health.missing) == ([], "ready: ctx (nothing came)")
    health, told = lead(health, Passed(2.0, 1), Passed(3.0, 0), Passed(3.0, 1))
    assert told == [BecameReady(2.0, 1)]
    assert health.missing == ""


def test_startup_gates_readiness_and_liveness() -> None:
    """Until the startup check passes nobody asks the others, and no answer of theirs counts."""
    health = begun(probe("startup"), probe("ready"), probe("alive", failures=1))
    assert [health.asks(index) for index in range(3)] == [True, False, False]
    health, told = lead(health, Passed(1.0, 1), Failed(1.0, 2, "refused"), Failed(1.0, 0, "refused"))
    assert (told, health.missing) == ([], "startup: tcp :1 (refused)")
    health, told = lead(health, Passed(2.0, 0))
    assert told == []
    assert [health.asks(index) for index in range(3)] == [False, True, True]
    assert lead(health, Passed(3.0, 1))[1] == [BecameReady(3.0, 1)]


def test_a_startup_check_alone_says_when_it_is_ready() -> None:
    """Nothing else is declared: started is ready."""
    assert lead(begun(once("startup")), Passed(1.0, 0))[1] == [BecameReady(1.0, 1)]


def test_what_was_said_before_the_target_ran_counts() -> None:
    """READY=1 that arrives before we know that the program runs is told when it does."""
    health, told = lead(health_of(1, (once("ready"),)), Passed(0.5, 0))
    assert told == []
    assert lead(health, Begun(1.0))[1] == [BecameReady(1.0, 1)]


def test_readiness_turns_after_enough_answers_in_a_row() -> None:
    """Three failures make it unready and say what failed; two successes make it ready again."""
    health, _ = lead(begun(probe("ready", successes=2)), Passed(1.0, 0), Passed(2.0, 0))
    refused = [Failed(3.0 + second, 0, "refused") for second in range(3)]
    health, told = lead(health, *refused[:2], Passed(4.5, 0), *refused)
    assert told == [BecameUnready(5.0, 1, "tcp :1: refused, 3 times in a row")]
    assert lead(health, Passed(6.0, 0), Failed(7.0, 0, "refused"), Passed(8.0, 0))[1] == []
    assert lead(health, Passed(6.0, 0), Passed(7.0, 0))[1] == [BecameReady(7.0, 1)]


def test_failures_before_the_first_success_only_say_what_is_missing() -> None:
    """A worker that is not ready yet cannot become unready; the start timeout is not decided here."""
    health, told = lead(begun(probe("ready")), *(Failed(float(second), 0, "refused") for second in range(9)))
    assert (told, health.missing) == ([], "ready: tcp :1 (refused)")


def test_failed_liveness_is_told_once_with_what_failed() -> None:
    """Consecutive failures end it, and then nothing more is said or asked."""
    health, told = lead(begun(probe("alive")), *(Failed(float(second), 0, "refused") for second in range(5)))
    assert told == [Unhealthy(2.0, 1, "tcp :1: refused, 3 times in a row")]
    assert not health.asks(0)


def test_a_slow_start_is_not_taken_for_a_hang() -> None:
    """Without startup checks, liveness waits for the first readiness, and goes on when readiness is lost."""
    health = begun(probe("ready", failures=1), probe("alive", failures=1), silence(5.0))
    assert not health.asks(1)
    health, told = lead(health, *looks(30.0), Failed(30.0, 1, "refused"))
    assert told == []
    health, told = lead(health, Passed(31.0, 0), Failed(32.0, 0, "refused"))
    assert [type(verdict) for verdict in told] == [BecameReady, BecameUnready]
    assert health.asks(1)


@pytest.mark.parametrize("has_spoken", [False, True])
def test_silence_longer_than_its_period_is_a_hang(has_spoken: bool) -> None:
    """Ten seconds after the last sign of life, or after the start where there was none."""
    health = begun(silence())
    before: list[HealthEvent] = [*looks(5.0), Heard(5.0, 0)] if has_spoken else []
    since_s = 5.0 if has_spoken else 0.0
    health, told = lead(health, *before, *looks(since_s + 10.0, since_s))
    assert told == []
    told = lead(health, Looked(since_s + 11.0, 1.0))[1]
    never = "" if has_spoken else "; it has never given a sign of life"
    assert told == [Unhealthy(since_s + 11.0, 1, f"heartbeat 10s: silent for 10 s{never}", is_hang=True)]


def test_an_old_sign_of_life_counts_from_when_it_was_given() -> None:
    """A heartbeat that is read late is as old as it is; it never makes the silence longer."""
    health, _ = lead(begun(silence()), *looks(8.0), Heard(8.0, 0, age_s=3.0))
    assert health.checks[0].silent_s == 3.0
    assert lead(health, Heard(8.0, 0, age_s=7.0))[0].checks[0].silent_s == 3.0


def test_time_in_which_nobody_looked_is_nobodys_silence() -> None:
    """The engine was stopped for a minute, or the machine was suspended: every deadline begins anew (fault 17)."""
    health, _ = lead(begun(silence()), *looks(9.0))
    health, told = lead(health, Looked(69.0, 1.0), *looks(79.0, 69.0))
    assert told == []
    assert len(lead(health, Looked(80.0, 1.0))[1]) == 1


def test_a_loop_that_is_late_by_little_still_finds_a_hang() -> None:
    """Looks on a busy machine come late, and the time between them is counted."""
    every_s = 1.0 + GAP_S / 2
    told = lead(begun(silence()), *(Looked(number * every_s, 1.0) for number in range(1, 9)))[1]
    assert [type(verdict) for verdict in told] == [Unhealthy]


def test_paused_is_not_judged_and_starts_anew() -> None:
    """Neither silence nor failures of a paused worker count, and what it did before is forgiven."""
    health = begun(silence(), probe("alive", failures=2))
    health, told = lead(
        health, *looks(9.0), Failed(9.0, 1, "slow"), Held(9.5), *looks(60.0, 10.0), Failed(60.0, 1, "x")
    )
    assert (told, health.asks(1)) == ([], False)
    health, told = lead(health, Rearmed(60.0), *looks(70.0, 60.0), Failed(70.0, 1, "slow"))
    assert told == []
    assert len(lead(health, Looked(71.0, 1.0))[1]) == 1
    assert len(lead(health, Failed(70.5, 1, "slow"))[1]) == 1


def test_ctx_ready_of_a_paused_worker_is_not_lost() -> None:
    """It said so just before it was paused, and we read it just after."""
    assert lead(begun(once("ready")), Held(1.0), Passed(1.1, 0))[1] == [BecameReady(1.1, 1)]


def test_watchdog_trigger_fails_at_once() -> None:
    """Even where no watchdog is declared; not when it is ending anyway."""
    health = begun(once("ready"))
    assert lead(health, Tripped(1.0, "it says so"))[1] == [Unhealthy(1.0, 1, "it says so", is_hang=True)]
    assert lead(health, Ending(0.5), Tripped(1.0, "it says so"))[1] == []


def test_a_worker_may_change_its_watchdogs_period() -> None:
    """WATCHDOG_USEC: longer, shorter, or none at all."""
    health = begun(silence(10.0, "watchdog 10s"))
    assert lead(health, PeriodChanged(0.0, 0, 30.0), *looks(30.0))[1] == []
    assert lead(health, PeriodChanged(0.0, 0, None), *looks(90.0))[1] == []
    assert len(lead(health, PeriodChanged(0.0, 0, 2.0), *looks(3.0))[1]) == 1


def test_a_worker_that_ends_is_not_judged() -> None:
    """It closes its port while it stops: no fault. When it says by itself that it stops, it is not ready any more."""
    health, _ = lead(begun(probe("ready", failures=1), silence(), probe("alive", failures=1)), Passed(1.0, 0))
    late: list[HealthEvent] = [Failed(2.0, 0, "refused"), Failed(2.0, 2, "refused"), *looks(60.0, 2.0)]
    assert lead(health, Ending(1.5), *late)[1] == []
    assert lead(health, Ending(1.5, "it stops"), *late)[1] == [BecameUnready(1.5, 1, "it stops")]


def test_alive_only_is_ready_without_a_word() -> None:
    """No readiness is declared: RUNNING is ready, and nothing tells it."""
    health = begun(silence())
    assert (health.gates_readiness, health.is_ready, health.missing) == (False, True, "")


ROLES: tuple[Role, ...] = ("startup", "ready", "alive")
CHECKS = st.lists(
    st.one_of(
        st.builds(probe, st.sampled_from(ROLES), successes=st.integers(1, 3), failures=st.integers(1, 3)),
        st.builds(once, st.sampled_from(ROLES[:2])),
        st.builds(silence, st.one_of(st.none(), st.floats(0.5, 5.0))),
    ),
    max_size=5,
)


class HealthMachine(RuleBasedStateMachine):
    """Any checks and any course of events; what is said is checked against what anybody can count by himself."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.checks: list[Check] = []
        self.health = health_of(1, ())
        self.streaks: list[int] = []
        self.has_met: list[bool] = []
        self.is_begun = self.is_held = self.is_over = self.is_told_ready = False

    @initialize(checks=CHECKS)
    def declare(self, checks: list[Check]) -> None:
        self.checks = checks
        self.health = health_of(1, tuple(checks))
        self.streaks = [0] * len(checks)
        self.has_met = [False] * len(checks)

    def send(self, event: HealthEvent, *, may_fail: bool = False) -> None:
        self.health, verdicts = step(self.health, event)
        assert len(verdicts) <= 1
        for verdict in verdicts:
            assert not self.is_over, "a verdict about what has ended"
            assert self.is_begun
            if isinstance(verdict, Unhealthy):
                assert may_fail, f"{event} cannot make it unhealthy"
                assert not self.is_held
                self.is_over = True
            else:
                assert self.is_told_ready is isinstance(verdict, BecameUnready), "told twice"
                self.is_told_ready = isinstance(verdict, BecameReady)

    @rule()
    def begins(self) -> None:
        self.is_begun = True
        self.send(Begun(self.now_s))

    @rule(data=st.data(), is_good=st.booleans())
    def answers(self, data: st.DataObject, is_good: bool) -> None:
        asked = [index for index, check in enumerate(self.checks) if check.nature is not Nature.SILENCE]
        if not asked:
            return
        index = data.draw(st.sampled_from(asked))
        check = self.checks[index]
        was_asked = self.health.asks(index)
        if is_good:
            self.streaks[index] += was_asked
            self.has_met[index] |= check.nature is Nature.ONCE or self.streaks[index] >= check.successes
            self.send(Passed(self.now_s, index, "good"))
        elif check.nature is Nature.PROBE:
            self.streaks[index] *= not was_asked
            self.send(Failed(self.now_s, index, "bad"), may_fail=was_asked and check.role == "alive")

    @rule(late_s=st.sampled_from([0.0, 0.1, 0.9, 1.1, 60.0]))
    def time_passes(self, late_s: float) -> None:
        self.now_s += 0.5 + late_s
        is_gap = late_s > GAP_S
        self.send(Looked(self.now_s, 0.5), may_fail=not is_gap and not self.is_held)

    @rule(age_s=st.floats(0.0, 3.0))
    def is_heard(self, age_s: float) -> None:
        for index, check in enumerate(self.checks):
            if check.nature is Nature.SILENCE:
                self.send(Heard(self.now_s, index, age_s))

    @rule()
    def is_paused(self) -> None:
        self.is_held = True
        self.send(Held(self.now_s))

    @rule()
    def goes_on(self) -> None:
        self.is_held = False
        self.send(Rearmed(self.now_s))

    @rule()
    def ends(self) -> None:
        self.send(Ending(self.now_s))
        self.is_over = True

    @invariant()
    def ready_is_what_the_checks_say(self) -> None:
        gating = [index for index, check in enumerate(self.checks) if check.role != "alive"]
        if self.is_told_ready and not self.is_over:
            assert gating
            assert all(self.has_met[index] and self.health.checks[index].is_passing for index in gating)
            assert self.health.missing == ""
        if self.is_begun and gating and not self.is_told_ready and not self.is_over:
            assert self.health.missing

    @invariant()
    def nothing_is_asked_out_of_turn(self) -> None:
        for index, check in enumerate(self.checks):
            if self.health.asks(index):
                assert check.nature is Nature.PROBE
                assert self.is_begun
                assert not self.is_held
                assert not self.is_over
                assert (check.role == "startup") is not self.health.has_started


TestHealthMachine = HealthMachine.TestCase
TestHealthMachine.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
