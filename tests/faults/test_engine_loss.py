"""The engine, its guardian or both are lost, or asked to end twice: rows 15, 18 and 50 of the fault matrix.

Every start method, the guardian's death, the tie to a front end and what `down` answers are in
tests/engine/test_ending.py; the lifeline, by which the kernel ends the workers of a double kill, in
tests/processes/test_lifeline.py; the census in tests/processes/test_census.py.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from supervisor import doctor, paths, proctable
from tests.engines import RunningEngine, engine_on, is_alive, kill, wait_for, write_profile

PROFILE = """
name = "lost"
[defaults]
stop_timeout = "1s"
[workers.stubborn]
command = "trap '' TERM; sleep 1000 & echo up; while :; do sleep 0.05; done"
[workers.escaping]
command = "setsid sleep 1000 & echo up; wait"
"""


@pytest.fixture
def profile(place: Path) -> Path:
    return write_profile(place / "p", PROFILE)


def started(engine: RunningEngine) -> set[int]:
    """Wait until the workers have their children and escapees; the pids of all of them, engine and guardian too."""
    for name in ("stubborn", "escaping"):
        engine.wait_message(name, "up")
    wait_for(lambda: len(below(engine.note.guardian_pid)) >= 6, "everybody to be there")  # but for a short sleep
    return below(engine.note.guardian_pid)


def escapee_among(pids: set[int]) -> int:
    """The one that has a session of its own; 0 while its shell's child is still on its way there."""
    return next((pid for pid in pids if proctable.command_line(pid) == "sleep 1000" and os.getsid(pid) == pid), 0)


def below(pid: int) -> set[int]:
    return {entry.pid for entry in proctable.tree_of(pid, proctable.look())}


def wait_gone(pids: set[int]) -> None:
    wait_for(lambda: not any(map(is_alive, pids)), "everybody to be gone")
    wait_for(lambda: not paths.is_running("lost"), "the lock to be free")


def test_killed_engine_takes_everybody_with_it(profile: Path) -> None:
    """Row 15: SIGKILL of the engine ends children, escapees and those that ignore SIGTERM."""
    with engine_on(profile) as engine:
        pids = started(engine)
        kill(engine.note.engine_pid)
        wait_gone(pids)
        assert not paths.socket_path("lost").exists()
        assert not (Path(engine.note.log_directory).parent / "census").exists()
        assert paths.engine_end(Path(engine.note.log_directory).parent) == "killed by SIGKILL"


def test_what_a_double_kill_leaves_is_told_and_ended_by_the_next_engine(profile: Path) -> None:
    """Row 15: engine and guardian die at once. What gets away is found by identity, and by nothing else."""
    with engine_on(profile) as engine:
        pids = started(engine)
        census = Path(engine.note.log_directory).parent / "census"
        escapee = wait_for(lambda: escapee_among(pids), "the escapee to be on its own")
        wait_for(lambda: f"+ {escapee} " in census.read_text(), "the escapee to be noted")
        for number in (signal.SIGSTOP, signal.SIGKILL):
            os.kill(engine.note.guardian_pid, number)
            os.kill(engine.note.engine_pid, number)
        wait_for(lambda: not paths.is_running("lost"), "the lock to be free")
        assert is_alive(escapee)
        told = [finding.what for finding in doctor.of_project("lost") if finding.level == "fail"]
        assert any(f"process {escapee} of run {engine.note.run_id} still lives" in text for text in told)
        with engine_on(profile) as other:
            wait_for(lambda: not any(map(is_alive, pids)), "everybody of the lost run to be gone")
            wait_for(
                lambda: any(f"ended process {escapee}, left by run" in text for text in other.messages("engine")),
                "the new engine's word",
            )
            other.wait_state("escaping", "running")
        assert not census.exists()


def test_workers_are_ended_before_the_engine_when_memory_runs_out(profile: Path) -> None:
    """Row 18, simulated: the kernel's kill is a SIGKILL as above; whom it takes first is told by the scores."""

    def score(pid: int | str) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    with engine_on(profile) as engine:
        engine.wait_message("escaping", "up")
        worker = engine.row("escaping").pid
        assert worker is not None
        assert score(worker) == score("self")
        assert score(engine.note.engine_pid) <= score(worker)
        assert score(engine.note.guardian_pid) <= score(worker)


def test_second_signal_ends_what_the_first_one_waits_for(place: Path) -> None:
    """Row 50: the first SIGTERM stops in order, and would wait long; the second kills at once."""
    profile = write_profile(place / "p", PROFILE.replace('"1s"', '"1000s"'))
    with engine_on(profile) as engine:
        engine.wait_message("stubborn", "up")
        pids = below(engine.note.guardian_pid)
        os.kill(engine.note.guardian_pid, signal.SIGTERM)
        engine.wait_row("stubborn", lambda row: row.next_step == "SIGKILL", "to count down")
        os.kill(engine.note.guardian_pid, signal.SIGTERM)
        wait_gone(pids)
