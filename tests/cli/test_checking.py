"""`procdeck check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from supervisor.paths import shipped_profiles
from tests.engines import write_profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command

GOOD = """
    name = "small"
    [queues.items]
    [workers.make]
    target = "work:make"
    writes = { out = "items" }
    [workers.take]
    target = "work:take"
    replicas = 3
    reads = { inbox = "items" }
"""
WORK = """
    def make(out): ...
    def take(inbox): ...
"""


def test_good_profile_is_one_line(command: Command, tmp_path: Path) -> None:
    """What it would run, counted."""
    path = write_profile(tmp_path, GOOD, work=WORK)
    for words in ([str(path)], ["."], []):
        outcome = command("check", *words)
        assert (outcome.code, outcome.out) == (0, "ok: small, 2 workers (4 processes), 1 queue\n")


def test_every_mistake_is_told_with_its_line(command: Command, tmp_path: Path) -> None:
    """All at once, on stdout, exit code 5."""
    path = write_profile(
        tmp_path, 'name = "small"\n[workers.a]\ntarget = "work:make"\nreplica = 2\n[workers.b]\ncomand = "ls"\n'
    )
    outcome = command("check", "procdeck.toml")
    assert outcome.code == 5
    assert f"{path.name}:4: " in outcome.out
    assert 'did you mean "replicas"?' in outcome.out
    assert f"{path.name}:6: " in outcome.out


def test_no_profile_at_all_is_a_usage_error(command: Command) -> None:
    """It says where it has looked."""
    outcome = command("check")
    assert outcome.code == 2
    assert "no profile here" in outcome.err


@pytest.mark.parametrize("path", shipped_profiles(), ids=lambda path: path.stem)
def test_shipped_profiles_are_good(command: Command, path: Path) -> None:
    """Whatever comes with procdeck passes its own check."""
    assert command("check", str(path)).out.startswith("ok: ")
