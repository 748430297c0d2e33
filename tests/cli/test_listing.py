"""`procdeck profiles`, `procdeck profile` and `procdeck check --json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.api.fake_port import FakeEngine, a_fleet
from tui import profiles

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

GOOD = 'name = "good"\n[queues.q]\n[workers.a]\ncommand = "sleep 1"\n[workers.b]\ncommand = "sleep 1"\n'


@pytest.fixture(autouse=True)
def _none_shipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "shipped_profiles", list)


def test_profiles_are_listed_with_what_they_contain(command: Command, tmp_path: Path) -> None:
    """A table on stdout, every mistake on stderr; none at all is told, and what to do."""
    assert "`procdeck init` writes one" in command("profiles").err
    (tmp_path / "good.toml").write_text(GOOD)
    (tmp_path / "wrong.toml").write_text("[workers.a]\n[workers.b]\n")
    outcome = command("profiles", ".")
    assert outcome.code == 0
    rows = [line.split() for line in outcome.out.splitlines()]
    assert rows[0] == ["NAME", "WHERE", "STATE", "CONTAINS", "PATH"]
    assert rows[1] == ["good", "here", "valid", "2", "workers,", "1", "queue", str(tmp_path / "good.toml")]
    assert rows[2][:5] == ["wrong", "here", "2", "mistakes", "-"]
    assert "wrong.toml:2: " in outcome.err
    assert command("profiles", "nowhere").code == 2


def test_profiles_as_json(command: Command, tmp_path: Path) -> None:
    """All that the picker knows."""
    (tmp_path / "good.toml").write_text(GOOD)
    with FakeEngine(a_fleet(), tmp_path / "logs", profile_path=tmp_path / "good.toml"):
        (listed,) = json.loads(command("profiles", "--json").out)
    assert (listed["name"], listed["group"], listed["project"]) == ("census", "here", "census")
    assert listed["contains"] == {"worker": 2, "queue": 1}
    assert listed["parts"][0] == {"kind": "worker", "name": "a", "runs": "sleep 1", "words": []}
    assert listed["mistakes"] == []


def test_check_as_json(command: Command, tmp_path: Path) -> None:
    """The mistakes, or what it contains; the exit code is the same as in words."""
    (tmp_path / "good.toml").write_text(GOOD)
    outcome = command("check", "good.toml", "--json")
    told = json.loads(outcome.out)
    assert (outcome.code, told["is_valid"], told["contains"]) == (0, True, {"worker": 2, "queue": 1})
    (tmp_path / "wrong.toml").write_text("[workers.a]\n[workers.b]\n")
    outcome = command("check", "wrong.toml", "--json")
    told = json.loads(outcome.out)
    assert (outcome.code, told["is_valid"], len(told["mistakes"])) == (5, False, 2)
