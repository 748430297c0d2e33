"""Loguru sinks of real runs: complete at the end, whatever else they do, and changed by a reload."""

from __future__ import annotations

import os
from pathlib import Path

from tests.engines import engine_on, wait_for, write_profile

WORK = """
    def count(ctx):
        for number in range(2000):
            ctx.log.info("%d", number)
        ctx.log.error("done")
"""

PROFILE = """
    name = "sinks"
    [defaults]
    restart = "never"
    [workers.count]
    target = "work:count"
    replicas = 2
    [logs.sinks.all]
    sink = "all.log"
    format = "{worker} {message}"
    [logs.sinks.grave]
    sink = "logs/grave.log"
    format = "{level} {worker} {message}"
    level = "ERROR"
"""
STUCK = """
    [logs.sinks.stuck]
    sink = "pipe"
"""


def test_sinks_have_everything_when_the_engine_is_gone(place: Path) -> None:
    """All records of the run in order, and the graver ones; one that takes nothing delays nobody else."""
    folder = place / "p"
    profile = write_profile(folder, PROFILE + STUCK, work=WORK)
    os.mkfifo(folder / "pipe")
    with engine_on(profile) as engine:
        engine.wait_completed()
        records = engine.records()
    lines = (folder / "all.log").read_text().splitlines()
    stored = [f"{record.worker} {record.message}" for record in records]
    assert lines[: len(stored)] == stored
    for worker in ("count.1", "count.2"):
        assert [line for line in lines if line.startswith(worker)][:2000] == [f"{worker} {n}" for n in range(2000)]
    grave = (folder / "logs" / "grave.log").read_text().splitlines()
    assert sorted(line for line in grave if "count" in line) == ["ERROR count.1 done", "ERROR count.2 done"]


def test_reload_changes_sinks(place: Path) -> None:
    """One more gets the run from its beginning; the helpers are no strays, and none is left."""
    folder = place / "p"
    with engine_on(write_profile(folder, PROFILE, work=WORK)) as engine:
        engine.wait_completed()
        more = (
            PROFILE
            + '    [logs.sinks.more]\n    sink = "more.log"\n    format = "{message}"\n    workers = ["count.1"]\n'
        )
        write_profile(folder, more, work=WORK)
        assert engine.client.reload().is_applied
        wait_for(lambda: (folder / "more.log").exists(), "the new sink's file")
        wait_for(lambda: "done" in (folder / "more.log").read_text(), "the new sink to have the run")
        assert (folder / "more.log").read_text().splitlines() == [*map(str, range(2000)), "done"]
        assert not [event for event in engine.events() if "stray" in event.what or "helper" in event.what]
