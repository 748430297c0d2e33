"""Every worker writes numbered lines in every way there is, while workers are killed and segments rotate.

    workers ──nine ways──► lanes ──► engine ──► segments of 1 MiB ──► this process, which counts
       └──what each call has taken──► tallies ────────────────────────────┘

Lost: a call had returned, and its number is not in the store. One more than was noted is allowed: the worker was killed
between the call and its note. Numbers of one way of one incarnation have to come in order, none twice.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from scripts.bench_parts import engines
from scripts.chaos_parts import talkers
from supervisor import paths
from supervisor.api.client import EngineClient
from supervisor.errors import ProcdeckError
from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from supervisor.logs.segment_files import segment_numbers
from supervisor.processes.ignition import start_engine

PROJECT = "chaoslogs"
PAUSE_S = 0.1
"""The longest time between two kills."""
PAGE_LINES = 2000
PROFILE = """\
name = "{project}"
[logs]
segment_size = "1MiB"
[defaults]
env = {{ {tallies} = "{folder}" }}
python_path = ["{root}"]
restart = {{ policy = "always", max = 1000000, within = "1s", backoff = "10ms..50ms" }}
[workers.fork]
target = "scripts.chaos_parts.talkers:talk"
start_method = "fork"
replicas = 3
[workers.server]
target = "scripts.chaos_parts.talkers:talk"
replicas = 2
[workers.spawn]
target = "scripts.chaos_parts.talkers:talk"
start_method = "spawn"
"""
_SAID = re.compile(r"way=([\w.]+) number=(\d+) end")
_ROOT = Path(__file__).resolve().parents[2]

Life = tuple[str, int, str]
"""A replica, its incarnation, a way."""


class Count:
    """What the store holds of every way of every life, and what is wrong with it."""

    def __init__(self) -> None:
        self.last: dict[Life, int] = {}
        self.lines = 0
        self.torn = 0
        self.tracebacks = 0
        self.split = 0
        self.wrong: Counter[str] = Counter()
        self.sentences: list[str] = []
        self._before: Record | None = None

    def take(self, record: Record) -> None:
        """The next record of the store."""
        self.lines += 1
        if found := _SAID.search(record.message):
            self._take_number((record.worker, record.incarnation, found[1]), int(found[2]), record)
        elif "way=" in record.message or record.partial:
            self.torn += 1  # killed in the middle of a call
        self._before = record

    def _take_number(self, life: Life, number: int, record: Record) -> None:
        way, last = life[2], self.last.get(life, 0)
        if way == "long" and len(record.message) < talkers.LONG_BYTES:
            self.torn += 1
            return
        if number != last + 1:
            self._say("gap" if number > last else "twice or out of order", f"{life}: {number} after {last}")
        self.last[life] = max(last, number)
        if way == "traceback":
            self.tracebacks += 1
            before = self._before
            self.split += before is None or before.worker != record.worker or before.message != "    fail()"

    def hold_against(self, folder: Path) -> None:
        """Compare with what the workers have noted."""
        for path in sorted(folder.iterdir()):
            replica, _, incarnation = path.name.rpartition("-")
            if path.stat().st_size != 8 * len(talkers.WAYS):
                continue  # killed before it had said anything
            for way, noted in talkers.read_tally(path).items():
                stored = self.last.get((replica, int(incarnation), way), 0)
                if not noted <= stored <= noted + 1:
                    self._say("lost" if stored < noted else "never said", f"{path.name} {way}: {stored} of {noted}")

    def _say(self, kind: str, sentence: str) -> None:
        self.wrong[kind] += 1
        if len(self.sentences) < 20:
            self.sentences.append(f"{kind}: {sentence}")


def storm(client: EngineClient, seconds: float, chance: random.Random) -> int:
    """Kill at random for so long; how many kills."""
    kills, over_s = 0, time.monotonic() + seconds
    while time.monotonic() < over_s:
        time.sleep(chance.random() * PAUSE_S)
        rows = [row for row in client.fleet().rows if row.pid is not None]
        for row in chance.sample(rows, min(len(rows), 1 if chance.random() < 0.9 else 4)):
            if row.pid is not None:
                with suppress(ProcessLookupError):
                    os.kill(row.pid, signal.SIGKILL)
                    kills += 1
        if chance.random() < 0.02 and rows:
            with suppress(ProcdeckError):
                client.act("restart", [chance.choice(rows).name])
    return kills


def records_in(directory: Path) -> Iterator[Record]:
    """Everything in the store."""
    reader = LogReader(directory)
    reader.refresh()
    for first in range(0, reader.line_count, PAGE_LINES):
        yield from map(decode, reader.lines(first, PAGE_LINES))
    reader.close()


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos logs", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long to kill")
    parser.add_argument("--seed", type=int, default=None, help="draw the same lots as an earlier run")
    options = parser.parse_args(argv)
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with engines.place() as folder:
        tallies = folder / "tallies"
        tallies.mkdir()
        profile = folder / "procdeck.toml"
        profile.write_text(PROFILE.format(project=PROJECT, tallies=talkers.TALLIES, folder=tallies, root=_ROOT))
        note = start_engine(profile, tie_to_me=True)
        try:
            client = EngineClient(paths.socket_path(PROJECT), timeout_s=30.0)
            kills = storm(client, options.seconds, random.Random(seed))
        finally:
            engines.end_engine(PROJECT)
        directory = Path(note.log_directory)
        count = Count()
        for record in records_in(directory):
            count.take(record)
        count.hold_against(tallies)
        lives, segments = len({life[:2] for life in count.last}), len(segment_numbers(directory))
    numbers = sum(count.last.values())
    print(f"{kills:,} kills, {lives:,} lives, {count.lines:,} lines, {numbers:,} numbers, {segments:,} segments")
    print(
        f"{count.torn:,} torn by a kill, {count.split:,} of {count.tracebacks:,} tracebacks with another's line inside"
    )
    kinds = ("lost", "gap", "twice or out of order", "never said")
    print(", ".join(f"{kind} {count.wrong[kind]:,}" for kind in kinds))
    for sentence in count.sentences:
        print(f"  {sentence}")
    return 1 if count.wrong or not count.last else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
