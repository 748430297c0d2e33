"""What is told of a worker's environment: all that its next process gets, where from, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.api.messages import Variable
from supervisor.detail import variables_of
from supervisor.masking import MASK
from supervisor.processes.preparing import shown_environment
from supervisor.profile.loading import load_profile

PROFILE = """
name = "told"

[workers.x]
command = ["true"]
env = { LEVEL = "debug", API_TOKEN = "abcdefghijkl", SHARED = "own" }
env_file = ["x.env"]
"""


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Variable]:
    """By name, for a worker of an engine whose own environment is known."""
    monkeypatch.setattr("os.environ", {"HOME": "/home/ada", "SHARED": "engine", "DB_PASSWORD": "hunter2hunter2"})
    (tmp_path / "x.env").write_text("FROM_FILE=never shown\n")
    (tmp_path / "procdeck.toml").write_text(PROFILE)
    worker = load_profile(tmp_path / "procdeck.toml").workers["x"]
    told = variables_of(worker, shown_environment(worker, tmp_path), {"PROCDECK_WORKER": "x"})
    assert [each.name for each in told] == sorted(each.name for each in told)
    return {each.name: each for each in told}


def test_each_variable_says_where_it_is_from(variables: dict[str, Variable]) -> None:
    """The profile's, the file's, what is said to every worker, and the engine's own."""
    assert {name: each.origin for name, each in variables.items()} == {
        "API_TOKEN": "profile",
        "DB_PASSWORD": "engine",
        "FROM_FILE": "env-file",
        "HOME": "engine",
        "LEVEL": "profile",
        "PROCDECK_WORKER": "procdeck",
        "SHARED": "profile",
    }


def test_what_differs_from_the_engines_says_what_the_engine_has(variables: dict[str, Variable]) -> None:
    assert (variables["SHARED"].value, variables["SHARED"].engine_value) == ("own", "engine")
    assert {each.engine_value for name, each in variables.items() if name != "SHARED"} == {""}


def test_no_secret_is_told(variables: dict[str, Variable]) -> None:
    """Neither by its name, nor anything of an environment file."""
    hidden = {name for name, each in variables.items() if each.value == MASK}
    assert hidden == {"API_TOKEN", "DB_PASSWORD", "FROM_FILE"}
    assert variables["LEVEL"].value == "debug"
