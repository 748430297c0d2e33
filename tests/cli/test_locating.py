"""Which engine a command means."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from supervisor.errors import EngineUnreachable, ProjectError
from supervisor.paths import runtime_directory
from tests.api.fake_port import FakeEngine, a_fleet
from tui.cli.locating import find_engine


def _engine(project: str, folder: Path) -> FakeEngine:
    return FakeEngine(a_fleet(project=project), folder / "logs")


def test_named_project_is_the_one(tmp_path: Path) -> None:
    """Wherever one stands, and whatever else runs."""
    with _engine("one", tmp_path), _engine("two", tmp_path):
        assert find_engine("two").project == "two"


def test_named_project_that_does_not_run_is_an_error_that_lists_the_others(tmp_path: Path) -> None:
    """The others are not taken instead."""
    with _engine("one", tmp_path), pytest.raises(EngineUnreachable, match="no engine runs for two; running: one"):
        find_engine("two")


def test_illegal_project_name_is_refused() -> None:
    """It never becomes a path."""
    with pytest.raises(ProjectError):
        find_engine("../../etc")


def test_profile_of_the_directory_names_the_engine(tmp_path: Path) -> None:
    """procdeck.toml here decides, also when its engine does not run."""
    (tmp_path / "procdeck.toml").write_text('name = "two"\n')
    with _engine("one", tmp_path):
        with pytest.raises(EngineUnreachable, match=r"no engine runs for two \(of procdeck.toml here\); running: one"):
            find_engine(None)
        with _engine("two", tmp_path):
            assert find_engine(None).project == "two"


def test_engine_started_here_is_meant_before_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among several, the one whose launch directory is the current one."""
    with ExitStack() as running:
        for project in ("one", "two", "three"):
            folder = tmp_path / project
            folder.mkdir()
            monkeypatch.chdir(folder)
            running.enter_context(_engine(project, folder))
        monkeypatch.chdir(tmp_path / "two")
        assert find_engine(None).project == "two"
        monkeypatch.chdir(tmp_path)
        with pytest.raises(EngineUnreachable, match="not clear which engine is meant; running: one, three, two"):
            find_engine(None)


def test_only_engine_is_meant_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is nothing to choose."""
    with _engine("one", tmp_path):
        monkeypatch.chdir("/")
        assert find_engine(None).project == "one"


def test_note_of_a_dead_engine_is_not_believed(tmp_path: Path) -> None:
    """What an engine left that was killed is no engine."""
    engine = _engine("one", tmp_path)
    engine.note.write(runtime_directory("one") / "engine.json")
    with pytest.raises(EngineUnreachable, match="no engine runs"):
        find_engine(None)
