"""The directories of pools whose processes are gone: somebody removes them, and nobody those of the living."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from supervisor.pools import Pool, directories
from tests.engines import wait_for
from tests.pools import jobs

SOURCE = """
import multiprocessing, sys, time
from pathlib import Path
from supervisor.pools import Pool
from tests.pools import jobs

if __name__ == "__main__":
    pool = Pool(2, context=multiprocessing.get_context(sys.argv[1]))
    pool.apply(jobs.megabytes, (1,))
    while [member.state for member in pool.progress().members] != ["idle", "idle"]:
        time.sleep(0.01)
    if sys.argv[2] == "busy":
        pool.map_async(jobs.note, [(sys.argv[3], number) for number in range(2)], 1)
        while len(list(Path(sys.argv[3]).iterdir())) < 2:
            time.sleep(0.01)
    print(pool._spill.directory, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
@pytest.mark.parametrize("doing", ["idle", "busy"])
def test_members_remove_what_a_killed_pool_leaves(method: str, doing: str, place: Path) -> None:
    """Idle ones at once, busy ones when they send what they have done."""
    script, marks = place / "main.py", place / "marks"
    script.write_text(SOURCE)
    marks.mkdir()
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    command = [sys.executable, str(script), method, doing, str(marks)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        assert directory.is_dir()
        owner.kill()
    for mark in marks.iterdir():
        mark.unlink()
    wait_for(lambda: not directory.exists(), "the directory to go")


def test_the_next_pool_removes_what_nobody_did(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Directories of processes that are gone; not those of a living one, nor of who counts its pids elsewhere."""
    monkeypatch.setattr(directories, "_SHARED_MEMORY", str(place))
    mine = Path(directories.make())
    namespace, pid, started = mine.name.removeprefix("procdeck-pool-").split("-")[:3]
    gone = place / f"procdeck-pool-{namespace}-{pid}-{int(started) - 1}-abc"
    elsewhere = place / f"procdeck-pool-{int(namespace) + 1}-{pid}-{int(started) - 1}-abc"
    strange = place / "procdeck-pool-abc"
    for directory in (gone, elsewhere, strange):
        directory.mkdir()
        (directory / "task-1").touch()
    with Pool(1) as pool:
        assert pool.apply(jobs.square, (2,)) == 4
        assert not gone.exists()
        assert all((directory / "task-1").exists() for directory in (elsewhere, strange))
        assert mine.is_dir()
    assert sorted(place.glob("procdeck-pool-*")) == sorted([mine, elsewhere, strange])
