"""Real workers under a real engine: every kind, every start method, and how each of them ends."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engines import engine_on, is_alive, kill, wait_for, write_profile

METHODS = ["fork", "spawn", "forkserver"]


@pytest.mark.parametrize("method", METHODS)
def test_plain_multiprocessing_function_works_unchanged(place: Path, method: str) -> None:
    """`def worker(q): item = q.get()` written for multiprocessing runs as it is, under each start method."""
    profile = write_profile(
        place / "p",
        f"""
        name = "plain"
        [defaults]
        start_method = "{method}"
        [queues.items]
        [queues.results]
        [workers.produce]
        target = "code:produce"
        writes = {{ q = "items" }}
        restart = "never"
        [workers.consume]
        target = "code:consume"
        reads = {{ q = "items" }}
        restart = "never"
        """,
        code="""
        import os
        def produce(q):
            for number in range(50):
                q.put(number)
            q.put(None)
        def consume(q):
            total = 0
            while True:
                item = q.get()
                if item is None:
                    break
                total += item
            print("total", total)
        """,
    )
    with engine_on(profile) as engine:
        fleet = engine.wait_completed()
        assert {row.name: row.state for row in fleet.rows} == {"produce": "finished", "consume": "finished"}
        assert engine.messages("consume", "stdout") == ["total 1225"]
        assert engine.client.detail("consume").start_method == method


@pytest.mark.parametrize("method", METHODS)
def test_uncaught_exception_is_told_with_its_traceback(place: Path, method: str) -> None:
    """An exception is never silent: a record with the traceback, the cause in the row, the traceback in the detail."""
    profile = write_profile(
        place / "p",
        f"""
        name = "raises"
        [workers.bad]
        target = "code:bad"
        start_method = "{method}"
        restart = "never"
        """,
        code="""
        def bad():
            raise ValueError("bad item")
        """,
    )
    with engine_on(profile) as engine:
        row = engine.wait_state("bad", "failed")
        assert row.exit_cause == "uncaught ValueError: bad item at code.py:3"
        errors = [r for r in engine.records() if r.worker == "bad" and r.level == "ERROR"]
        assert errors[0].exception is not None
        assert "in bad" in errors[0].exception.traceback
        assert "ValueError: bad item" in engine.client.detail("bad").last_traceback


@pytest.mark.parametrize("method", METHODS)
def test_everything_a_worker_says_is_captured(place: Path, method: str) -> None:
    """logging, warnings, ctx.log, print, stderr and the file descriptors themselves all reach the store."""
    profile = write_profile(
        place / "p",
        f"""
        name = "talks"
        [workers.talker]
        target = "code:talk"
        start_method = "{method}"
        """,
        code="""
        import logging, os, sys, warnings
        def talk(ctx):
            logging.getLogger("deep.down").warning("from logging %d", 1)
            ctx.log.info("from ctx")
            warnings.warn("from warnings")
            print("from print")
            print("from stderr", file=sys.stderr)
            os.write(1, b"from the descriptor\\n")
            os.write(1, b"no newline")
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_state("talker", "finished")
        said = {(r.stream, r.level, r.message) for r in engine.records() if r.worker == "talker"}
        assert ("log", "WARNING", "from logging 1") in said
        assert ("log", "INFO", "from ctx") in said
        assert any(s == "log" and lv == "WARNING" and "from warnings" in m for s, lv, m in said)
        assert ("stdout", "INFO", "from print") in said
        assert ("stderr", "WARNING", "from stderr") in said
        assert ("stdout", "INFO", "from the descriptor") in said
        assert ("stdout", "INFO", "no newline") in said


def test_scripts_modules_and_commands_run_like_targets(place: Path) -> None:
    """A script, a module, an argv list and a shell line: each is supervised, its output captured, its end told."""
    profile = write_profile(
        place / "p",
        """
        name = "kinds"
        [defaults]
        restart = "never"
        [workers.script]
        script = "job.py"
        args = ["one", "two"]
        [workers.module]
        module = "job"
        args = ["three"]
        [workers.argv]
        command = ["echo", "from", "argv"]
        [workers.shell]
        command = "echo from $NAME; exit 3"
        env = { NAME = "shell" }
        [workers.missing]
        command = ["no-such-command-here"]
        """,
        job="import sys\nprint(__name__, *sys.argv[1:])\n",
    )
    with engine_on(profile) as engine:
        fleet = engine.wait_completed()
        assert engine.messages("script", "stdout") == ["__main__ one two"]
        assert engine.messages("module", "stdout") == ["__main__ three"]
        assert engine.messages("argv", "stdout") == ["from argv"]
        assert engine.messages("shell", "stdout") == ["from shell"]
        rows = {row.name: row for row in fleet.rows}
        assert (rows["shell"].state, rows["shell"].exit_cause) == ("failed", "exit code 3")
        assert rows["missing"].state == "failed"
        assert "no such command: no-such-command-here" in rows["missing"].exit_cause


@pytest.mark.parametrize("method", METHODS)
def test_target_that_cannot_be_imported_fails_alone(place: Path, method: str) -> None:
    """The failure is that worker's, with the traceback; it is not retried, and the others run on."""
    profile = write_profile(
        place / "p",
        f"""
        name = "imports"
        [defaults]
        start_method = "{method}"
        restart = "always"
        [workers.broken]
        target = "broken:run"
        [workers.missing]
        target = "code:absent"
        [workers.misfit]
        target = "code:takes"
        [workers.fine]
        target = "code:wait"
        """,
        broken="import no_such_module_anywhere\n",
        code="""
        def wait(ctx):
            ctx.stopping.wait()
        def takes(needed):
            pass
        """,
    )
    with engine_on(profile) as engine:
        assert "no_such_module_anywhere" in engine.wait_state("broken", "failed").exit_cause
        assert "absent" in engine.wait_state("missing", "failed").exit_cause
        assert "missing a required argument: 'needed'" in engine.wait_state("misfit", "failed").exit_cause
        assert engine.wait_state("fine", "running").restarts == 0
        assert "ModuleNotFoundError" in engine.client.detail("broken").last_traceback


@pytest.mark.parametrize("method", METHODS)
def test_stop_asked_for_lets_the_worker_finish(place: Path, method: str) -> None:
    """A worker with ctx hears the stop without a signal; one blocked in a queue is woken; `finally` runs."""
    profile = write_profile(
        place / "p",
        f"""
        name = "stops"
        [defaults]
        start_method = "{method}"
        stop_signal_after = "30s"
        stop_timeout = "60s"
        [queues.never]
        [workers.polite]
        target = "code:polite"
        [workers.blocked]
        target = "code:blocked"
        reads = {{ inbox = "never" }}
        [workers.feeder]
        target = "code:polite"
        writes = {{ never = "never" }}
        """,
        code="""
        def polite(ctx, never=None):
            ctx.stopping.wait()
            print("tidied")
        def blocked(inbox):
            try:
                inbox.get()
            finally:
                print("finally")
        """,
    )
    with engine_on(profile) as engine:
        for name in ("polite", "blocked"):
            engine.wait_state(name, "running")
        engine.wait_row("blocked", lambda row: row.activity == "get never", "to wait in get")
        jobs = engine.act("stop", "polite", "blocked")
        assert [job.state for job in jobs] == ["done", "done"]
        assert engine.row("polite").state == "stopped"
        assert engine.messages("polite", "stdout") == ["tidied"]
        assert engine.messages("blocked", "stdout") == ["finally"]


def test_worker_that_ignores_sigterm_is_killed_with_its_tree(place: Path) -> None:
    """SIGKILL at the deadline reaches children and grandchildren, and the setsid escapee too."""
    profile = write_profile(
        place / "p",
        """
        name = "stubborn"
        [workers.w]
        command = "trap '' TERM; (trap '' TERM; sleep 1000) & setsid sleep 1000 & echo ready; while :; do sleep 1; done"
        stop_timeout = "0.3s"
        restart = "never"
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_message("w", "ready")
        row = engine.wait_row("w", lambda row: row.processes >= 4, "to have its tree sampled")
        tree = engine.descendants() - {engine.note.engine_pid}
        assert row.pid in tree
        (job,) = engine.act("stop", "w")
        assert job.state == "done"
        wait_for(lambda: not any(is_alive(pid) for pid in tree), "the whole tree to be gone")
        assert "SIGKILL" in engine.row("w").exit_cause


def test_crash_is_followed_by_the_restart_policy(place: Path) -> None:
    """A killed worker comes back as a new incarnation; a stopped one does not; a finished one only when wished."""
    profile = write_profile(
        place / "p",
        """
        name = "restarts"
        [workers.w]
        target = "code:wait"
        restart = { policy = "on-failure", backoff = "10ms..10ms" }
        """,
        code="def wait(ctx):\n    ctx.stopping.wait()\n",
    )
    with engine_on(profile) as engine:
        first = engine.wait_state("w", "running")
        assert first.pid is not None
        kill(first.pid)
        second = engine.wait_row("w", lambda row: row.incarnation == 2 and row.state == "running", "to be back")
        assert second.restarts == 1
        assert second.exit_cause == "killed by SIGKILL from outside"
        (job,) = engine.act("restart", "w")
        assert job.state == "done"
        assert engine.row("w").incarnation == 3
        (job,) = engine.act("kill", "w")
        assert (job.state, engine.row("w").state) == ("done", "stopped")
        (job,) = engine.act("start", "w")
        assert (job.state, engine.row("w").incarnation) == ("done", 4)


def test_backoff_gives_up_and_says_so(place: Path) -> None:
    """A crash loop ends in FAILED with the count in the log, and a start tries again."""
    profile = write_profile(
        place / "p",
        """
        name = "loops"
        [workers.w]
        command = ["false"]
        restart = { policy = "always", max = 3, within = "60s", backoff = "10ms..20ms" }
        """,
    )
    with engine_on(profile) as engine:
        row = engine.wait_state("w", "failed")
        assert row.incarnation == 4
        gave_up = "gave up: 4 exits within 60 s"
        wait_for(lambda: any(gave_up in text for text in engine.messages("engine")), "it to be told")
        assert len(engine.client.detail("w").exits) == 4


def test_what_a_dead_worker_leaves_behind_is_ended(place: Path) -> None:
    """Children that outlive their worker, double forks included, are found, told and ended."""
    profile = write_profile(
        place / "p",
        """
        name = "leaves"
        [workers.w]
        command = "sleep 1000 & (setsid sleep 1001 &) ; echo left; exit 0"
        restart = "never"
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_state("w", "finished")
        wait_for(lambda: engine.descendants() == {engine.note.engine_pid}, "the leftovers to be gone")


def test_output_dir_environment_and_names_reach_the_worker(place: Path) -> None:
    """Workers know their name, replica, incarnation and output folder; @output and @stdlib are filled in."""
    profile = write_profile(
        place / "p",
        """
        name = "knows"
        result = "@output/out.txt"
        [workers.w]
        target = "code:tell"
        replicas = 2
        args = { library = "@stdlib", out = "@output/out.txt" }
        restart = "never"
        env = { API_TOKEN = "hush", MODE = "test" }
        """,
        code="""
        import os
        def tell(ctx, library, out):
            assert os.path.isfile(os.path.join(library, "os.py"))
            open(out, "a").write("x")
            print(ctx.name, ctx.worker, ctx.replica, ctx.incarnation, os.environ["MODE"])
        """,
    )
    with engine_on(profile) as engine:
        fleet = engine.wait_completed()
        assert engine.messages("w.2", "stdout") == ["w.2 w 2 1 test"]
        assert fleet.outcome.startswith("2 finished. Result: ")
        assert os.path.isfile(fleet.outcome.partition("Result: ")[2])
        assert engine.client.detail("w.1").environment["API_TOKEN"] != "hush"
