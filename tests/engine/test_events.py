"""What a real engine says of what has happened: to those who ask, and to those who come after its end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from supervisor import paths
from supervisor.journal import newest_journal, read_journal
from tests.engines import RunningEngine, engine_on, kill, wait_for, write_profile

PROFILE = """
name = "told"

[workers.sleeper]
command = ["sleep", "1000"]
restart = "never"
"""


@pytest.fixture
def profile(place: Path) -> Path:
    return write_profile(place / "p", PROFILE)


def _is_up(engine: RunningEngine) -> None:
    engine.wait_event(lambda event: event.subject == "sleeper" and event.to_state == "running", "sleeper to run")


def test_every_change_of_state_is_an_event_with_its_cause(profile: Path) -> None:
    """One after another, from where the last one went, with pid, incarnation and how it ended."""
    with engine_on(profile) as engine:
        _is_up(engine)
        pid = engine.row("sleeper").pid
        assert pid is not None
        kill(pid)
        failed = engine.wait_event(lambda event: event.to_state == "failed", "sleeper to fail")
        states = [event for event in engine.events("sleeper") if event.kind == "state"]
        assert [event.to_state for event in states] == ["starting", "running", "failed"]
        assert [event.from_state for event in states] == ["stopped", "starting", "running"]
        assert {event.incarnation for event in states} == {1}
        assert states[1].pid == pid
        assert failed.cause == "killed by SIGKILL from outside"
        cursors = [event.cursor for event in engine.events()]
        assert cursors == list(range(1, len(cursors) + 1))


def test_journal_says_who_did_what_when_the_engine_is_gone(profile: Path) -> None:
    """All events of the run, the last ones before the end included."""
    with engine_on(profile) as engine:
        _is_up(engine)
        engine.act("restart", "sleeper")
        wished = engine.wait_event(lambda event: event.kind == "action", "the wish")
        assert wished.by.startswith(f"uid {os.geteuid()}")
        seen = engine.client.events().events
    journal = engine.journal()
    assert tuple(journal[: len(seen)]) == seen
    assert any(event.what == "stopping everything" for event in journal[len(seen) :])
    assert any(event.to_state == "stopped" for event in journal[len(seen) :])


def test_journal_of_a_killed_engine_has_all_that_it_said(profile: Path) -> None:
    """Each event is on the disk before anybody is told of it."""
    with engine_on(profile) as engine:
        _is_up(engine)
        seen = engine.client.events().events
        kill(engine.note.engine_pid)
        wait_for(lambda: not paths.is_running(engine.note.project), "the guardian to have ended what was left")
    path = newest_journal(paths.runs_directory("told"))
    assert path is not None
    assert read_journal(path).events[: len(seen)] == seen


def test_whoever_follows_is_told_at_once(profile: Path) -> None:
    """A poll ends with the next event."""
    with engine_on(profile) as engine:
        _is_up(engine)
        cursor = engine.cursor()
        told: list[str] = []

        def follow() -> None:
            told.extend(event.what for event in engine.client.events(cursor, wait_s=30.0).events)

        following = threading.Thread(target=follow)
        following.start()
        engine.act("stop", "sleeper")
        following.join(40.0)
        assert told[:1] == ["stop wished"]
