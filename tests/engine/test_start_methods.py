"""What goes wrong when a worker starts processes of its own is told with its place and with what to do."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.engines import RunningEngine, engine_on, write_profile

METHODS = ["fork", "spawn", "forkserver"]

CODE = """
import multiprocessing, os, threading, time

def job(*things):
    pass

def forks_with_threads():
    done = threading.Event()
    ticker = threading.Thread(target=done.wait, name="ticker", daemon=True)
    ticker.start()
    for _ in range(3):
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
    process = multiprocessing.get_context("fork").Process(target=job)
    process.start()
    process.join()
    done.set()
    ticker.join()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

def mixes():
    lock = multiprocessing.get_context("fork").Lock()
    multiprocessing.get_context("spawn").Process(target=job, args=(lock,)).start()

def sends_a_closure():
    def inner():
        pass
    multiprocessing.get_context("spawn").Process(target=inner).start()

def sends_a_lock():
    multiprocessing.get_context("forkserver").Process(target=job, args=(threading.Lock(),)).start()

def starts_well():
    for method in ("spawn", "forkserver", "fork"):
        process = multiprocessing.get_context(method).Process(target=job)
        process.start()
        process.join()
        print(method, process.exitcode)
"""

UNGUARDED = """
import multiprocessing

def job():
    pass

process = multiprocessing.get_context("spawn").Process(target=job)
process.start()
process.join()
print("exit code", process.exitcode)
"""

GUARDED = UNGUARDED.replace("process =", 'if __name__ == "__main__":\n  process =').replace("\nprocess", "\n  process")


def profile_of(place: Path, name: str, method: str) -> Path:
    """A worker for each function, and one for each script."""
    functions = ["forks_with_threads", "mixes", "sends_a_closure", "sends_a_lock", "starts_well"]
    tables = [f'[workers.{function}]\ntarget = "code_here:{function}"\n' for function in functions]
    tables += [f'[workers.{script}]\nscript = "{script}.py"\n' for script in ("unguarded", "guarded")]
    tables += ['[workers.as_module]\nmodule = "unguarded"\n']
    head = f'name = "{name}"\n[defaults]\nrestart = "never"\nstart_method = "{method}"\n'
    return write_profile(
        place / "p",
        head + "".join(tables),
        code_here=CODE,
        unguarded=UNGUARDED,
        guarded=GUARDED.replace("print", "  print"),
    )


def line_of(source: str, text: str) -> int:
    """The number of the first line with `text`."""
    return next(number for number, line in enumerate(source.splitlines(), start=1) if text in line)


def warnings_of(engine: RunningEngine, worker: str) -> list[tuple[str, str]]:
    return [(r.place, r.message) for r in engine.records() if (r.worker, r.level) == (worker, "WARNING")]


def advice_of(engine: RunningEngine, worker: str) -> str:
    exceptions = [r.exception for r in engine.records() if r.worker == worker and r.exception is not None]
    assert len(exceptions) == 1, engine.log_text()
    return exceptions[0].advice


@pytest.mark.parametrize("method", METHODS)
def test_dangerous_ways_of_starting_processes_are_explained(place: Path, method: str) -> None:
    """A fork beside threads, mixed start methods, what cannot be pickled, a main file without a guard."""
    with engine_on(profile_of(place, f"starts-{method}", method)) as engine:
        fleet = engine.wait_completed()
        states = {row.name: row.state for row in fleet.rows}

        told = [message for message in warnings_of(engine, "forks_with_threads") if "other threads run" in message[1]]
        forks = [f"code_here.py:{line_of(CODE, text)}" for text in ("pid = os.fork()", "    process.start()")]
        assert [where for where, _ in told] == [f"{fork} forks_with_threads" for fork in forks]
        assert told[0][1].startswith(f"{forks[0]} forks while other threads run (ticker): the child has none of them")

        if sys.version_info >= (3, 11, 5):  # older ones let them be mixed
            assert "of the fork context goes to a process of the spawn context" in advice_of(engine, "mixes")
            assert states["mixes"] == "failed"
        assert "sends_a_closure.<locals>.inner cannot be, because it is" in advice_of(engine, "sends_a_closure")
        assert "a thread's lock cannot be" in advice_of(engine, "sends_a_lock")
        assert {states[name] for name in ("sends_a_closure", "sends_a_lock")} == {"failed"}

        for worker in ("unguarded", "as_module"):
            ((where, text),) = warnings_of(engine, worker)[:1]
            assert where == f"unguarded.py:{line_of(UNGUARDED, 'process.start()')} <module>", text
            assert 'Put the code that starts processes under if __name__ == "__main__":' in text
            assert "exit code 1" in engine.messages(worker, "stdout")
        assert "exit code 0" in engine.messages("guarded", "stdout")
        assert not [text for _, text in warnings_of(engine, "guarded") if "__main__" in text]

        assert engine.messages("starts_well", "stdout") == ["spawn 0", "forkserver 0", "fork 0"]
