"""What is narrated of workers, and what a run's exit code is."""

from __future__ import annotations

import pytest

from supervisor.api.messages import TreeProcess
from supervisor.lifecycle.states import State
from tests.api.fake_port import a_row
from tui.cli.fate import fate_line, verdict

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


def test_what_would_not_die_is_1() -> None:
    """Survivors of a down, and a replica that is stuck."""
    assert verdict([a_row("a", State.STOPPED)], [SURVIVOR]) == 1
    assert verdict([a_row("a", State.STUCK)], []) == 1
