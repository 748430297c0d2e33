"""Profiles that run one after another, in a process of their own as the command line starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from supervisor.errors import ProcdeckError
from supervisor.processes.foreground import ENTRY, run_in_foreground
from supervisor.processes.foreground_plans import sequential_plan
from supervisor.processes.linux import memory_file
from supervisor.profile.loading import load_profile
from tests.engines import PATIENCE_S, write_profile


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has come to."""

    code: int
    out: str
    err: str
    output: Path

    def said(self) -> list[str]:
        """What was said of workers, a line each."""
        return [line for line in self.err.splitlines() if ": " in line and not line.startswith(" ")]


Run = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run a profile to its end."""

    def go(profile: str, **modules: str) -> Outcome:
        path = write_profile(tmp_path / "p", profile, **modules)
        output = tmp_path / "output"
        output.mkdir(exist_ok=True)
        capfd.readouterr()
        code = run_in_foreground(sequential_plan(load_profile(path), output))
        out, err = capfd.readouterr()
        return Outcome(code, out, err, output)

    return go


PIPELINE = """
name = "line"
[queues.numbers]
[queues.squares]
[values.total]
type = "q"
[workers.sum]
target = "code:add"
reads = { inbox = "squares" }
[workers.square]
target = "code:square"
replicas = 2
reads = { inbox = "numbers" }
writes = { out = "squares" }
shares = { total = "total" }
[workers.count]
target = "code:count"
args = { upto = 4 }
writes = { out = "numbers" }
"""
CODE = """
import os
def count(upto, out, ctx):
    ctx.log.info("counting", extra={"upto": upto})
    for number in range(upto):
        out.put(number)
def square(inbox, out, total, ctx):
    print(ctx.name, os.environ["PROCDECK_WORKER"])
    for number in inbox:
        with total.get_lock():
            total.value += 1
        out.put(number * number)
    print("squared", total.value)
def add(inbox):
    print("sum", sum(inbox))
"""


def test_pipeline_runs_from_its_source_to_its_sink(run: Run) -> None:
    """Each to its end, the first replica with all the items; twice the same words."""
    first, second = run(PIPELINE, code=CODE), run(PIPELINE, code=CODE)
    assert first.code == 0
    assert first.out == "square.1 square.1\nsquared 4\nsquare.2 square.2\nsquared 4\nsum 14\n"
    assert first.said() == [
        "count: finished, 4 items into numbers",
        "square.1: finished, 4 items from numbers, 4 items into squares",
        "square.2: finished, 0 items from numbers, 0 items into squares",
        "sum: finished, 4 items from squares",
    ]
    assert "count  INFO     counting  upto=4" in first.err
    assert (first.out, first.err) == (second.out, second.err)


def test_failed_worker_is_told_and_the_others_go_on(run: Run) -> None:
    """Its traceback begins in its own code; the exit code is that of the first that failed."""
    code = CODE.replace("out.put(number * number)", "out.put(1 // (number - 2))")
    outcome = run(PIPELINE.replace("replicas = 2", ""), code=code)
    assert outcome.code == 1
    assert "Traceback (most recent call last):\n  File " in outcome.err
    assert "supervisor" not in outcome.err.partition("Traceback")[2].partition("ZeroDivisionError")[0]
    said = [line for line in outcome.said() if line.startswith("square: failed")]
    assert said[0].startswith("square: failed: ZeroDivisionError: integer division or modulo by zero at code.py:")
    assert said[0].endswith("; 3 items from numbers, 2 items into squares")
    assert outcome.out.endswith("sum -2\n")
    assert "left over: 2 items in numbers" in outcome.err


def test_what_cannot_cross_to_a_process_fails_here_too(run: Run) -> None:
    """A lambda in a queue is the writer's mistake."""
    outcome = run(PIPELINE, code=CODE.replace("out.put(number)", "out.put(lambda: number)"))
    assert outcome.code == 1
    (said,) = [line for line in outcome.said() if line.startswith("count: failed: ")]
    assert "lambda" in said


def test_programs_run_to_their_end_and_services_do_not_run(run: Run) -> None:
    """A command, a script and a module as processes; what never ends is skipped with a word."""
    outcome = run(
        """
        name = "mixed"
        [workers.shell]
        command = "echo from the shell; exit 3"
        success_exit_codes = [3]
        [workers.script]
        script = "job.py"
        args = ["--loud"]
        [workers.module]
        module = "job"
        [workers.server]
        command = "sleep 1000"
        restart = "always"
        [workers.later]
        command = "sleep 1000"
        autostart = false
        """,
        job="import sys; print('job', *sys.argv[1:])",
    )
    assert outcome.code == 0
    assert outcome.out == "from the shell\njob --loud\njob\n"
    assert 'server: skipped: it never ends by itself (restart = "always")' in outcome.err
    assert "later: skipped: it waits until somebody starts it (autostart = false)" in outcome.err


def test_wait_for_whoever_comes_later_is_an_error(run: Run) -> None:
    """It says who waits for whom, where, and what to use instead; the others have their turns."""
    outcome = run(
        """
        name = "early"
        [events.ready]
        [workers.first]
        target = "code:first"
        shares = { ready = "ready" }
        [workers.second]
        target = "code:second"
        shares = { ready = "ready" }
        """,
        code="def first(ready):\n    ready.wait()\n\ndef second(ready):\n    ready.set()\n",
    )
    assert outcome.code == 1
    first, second = outcome.said()
    assert first == (
        "first: failed: first waits in wait() of event ready, which nobody has set (second: their turn comes later), "
        "at code.py:2; at the same time they can run with `procdeck run PROFILE --simulate`"
    )
    assert second == "second: finished"


def test_ring_of_workers_is_refused_before_anything_runs(tmp_path: Path) -> None:
    """With each link of it, and what to use instead."""
    path = write_profile(
        tmp_path,
        """
        name = "ring"
        [queues.there]
        [queues.back]
        [workers.a]
        target = "code:a"
        reads = { inbox = "back" }
        writes = { out = "there" }
        [workers.b]
        target = "code:b"
        reads = { inbox = "there" }
        writes = { out = "back" }
        """,
        code="def a(inbox, out): ...\ndef b(inbox, out): ...\n",
    )
    with pytest.raises(ProcdeckError, match="a reads back, which b writes; b reads there, which a writes") as caught:
        sequential_plan(load_profile(path), tmp_path)
    assert "procdeck run PROFILE --simulate" in str(caught.value)


def test_pool_does_its_items_in_order_and_writes_what_a_real_one_does(run: Run) -> None:
    """Results, errors beside them, retries, callbacks; an item that fails costs no other."""
    outcome = run(
        """
        name = "pooled"
        [queues.doubled]
        [pools.double]
        function = "code:double"
        items = ["a", "b", "c"]
        retries = 1
        results = "@output/doubled.ndjson"
        on_result = "code:good"
        on_error = "code:bad"
        on_complete = "code:over"
        """,
        code="""
        tries = []
        def double(item):
            tries.append(item)
            if item == "b":
                raise ValueError("no b")
            return item * 2
        def good(result):
            print("good", result)
        def bad(item, error):
            print("bad", item, error, tries.count("b"))
        def over(summary):
            print(summary["done"], summary["failed"], summary["retried"], summary["total"])
        """,
    )
    assert outcome.code == 0
    assert outcome.out == "good aa\nbad b no b 2\ngood cc\n2 1 1 3\n"
    lines = [json.loads(line) for line in (outcome.output / "doubled.ndjson").read_text().splitlines()]
    assert [(line["index"], line["result"]) for line in lines] == [(0, "aa"), (2, "cc")]
    (error,) = map(json.loads, (outcome.output / "doubled.errors.ndjson").read_text().splitlines())
    assert (error["index"], error["error"], error["attempts"]) == (1, "ValueError: no b", 2)


def test_pool_in_code_has_its_names_without_members(run: Run) -> None:
    """`ctx.pool` does its tasks in the same process, and what raises raises."""
    outcome = run(
        """
        name = "coded"
        [pools.helpers]
        processes = 2
        [workers.work]
        target = "code:work"
        """,
        code="""
        import os
        def where(item):
            return item, os.getpid()
        def work(ctx):
            with ctx.pool("helpers") as pool:
                assert pool.map(where, [1, 2]) == [(1, os.getpid()), (2, os.getpid())]
                assert list(pool.imap_unordered(abs, range(-3, 0))) == [3, 2, 1]
                assert pool.starmap(divmod, [(7, 2)]) == [(3, 1)]
                try:
                    pool.apply(divmod, (1, 0))
                except ZeroDivisionError:
                    print("raised")
        """,
    )
    assert (outcome.code, outcome.out) == (0, "raised\n")


def test_census_counts_the_same_as_its_functions_do(run: Run) -> None:
    """The shipped profile's workers, on a part of the standard library."""
    configs = Path(__file__).parent.parent.parent / "configs" / "census"
    root = Path(json.__file__).parent.parent / "email"
    profile = (configs / "census.toml").read_text().replace('root = "@stdlib"', f'root = "{root}"')
    modules = {name: (configs / f"{name}.py").read_text() for name in ("census", "versions")}
    outcome = run(profile, **modules)
    assert outcome.code == 0, outcome.err
    result = json.loads((outcome.output / "census.json").read_text())
    files = sorted(root.rglob("*.py"))
    assert result["complete"]
    assert result["files"] == len(files)
    assert result["lines"] == sum(len(file.read_bytes().splitlines()) for file in files)


WAITING = """
name = "waiting"
[workers.waits]
target = "code:waits"
[workers.after]
target = "code:after"
"""
WAITING_CODE = """
def waits(ctx):
    print("waits", flush=True)
    while not ctx.stopping.wait(0.1):  # a signal that comes just before a long wait is not heard until it is over
        pass
    print("stops")
def after():
    print("after")
"""


def _started(tmp_path: Path, code: str) -> subprocess.Popen[str]:
    path = write_profile(tmp_path / "p", WAITING, code=code)
    plan: dict[str, Any] = sequential_plan(load_profile(path), tmp_path)
    descriptor = memory_file("test-plan", json.dumps(plan).encode())
    try:
        return subprocess.Popen(
            [sys.executable, ENTRY, str(descriptor)],
            pass_fds=[descriptor],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        os.close(descriptor)


def test_first_interrupt_stops_whose_turn_it_is(tmp_path: Path) -> None:
    """Who never ends is asked to stop, and the others have their turns."""
    with _started(tmp_path, WAITING_CODE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, "stops\nafter\n")
    assert "asking waits to stop; once more ends the run" in err
    assert "waits: stopped" in err


def test_sigterm_ends_the_run(tmp_path: Path) -> None:
    """It is no exit of the worker whose turn it is: nobody comes after it."""
    with _started(tmp_path, WAITING_CODE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (128 + signal.SIGTERM, "")


def test_second_interrupt_ends_the_run(tmp_path: Path) -> None:
    """Who does not heed the first is interrupted, and nobody comes after it."""
    deaf = WAITING_CODE.replace("while not ctx.stopping.wait(0.1):", "import time\n    while not time.sleep(0.1):")
    with _started(tmp_path, deaf) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(signal.SIGINT)
        assert "asking waits to stop" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    assert "waits: interrupted; the run ends" in err
