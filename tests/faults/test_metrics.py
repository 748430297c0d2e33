"""A /proc that tells nothing, or only slowly: row 51 of the fault matrix.

What hides processes (hidepid, another user's, one that goes while it is read) cannot be set up here without a mount of
its own; what samples are made of is replaced instead, in an engine of its own with real workers.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engines import write_profile
from tests.faults.lines import ROOT

PROFILE = """
name = "blind"
[defaults]
restart = { policy = "always", backoff = "10ms..10ms" }
stop_timeout = "5s"
[workers.command]
command = "exec sleep 1000"
[workers.target]
target = "code:rest"
start_method = "fork"
"""

CODE = """
def rest(ctx):
    ctx.stopping.wait()
"""

PROGRAM = """
import asyncio, json, os, signal, sys, time, types
from pathlib import Path
from supervisor import observing, paths, proctable
from supervisor.engine import Engine
from supervisor.processes import linux
from supervisor.profile.loading import load_profile

def nothing(look):
    return lambda *args: {}

def slow(look):
    def look_slowly(*args):
        time.sleep(0.3)
        return look(*args)
    return look_slowly

def half(look):
    return lambda *args: {pid: entry for pid, entry in look(*args).items() if pid % 2}

async def until(look, what):
    deadline_s = time.monotonic() + 40
    while not look():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.02)

async def main():
    sight = {"nothing": nothing, "slow": slow, "half": half}[sys.argv[2]]
    looks = {name: sight(getattr(proctable, name)) for name in ("look", "look_below")}
    observing.proctable = types.SimpleNamespace(**{**vars(proctable), **looks})
    linux.become_subreaper()
    place = paths.RunPlace("blind", "run", paths.run_directory("blind", "run"), paths.runtime_directory("blind"),
                           paths.spill_directory("blind", "run"))
    engine = Engine(load_profile(Path(sys.argv[1])), place)
    engine.start()
    rows = lambda: {row.name: row for row in engine.fleet().rows}
    await until(lambda: all(row.state == "running" for row in rows().values()), "both to run")
    await asyncio.sleep(2.2)  # two samples
    seen = [row.cpu_percent for row in rows().values()]
    for name in rows():
        os.kill(rows()[name].pid, signal.SIGKILL)
    await until(lambda: all((row.state, row.incarnation) == ("running", 2) for row in rows().values()), "a restart")
    engine.act("restart", ["*"])
    await until(lambda: all((row.state, row.incarnation) == ("running", 3) for row in rows().values()), "another")
    pids = [row.pid for row in rows().values()]
    details = [engine.detail(name).row.name for name in rows()]
    reply = await engine.down(force=False)
    engine.close()
    left = [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    print(json.dumps({"cpu": seen, "left": left, "details": details, "survivors": len(reply.survivors)}))

asyncio.run(main())
"""


@pytest.mark.parametrize("sight", ["nothing", "half", "slow"])
def test_blind_engine_shows_no_figures_and_does_all_the_rest(place: Path, sight: str) -> None:
    """Row 51: figures that cannot be had are left out; starts, restarts, stops and the end hang on none of them."""
    profile = write_profile(place / "p", PROFILE, code=CODE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(profile), sight], capture_output=True, text=True, timeout=110, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert (found["left"], found["survivors"], found["details"]) == ([], 0, ["command", "target"])
    if sight == "nothing":
        assert found["cpu"] == [None, None]
