"""Pools of a real engine: what clients see of them, and what becomes of what they wish."""

from __future__ import annotations

from pathlib import Path

import pytest

from supervisor.api.pools import PoolDetail, PoolRequest
from supervisor.errors import RequestRefused
from tests.engines import RunningEngine, engine_on, is_alive, wait_for, write_profile

PROFILE = """
name = "pooled"
[defaults]
start_method = "fork"
[pools.hold]
function = "work:hold"
items = 6
processes = 2
chunksize = 1
restart = { backoff = "0.1s" }
[pools.odd]
function = "work:odd"
processes = 1
[workers.code]
target = "work:code"
restart = "never"
"""

WORK = """
import pathlib, time

HERE = pathlib.Path(__file__).parent

def hold(number):
    if number == 5:
        raise ValueError("no fives")
    while not (HERE / "go").exists():
        time.sleep(0.01)
    return number

def odd(number):
    return number % 2

def code(ctx):
    with ctx.pool("odd") as pool:
        assert pool.map(odd, range(5)) == [0, 1, 0, 1, 0]
"""


def _pool(engine: RunningEngine, name: str) -> PoolDetail:
    return engine.client.pool(name)


def _wait_members(engine: RunningEngine, count: int) -> tuple[int, ...]:
    """The processes of the pool ``hold`` once so many have an item in hand."""

    def busy() -> tuple[int, ...]:
        row = _pool(engine, "hold").row
        pids = tuple(member.pid for member in row.report.members if member.state == "busy")
        return pids if row.is_live and len(pids) == count else ()

    return wait_for(busy, f"{count} members to be busy")


def test_pool_is_seen_and_changed_while_it_runs(place: Path) -> None:
    """More members when asked for, also after its process was killed; a killed member is replaced; all is done."""
    profile = write_profile(place / "p", PROFILE, work=WORK)
    with engine_on(profile) as engine:
        _wait_members(engine, 2)
        engine.client.pool_act("hold", "resize", PoolRequest(processes=3))
        first = _wait_members(engine, 3)
        leader = engine.row("hold").pid
        engine.act("kill", "hold")
        assert leader is not None
        wait_for(lambda: not any(map(is_alive, (leader, *first))), "the pool's processes to be gone")
        with pytest.raises(RequestRefused, match="does not run"):
            engine.client.pool_act("hold", "pause")
        engine.act("start", "hold")
        second = _wait_members(engine, 3)
        assert set(first).isdisjoint(second)
        engine.client.pool_act("hold", "kill-member", PoolRequest(pid=second[0]))
        wait_for(lambda: _pool(engine, "hold").row.report.replaced == 1, "the member to be replaced")
        (profile.parent / "go").touch()
        fleet = engine.wait_completed()
        assert engine.row("code").exit_cause == "exit code 0", engine.log_text()
        rows = {pool.name: pool for pool in fleet.pools}
        assert {name: (row.report.state, row.is_live) for name, row in rows.items()} == {
            "hold": ("finished", False),
            "odd@code": ("finished", False),
        }
        detail = _pool(engine, "hold")
        assert detail.row.report.done + detail.row.report.failed == 6
        assert "ValueError: no fives" in {failure.error for failure in detail.failures}
        assert engine.row("hold").progress == (6, 6)
        told = [event.what for event in engine.events("hold")]
        assert "hold: 3 processes asked for, it has 2" in told
        assert any(what.startswith("pool: 3 processes again, as uid ") for what in told)
        assert "pool: a member has died and was replaced" in told


BABBLER = """
import time

def babble(ctx):
    good = {"pool": "words", "state": "running", "total": 10, "done": 4}
    ctx._control.send("pool", report=good)
    for number in range(150):
        while not ctx._control.send("pool", report={**good, "done": "many"}):
            time.sleep(0.01)
    ctx.log.info("has babbled")
    ctx.stopping.wait()
"""


def test_worker_that_says_nonsense_of_pools_is_not_heard_any_more(place: Path) -> None:
    """What it said before stays; it lives on, and is stopped as any worker is."""
    profile = write_profile(place / "p", 'name = "babel"\n[workers.babbler]\ntarget = "work:babble"\n', work=BABBLER)
    with engine_on(profile) as engine:
        event = engine.wait_event(lambda event: "could not be understood" in event.what, "the pipe to be given up")
        assert (event.subject, event.what.split()[0]) == ("babbler", "100")
        assert [(pool.name, pool.report.done) for pool in engine.fleet().pools] == [("words@babbler", 4)]
        engine.act("stop", "babbler")
        assert engine.wait_state("babbler", "stopped").pid is None
