"""What is narrated of workers, and what a run's exit code is."""

from __future__ import annotations

import pytest

from supervisor.api.messages import TreeProcess
from supervisor.lifecycle.states import State
from tests.api.fake_port import a_row
from tui.cli.fate import fate_line, verdict, warning_lines

SURVIVOR = TreeProcess(pid=7, parent_pid=1, command="cat")


@pytest.mark.parametrize(
    ("state", "changes", "line"),
    [
        (State.RUNNING, {}, "walk running, pid 4711"),
        (State.RUNNING, {"restarts": 2}, "walk running, pid 4711, restart 2"),
        (State.BACKOFF, {"exit_cause": "exit code 3"}, "walk ended: exit code 3; it will be started again"),
        (State.FINISHED, {"exit_cause": "exit code 0"}, "walk finished: exit code 0"),
        (State.FAILED, {"exit_cause": "exit \x1b[2Jcode 3"}, "walk failed: exit code 3"),
        (State.STOPPED, {"exit_cause": "ended by SIGTERM"}, "walk stopped: ended by SIGTERM"),
        (State.STOPPED, {"incarnation": 0}, ""),
        (State.STUCK, {}, "walk stuck: it was killed and did not die (pid 4711)"),
        (State.UNREADY, {"waits_for": "ready: tcp :1 \x1b[2Jrefused"}, "walk not ready yet, pid 4711: tcp :1 refused"),
        (State.UNREADY, {}, "walk not ready yet, pid 4711"),
        (State.WAITING, {"waits_for": "redis to be ready"}, "walk waits for redis to be ready"),
        (State.WAITING, {}, "walk waits"),
        (State.SCHEDULED, {"exit_cause": "exit code 0"}, "walk ended: exit code 0; it waits for its next run"),
        (State.SCHEDULED, {"incarnation": 0}, ""),
        (State.PAUSED, {}, "walk paused, pid 4711"),
        (State.SKIPPED, {"exit_cause": "redis has failed: exit code 1"}, "walk skipped: redis has failed: exit code 1"),
        (State.STARTING, {}, ""),
        (State.STOPPING, {}, ""),
    ],
)
def test_state_is_told_in_a_line(state: State, changes: dict[str, object], line: str) -> None:
    """States that pass by themselves are not told."""
    assert fate_line(None, a_row("walk", state, **changes)) == line


def test_same_state_is_told_once_for_each_incarnation() -> None:
    """Figures that change are no news; a restart between two looks is."""
    before = a_row("walk")
    assert fate_line(before, a_row("walk", cpu_percent=99.0)) == ""
    assert fate_line(before, a_row("walk", incarnation=2, restarts=1)) == "walk running, pid 4711, restart 1"


def test_ways_back_to_running_are_told_apart() -> None:
    """Ready after all, not ready any more, let go on: one life goes on; another one is a start."""
    running, unready, paused = a_row("walk"), a_row("walk", State.UNREADY), a_row("walk", State.PAUSED)
    assert fate_line(unready, running) == "walk ready, pid 4711"
    assert fate_line(paused, running) == "walk goes on, pid 4711"
    assert fate_line(running, unready) == "walk not ready any more"
    again = a_row("walk", incarnation=2, restarts=1)
    assert fate_line(unready, again) == "walk running, pid 4711, restart 1"


def test_warning_is_told_when_it_comes_and_when_it_goes() -> None:
    """Once each, though a figure in it grows or its sentence is another."""
    calm = a_row("walk")
    stuck = a_row("walk", warnings=("DEADLOCK: left and \x1b[2Jright", "no heartbeat for 12 s"))
    later = a_row("walk", warnings=("no heartbeat for 13 s", "DEADLOCK: left, right and third"))
    assert warning_lines(None, stuck) == warning_lines(calm, stuck)
    assert warning_lines(calm, stuck) == ["walk DEADLOCK: left and right", "walk no heartbeat for 12 s"]
    assert warning_lines(stuck, later) == []
    assert warning_lines(later, calm) == ["walk no heartbeat for 13 s: that is over", "walk DEADLOCK: that is over"]


def test_warning_that_ends_with_its_process_is_not_told() -> None:
    """The end of the process is."""
    stuck = a_row("walk", warnings=("DEADLOCK: x",))
    assert warning_lines(stuck, a_row("walk", State.STOPPED)) == []
    assert warning_lines(stuck, a_row("walk", incarnation=2)) == []


def test_every_state_can_be_told() -> None:
    """No state is forgotten: each has a line, or passes by itself."""
    silent = [state for state in State if not fate_line(None, a_row("walk", state))]
    assert silent == [State.STARTING, State.STOPPING]


def test_run_that_went_well_is_0() -> None:
    """Finished, or stopped by its user."""
    assert verdict([a_row("a", State.FINISHED), a_row("b", State.STOPPED, exit_code=-15)], []) == 0


@pytest.mark.parametrize(("exit_code", "code"), [(3, 3), (255, 255), (-9, 1), (None, 1), (0, 1), (256, 1)])
def test_run_that_failed_has_the_workers_code(exit_code: int | None, code: int) -> None:
    """Where the shell can show it."""
    assert verdict([a_row("a", State.FINISHED), a_row("b", State.FAILED, exit_code=exit_code)], []) == code


def test_worker_that_failed_first_counts() -> None:
    """First in time, not in the table."""
    rows = [
        a_row("a", State.FAILED, exit_code=4, since_s=20.0),
        a_row("b", State.FAILED, exit_code=5, since_s=10.0),
    ]
    assert verdict(rows, [SURVIVOR]) == 5


@pytest.mark.parametrize(("exit_code", "code"), [(0, 0), (3, 3), (137, 137), (-9, 1), (256, 1)])
def test_significant_worker_decides(exit_code: int, code: int) -> None:
    """Its exit code is the run's, whatever became of the others."""
    rows = [a_row("a", State.FAILED, exit_code=4), a_row("b", State.STUCK)]
    assert verdict(rows, [SURVIVOR], exit_code) == code


def test_worker_that_was_skipped_is_1() -> None:
    """It did not do what it was there for; the code of the one that failed goes before."""
    assert verdict([a_row("a", State.SKIPPED), a_row("b", State.FINISHED)], []) == 1
    assert verdict([a_row("a", State.SKIPPED), a_row("b", State.FAILED, exit_code=7)], []) == 7


def test_what_would_not_die_is_1() -> None:
    """Survivors of a down, and a replica that is stuck."""
    assert verdict([a_row("a", State.STOPPED)], [SURVIVOR]) == 1
    assert verdict([a_row("a", State.STUCK)], []) == 1
