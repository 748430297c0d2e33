"""A storm of lines of many workers, and what a person and a program notice of it: keys, requests, memory.

::

    100 workers ──1,000 lines a second each──► engine ──► store ──► dashboard in a pty ◄── keys, one after the other
                                                 ▲
                                    requests, one after the other, from a process of their own
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench_parts import engines, idle, report
from scripts.bench_parts.keyboard import Keyboard
from scripts.bench_parts.person import KEYS_OF_A_ROUND, Keys, Person, dashboard, latency
from supervisor import paths
from supervisor.api.client import EngineClient

PROJECT = "benchstorm"
WARM_UP_S = 15.0
"""Before anything is measured. Memory is compared only from when each key has been pressed once, too: until then there
are places and pages that have never been painted."""
SAMPLE_EVERY_S = 2.0
COMPARED_S = 20.0
"""Memory breathes: the medians of so long a time, at the beginning and at the end, are what is compared."""
MIB = 2**20

PROFILE = """\
name = "{project}"
[defaults]
start_method = "fork"
stop_timeout = "2s"
[logs]
segment_size = "64MiB"
keep_size = "512MiB"
[workers.w]
target = "targets:{talk}"
args = {{ rate = {rate} }}
preload = ["targets"]
python_path = [{parts!r}]
replicas = {workers}
"""


Sample = tuple[float, int, int]
"""Seconds, Rss and anonymous bytes."""


@dataclass
class Noticed:
    """What was measured during one storm."""

    keys: Keys = field(default_factory=Keys)
    lines: int = 0
    span_s: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """Per cent of a core."""
    waited: dict[str, float] = field(default_factory=dict)
    """Per cent of the time in which a process could have run and had no core."""
    warm_s: float = 0.0
    """When each key had been pressed once."""
    memory: dict[str, list[Sample]] = field(default_factory=dict)


class Requests:
    """A process that asks the engine now and again and keeps how long each answer took."""

    def __init__(self, project: str) -> None:
        self._reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self._reading)
                _ask_on(paths.socket_path(project), writing)
            finally:
                os._exit(0)
        os.close(writing)

    def end(self) -> dict[str, list[float]]:
        """Milliseconds of each answer, by what was asked."""
        os.kill(self.pid, signal.SIGTERM)
        with open(self._reading, "rb") as answers:
            found: dict[str, list[float]] = json.loads(answers.read())
        os.waitpid(self.pid, 0)
        return found


def _ask_on(socket: Path, writing: int) -> None:
    """Ask until SIGTERM, then write what was found."""
    is_over = False

    def end(_number: int, _frame: object) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, end)
    client = EngineClient(socket, timeout_s=30.0)
    took_ms: dict[str, list[float]] = {"one worker": [], "the whole fleet": []}
    asks: dict[str, Callable[[], object]] = {
        "one worker": lambda: client.detail("w.7"),
        "the whole fleet": client.fleet_json,
    }
    chance = random.Random(5)
    while not is_over:
        for name, ask in asks.items():
            begun_s = time.monotonic()
            ask()
            took_ms[name].append((time.monotonic() - begun_s) * 1e3)
            time.sleep(chance.uniform(0.02, 0.08))
    with open(writing, "w") as out:
        json.dump(took_ms, out)


class Vitals:
    """CPU, waiting for a core, and memory of some processes between `begin` and `end`."""

    def __init__(self, groups: dict[str, list[int]]) -> None:
        self._groups = groups
        self._before: dict[str, tuple[float, float]] = {}
        self._begun_s = 0.0
        self._sampled_s = 0.0
        self.memory: dict[str, list[Sample]] = {"engine": [], "dashboard": []}

    def begin(self) -> None:
        self._begun_s = time.monotonic()
        self._before = {name: _spent(pids) for name, pids in self._groups.items()}

    def sample(self) -> None:
        """Look at the memory, if it is time."""
        now_s = time.monotonic()
        if now_s < self._sampled_s + SAMPLE_EVERY_S:
            return
        self._sampled_s = now_s
        for name, samples in self.memory.items():
            pid = self._groups[name][0]
            samples.append((now_s - self._begun_s, idle.memory_bytes(pid, "Rss"), idle.memory_bytes(pid, "Anonymous")))

    def end(self, noticed: Noticed) -> None:
        noticed.span_s = time.monotonic() - self._begun_s
        for name, pids in self._groups.items():
            spent = _spent(pids)
            cpu_s, waited_s = (now - before for now, before in zip(spent, self._before[name], strict=True))
            noticed.cpu[name] = 100 * cpu_s / noticed.span_s
            noticed.waited[name] = 100 * waited_s / noticed.span_s
        noticed.memory = self.memory


def _spent(pids: list[int]) -> tuple[float, float]:
    """Seconds on a core, and seconds of waiting for one (proc_pid_schedstat(5)), of the main threads together."""
    ran_ns = waited_ns = 0
    for pid in pids:
        ran, waited, *_ = Path(f"/proc/{pid}/schedstat").read_text().split()
        ran_ns, waited_ns = ran_ns + int(ran), waited_ns + int(waited)
    return ran_ns / 1e9, waited_ns / 1e9


@dataclass(frozen=True, slots=True)
class Storm:
    """A storm that goes on, and the dashboard that shows it."""

    client: EngineClient
    keyboard: Keyboard
    vitals: Vitals
    """Of engine, dashboard, workers and of the terminal that the dashboard is in."""


@contextmanager
def storming(folder: Path, workers: int, rate: int, talk: str) -> Iterator[Storm]:
    """Let `workers` write `rate` lines a second each, and begin when the dashboard has warmed up."""
    profile = folder / "procdeck.toml"
    parts = str(engines.PARTS)
    profile.write_text(PROFILE.format(project=PROJECT, talk=talk, rate=rate, parts=parts, workers=workers))
    with engines.engine_on(profile) as (note, client), dashboard(PROJECT) as keyboard:
        if keyboard.watch(lambda screen: screen.has(" FOLLOW ") and screen.has("w.1 "), engines.PATIENCE_S) is None:
            raise TimeoutError("the dashboard does not show the workers")
        keyboard.rest(WARM_UP_S)
        pids = [row.pid for row in client.fleet().rows if row.pid is not None]
        vitals = Vitals(
            {"engine": [note.engine_pid], "dashboard": [keyboard.pid], "workers": pids, "this terminal": [os.getpid()]}
        )
        yield Storm(client, keyboard, vitals)


def watch(storm: Storm, minutes: float, *, presses_keys: bool) -> Noticed:
    """What is noticed in so many minutes, while a person presses keys, or only looks."""
    noticed = Noticed()
    steps = Person(storm.keyboard, noticed.keys).steps()
    before = storm.client.fleet().log.records
    storm.vitals.begin()
    begun_s = time.monotonic()
    while time.monotonic() < begun_s + 60 * minutes:
        if presses_keys:
            next(steps)
            if len(noticed.keys.every) <= KEYS_OF_A_ROUND:
                noticed.warm_s = time.monotonic() - begun_s
        else:
            storm.keyboard.rest(0.25)
        storm.vitals.sample()
    storm.vitals.end(noticed)
    noticed.lines = storm.client.fleet().log.records - before
    return noticed


def measure(folder: Path, workers: int, lines_a_second: int, minutes: float, talk: str) -> None:
    """Measure and print."""
    with storming(folder, workers, lines_a_second // workers, talk) as storm:
        requests = Requests(PROJECT)
        noticed = watch(storm, minutes, presses_keys=True)
        answers = requests.end()
    cores = len(os.sched_getaffinity(0))
    print(
        f"a storm of {workers} workers for {noticed.span_s:.0f} s on {cores} cores, by {talk}: "
        f"{noticed.lines / noticed.span_s:,.0f} lines a second stored"
    )
    rows = [latency(what, found) for what, found in noticed.keys.took_ms.items()]
    rows.append(latency(f"all keys ({noticed.keys.missing} without effect), to hold: p95 50", noticed.keys.every))
    rows += [latency(f"request: {what}, to hold: p95 20", found) for what, found in answers.items()]
    report.print_table(("", "number", "median", "p95", "longest"), rows)
    rows = [[who, f"{noticed.cpu[who]:.1f} %", f"{noticed.waited[who]:.1f} %"] for who in noticed.cpu]
    report.print_table(("of one core", "used", "waited for one"), rows)
    report.print_table(
        (
            f"memory, from {noticed.warm_s:.0f} s on",
            "Rss then",
            "Rss now",
            "Rss more",
            "anonymous more, to hold: 1 MiB",
        ),
        [[who, *_growth(samples, noticed.warm_s)] for who, samples in noticed.memory.items()],
    )
    report.print_table(("anonymous, minute by minute", *noticed.memory), _minutes(noticed))


def _growth(samples: list[Sample], warm_s: float) -> list[str]:
    """From the first `COMPARED_S` after `warm_s` to the last."""
    warm = [sample for sample in samples if sample[0] >= warm_s] or samples[-1:]
    first = [sample for sample in warm if sample[0] <= warm[0][0] + COMPARED_S]
    last = [sample for sample in warm if sample[0] >= warm[-1][0] - COMPARED_S]
    then, now = (
        [statistics.median(sample[which] for sample in part) / MIB for which in (1, 2)] for part in (first, last)
    )
    return [f"{then[0]:.1f} MiB", f"{now[0]:.1f} MiB", f"{now[0] - then[0]:+.2f} MiB", f"{now[1] - then[1]:+.2f} MiB"]


def _minutes(noticed: Noticed) -> list[list[str]]:
    """The median of each minute."""
    minutes = sorted({int(at_s // 60) for at_s, _, _ in noticed.memory["engine"]})
    rows = []
    for minute in minutes:
        of_it = ([each[2] for each in samples if int(each[0] // 60) == minute] for samples in noticed.memory.values())
        rows.append(
            [str(minute + 1), *(f"{statistics.median(found) / MIB:.2f} MiB" if found else "" for found in of_it)]
        )
    return rows
