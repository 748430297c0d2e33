"""Crash to running again: from the SIGKILL of a worker to the first act of the process that follows it.

Every worker of one kind runs the same program under every supervisor, and a bare start of it is measured beside them,
turn and turn about: `fork` and `exec` from Python, or `fork` alone, as one would do without a supervisor. So is
`multiprocessing.Process.start`, which is what a Python program would do instead.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from scripts.bench_parts import engines, installing, peers, report, targets
from scripts.bench_parts.stamps import Stamps, build

TARGET = "<= 5 ms"
WAYS = ("command", "forkserver", "fork", "spawn")
BARE, OURS = "bare start", "procdeck"

PROFILE = """\
name = "benchrestart"

[defaults]
restart = {{ policy = "always", max = 1000000, within = "1ms", backoff = "0s" }}
python_path = [{parts!r}]

[workers.command]
command = [{program}, {fifos[command]!r}]

[workers.forkserver]
target = "targets:stamp"
args = {{ fifo = {fifos[forkserver]!r} }}
preload = ["targets"]
start_method = "forkserver"

[workers.fork]
target = "targets:stamp"
args = {{ fifo = {fifos[fork]!r} }}
start_method = "fork"

[workers.spawn]
target = "targets:stamp"
args = {{ fifo = {fifos[spawn]!r} }}
start_method = "spawn"
"""


@dataclass
class Subject:
    """Something that is measured once in each round."""

    way: str
    """``command``, or the start method of a target."""
    who: str
    measure: Callable[[], float]
    """Milliseconds of one turn."""
    taken_ms: list[float] = field(default_factory=list)


class Crash:
    """A turn: kill the process that has stamped, and wait for the stamp of the one that follows."""

    def __init__(self, stamps: Stamps, rest_s: float) -> None:
        self._stamps = stamps
        self._rest_s = rest_s
        self._pid = stamps.next().pid

    def __call__(self) -> float:
        # A supervisor that looks once a second must not be met at the same moment of its second each time.
        time.sleep(random.uniform(0.02, self._rest_s))
        killed_ns = time.monotonic_ns()
        os.kill(self._pid, signal.SIGKILL)
        stamp = self._stamps.next()
        self._pid = stamp.pid
        return (stamp.at_ns - killed_ns) / 1e6


def bare_program(words: list[str], stamps: Stamps) -> float:
    """Milliseconds from the wish to start `words` to its stamp."""
    begun_ns = time.monotonic_ns()
    process = subprocess.Popen(
        [*words, str(stamps.fifo)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    stamp = stamps.next()
    process.kill()
    process.wait()
    return (stamp.at_ns - begun_ns) / 1e6


def bare_fork(stamps: Stamps) -> float:
    """Milliseconds from the wish to fork this process to the child's stamp."""
    begun_ns = time.monotonic_ns()
    pid = os.fork()
    if pid == 0:
        try:
            targets.stamp(str(stamps.fifo))
        finally:
            os._exit(1)
    stamp = stamps.next()
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return (stamp.at_ns - begun_ns) / 1e6


def library_start(method: str, stamps: Stamps) -> float:
    """Milliseconds from `multiprocessing.Process.start` to the child's stamp."""
    begun_ns = time.monotonic_ns()
    process = multiprocessing.get_context(method).Process(target=targets.stamp, args=(str(stamps.fifo),))  # type: ignore[attr-defined]
    with nameless_main():
        process.start()
    stamp = stamps.next()
    process.kill()
    process.join()
    return (stamp.at_ns - begun_ns) / 1e6


@contextmanager
def nameless_main() -> Iterator[None]:
    """Spare the library's children the import of this program's main module, which no measured target needs."""
    main_module, sys.modules["__main__"] = sys.modules["__main__"], types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main_module


class Bench:
    """Everything that runs at the same time, and the subjects to measure in turn."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._words, self.program = build(folder)
        self._environment = installing.python_environment()
        self.subjects: list[Subject] = []

    def _stamps(self, name: str) -> Stamps:
        stamps = Stamps(self._folder / f"{name}.fifo")
        self._stack.callback(stamps.close)
        return stamps

    def _add(self, way: str, who: str, measure: Callable[[], float]) -> None:
        self.subjects.append(Subject(way, who, measure))

    def add_bare(self) -> None:
        """What no supervisor can be faster than."""
        own, forked, python = (self._stamps(name) for name in ("bare", "bare-fork", "bare-python"))
        self._add("command", BARE, partial(bare_program, self._words, own))
        self._add("fork", BARE, partial(bare_fork, forked))
        self._add("spawn", BARE, partial(bare_program, [sys.executable, targets.__file__], python))

    def add_ours(self) -> None:
        """One engine with a worker of every kind."""
        stamps = {way: self._stamps(way) for way in WAYS}
        fifos = {way: str(each.fifo) for way, each in stamps.items()}
        program = ", ".join(map(repr, self._words))
        profile = self._folder / "procdeck.toml"
        profile.write_text(PROFILE.format(parts=str(engines.PARTS), program=program, fifos=fifos))
        self._stack.enter_context(engines.engine_on(profile))
        for way in WAYS:
            self._add(way, OURS, Crash(stamps[way], rest_s=0.1))

    def add_library(self) -> None:
        """What a Python program does that has no supervisor."""
        for method in WAYS[1:]:
            self._add(method, "multiprocessing", partial(library_start, method, self._stamps(f"library-{method}")))

    def add_peers(self) -> None:
        """Other supervisors, where they could be installed."""
        if self._environment is None:
            return
        for name, run in (("supervisor", peers.supervisord), ("circus", peers.circusd)):
            folder = self._folder / name
            folder.mkdir()
            stamps = self._stamps(name)
            self._stack.enter_context(run(self._environment, folder, [*self._words, str(stamps.fifo)]))
            self._add("command", f"{name} {installing.version_of(name)}", Crash(stamps, rest_s=1.0))


@contextmanager
def everything() -> Iterator[Bench]:
    with engines.place() as folder, ExitStack() as stack:
        bench = Bench(folder, stack)
        bench.add_bare()
        bench.add_ours()
        bench.add_library()
        bench.add_peers()
        yield bench


def row(subject: Subject, medians: dict[tuple[str, str], float]) -> list[str]:
    """One line of the table: what it takes, and what of that is not the bare start."""
    median_ms = medians[subject.way, subject.who]
    figures = [report.milliseconds(each) for each in (median_ms, report.p95(subject.taken_ms), min(subject.taken_ms))]
    if subject.who == BARE:
        return [f"{subject.way}: {subject.who}", *figures, "", "", ""]
    bare_ms = medians["fork" if subject.way == "forkserver" else subject.way, BARE]
    is_ours = subject.who == OURS
    ratio = "" if is_ours else report.times(median_ms, medians[subject.way, OURS])
    above = report.milliseconds(median_ms - bare_ms)
    return [f"{subject.way}: {subject.who}", *figures, above, ratio, TARGET if is_ours else ""]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench restart", description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, help="turns of each")
    options = parser.parse_args(argv)
    with everything() as bench:
        for _ in range(options.rounds):
            for subject in bench.subjects:
                subject.taken_ms.append(subject.measure())
    medians = {(subject.way, subject.who): statistics.median(subject.taken_ms) for subject in bench.subjects}
    subjects = sorted(bench.subjects, key=lambda subject: WAYS.index(subject.way))
    print(f"restart: SIGKILL to the next process's first act, {options.rounds} turns; a command is {bench.program}")
    print("  bare start, multiprocessing: the start alone, from its call; the others: the death before it as well")
    print("  supervisord: startsecs=0; circus: check_delay=0.1 (its default is 5 s)")
    headings = ("what", "median", "p95", "least", "above bare", "to ours", "target")
    report.print_table(headings, [row(subject, medians) for subject in subjects])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
