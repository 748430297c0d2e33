"""What a worker finds around it: interpreter, search path, channels, and what the engine sees of it."""

from __future__ import annotations

import os
import signal
import sys
from importlib import metadata
from pathlib import Path

import pytest

from supervisor.errors import ProcdeckError
from supervisor.namesakes import refuse_namesakes
from tests.engines import engine_on, wait_for, write_profile

BASE_PYTHON = Path(sys.base_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
"""The interpreter that the tests' environment was made from; procdeck is not installed there."""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_worker_runs_under_an_interpreter_without_procdeck(place: Path, method: str) -> None:
    """The agent and the channels need the standard library only; a wished fork is explained as impossible."""
    profile = write_profile(
        place / "p",
        f"""
        name = "bare"
        [queues.q]
        [workers.produce]
        target = "code:produce"
        writes = {{ out = "q" }}
        [workers.consume]
        target = "code:consume"
        python = "{BASE_PYTHON}"
        start_method = "{method}"
        reads = {{ inbox = "q" }}
        """,
        code="""
        def produce(out):
            out.put("item")
        def consume(inbox, ctx):
            import importlib.util, sys
            foreign = [name for name in ("msgspec", "pydantic", "psutil", "aiohttp") if name in sys.modules]
            visible = importlib.util.find_spec("tui") is not None
            ctx.log.info("%s foreign=%s tui=%s %s", list(inbox), foreign, visible, sys.prefix)
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_completed()
        assert engine.messages("consume", "log") == [f"['item'] foreign=[] tui=False {sys.base_prefix}"]
        detail = engine.client.detail("consume")
        assert detail.start_method == ("spawn" if method == "fork" else method)
        assert ("cannot become" in detail.start_method_reason) == (method == "fork")


def test_pipes_connect_two_workers_and_end_with_the_writer(place: Path) -> None:
    """A pipe outlives a restart of its reader, and its reader sees EOF once the writer has finished."""
    profile = write_profile(
        place / "p",
        """
        name = "piped"
        [pipes.line]
        [workers.teller]
        target = "code:tell"
        writes = { out = "line" }
        [workers.hearer]
        target = "code:hear"
        reads = { inbox = "line" }
        """,
        code="""
        def tell(out):
            for number in range(5):
                out.send({"number": number, "big": "x" * 300_000 if number == 3 else ""})
        def hear(inbox):
            while True:
                try:
                    item = inbox.recv()
                except EOFError:
                    print("eof")
                    return
                print(item["number"], len(item["big"]))
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_completed()
        assert engine.messages("hearer", "stdout") == ["0 0", "1 0", "2 0", "3 300000", "4 0", "eof"]


def test_silent_worker_is_warned_about_and_idle_one_is_not(place: Path) -> None:
    """A heartbeat that is late while busy is a warning; waiting in a queue is not."""
    profile = write_profile(
        place / "p",
        """
        name = "silent"
        [queues.never]
        [workers.busy]
        target = "code:busy"
        heartbeat = "0.5s"
        [workers.idle]
        target = "code:idle"
        heartbeat = "0.5s"
        reads = { inbox = "never" }
        [workers.writer]
        target = "code:lively"
        heartbeat = "2s"
        writes = { out = "never" }
        """,
        code="""
        import time
        def busy(ctx):
            ctx.progress(3, 10, "the third")
            time.sleep(1000)
        def idle(inbox):
            inbox.get()
        def lively(out, ctx):
            while not ctx.stopping.wait(0.05):
                ctx.heartbeat()
        """,
    )
    with engine_on(profile) as engine:
        row = engine.wait_row("busy", lambda row: bool(row.warnings), "to be warned about")
        assert row.warnings[0].startswith("no heartbeat for ")
        assert (row.progress, row.activity) == ((3, 10), "the third")
        # A busy machine may have kept either of them from beginning in time; then the warning goes.
        engine.wait_row("idle", lambda row: row.activity == "get never" and not row.warnings, "to wait unwarned")
        engine.wait_row("writer", lambda row: row.state == "running" and not row.warnings, "to be unwarned")


def test_paused_worker_is_shown_and_still_stops(place: Path) -> None:
    """SIGSTOP is told as a pause; a stop sends SIGCONT too, so the worker can obey."""
    profile = write_profile(place / "p", 'name = "paused"\n[workers.w]\ncommand = "sleep 1000"\nstop_timeout = "20s"\n')
    with engine_on(profile) as engine:
        pid = engine.wait_state("w", "running").pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        engine.wait_row("w", lambda row: any("paused" in text for text in row.warnings), "to be shown as paused")
        (job,) = engine.act("stop", "w")
        assert (job.state, engine.row("w").exit_cause) == ("done", "ended by SIGTERM")


def test_logging_of_a_workers_own_children_reaches_the_log(place: Path) -> None:
    """A process that the target forks writes to the same lane, with its pid."""
    profile = write_profile(
        place / "p",
        'name = "forks"\n[workers.w]\ntarget = "code:w"\nstart_method = "spawn"\n',
        code="""
        import logging, multiprocessing
        def child(number):
            logging.getLogger("child").warning("child %d", number)
            print("printed", number)
        def w():
            context = multiprocessing.get_context("fork")
            children = [context.Process(target=child, args=(n,)) for n in range(3)]
            for c in children: c.start()
            for c in children: c.join()
            logging.getLogger("parent").warning("all %s", [c.exitcode for c in children])
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_state("w", "finished")
        records = [r for r in engine.records() if r.worker == "w"]
        assert sorted(r.message for r in records if r.stream == "log") == [
            "all [0, 0, 0]",
            "child 0",
            "child 1",
            "child 2",
        ]
        assert all(r.pid for r in records if r.message.startswith("child"))
        assert sorted(r.message for r in records if r.stream == "stdout") == ["printed 0", "printed 1", "printed 2"]


def test_python_path_cwd_and_preload_are_honoured(place: Path) -> None:
    """Modules on python_path are found, the worker runs in its cwd, and preloaded modules are there already."""
    library = place / "library"
    library.mkdir()
    (library / "helper.py").write_text("import os\nLOADED_BY = os.getpid()\n")
    (place / "elsewhere").mkdir()
    profile = write_profile(
        place / "p",
        f"""
        name = "paths"
        [workers.w]
        target = "code:w"
        python_path = ["{library}"]
        preload = ["helper"]
        cwd = "{place / "elsewhere"}"
        """,
        code="""
        import os
        def w():
            import helper
            print(os.path.basename(os.getcwd()), helper.LOADED_BY != os.getpid())
        """,
    )
    with engine_on(profile) as engine:
        engine.wait_state("w", "finished")
        assert engine.messages("w", "stdout") == ["elsewhere True"]


def test_module_that_cannot_be_preloaded_is_told_and_the_worker_runs(place: Path) -> None:
    """A preload is a wish, not a condition."""
    profile = write_profile(
        place / "p",
        'name = "preloads"\n[workers.w]\ntarget = "code:w"\npreload = ["no_such_module"]\n',
        code="def w():\n    print('ran')\n",
    )
    with engine_on(profile) as engine:
        engine.wait_state("w", "finished")
        wait_for(
            lambda: any("cannot preload no_such_module" in text for text in engine.messages("engine")),
            "the engine's word",
        )


def test_ignored_and_blocked_signals_are_not_inherited(place: Path) -> None:
    """An engine that nohup or a shell's background has started gives its workers the signals that they expect."""
    profile = write_profile(
        place / "p", 'name = "signals"\n[workers.w]\ncommand = "grep -E \'Sig(Blk|Ign)\' /proc/self/status"\n'
    )
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        with engine_on(profile) as engine:
            engine.wait_state("w", "finished")
            told = dict(line.split(":\t") for line in engine.messages("w", "stdout"))
            ours = sum(1 << number - 1 for number in signal.valid_signals())  # the C library keeps two for itself
            assert {name: int(bits, 16) & ours for name, bits in told.items()} == {"SigBlk": 0, "SigIgn": 0}
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        for number, handler in before.items():
            signal.signal(number, handler)


def test_namesake_distribution_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyPI's supervisor has our import name; which one Python imports would be chance."""
    refuse_namesakes()
    monkeypatch.setattr(metadata, "version", lambda name: "4.3.0")
    with pytest.raises(ProcdeckError, match="pip uninstall supervisor"):
        refuse_namesakes()
