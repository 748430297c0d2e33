"""The wall clock is set while workers run: row 41 of the fault matrix, through the clock that the engine is given.

The engine runs in a process of its own, with real workers; only what its clock says of the wall is made up.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from supervisor.clock import WALL_JUMP_S, WallWatch
from tests.engines import write_profile
from tests.faults.lines import ROOT

PROFILE = """
name = "clock"
[workers.steady]
command = "exec sleep 1000"
[workers.waiting]
command = "exit 1"
restart = { policy = "always", max = 100, backoff = "1000s" }
[workers.checked]
target = "code:beat"
start_method = "fork"
alive = { heartbeat = "1000s" }
[workers.hourly]
command = "true"
schedule = { every = "1000s" }
"""

CODE = """
def beat(ctx):
    while not ctx.stopping.wait(0.1):
        ctx.heartbeat()
"""

PROGRAM = """
import asyncio, json, sys, time
from pathlib import Path
from supervisor import paths
from supervisor.engine import Engine
from supervisor.profile.loading import load_profile

JUMPS_S = (-3600.0, 86400.0)

class Clock:
    ahead_s = 0.0
    def monotonic_s(self):
        return time.monotonic()
    def wall_s(self):
        return time.time() + self.ahead_s

async def until(look, what):
    deadline_s = time.monotonic() + 40
    while not look():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.02)

def rows(engine):
    return {row.name: row for row in engine.fleet().rows}

def told(engine):
    return [event for event in engine.events(0, 1000).events if "the wall clock" in event.what]

async def main():
    clock = Clock()
    place = paths.RunPlace("clock", "run", paths.run_directory("clock", "run"), paths.runtime_directory("clock"),
                           paths.spill_directory("clock", "run"))
    engine = Engine(load_profile(Path(sys.argv[1])), place, clock=clock)
    engine.start()
    wanted = {"steady": "running", "waiting": "backoff", "checked": "running"}
    await until(lambda: all(rows(engine)[name].state == state for name, state in wanted.items()), "all to be up")
    lives = {name: (row.pid, row.incarnation, row.state, row.next_step_s) for name, row in rows(engine).items()}
    uptimes = []
    for number, jump_s in enumerate(JUMPS_S):
        clock.ahead_s += jump_s
        await until(lambda: len(told(engine)) > number, "the jump to be told")
        await asyncio.sleep(1.1)  # two more ticks, in which something could be done about it
        row = rows(engine)["steady"]
        uptimes.append(engine.fleet().now_s - row.started_s)
    after = {name: (row.pid, row.incarnation, row.state, row.next_step_s) for name, row in rows(engine).items()}
    engine.act("restart", ["steady"])
    await until(lambda: (rows(engine)["steady"].incarnation, rows(engine)["steady"].state) == (2, "running"), "restart")
    events = engine.events(0, 1000).events
    reply = await engine.down(force=True)
    engine.close()
    print(json.dumps({
        "is_same": lives == after,
        "told": [event.what for event in told(engine)],
        "uptimes": uptimes,
        "cursors": [event.cursor for event in events],
        "times": [event.at for event in events],
        "survivors": len(reply.survivors),
    }))

asyncio.run(main())
"""


@pytest.fixture
def found(place: Path) -> dict[str, Any]:
    """What a run found in which the clock was set back by an hour, then ahead by a day."""
    profile = write_profile(place / "p", PROFILE, code=CODE)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(profile)], capture_output=True, text=True, timeout=110, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_setting_the_clock_changes_nothing_but_the_times(found: dict[str, Any]) -> None:
    """Row 41: nobody is killed, restarted or started early, uptimes stay, the jumps are told, cursors order events."""
    assert found["is_same"]
    assert found["survivors"] == 0
    assert all(0 < uptime_s < 1000 for uptime_s in found["uptimes"])
    assert ["-3,600 s" in found["told"][0], "+86,400 s" in found["told"][1]] == [True, True]
    assert len(found["told"]) == 2
    assert found["cursors"] == sorted(found["cursors"])
    assert found["times"] != sorted(found["times"])


class StandingClock:
    def __init__(self) -> None:
        self.now_s, self.wall_now_s = 100.0, 1_000_000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall_s(self) -> float:
        return self.wall_now_s


def test_clock_that_runs_a_little_fast_is_no_news() -> None:
    """Row 41: only a jump is told, and each once; a machine that slept is one."""
    clock = StandingClock()
    watch = WallWatch(clock)
    for _ in range(100):
        clock.now_s += 1.0
        clock.wall_now_s += 1.0 + WALL_JUMP_S / 2
        assert watch.look() == ""
    clock.now_s += 1.0
    clock.wall_now_s += 3601.0
    assert "+3,600 s" in watch.look()
    assert watch.look() == ""
