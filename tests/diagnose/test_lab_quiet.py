"""Negative controls: programs at rest, at work, or waiting for what will come are never warned of."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from supervisor.diagnose.kinds import KINDS
from supervisor.profile.loading import load_profile
from tests.diagnose import lab
from tests.diagnose.lab_engines import Answers, lab_on
from tests.engines import RunningEngine, wait_for

LOOKS_S = 6.0
"""Three times as long as the longest limit of the profile, so that whatever could age has aged."""


@pytest.fixture(scope="module", params=lab.METHODS)
def quiet(request: pytest.FixtureRequest) -> Iterator[RunningEngine]:
    """All negative controls in one engine for each start method."""
    with lab_on(lab.QUIET_PROFILE, request.param) as engine:
        yield engine


def test_idle_is_never_reported(quiet: RunningEngine) -> None:
    """Neither in the table nor in the log nor when asked, while all of it outlasts its limits several times."""
    workers = load_profile(lab.QUIET_PROFILE).workers
    wait_for(lambda: all(row.state == "running" for row in quiet.fleet().rows), "all to run")
    replicas = {row.name for row in quiet.fleet().rows}
    assert len(replicas) > len(workers)
    told = []
    until_s = time.monotonic() + LOOKS_S
    while time.monotonic() < until_s:
        verdicts = Answers(quiet).worst()
        assert set(verdicts) == replicas
        told += [
            f"{verdict.replica} {verdict.kind}: {verdict.sentence}" for verdict in verdicts.values() if verdict.warning
        ]
        told += [f"{row.name} {row.warnings}" for row in quiet.fleet().rows if row.warnings]
        assert all(verdict.kind in KINDS for verdict in verdicts.values())
        assert told == []
        time.sleep(0.5)
    assert [record.message for record in quiet.records() if record.level in ("WARNING", "ERROR")] == []
