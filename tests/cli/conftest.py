"""Commands in this process, with a fake engine to talk to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import pytest
from loguru import logger

from supervisor.lifecycle.states import State
from tests.api.fake_port import FakeEngine, a_fleet, a_row
from tui.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command did."""

    code: int
    out: str
    err: str


class Command(Protocol):
    def __call__(self, *words: str) -> Outcome: ...


@pytest.fixture(autouse=True)
def _alone(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No engine and no profile but the test's own."""
    monkeypatch.chdir(tmp_path)
    logger.disable("supervisor.api")
    yield
    logger.enable("supervisor.api")


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Give a command in this process."""

    def give(*words: str) -> Outcome:
        code = main(list(words))
        out, err = capsys.readouterr()
        return Outcome(int(code), out, err)

    return give


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    """A fake engine of project census, with four replicas in four states."""
    fleet = a_fleet(
        a_row("walk", State.FINISHED, exit_cause="exit code 0", exit_code=0),
        a_row("parse.1", activity="parsing ast.py", activity_since_s=120.0, progress=(1500, 1790)),
        a_row(
            "parse.2",
            State.BACKOFF,
            pid=None,
            started_s=None,
            cpu_percent=None,
            rss_bytes=None,
            restarts=2,
            exit_cause="uncaught ValueError at census.py:41",
            next_step="restart",
            next_step_s=167.5,
        ),
        a_row("tally", warnings=("no heartbeat for 12 s",), activity="get \x1b]0;owned\x07counts\x1b[2J"),
    )
    with FakeEngine(fleet, tmp_path / "logs") as engine:
        yield engine
