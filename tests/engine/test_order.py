"""Real workers in step with each other: dependencies, reverse stops, restart groups, significant workers, recycling."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from supervisor import paths
from tests.engines import engine_on, kill, wait_for, write_profile


def test_dependents_start_when_what_they_need_is_there(place: Path) -> None:
    """completed-ok is waited for, a wait says for whom, and the order can be read in the log."""
    profile = """
    name = "order"
    [workers.migrate]
    command = "until test -e go; do sleep 0.02; done"
    restart = "never"
    [workers.store]
    command = "exec sleep 1000"
    [workers.api]
    command = "exec sleep 1000"
    depends_on = { migrate = "completed-ok", store = "ready" }
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_state("store", "running")
        for_whom = "migrate to complete well (migrate is running)"
        row = engine.wait_row("api", lambda row: row.waits_for == for_whom, "to say for whom it waits")
        assert row.state == "waiting"
        (path.parent / "go").touch()
        engine.wait_state("api", "running")
        wait_for(lambda: "api: starting (incarnation 1)" in engine.messages("engine"), "the start to be told")
        said = engine.messages("engine")
        finished = next(number for number, text in enumerate(said) if text.startswith("migrate: finished"))
        assert finished < said.index("api: starting (incarnation 1)")


def test_failed_dependency_skips_its_dependents_with_the_reason(place: Path) -> None:
    """The chain to its end: nobody waits for ever for what will not come."""
    profile = """
    name = "chain"
    [defaults]
    restart = "never"
    [workers.bad]
    command = "exit 3"
    [workers.second]
    command = "exec sleep 1000"
    depends_on = { bad = "completed-ok" }
    [workers.third]
    command = "exec sleep 1000"
    depends_on = ["second"]
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        fleet = engine.wait_completed()
        assert [row.state for row in fleet.rows] == ["failed", "skipped", "skipped"]
        assert engine.row("second").exit_cause == "bad has failed: exit code 3"
        assert engine.row("third").exit_cause == "second was skipped: bad has failed: exit code 3"
        (job,) = engine.act("start", "second")
        assert (job.state, job.text) == ("failed", "skipped: bad has failed: exit code 3")


def test_log_line_lets_a_dependent_start(place: Path) -> None:
    """A regular expression over what the other worker prints."""
    profile = r"""
    name = "lines"
    [workers.server]
    command = "until test -e go; do sleep 0.02; done; echo listening on port 80; exec sleep 1000"
    [workers.client]
    command = "exec sleep 1000"
    depends_on = { server = { log = 'listening on port \d+' } }
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_state("server", "running")
        row = engine.wait_row("client", lambda row: bool(row.waits_for), "to wait")
        assert row.waits_for == r"server to log /listening on port \d+/ (server is running)"
        (path.parent / "go").touch()
        engine.wait_state("client", "running")


def test_stop_of_everything_goes_in_reverse_order(place: Path) -> None:
    """Who came up last goes down first, and the store outlives its users."""
    profile = """
    name = "reverse"
    [workers.store]
    command = "exec sleep 1000"
    [workers.api]
    command = "trap 'exit 0' TERM; while true; do sleep 0.02; done"
    depends_on = ["store"]
    [workers.web]
    command = "exec sleep 1000"
    depends_on = ["api"]
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        engine.wait_state("web", "running")
        engine.client.down(force=False, timeout_s=60.0)
        said = engine.messages("engine")
        stopped = [text.split(":")[0] for text in said if ": stopped" in text]
        assert stopped == ["web", "api", "store"]


def test_crash_restarts_the_group_as_its_strategy_says(place: Path) -> None:
    """one-for-all restarts all; rest-for-one those after it; others are left alone."""
    profile = """
    name = "groups"
    [workers.a]
    command = "exec sleep 1000"
    [workers.b]
    command = "exec sleep 1000"
    [workers.c]
    command = "exec sleep 1000"
    [workers.alone]
    command = "exec sleep 1000"
    [groups.rest]
    workers = ["a", "b", "c"]
    strategy = "rest-for-one"
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        before = {name: engine.wait_state(name, "running").pid for name in ("a", "b", "c", "alone")}
        assert before["b"] is not None
        kill(before["b"])
        for name in ("b", "c"):
            engine.wait_row(name, lambda row: row.state == "running" and row.incarnation == 2, "to run again")
        after = {name: engine.row(name).pid for name in before}
        assert {name for name in before if before[name] != after[name]} == {"b", "c"}


def test_member_that_fails_for_good_stops_its_group(place: Path) -> None:
    """one-for-all: what cannot do without it does not go on without it."""
    profile = """
    name = "together"
    [workers.a]
    command = "exec sleep 1000"
    [workers.b]
    command = "until test -e go; do sleep 0.02; done; exit 1"
    restart = "never"
    [groups.all]
    workers = ["a", "b"]
    strategy = "one-for-all"
    """
    path = write_profile(place / "p", profile)
    with engine_on(path) as engine:
        engine.wait_state("a", "running")
        (path.parent / "go").touch()
        engine.wait_state("b", "failed")
        engine.wait_state("a", "stopped")


def test_significant_worker_ends_the_run_with_its_exit_code(place: Path) -> None:
    """The headless run ends by itself, stops the others, and has the worker's exit code."""
    profile = """
    name = "significant"
    [workers.main]
    command = "exit 7"
    restart = "never"
    significant = true
    [workers.helper]
    command = "exec sleep 1000"
    """
    path = write_profile(place / "p", profile)
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli.main", "run", str(path), "--headless"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 7, done.stderr
    wait_for(lambda: not paths.is_running("significant"), "the engine to be gone")


def test_old_and_fat_workers_are_recycled_gracefully(place: Path) -> None:
    """max_age and max_memory: a new incarnation without a failure."""
    profile = """
    name = "recycle"
    [workers.old]
    command = "exec sleep 1000"
    max_age = "200ms"
    [workers.fat]
    target = "code:eat"
    max_memory = "150MiB"
    restart = "never"
    """
    code = """
    def eat(ctx):
        if ctx.incarnation == 1:
            food = bytearray(b"x" * (200 * 2**20))
        while not ctx.stopping.wait(60):
            pass
    """
    with engine_on(write_profile(place / "p", profile, code=code)) as engine:
        engine.wait_row("old", lambda row: row.incarnation >= 3, "to be renewed")
        row = engine.wait_row("fat", lambda row: row.incarnation == 2 and row.state == "running", "to be renewed")
        assert row.last_error == ""
        wait_for(lambda: any("max_memory 150 MiB" in text for text in engine.messages("engine")), "it to be told why")


def test_paused_tree_stands_still_and_goes_on(place: Path) -> None:
    """SIGSTOP and SIGCONT to the whole tree; a stop of a paused worker is obeyed."""
    profile = """
    name = "pause"
    [workers.counts]
    command = "while true; do echo tick; sleep 0.05; done"
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        engine.wait_message("counts", "tick")
        (job,) = engine.act("pause", "counts")
        assert job.state == "done"
        assert engine.row("counts").state == "paused"
        stat = Path(f"/proc/{engine.row('counts').pid}/stat")
        wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "T", "its shell to stand still")
        (job,) = engine.act("resume", "counts")
        assert job.state == "done"
        count = len(engine.messages("counts"))
        wait_for(lambda: len(engine.messages("counts")) > count + 2, "it to go on")
        engine.act("pause", "counts")
        (job,) = engine.act("stop", "counts")
        assert job.state == "done"
        assert "SIGKILL" not in job.text


def test_schedule_runs_again_and_again(place: Path) -> None:
    """Between two runs it is SCHEDULED, with the time of the next."""
    profile = """
    name = "beats"
    [workers.tick]
    command = "echo tick"
    schedule = { every = "300ms" }
    """
    with engine_on(write_profile(place / "p", profile)) as engine:
        engine.wait_row("tick", lambda row: row.state == "scheduled" and row.next_step_s is not None, "to be scheduled")
        wait_for(lambda: engine.messages("tick").count("tick") >= 3, "three runs")
        assert engine.fleet().phase == "running"
