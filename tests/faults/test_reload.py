"""What goes wrong when a running fleet is changed, or wished about too often: rows 42, 43, 44 and 46."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from supervisor import proctable
from supervisor.errors import RequestRefused
from tests.engines import RunningEngine, engine_on, wait_for, write_profile

FLEET = """
name = "fleet"
[workers.a]
command = "exec sleep 1000"
[workers.b]
command = "exec sleep 1000"
"""

BROKEN = {
    "syntax": FLEET + "\n[workers.c\n",
    "unknown key": FLEET + '\n[workers.c]\ncommand = "x"\nrepliccas = 3\n',
    "duplicate name": FLEET + '\n[workers.a]\ncommand = "x"\n',
    "missing secret": FLEET + '\n[workers.c]\ncommand = "x"\nenv_file = "no-such.env"\n',
    "cycle": FLEET.replace("[workers.b]", 'depends_on = ["b"]\n[workers.b]\ndepends_on = ["a"]'),
}


def pids(engine: RunningEngine) -> dict[str, int | None]:
    return {row.name: row.pid for row in engine.fleet().rows}


def is_over(engine: RunningEngine, job_id: int) -> bool:
    return engine.client.job(job_id).state != "running"


def sleepers(engine: RunningEngine) -> int:
    """How many workers have become what their shells execute."""
    entries = [proctable.read_entry(pid) for pid in engine.descendants()]
    return sum(entry is not None and entry.name == "sleep" for entry in entries)


def all_running(engine: RunningEngine) -> bool:
    return all(row.state == "running" for row in engine.fleet().rows)


def test_bad_profile_is_refused_as_a_whole(place: Path) -> None:
    """Row 42: every kind of mistake is told with file and line; the old profile stays, nothing is stopped."""
    path = write_profile(place / "p", FLEET)
    with engine_on(path) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        before = pids(engine)
        for what, text in BROKEN.items():
            path.write_text(text)
            with pytest.raises(RequestRefused) as refused:
                engine.client.reload(dry_run=False)
            assert f"{path}:" in str(refused.value), what
            assert pids(engine) == before, what


def test_reload_in_every_state_and_two_at_once(place: Path) -> None:
    """Row 43: workers that start, stop or wait to be restarted take the new table; two reloads do not mix."""
    text = """
    name = "states"
    [workers.starting]
    command = "exec sleep 1000"
    ready = { tcp = 1 }
    [workers.stopping]
    command = "trap '' TERM; echo armed; while true; do sleep 0.05; done"
    stop_timeout = "20s"
    [workers.waiting]
    command = "exit 1"
    restart = { policy = "always", max = 100, backoff = "20s" }
    """
    path = write_profile(place / "p", text)
    with engine_on(path) as engine:
        engine.wait_state("starting", "unready")
        engine.wait_state("waiting", "backoff")
        engine.wait_message("stopping", "armed")
        engine.client.act("stop", ("stopping",))
        new = text.replace("ready = { tcp = 1 }", "").replace("exit 1", "exec sleep 1000")
        write_profile(place / "p", new.replace('"20s"\n', '"1s"\n'))
        with ThreadPoolExecutor(2) as both:
            replies = list(both.map(lambda _: engine.client.reload(dry_run=False), range(2)))
        assert sorted(reply.is_applied for reply in replies) == [False, True], "the second has nothing left to do"
        engine.wait_state("waiting", "running")
        (job,) = engine.act("restart", "starting")
        assert job.state == "done"
        assert engine.row("stopping").state == "stopping"
        engine.client.down(force=True, timeout_s=30.0)


def test_shutdown_wins_over_a_reload(place: Path) -> None:
    """Row 43: while everything is being stopped, nothing is reloaded, scaled or started."""
    text = FLEET.replace("exec sleep 1000", "trap '' TERM; echo armed; while true; do sleep 0.05; done", 1)
    text = text.replace("[workers.a]", '[workers.a]\nstop_timeout = "1000s"')
    path = write_profile(place / "p", text)
    with engine_on(path) as engine:
        wait_for(lambda: all_running(engine), "all to run")
        engine.wait_message("a", "armed")
        with ThreadPoolExecutor(1) as other:
            ending = other.submit(engine.client.down, force=False, timeout_s=60.0)
            wait_for(lambda: engine.fleet().phase == "stopping", "the end to begin")
            for wish in (
                lambda: engine.client.reload(dry_run=False),
                lambda: engine.client.scale("b", 2),
                lambda: engine.client.act("start", ("b",)),
            ):
                with pytest.raises(RequestRefused, match="everything is being stopped"):
                    wish()
            engine.client.down(force=True, timeout_s=60.0)
            assert ending.result(60).survivors == ()


def test_wishes_are_idempotent_and_coalesced(place: Path) -> None:
    """Row 44: fifty restarts are a few, a stop in BACKOFF is at once, a stop of what is dying joins it."""
    text = (
        FLEET
        + """
[workers.crashes]
command = "exit 1"
restart = { policy = "always", max = 100, backoff = "30s" }
"""
    )
    with engine_on(write_profile(place / "p", text)) as engine:
        engine.wait_state("crashes", "backoff")
        wait_for(lambda: engine.row("a").state == "running", "a to run")
        (job,) = engine.act("stop", "crashes")
        assert (job.state, engine.row("crashes").state) == ("done", "stopped")
        with ThreadPoolExecutor(10) as many:
            jobs = list(many.map(lambda _: engine.client.act("restart", ("a",)), range(50)))
        for (wished,) in jobs:
            wait_for(partial(is_over, engine, wished.id), "the restart to end")
        row = engine.wait_state("a", "running")
        assert row.incarnation <= 51
        wait_for(lambda: sleepers(engine) == 2, "one of each")
        for _ in range(2):
            (job,) = engine.act("stop", "b")
            assert job.state == "done"


def test_readiness_that_never_comes_names_what_is_missing(place: Path) -> None:
    """Row 46: the start times out, the cause has the missing signal, dependents are not started."""
    profile = """
    name = "never"
    [workers.server]
    command = "exec sleep 1000"
    ready = { tcp = "127.0.0.1:1", interval = "50ms" }
    start_timeout = "1s"
    restart = "never"
    [workers.client]
    command = "exec sleep 1000"
    depends_on = ["server"]
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        row = engine.wait_state("server", "failed")
        assert "waits for ready: tcp 127.0.0.1:1 (" in row.exit_cause
        skipped = engine.wait_state("client", "skipped")
        assert "tcp 127.0.0.1:1" in skipped.exit_cause
        assert skipped.incarnation == 0
