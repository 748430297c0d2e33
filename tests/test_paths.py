"""Where things are, and that unsafe places are refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from supervisor import paths
from supervisor.errors import ProjectError


def test_runtime_directory_is_private(place: Path) -> None:
    """0700, also when it was made with more."""
    (place / "r").mkdir(mode=0o755)
    directory = paths.runtime_directory("web")
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (place / "r").stat().st_mode & 0o777 == 0o700


def test_symbolic_link_is_refused(place: Path) -> None:
    """A link may lead to a place that others control."""
    (place / "elsewhere").mkdir()
    (place / "r").symlink_to(place / "elsewhere")
    with pytest.raises(ProjectError, match="not a directory of yours"):
        paths.runtime_directory("web")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "1st", "x" * 41, "é"])
def test_project_name_that_could_escape_is_refused(place: Path, name: str) -> None:
    """A project's name becomes part of paths."""
    with pytest.raises(ProjectError, match="cannot be used"):
        paths.runtime_directory(name)


def test_too_long_socket_path_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    """A socket's path has 107 bytes at the most."""
    monkeypatch.setenv("PROCDECK_RUNTIME_DIR", str(place / ("d" * 100)))
    with pytest.raises(ProjectError, match="too long"):
        paths.runtime_directory("web")


def test_note_is_read_back_and_a_broken_one_is_none(tmp_path: Path) -> None:
    """The engine's note survives a round trip; garbage is no note."""
    note = paths.EngineNote("web", "/p", 1, 2, "r", "/", 1.0, "/l")
    note.write(tmp_path / "engine.json")
    assert paths.read_note(tmp_path / "engine.json") == note
    (tmp_path / "engine.json").write_text('{"project": 3')
    assert paths.read_note(tmp_path / "engine.json") is None


def test_nothing_runs_in_an_empty_place(place: Path) -> None:
    """No lock, no engine."""
    assert not paths.is_running("web")
    assert paths.running_projects() == []


def test_shipped_profiles_are_found() -> None:
    """The profiles that come with procdeck."""
    assert {path.stem for path in paths.shipped_profiles()} >= {"census", "services"}


def test_other_owner_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory of another user is not used."""
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(ProjectError, match="not a directory of yours"):
        paths.runtime_directory("web")


def test_run_is_its_owners_alone_from_the_project_down(place: Path) -> None:
    """Logs, events and results may tell anything: nobody else may enter, whatever the umask."""
    before = os.umask(0o022)
    try:
        directory = paths.run_directory("web", "r1")
    finally:
        os.umask(before)
    folders = (directory.parent.parent, directory.parent, directory, directory / "logs", directory / "output")
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}
