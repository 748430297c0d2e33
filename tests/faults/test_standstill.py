"""Somebody stands still, or cannot be looked at: rows 16, 17, 35 and 51."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from supervisor.diagnose.metrics import Sampler
from supervisor.lifecycle.events import Launched, ReportedRunning, WishStart
from supervisor.lifecycle.machine import step
from supervisor.processes.stalls import STALL_S
from supervisor.profile.loading import load_profile
from supervisor.replica import Replica
from tests.engines import engine_on, is_alive, kill, wait_for, write_profile
from tests.faults.oracle import unharmed


def test_next_engine_finds_nothing_to_adopt_and_runs_one_copy(place: Path) -> None:
    """Row 16: nothing here survives its engine, so nothing has to be adopted: a new engine starts one copy of each."""
    path = write_profile(place / "p", 'name = "again"\n[workers.w]\ncommand = "exec sleep 1000"\n')
    with engine_on(path) as engine:
        first = engine.wait_state("w", "running").pid
        assert first is not None
        kill(engine.note.engine_pid)
        wait_for(lambda: not is_alive(first) and not is_alive(engine.note.guardian_pid), "everything to end")
    with engine_on(path) as engine:
        second = engine.wait_state("w", "running")
        assert (second.incarnation, is_alive(first)) == (1, False)


def test_engine_that_was_stopped_blames_nobody_for_it(place: Path) -> None:
    """Row 17: SIGSTOP of the engine for longer than every deadline; nobody is killed, restarted or called hung."""
    profile = """
    name = "still"
    [workers.beats]
    target = "code:beat"
    alive = { heartbeat = "4s" }
    ready = { heartbeat = true }
    [workers.probed]
    command = "exec sleep 1000"
    alive = { exec = "true", interval = "100ms", timeout = "4s", failures = 1 }
    """
    code = """
    def beat(ctx):
        while not ctx.stopping.wait(0.1):
            ctx.heartbeat()
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        for name in ("beats", "probed"):
            engine.wait_state(name, "running")
        with unharmed(engine, "beats", "probed", spare_files=4):
            os.kill(engine.note.engine_pid, signal.SIGSTOP)
            try:
                until_s = time.monotonic() + STALL_S + 2.5
                while time.monotonic() < until_s:  # the fault itself takes this long
                    time.sleep(0.1)
            finally:
                os.kill(engine.note.engine_pid, signal.SIGCONT)
            wait_for(lambda: any("stood still" in text for text in engine.messages("engine")), "it to be told")


def test_reader_that_stops_reading_is_seen_and_delays_nobody_else(place: Path) -> None:
    """Row 35: a full queue shows its depth and who waits; the engine answers; it flows again with the reader."""
    profile = """
    name = "full"
    [queues.work]
    maxsize = 3
    [workers.make]
    target = "code:make"
    writes = { out = "work" }
    [workers.take]
    target = "code:take"
    reads = { inbox = "work" }
    [workers.other]
    command = "exec sleep 1000"
    """
    code = """
    def make(out):
        number = 0
        while True:
            out.put(number)
            number += 1
    def take(inbox):
        for item in inbox:
            pass
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        for name in ("make", "take"):
            engine.wait_state(name, "running")
        with unharmed(engine, "other", "make", spare_files=2):
            engine.act("pause", "take")
            wait_for(lambda: engine.row("make").activity == "put work", "the writer to wait")
            # Stopped in the midst of a get(), the reader has an item and has not given its place back: two wait then.
            wait_for(lambda: (engine.channel("work").depth or 0) >= 2, "the depth to be shown")
            got = engine.channel("work").got_total
            engine.act("resume", "take")
            wait_for(lambda: engine.channel("work").got_total > got + 100, "it to flow again")


def test_process_that_cannot_be_looked_at_has_no_figures_and_lives_on(place: Path) -> None:
    """Row 51, at the seam: an empty process table (hidepid, vanished) leaves figures open and the life as it is."""
    profile = load_profile(write_profile(place / "p", 'name = "n"\n[workers.w]\ncommand = "true"\n'))
    replica = Replica(profile.workers["w"], 1)
    for event in (WishStart(1.0), Launched(1.1, 1, 4711), ReportedRunning(1.2, 1)):
        replica.life, _ = step(replica.life, event)
    samples = Sampler().sample([4711], {}, 2.0)
    replica.observe(samples.get(4711))
    row = replica.row(2.0)
    assert (row.state, row.cpu_percent, row.rss_bytes) == ("running", None, None)
