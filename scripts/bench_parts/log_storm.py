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
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from scripts.bench_parts import engines, idle, report
from scripts.bench_parts.keyboard import Keyboard, Screen
from supervisor import paths
from supervisor.api.client import EngineClient

PROJECT = "benchstorm"
PATIENCE_S = 5.0
WARM_UP_S = 15.0
"""Caches fill and all pages of the log's window have been there once; only then is memory compared."""
SAMPLE_EVERY_S = 2.0
MIB = 2**20
_NAME_COLUMNS = 12
"""What of a line of the table does not change by itself."""
_LOG_COLUMNS = 90
"""What of a line is surely the log and not the detail beside it."""

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


@dataclass
class Noticed:
    """What was measured during one storm."""

    keys_ms: dict[str, list[float]] = field(default_factory=dict)
    missing: int = 0
    """Keys whose effect did not come within `PATIENCE_S`."""
    lines: int = 0
    span_s: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)
    """Per cent of a core."""
    waited: dict[str, float] = field(default_factory=dict)
    """Per cent of the time in which a process could have run and had no core."""
    memory: dict[str, list[tuple[float, int, int]]] = field(default_factory=dict)
    """Seconds, Rss and anonymous bytes."""


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
        self.memory: dict[str, list[tuple[float, int, int]]] = {"engine": [], "dashboard": []}

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


class Person:
    """Goes through table and log, key by key, for as long as it is asked to."""

    def __init__(self, keyboard: Keyboard, noticed: Noticed) -> None:
        self._keyboard = keyboard
        self._noticed = noticed
        self._chance = random.Random(11)
        self._cursor_ground = ""

    def press(self, what: str, key: str, is_seen: Callable[[Screen], bool]) -> None:
        """Press one key, note how long it took, and rest for a moment."""
        took_s = self._keyboard.press(key, is_seen, PATIENCE_S)
        if took_s is None:
            self._noticed.missing += 1
        self._noticed.keys_ms.setdefault(what, []).append((PATIENCE_S if took_s is None else took_s) * 1e3)
        self._keyboard.rest(self._chance.uniform(0.05, 0.2))

    def steps(self) -> Iterator[None]:
        """One key for each turn, for ever; begins and stays with the table focused between two rounds."""
        self._learn_cursor()
        while True:
            for key in ("\x1b[B", "\x1b[B", "\x1b[B", "\x1b[A", "\x1b[A", "\x1b[A"):
                self.press("table: cursor", key, self._has_moved(_NAME_COLUMNS))
                yield
            yield from self._in_log()
            yield from self._in_filter()

    def _in_log(self) -> Iterator[None]:
        self.press("tab to the log", "\t", lambda screen: screen.has("f Follow"))
        yield
        self.press("log: pause", "f", lambda screen: screen.has(" PAUSED "))
        yield
        for key in ("\x1b[5~", "\x1b[5~", "\x1b[6~"):
            self.press("log: page", key, self._has_turned())
            yield
        for key in ("\x1b[A", "\x1b[A", "\x1b[B"):
            self.press("log: cursor", key, self._has_moved(_LOG_COLUMNS))
            yield
        self.press("log: follow", "f", lambda screen: screen.has(" FOLLOW "))
        yield
        self.press("esc to the table", "\x1b", lambda screen: screen.has("s Stop"))
        yield

    def _in_filter(self) -> Iterator[None]:
        """Typed letters; the table keeps all its rows, because all names have them."""
        self.press("table: filter", "/", lambda screen: screen.has("Keep the filter"))
        yield
        for letter in ("w", "."):
            self.press("table: letter", letter, lambda screen, text=letter: _box(screen).endswith(text))  # type: ignore[misc]
            yield
        self.press("table: filter", "\x1b", lambda screen: not screen.has("Keep the filter"))
        yield

    def _learn_cursor(self) -> None:
        """The ground of the row under the cursor is another one than that of the rows below."""
        self._keyboard.watch(lambda screen: screen.has("◉ w.1 ") and screen.has("◉ w.2 "), PATIENCE_S)
        screen = self._keyboard.screen
        first, second = (next(y for y, row in enumerate(screen.rows) if f"◉ {name} " in row) for name in ("w.1", "w.2"))
        self._cursor_ground = screen.grounds[first]
        if self._cursor_ground == screen.grounds[second]:
            raise ValueError("the row under the cursor cannot be told from others")

    def _under_cursor(self, columns: int) -> list[tuple[int, str]]:
        """The line under the cursor: where it is, and how it begins."""
        screen = self._keyboard.screen
        grounds = enumerate(screen.grounds)
        return [(y, screen.rows[y][:columns]) for y, ground in grounds if ground == self._cursor_ground]

    def _has_moved(self, columns: int) -> Callable[[Screen], bool]:
        before = self._under_cursor(columns)
        return lambda _: self._under_cursor(columns) not in (before, [])

    def _has_turned(self) -> Callable[[Screen], bool]:
        """A page goes to the edge of what is in sight first, and turns it then."""
        moved, before = self._has_moved(_LOG_COLUMNS), self._keyboard.screen.rows[-4][:_LOG_COLUMNS]
        return lambda screen: moved(screen) or screen.rows[-4][:_LOG_COLUMNS] != before


def _box(screen: Screen) -> str:
    """What is typed in the table's filter: the line below its title."""
    title = next((y for y, row in enumerate(screen.rows) if row.startswith(" Workers ")), 0)
    return screen.rows[title + 1].strip()


def storm(folder: Path, workers: int, rate: int, minutes: float, talk: str) -> tuple[Noticed, dict[str, list[float]]]:
    """Let `workers` write `rate` lines a second each, and press keys for so many minutes."""
    profile = folder / "procdeck.toml"
    parts = str(engines.PARTS)
    profile.write_text(PROFILE.format(project=PROJECT, talk=talk, rate=rate, parts=parts, workers=workers))
    with engines.engine_on(profile) as (note, client), _dashboard() as keyboard:
        noticed = Noticed()
        person = Person(keyboard, noticed)
        if keyboard.watch(lambda screen: screen.has(" FOLLOW ") and screen.has("w.1 "), engines.PATIENCE_S) is None:
            raise TimeoutError("the dashboard does not show the workers")
        keyboard.rest(WARM_UP_S)
        pids = [row.pid for row in client.fleet().rows if row.pid is not None]
        requests = Requests(PROJECT)
        vitals = Vitals(
            {"engine": [note.engine_pid], "dashboard": [keyboard.pid], "workers": pids, "this terminal": [os.getpid()]}
        )
        before = client.fleet().log.records
        vitals.begin()
        steps = person.steps()
        until_s = time.monotonic() + 60 * minutes
        while time.monotonic() < until_s:
            next(steps)
            vitals.sample()
        vitals.end(noticed)
        noticed.lines = client.fleet().log.records - before
        return noticed, requests.end()


class _dashboard:  # noqa: N801 (used like a function)
    """The real program, attached to the engine, in a terminal of its own."""

    def __enter__(self) -> Keyboard:
        self._keyboard = Keyboard([str(engines.PROCDECK), "attach", "--project", PROJECT])
        return self._keyboard

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keyboard.close()


def measure(folder: Path, workers: int, lines_a_second: int, minutes: float, talk: str) -> None:
    """Measure and print."""
    noticed, answers = storm(folder, workers, lines_a_second // workers, minutes, talk)
    cores = len(os.sched_getaffinity(0))
    print(
        f"a storm of {workers} workers for {noticed.span_s:.0f} s on {cores} cores, by {talk}: "
        f"{noticed.lines / noticed.span_s:,.0f} lines a second stored"
    )
    rows = [_latency(what, found) for what, found in noticed.keys_ms.items()]
    every = [each for found in noticed.keys_ms.values() for each in found]
    rows.append(_latency(f"all keys ({noticed.missing} without effect), to hold: p95 50", every))
    rows += [_latency(f"request: {what}, to hold: p95 20", found) for what, found in answers.items()]
    report.print_table(("", "number", "median", "p95", "longest"), rows)
    rows = [[who, f"{noticed.cpu[who]:.1f} %", f"{noticed.waited[who]:.1f} %"] for who in noticed.cpu]
    report.print_table(("of one core", "used", "waited for one"), rows)
    report.print_table(
        ("memory", "Rss then", "Rss now", "Rss more", "anonymous more, to hold: 1 MiB"),
        [[who, *_growth(samples)] for who, samples in noticed.memory.items()],
    )


def _latency(what: str, found: list[float]) -> list[str]:
    numbers = (statistics.median(found), report.p95(found), max(found))
    return [what, str(len(found)), *(f"{number:.1f} ms" for number in numbers)]


def _growth(samples: list[tuple[float, int, int]]) -> list[str]:
    """The medians of the first and of the last quarter of the samples."""
    some = max(1, len(samples) // 4)
    then, now = (
        [statistics.median(sample[which] for sample in part) / MIB for which in (1, 2)]
        for part in (samples[:some], samples[-some:])
    )
    return [f"{then[0]:.1f} MiB", f"{now[0]:.1f} MiB", f"{now[0] - then[0]:+.2f} MiB", f"{now[1] - then[1]:+.2f} MiB"]
