"""What a real engine says of what has happened: to those who ask, and to those who come after its end."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from supervisor import paths
from supervisor.errors import RequestRefused
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


def test_every_wish_is_followed_to_its_outcome(profile: Path) -> None:
    """What was accepted, who asked with what, by which command line, and how it ended; a refusal says why."""
    with engine_on(profile) as engine:
        _is_up(engine)
        (job,) = engine.act("restart", "sleeper")
        done = engine.wait_event(lambda event: event.step == "done", "the restart to be done")
        wish = next(event for event in engine.events("sleeper") if event.step == "accepted")
        assert wish.command == f"procdeck restart sleeper --project {engine.note.project}"
        assert (wish.outcomes, wish.by.partition(", ")[2]) == (1, "command line")
        assert (done.answers, done.what, done.by) == ((wish.cursor,), f"restart done: {job.text}", wish.by)
        between = [event for event in engine.events("sleeper") if wish.cursor < event.cursor < done.cursor]
        assert {event.by for event in between if event.kind == "state"} == {wish.by}
        with pytest.raises(RequestRefused):
            engine.client.act("pause", ["sleeeper"])
        refused = engine.wait_event(lambda event: event.step == "refused", "the refusal")
        assert (refused.subject, refused.level) == ("engine", "WARNING")
        assert "did you mean 'sleeper'?" in refused.what
        assert engine.client.signal(["sleeper"], "CONT").signalled == ("sleeper",)
        sent = engine.wait_event(lambda event: event.what.startswith("SIGCONT sent"), "the signal")
        assert (sent.step, sent.command) == ("done", f"procdeck signal CONT sleeper --project {engine.note.project}")
        reply = engine.client.scale("sleeper", replicas=2)
        scaled = engine.wait_event(lambda event: event.what == reply.text, "the scale", sent.cursor)
        assert (reply.after, scaled.step) == (2, "done")
        assert scaled.command == f"procdeck scale sleeper=2 --project {engine.note.project}"


def test_what_nobody_asked_for_says_what_brought_it_about(place: Path) -> None:
    """The restart policy, and the schedule."""
    told = """
        name = "moved"

        [workers.crash]
        command = ["false"]
        restart = { policy = "on-failure", max = 2, within = "60s", backoff = "0.01s..0.02s" }

        [workers.tick]
        command = ["true"]
        schedule = { every = "1s" }
        """
    with engine_on(write_profile(place / "p", told)) as engine:
        crash = engine.wait_event(lambda event: event.subject == "crash" and event.by == "policy", "a restart")
        assert crash.to_state in ("backoff", "starting")
        tick = engine.wait_event(lambda event: event.subject == "tick" and event.by == "schedule", "a run")
        assert tick.to_state == "starting"
