"""Who waits for whom, who goes down first, and who restarts with whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from supervisor.lifecycle.events import Exited, Launched, ReportedRunning, WishPause, WishStart, WishStop
from supervisor.lifecycle.groups import Group, Strategy, has_given_up, is_restart_by_policy
from supervisor.lifecycle.life import Life, StartRule
from supervisor.lifecycle.ordering import Condition, Dependency, Outlook, dependents_of, may_stop, prospect
from supervisor.lifecycle.restart import RestartRule
from supervisor.lifecycle.states import State
from tests.lifecycle.lives import BAD, OK, lead, running, unready

NEVER = RestartRule(policy="never")
LIVES = {
    "stopped": Life("on"),
    "starting": lead(Life("on"), WishStart(1.0)),
    "unready": unready(),
    "running": running(),
    "paused": lead(running(), WishPause(2.0)),
    "backoff": lead(running(), Exited(2.0, 1, BAD), Launched(2.1, 2, 9), Exited(2.2, 2, BAD)),
    "finished": lead(running(), Exited(2.0, 1, OK)),
    "failed": lead(running(NEVER), Exited(2.0, 1, BAD)),
    "skipped": replace(Life("on"), state=State.SKIPPED),
    "ran": replace(lead(running(), Exited(2.0, 1, OK)), state=State.SCHEDULED),
    "ran badly": replace(lead(running(NEVER), Exited(2.0, 1, BAD)), state=State.SCHEDULED),
}
MET = {
    "started": {"unready", "running", "paused", "finished"},
    "ready": {"running", "paused", "finished"},
    "completed": {"finished", "failed", "ran", "ran badly"},
    "completed-ok": {"finished", "ran"},
    "log": set[str](),
}
LOST = {
    "started": {"failed", "skipped"},
    "ready": {"failed", "skipped"},
    "completed": {"skipped"},
    "completed-ok": {"failed", "skipped"},
    "log": {"failed", "skipped", "finished"},
}


@pytest.mark.parametrize("condition", list(MET))
@pytest.mark.parametrize("which", list(LIVES))
def test_dependency_is_met_open_or_lost(condition: Condition, which: str) -> None:
    """Every condition against every state."""
    expected = Outlook.MET if which in MET[condition] else Outlook.LOST if which in LOST[condition] else Outlook.OPEN
    found = prospect([Dependency("on", condition, "x")], {"on": [LIVES[which]]}, lambda _name, _pattern: False)
    assert found.outlook is expected
    assert bool(found.text) == (expected is not Outlook.MET)


def test_worker_that_ended_before_it_was_ready_is_waited_for_in_vain() -> None:
    """Finished without ever having been ready: nobody who needs it ready can start."""
    over = lead(unready(), Exited(5.0, 1, OK))
    found = prospect([Dependency("on", "ready")], {"on": [over]}, lambda _name, _pattern: False)
    assert found.outlook is Outlook.LOST


def test_log_line_counts_once_it_was_seen() -> None:
    """Also when the worker has ended since."""
    wanted = [Dependency("on", "log", "listening")]
    found = prospect(wanted, {"on": [LIVES["failed"]]}, lambda _name, pattern: pattern == "listening")
    assert found.outlook is Outlook.MET


def test_every_replica_counts_and_the_wait_says_for_whom() -> None:
    """All replicas have to be there; the sentence names the one that is not, and what it is instead."""
    lives = {"on": [running(), replace(Life("on.2"), state=State.STARTING)]}
    found = prospect([Dependency("on", "ready")], lives, lambda _name, _pattern: False)
    assert (found.outlook, found.text) == (Outlook.OPEN, "on to be ready (on.2 is starting)")


def test_what_is_lost_is_said_before_what_is_open() -> None:
    """A worker that cannot start any more does not go on waiting for the rest."""
    lives = {"a": [LIVES["starting"]], "b": [LIVES["failed"]]}
    found = prospect([Dependency("a", "ready"), Dependency("b", "ready")], lives, lambda _name, _pattern: False)
    assert (found.outlook, found.text) == (Outlook.LOST, "w has failed: exit code 3")


def test_stops_go_in_reverse_order() -> None:
    """Nobody is stopped before those who depend on it."""
    dependents = dependents_of(
        {"api": [Dependency("redis", "ready")], "web": [Dependency("api", "ready")], "redis": []}
    )
    assert dependents == {"redis": {"api"}, "api": {"web"}}
    assert not may_stop("redis", dependents, {"redis", "api", "web"})
    assert may_stop("web", dependents, {"redis", "api", "web"})
    assert may_stop("redis", dependents, {"redis", "web"})


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("one-for-one", ()), ("one-for-all", ("a", "b", "c")), ("rest-for-one", ("b", "c"))],
)
def test_strategy_says_who_restarts_with_a_member(strategy: Strategy, expected: tuple[str, ...]) -> None:
    """OTP's three."""
    assert Group("g", ("a", "b", "c"), strategy).bound_to("b") == expected


def test_group_acts_on_what_policy_restarts_and_on_nothing_else() -> None:
    """A crash pulls the others along; a wish, a clean end or a recycling does not."""
    crashed = lead(running(), Exited(5.0, 1, BAD))
    assert is_restart_by_policy(running(), crashed)
    assert not is_restart_by_policy(running(), lead(running(), WishStop(5.0)))
    assert not is_restart_by_policy(running(), lead(running(), Exited(5.0, 1, OK)))
    stopping = lead(running(), WishStop(5.0), WishStart(5.1))
    assert not is_restart_by_policy(stopping, lead(stopping, Exited(6.0, 1, OK)))
    assert has_given_up(running(NEVER), LIVES["failed"])


def test_scheduled_dependents_do_not_see_a_run_before_the_first() -> None:
    """SCHEDULED before any run has completed nothing."""
    life = lead(Life("on", start=StartRule(is_scheduled=True)), WishStart(1.0))
    found = prospect([Dependency("on", "completed")], {"on": [life]}, lambda _name, _pattern: False)
    assert found.outlook is Outlook.OPEN


def test_started_worker_is_running_when_it_reports() -> None:
    """The shortest way up."""
    life = lead(Life("on"), WishStart(1.0), Launched(1.0, 1, 5), ReportedRunning(1.0, 1))
    assert prospect([Dependency("on", "started")], {"on": [life]}, lambda _n, _p: False).outlook is Outlook.MET
