"""What starts cost is measured with real processes, told in words, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from supervisor.start_costs import STARTS, StartCost, StartCosts, UnknownTarget, _Bench, advise, measure_starts
from tests.engines import wait_for

MODULE = """
import decimal
def work(item): raise SystemExit("it is never called")
class Thing:
    @staticmethod
    def part(item): ...
number = 3
"""
APART = """
import multiprocessing, os, time
if multiprocessing.parent_process() is not None:
    {what}
def work(item): ...
"""


def whose_directory(directory: Path) -> list[int]:
    """Processes that run there."""
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd") == str(directory):
                found.append(int(pid))
        except OSError:
            continue
    return found


def cost(way: str, start_ms: float | None, uss_mib: float = 0.0) -> StartCost:
    return StartCost(way, start_ms=start_ms, uss_bytes=int(uss_mib * 2**20))  # type: ignore[arg-type]


def of(*costs: StartCost, threads: int = 1) -> StartCosts:
    return StartCosts("m:f", "python", "3.11.7", ("m",), costs, threads=threads)


def test_every_way_to_start_is_measured(tmp_path: Path) -> None:
    """Times in order, memory, the imports that take longest; the function is not called, and nobody is left."""
    (tmp_path / "job.py").write_text(MODULE)
    steps: list[str] = []
    costs = measure_starts("job:Thing.part", directory=tmp_path, on_step=steps.append)
    assert [one.way for one in costs.costs] == ["fork", "forkserver", "forkserver with preload", "spawn"]
    assert steps[1:5] == [one.way for one in costs.costs]
    for one in costs.costs:
        assert one.trouble == ""
        assert one.starts in range(1, STARTS + 1)
        assert one.fastest_ms is not None
        assert one.start_ms is not None
        assert one.slowest_ms is not None
        assert 0 < one.fastest_ms <= one.start_ms <= one.slowest_ms
        assert one.uss_bytes is None or 0 < one.uss_bytes <= (one.rss_bytes or 0)
    assert (costs.version, costs.preload) == (".".join(map(str, sys.version_info[:3])), ("job",))
    assert "decimal" in {one.module.strip("_") for one in costs.imports}
    assert costs.advice
    wait_for(lambda: whose_directory(tmp_path) == [], "all that was started to be gone")


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("job.work", 'must be "module:function"; did you mean "job:work"?'),
        ("job:wrok", 'module "job" has no function "wrok"; did you mean "work"?'),
        ("job:number", "job:number is no function: it is of the type int"),
        ("jbo:work", 'there is no module "jbo" in '),
        ("needs:work", "cannot import needs: ModuleNotFoundError: No module named 'no_such_module' at needs.py:2"),
        ("broken:work", "cannot import broken: ZeroDivisionError: division by zero at broken.py:1"),
    ],
)
def test_target_that_is_none_is_told(tmp_path: Path, target: str, told: str) -> None:
    """What is wrong, where, and what was meant."""
    (tmp_path / "job.py").write_text(MODULE)
    (tmp_path / "needs.py").write_text("import os\nimport no_such_module\n")
    (tmp_path / "broken.py").write_text("1 / 0\n")
    with pytest.raises(UnknownTarget) as caught:
        measure_starts(target, directory=tmp_path)
    assert told in str(caught.value)
    assert target != "jbo:work" or 'did you mean "job"?' in str(caught.value)


def test_interpreter_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By the name that was given."""
    with pytest.raises(UnknownTarget, match="cannot start no-such-python: no such file"):
        measure_starts(directory=tmp_path, python="no-such-python")


def test_import_that_never_ends_is_ended(tmp_path: Path) -> None:
    """It says what to do, and the process is gone."""
    (tmp_path / "job.py").write_text("import time\ntime.sleep(1000)\n")
    with pytest.raises(UnknownTarget, match=r"took longer than 0\.5 s; what a module does"):
        measure_starts("job:work", directory=tmp_path, timeout_s=0.5)
    wait_for(lambda: whose_directory(tmp_path) == [], "all that was started to be gone")


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("time.sleep(1000)", "no start within 0.5 s"),
        ("os._exit(3)", "it ended with exit code 3 before its first line"),
        ("raise ValueError('not here')", "ValueError: not here at job.py:4"),
    ],
)
def test_start_that_fails_is_told_and_ended(tmp_path: Path, what: str, told: str) -> None:
    """A module that can be imported, but not in a child: no figures, but why, and nobody is left."""
    (tmp_path / "job.py").write_text(APART.format(what=what))
    bench = _Bench(sys.executable, tmp_path, ["job"], "work", 0.5 if "sleep" in what else 60.0)
    found, _ = asyncio.run(bench.starts("spawn", ()))
    assert (found.start_ms, found.starts, found.trouble) == (None, 0, told)
    wait_for(lambda: whose_directory(tmp_path) == [], "all that was started to be gone")


def test_threads_that_an_import_starts_are_seen(tmp_path: Path) -> None:
    """A fork would leave them behind."""
    (tmp_path / "job.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\n"
        "def work(item): ...\n"
    )
    _, threads = asyncio.run(_Bench(sys.executable, tmp_path, ["job"], "work", 60.0).starts("fork", ()))
    assert threads == 2


@pytest.mark.parametrize(
    ("costs", "told"),
    [
        (
            of(
                cost("fork", 2),
                cost("forkserver", 60, 20),
                cost("forkserver with preload", 10, 4),
                cost("spawn", 80),
            ),
            (
                'Use forkserver with preload = ["m"]: a process can begin after 10 ms instead of 60 ms, and has 4.0 '
                "MiB for itself alone instead of 20.0 MiB; fork is faster still (2 ms), as long as whoever forks has "
                "one thread."
            ),
        ),
        (
            of(cost("forkserver", 12), cost("forkserver with preload", 10), cost("spawn", 80)),
            "Use forkserver: 12 ms instead of spawn's 80 ms; preloading saves little.",
        ),
        (
            of(cost("forkserver", 12), cost("spawn", 80)),
            "Use forkserver: 12 ms instead of spawn's 80 ms; there is nothing to preload.",
        ),
        (of(cost("forkserver", 12), cost("spawn", 15)), "Whichever you like: spawn takes 15 ms, and is the cleanest."),
        (of(cost("fork", 2), cost("spawn", None)), "Use fork: 2 ms, and not every other way works."),
        (of(cost("fork", None)), "No start succeeded: mend what is said above first."),
        (
            of(cost("forkserver", 12), cost("spawn", 15), threads=3),
            (
                "Whichever you like: spawn takes 15 ms, and is the cleanest. Do not use fork: the import starts 2 "
                "threads, and a fork copies the locks that they hold."
            ),
        ),
    ],
)
def test_advice_follows_from_the_figures(costs: StartCosts, told: str) -> None:
    """What to choose, and by how much it is better."""
    assert advise(costs) == told
