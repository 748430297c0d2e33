"""Faults of what a run leaves on the disk about itself: row 52 of the fault matrix, and row 25 for the journal."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from supervisor import paths
from supervisor.journal import JOURNAL_NAME, newest_journal, read_journal
from tests.engines import RunningEngine, engine_on, kill, wait_for, write_profile
from tests.faults.oracle import standing_still

PROFILE = """
name = "told"

[workers.sleeper]
command = ["sleep", "1000"]
restart = { policy = "always", max = 1000, backoff = "10ms" }
"""


@pytest.fixture
def profile(place: Path) -> Path:
    return write_profile(place / "p", PROFILE)


def _run_again(engine: RunningEngine) -> int:
    """Have something happen; the cursor of its event."""
    after = engine.cursor()
    pid = engine.wait_row("sleeper", lambda row: row.state == "running", "to run").pid
    assert pid is not None
    kill(pid)
    return engine.wait_event(lambda event: event.to_state == "running", "sleeper to run again", after).cursor


@pytest.mark.parametrize(
    "garbage", [b"\x00" * 5000, b'{"cursor":9,"at":', b"\xff\n" * 100], ids=["NUL", "torn", "text"]
)
def test_damaged_files_of_the_last_run_keep_no_engine_from_starting(profile: Path, garbage: bytes) -> None:
    """Row 52: journal, note and lock full of garbage: what is good is read, and all runs as the profile says."""
    with engine_on(profile) as engine:
        _run_again(engine)
        kill(engine.note.engine_pid)
        wait_for(lambda: not paths.is_running("told"), "the guardian to have ended what was left")
    journal = newest_journal(paths.runs_directory("told"))
    assert journal is not None
    before = read_journal(journal).events
    journal.write_bytes(journal.read_bytes() + garbage)
    paths.engine_note_path("told").write_bytes(garbage)
    paths.lock_path("told").write_bytes(garbage)
    assert read_journal(journal).events == before
    with engine_on(profile) as engine:
        _run_again(engine)
    assert newest_journal(paths.runs_directory("told")) != journal


def test_journal_that_is_taken_away_is_begun_again(profile: Path, tmp_path: Path) -> None:
    """Rows 25, 52: deleted, replaced by a link or a directory while it is written: no file of others is written to."""
    foreign = tmp_path / "foreign"
    foreign.write_text("precious\n")
    with engine_on(profile) as engine:
        journal = Path(engine.note.log_directory).parent / JOURNAL_NAME
        _run_again(engine)
        replacements: list[Callable[[], object]] = [lambda: None, lambda: journal.symlink_to(foreign), journal.mkdir]
        for replace in replacements:
            with standing_still(engine.note.engine_pid):
                journal.unlink()
                replace()
            cursor = _run_again(engine)
            assert cursor in {event.cursor for event in engine.journal()}
            assert not journal.is_symlink()
        cursors = [event.cursor for event in engine.events()]
        assert cursors == list(range(1, len(cursors) + 1))
    assert foreign.read_text() == "precious\n"


def test_run_directory_that_is_deleted_costs_no_worker(profile: Path) -> None:
    """Row 25: events and workers go on, and the journal is back with the next event."""
    with engine_on(profile) as engine:
        _run_again(engine)
        pid = engine.row("sleeper").pid
        with standing_still(engine.note.engine_pid):
            shutil.rmtree(Path(engine.note.log_directory).parent)
        engine.client.signal(["sleeper"], "WINCH")
        wished = engine.wait_event(lambda event: event.what.startswith("SIGWINCH"), "the wish")
        assert engine.row("sleeper").pid == pid
        assert wished in engine.journal()
        assert os.stat(Path(engine.note.log_directory).parent).st_mode & 0o077 == 0
