"""Why is it stuck: how long a verdict takes, what watching costs, how many verdicts are right and warnings false."""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.bench_parts import engines, report
from scripts.bench_parts.idle import cpu_s
from supervisor.api.client import EngineClient
from supervisor.lifecycle.states import State
from supervisor.profile.loading import load_profile

PROJECT = "benchwhy"
LAB = engines.REPOSITORY / "configs" / "hanglab"
METHODS = ("fork", "spawn", "forkserver")
SETTLE_S = 30.0
"""After so long everybody who rests has been asked once what for, and found to be idle."""
LAB_PATIENCE_S = 60.0
"""How long the lab's workers and the limits of its profile may take until all verdicts are right."""

STUCK = """\
name = "{project}"
[workers.stuck]
target = "stuck:wait"
preload = ["stuck", "multiprocessing"]
python_path = [{parts!r}]
replicas = {replicas}
"""

BUSY = """\
name = "{project}"
[workers.busy]
target = "stuck:add"
python_path = [{parts!r}]
args = {{ path = {path!r} }}
"""

UNWATCHED = """\
import sys
if sys.orig_argv[1:3] == ["-m", "supervisor"]:
    import supervisor.hang_watch
    supervisor.hang_watch.HangWatch.start = lambda watch: None
"""
"""A sitecustomize with which an engine has no watch for hangs, and is else the same."""


@contextmanager
def watching(folder: Path, *, is_on: bool) -> Iterator[None]:
    """Whether engines that are started in this block watch for hangs."""
    before = os.environ.get("PYTHONPATH")
    if not is_on:
        (folder / "sitecustomize.py").write_text(UNWATCHED)
        os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), *([before] if before else [])])
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("PYTHONPATH", None)
        else:
            os.environ["PYTHONPATH"] = before


# -- how long a verdict takes ---------------------------------------------------------------------------------------


def verdict_times_s(client: EngineClient, names: list[str], runs: int) -> list[float]:
    """Seconds from the question to the answer, of a second question and all after it as of the first."""
    taken = []
    for _ in range(runs):
        begun_s = time.perf_counter()
        reply = client.why(names)
        taken.append(time.perf_counter() - begun_s)
        assert reply.verdicts, "no verdict"
        time.sleep(0.2)
    return taken


def latency_rows(workers: int, runs: int) -> list[list[str]]:
    with engines.place() as folder:
        profile = folder / "procdeck.toml"
        profile.write_text(STUCK.format(project=PROJECT, parts=str(engines.PARTS), replicas=workers))
        with engines.engine_on(profile) as (_, client):
            time.sleep(3.0)
            cases = [("one worker", ["stuck.1"], "<= 0.3 s"), (f"{workers} workers", [], "<= 1 s")]
            taken = [(what, verdict_times_s(client, names, runs), target) for what, names, target in cases]
    return [
        [f"verdict on {what}", report.seconds(times_s), f"{report.p95(times_s):.3f} s", target]
        for what, times_s, target in taken
    ]


# -- what watching costs --------------------------------------------------------------------------------------------


def engine_cpu_percent(workers: int, span_s: float, *, is_watched: bool) -> float:
    """CPU of an engine over workers that rest, in percent of a core."""
    with engines.place() as folder:
        profile = engines.resting_profile(folder, PROJECT, commands=0, targets=workers)
        with watching(folder, is_on=is_watched), engines.engine_on(profile) as (note, _):
            time.sleep(SETTLE_S)
            before_s, begun_s = cpu_s(note.engine_pid), time.monotonic()
            time.sleep(span_s)
            return 100 * (cpu_s(note.engine_pid) - before_s) / (time.monotonic() - begun_s)


def round_ns(span_s: float, *, is_watched: bool) -> float:
    """Processor time of one round of a busy worker's work: the mean of what is left when the slowest tenth is cut."""
    with engines.place() as folder:
        profile, taken = folder / "procdeck.toml", folder / "taken"
        profile.write_text(BUSY.format(project=PROJECT, parts=str(engines.PARTS), path=str(taken)))
        with watching(folder, is_on=is_watched), engines.engine_on(profile) as (_, client):
            time.sleep(span_s)
            client.act("stop", ("busy",), wait_s=20.0)
            rounds = sorted(map(int, taken.read_text().split()))
    return statistics.fmean(rounds[: len(rounds) * 9 // 10])


def cost_rows(workers: int, span_s: float, turns: int) -> list[list[str]]:
    off, on = (engine_cpu_percent(workers, span_s, is_watched=is_watched) for is_watched in (False, True))
    pairs = [[round_ns(span_s / 2, is_watched=is_watched) for is_watched in (False, True)] for _ in range(turns)]
    slower = statistics.median(100 * (watched / plain - 1) for plain, watched in pairs)
    return [
        [f"engine over {workers} idle workers, not watching", f"{off:.2f} %", "", ""],
        [f"engine over {workers} idle workers, watching", f"{on:.2f} %", f"+{on - off:.2f} %", "<= +0.5 %"],
        ["a busy worker's processor time for its work", f"{slower:+.2f} %", "", "<= +1 %"],
    ]


# -- right and wrong ------------------------------------------------------------------------------------------------


def lab_copy(folder: Path, name: str, method: str) -> Path:
    """A profile of the lab, for one start method, with a project name of its own."""
    shutil.copytree(LAB, folder / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "lab" / f"{name}.toml"
    text = path.read_text().replace('"forkserver"', f'"{method}"').replace(f'name = "{name}"', f'name = "{PROJECT}"', 1)
    path.write_text(text)
    return path


def expected_kinds(profile: Path) -> dict[str, str]:
    """The verdict that each worker's description names."""
    return {name: worker.description.rpartition(": ")[2] for name, worker in load_profile(profile).workers.items()}


def kinds(client: EngineClient) -> dict[str, str]:
    """The kind of the worst verdict of each replica."""
    found: dict[str, str] = {}
    for verdict in client.why().verdicts:
        found.setdefault(verdict.replica, verdict.kind)
    return found


def wrong_in_lab(method: str) -> tuple[Mapping[str, str], int]:
    """What the lab's workers are called that are called wrong after LAB_PATIENCE_S, and how many workers it has."""
    with engines.place() as folder:
        profile = lab_copy(folder, "hanglab", method)
        wanted = expected_kinds(profile)
        with engines.engine_on(profile) as (_, client):
            deadline_s = time.monotonic() + LAB_PATIENCE_S
            while True:
                found = kinds(client)
                wrong = {name: found.get(name, "none") for name, kind in wanted.items() if found.get(name) != kind}
                if not wrong or time.monotonic() > deadline_s:
                    return wrong, len(wanted)
                time.sleep(0.5)


def false_warnings(method: str, span_s: float) -> list[str]:
    """What was said of programs that are not stuck, in the table or when asked; each once."""
    found: dict[str, None] = {}
    with engines.place() as folder, engines.engine_on(lab_copy(folder, "quiet", method)) as (_, client):
        until_s = time.monotonic() + span_s
        while time.monotonic() < until_s:
            found |= {f"{row.name}: {text}": None for row in client.fleet().rows for text in row.warnings}
            found |= {f"{one.replica}: {one.sentence}": None for one in client.why().verdicts if one.warning}
            time.sleep(1.0)
        assert all(row.state is State.RUNNING for row in client.fleet().rows), "not all of quiet.toml run"
    return list(found)


def truth_rows(methods: list[str], minutes: float) -> list[list[str]]:
    rows = []
    for method in methods:
        wrong, count = wrong_in_lab(method)
        rows.append([f"right verdicts in the lab, {method}", f"{count - len(wrong)} of {count}", "", "all"])
        rows += [[f"  {name} is called {kind}", "", "", ""] for name, kind in wrong.items()]
    for method in methods:
        told = false_warnings(method, 60 * minutes / len(methods))
        what = f"false warnings in {minutes / len(methods):.1f} min of quiet.toml, {method}"
        rows.append([what, str(len(told)), "", "0"])
        rows += [[f"  {text}", "", "", ""] for text in told]
    return rows


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench why", description=__doc__)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--runs", type=int, default=20, help="questions of each kind")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the engine's CPU is watched")
    parser.add_argument("--turns", type=int, default=3, help="pairs of runs of a busy worker")
    parser.add_argument("--minutes", type=float, default=1.0, help="how long to wait for false warnings, in all")
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    options = parser.parse_args(argv)
    print("why: verdicts, their cost and their truth")
    rows = latency_rows(options.workers, options.runs)
    report.print_table(("what", "median", "p95", "target"), rows)
    rows = cost_rows(options.workers, options.seconds, options.turns)
    report.print_table(("what", "found", "more", "target"), rows)
    report.print_table(("what", "found", "", "target"), truth_rows(options.methods, options.minutes))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
