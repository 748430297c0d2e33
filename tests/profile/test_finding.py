"""The profile of a directory, and its name, are told without validating anything."""

from __future__ import annotations

from pathlib import Path

from supervisor.profile.finding import find_profile, read_project_name


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
