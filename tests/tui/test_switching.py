"""What is said when one project is left for another."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.errors import AlreadyRunning
from supervisor.processes import ignition
from tests.api.fake_port import FakeEngine, a_fleet
from tui.recent import recent_profiles
from tui.switching import open_engine, opened_meanwhile, still_running, switched_words


def test_what_becomes_of_the_project_before_is_said() -> None:
    """Whether its workers go on, and how to go back."""
    assert switched_words("", 3, is_stopped=False) == ""
    assert switched_words("a", 3, is_stopped=False) == "a goes on: 3 workers running. ctrl+o goes back to it."
    assert "no worker of it runs" in switched_words("a", 0, is_stopped=False)
    assert switched_words("a", 0, is_stopped=True) == "Everything of a was stopped."


def test_engine_that_runs_is_not_started_again(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found by its profile, or by the name it had a moment ago; opened ones are remembered."""
    profile = tmp_path / "census.toml"
    profile.write_text('name = "census"\n')
    with FakeEngine(a_fleet(), place / "logs", profile_path=profile) as engine:
        assert not open_engine(profile).is_started
        assert open_engine(profile, engine.note).note.project == "census"
        assert still_running(["census", "other", "census"]).startswith("Still running too: census.")
        assert opened_meanwhile("census").startswith("census was being opened, and runs now.")
        other = tmp_path / "other.toml"
        other.write_text('name = "census"\n')
        with pytest.raises(AlreadyRunning, match="another profile"):
            open_engine(other)
    assert [one.path for one in recent_profiles()] == [profile]
    assert still_running(["census"]) == opened_meanwhile("") == ""
    assert opened_meanwhile("census") == (
        "census was being opened, and goes on starting. See it: procdeck attach --project census"
    )
    monkeypatch.setattr(ignition, "start_engine", lambda path: engine.note)
    assert open_engine(profile, engine.note).is_started
