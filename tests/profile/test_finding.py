"""The profile of a directory, and its name, are told without validating anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from supervisor.profile.finding import find_profile, profiles_below, read_project_name


def test_a_native_profile_comes_before_pyproject(tmp_path: Path) -> None:
    """procdeck.toml first, then pyproject.toml if it has the table, else nothing."""
    assert find_profile(tmp_path) is None
    shared = tmp_path / "pyproject.toml"
    shared.write_text('[project]\nname = "procdeck"\n')
    assert find_profile(tmp_path) is None
    shared.write_text("[tool.procdeck.workers.a]\n")
    assert find_profile(tmp_path) == shared
    (tmp_path / "procdeck.toml").write_text("")
    assert find_profile(tmp_path) == tmp_path / "procdeck.toml"


def test_a_broken_pyproject_is_found_if_it_means_us(tmp_path: Path) -> None:
    """So that loading it says what is wrong; somebody else's broken file is none of ours."""
    shared = tmp_path / "pyproject.toml"
    shared.write_text("[tool.procdeck]\nname =\n")
    assert find_profile(tmp_path) == shared
    shared.write_text("[tool.other]\nname =\n# procdeck\n")
    assert find_profile(tmp_path) is None


def test_the_project_name_is_the_one_that_loading_would_give(tmp_path: Path) -> None:
    """Its own, else its file's, or nothing when there is no legal one."""
    names = []
    for text in ('name = "census"', "", 'name = "no good"', "name = 3", "name =", "\xff"):
        (tmp_path / "deck.toml").write_bytes(text.encode("latin-1"))
        names.append(read_project_name(tmp_path / "deck.toml"))
    assert names == ["census", "deck", None, None, None, None]
    assert read_project_name(tmp_path / "absent.toml") is None


def test_a_file_that_is_too_large_for_a_profile_has_no_name(tmp_path: Path) -> None:
    """It is not read to its end."""
    path = tmp_path / "deck.toml"
    path.write_text('name = "deck"\n' + "#" * 1024 * 1024)
    assert read_project_name(path) is None


def test_the_project_name_of_a_pyproject_is_in_its_table(tmp_path: Path) -> None:
    """The distribution's name is not the project's."""
    directory = tmp_path / "my app"
    directory.mkdir()
    path = directory / "pyproject.toml"
    names = []
    for text in ('[tool.procdeck]\nname = "deck"', '[project]\nname="x"\n[tool.procdeck]', "[project]", "tool = 3"):
        path.write_text(text)
        names.append(read_project_name(path))
    assert names == ["deck", "my-app", None, None]


def test_profiles_are_found_a_little_below(tmp_path: Path) -> None:
    """The directory's own first; other TOML files where they have workers or pools, broken ones by their headings."""
    files = {
        "procdeck.toml": "",
        "other.toml": "[workers.a]\ncommand = 'x'\n",
        "settings.toml": "[workers]\n[tool]\nx = 1\n",
        "ruff.toml": "line-length = 80\n",
        "a/deep/inside/too-deep.toml": "[workers.a]\n",
        "a/broken.toml": "[pools.p]\nitems = \n",
        "a/deep/procdeck.toml": "",
        "b/pyproject.toml": "[tool.procdeck.workers.a]\n",
        ".hidden/procdeck.toml": "",
        "node_modules/procdeck.toml": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found = [str(path.relative_to(tmp_path)) for path in profiles_below(tmp_path)]
    assert found == ["procdeck.toml", "other.toml", "a/broken.toml", "b/pyproject.toml", "a/deep/procdeck.toml"]
    assert profiles_below(tmp_path / "nowhere") == []


def test_the_search_has_an_end(tmp_path: Path) -> None:
    """However many there are, a hundred are enough to choose from."""
    for number in range(130):
        (tmp_path / f"{number:03d}.toml").write_text("[workers.a]\n")
    assert len(profiles_below(tmp_path)) == 100


def test_a_directory_that_may_not_be_entered_has_no_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the search comes by, it goes on."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "procdeck.toml").write_text("")
    (tmp_path / "open.toml").write_text("[workers.a]\n")
    stat = os.stat

    def refuse(path: str | Path, *words: Any, **settings: Any) -> os.stat_result:
        if "closed" in str(path):
            raise PermissionError(13, "Permission denied")
        return stat(path, *words, **settings)

    monkeypatch.setattr(os, "stat", refuse)
    assert profiles_below(tmp_path) == [tmp_path / "open.toml"]
