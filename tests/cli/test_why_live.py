"""`procdeck why` and its kin against a real engine whose workers have locked each other out."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.hangs import SampleReply, StacksReply, WhyReply
from tests.engines import RunningEngine, engine_on, wait_for, write_profile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervisor.api.hangs import Verdict
    from tests.cli.conftest import Command

JOBS = """
    import multiprocessing
    import time

    def both(mine, other, met):
        with mine:
            met.wait(40)
            with other:
                raise SystemExit(3)

    def pause():
        while True:
            time.sleep(30)
"""

PROFILE = """
    name = "ring"
    [defaults]
    restart = "never"
    [locks.first]
    [locks.second]
    [locks.met]
    kind = "barrier"
    parties = 2
    [workers.left]
    target = "jobs:both"
    shares = { mine = "first", other = "second", met = "met" }
    env = { API_TOKEN = "of-the-table" }
    [workers.right]
    target = "jobs:both"
    shares = { mine = "second", other = "first", met = "met" }
    [workers.calm]
    target = "jobs:pause"
"""


@pytest.fixture
def ring(place: Path, tmp_path: Path) -> Iterator[RunningEngine]:
    with engine_on(write_profile(place / "ring", PROFILE, jobs=JOBS)) as engine:
        yield engine


def _stuck(engine: RunningEngine) -> list[Verdict]:
    return [verdict for verdict in engine.client.why().verdicts if verdict.warning == "DEADLOCK"]


def test_ring_of_locks_is_explained_on_the_command_line(ring: RunningEngine, command: Command, tmp_path: Path) -> None:
    """The cause, both lines of code, exit code 6; the same from the table, the stacks and the report."""
    wait_for(lambda: {each.replica for each in _stuck(ring)} == {"left", "right"}, "both to be deadlocked")
    outcome = command("why", "--project", "ring")
    assert outcome.code == 6, outcome
    assert "DEADLOCK (stuck)" in outcome.out
    assert "a ring:" in outcome.out
    assert "with other:" in outcome.out
    assert "calm:" not in outcome.out
    assert command("why", "calm", "--project", "ring").code == 0
    reply = msgspec.json.decode(command("why", "--all", "--json", "--project", "ring").out, type=WhyReply)
    assert {each.replica for each in reply.verdicts} == {"left", "right", "calm"}
    ring.wait_row("left", lambda row: any("DEADLOCK" in text for text in row.warnings), "to be warned of")
    assert "DEADLOCK: " in command("status", "--project", "ring").out
    (stacks,) = msgspec.json.decode(
        command("stacks", "left", "--json", "--project", "ring").out, type=list[StacksReply]
    )
    assert "both" in {frame.function for thread in stacks.processes[0].threads for frame in thread.frames}
    _check_report(command, tmp_path / "ring.tgz")


def _check_report(command: Command, path: Path) -> None:
    assert command("report", "--project", "ring", "-o", str(path)).code == 0
    with tarfile.open(path) as tar:
        files = {Path(member.name).name: tar.extractfile(member) for member in tar.getmembers()}
        texts = {name: file.read().decode() for name, file in files.items() if file is not None}
    assert "DEADLOCK" in texts["why.txt"]
    assert " -> " in texts["waits.dot"]
    assert "jobs.py" in texts["stacks.txt"]
    assert any("DEADLOCK" in json.loads(line)["what"] for line in texts["events.ndjson"].splitlines())
    assert [name for name, text in texts.items() if "of-the-table" in text] == []
    assert "Not in here" not in texts["README.txt"]


def test_sleeper_is_sampled(ring: RunningEngine, command: Command) -> None:
    """Its time goes into the sleep; the lines are those that flamegraph.pl reads."""
    ring.wait_state("calm", "running")
    reply = msgspec.json.decode(
        command("sample", "calm", "-s", "0.3", "--json", "--project", "ring").out, type=SampleReply
    )
    assert reply.samples > 0
    assert reply.stacks[0].frames[-1].function == "pause"
    folded = command("sample", "calm", "-s", "0.3", "--folded", "--project", "ring").out
    assert all(line.rpartition(" ")[2].isdecimal() for line in folded.splitlines())
    assert "pause (" in folded
