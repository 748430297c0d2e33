"""What real workers say on every way there is, until their end: it is in the store, once, with who said it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.engines import RunningEngine, engine_on, wait_for, write_profile

WORK = """
    import logging, multiprocessing, os, sys, threading, warnings

    def hang():
        print("hangs", flush=True)
        threading.Event().wait()

    def crash():
        import ctypes
        ctypes.string_at(0)

    def chain(item="ast.py"):
        token = "hunter2hunter2"
        try:
            int(item)
        except ValueError as error:
            raise RuntimeError("cannot parse") from error

    def below(name):
        logging.getLogger("below").warning("from %s", name)
        print("printed by", name, flush=True)

    def family(ctx):
        pid = os.fork()
        if not pid:
            below("fork")
            os._exit(0)
        os.waitpid(pid, 0)
        child = multiprocessing.get_context("fork").Process(target=below, args=("Process",))
        child.start(); child.join()
        ctx.log.bind(file="ast.py").info("pids %d %d", pid, child.pid)

    def hooked():
        def report(kind, error, trace):
            print("reported", kind.__name__, flush=True)
        sys.excepthook = report
        warnings.warn("odd")
        raise KeyError("x")
"""

SCRIPT = """
    import logging
    logging.basicConfig(level=logging.DEBUG, format="%(levelname)s:%(message)s")
    logging.debug("debug")
    print("no newline", end="")
"""

PROFILE = """
    name = "words"
    [defaults]
    restart = "never"
    [workers.hang]
    target = "work:hang"
    [workers.crash]
    target = "work:crash"
    [workers.chain]
    target = "work:chain"
    traceback_locals = true
    [workers.family]
    target = "work:family"
    start_method = "START"
    [workers.hooked]
    target = "work:hooked"
    [workers.script]
    script = "job.py"
"""


def stderr_of(engine: RunningEngine, worker: str) -> str:
    return "\n".join(engine.messages(worker, "stderr"))


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_everything_that_workers_say_is_in_the_store(place: Path, method: str) -> None:
    """Stacks of a worker that hangs or crashes, chains with locals, forked children, hooks, scripts."""
    profile = PROFILE.replace('"START"', f'"{method}"').replace("[defaults]", f'[defaults]\nstart_method = "{method}"')
    with engine_on(write_profile(place / "p", profile, work=WORK, job=SCRIPT)) as engine:
        engine.wait_message("hang", "hangs")
        engine.client.signal(["hang"], "ABRT")
        engine.wait_completed()

        assert "Fatal Python error: Aborted" in stderr_of(engine, "hang")
        assert "work.py" in stderr_of(engine, "hang")
        assert " in hang" in stderr_of(engine, "hang")
        assert "SIGABRT" in engine.row("hang").exit_cause
        assert "Fatal Python error: Segmentation fault" in stderr_of(engine, "crash")
        assert engine.row("crash").exit_code == -signal.SIGSEGV

        records = engine.records()
        [chain] = [r for r in records if r.worker == "chain" and r.exception is not None]
        assert chain.exception is not None
        for shown in ("ValueError: invalid literal", "direct cause", "    item = 'ast.py'", "    token = ••••••"):
            assert shown in chain.exception.traceback
        assert chain.exception.traceback.count("hunter2") == chain.exception.traceback.count('token = "hunter2hunter2"')

        said = [r for r in records if r.worker == "family" and r.stream == "log"]
        assert [r.message for r in said[:2]] == ["from fork", "from Process"]
        assert said[2].extra == {"file": "ast.py"}
        assert said[2].message == f"pids {said[0].pid} {said[1].pid}"
        assert engine.messages("family", "stdout") == ["printed by fork", "printed by Process"]

        hooked = [r for r in records if r.worker == "hooked" and r.stream in ("log", "stdout")]
        assert [r.message.partition(" in ")[0] for r in hooked if "odd" not in r.message] == [
            "uncaught KeyError",
            "reported KeyError",
        ]
        script = [(r.stream, r.level, r.message) for r in records if r.worker == "script"]
        assert sorted(script) == [("log", "DEBUG", "debug"), ("stdout", "INFO", "no newline")]
        wait_for(lambda: engine.fleet().phase == "completed", "the end")
