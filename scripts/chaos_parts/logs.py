"""Every worker writes numbered lines in every way there is, while workers are killed and segments rotate.

    workers ──18 ways──► lanes ──► engine ──► segments of 1 MiB ──┬──► this process, which counts
       └──what each call has taken──► tallies ───────────────┐    └──► `procdeck logs -f`, which must have read the same
                                                             └──► compared

Lost: a call had returned, and its number is not in the store. One more than was noted is allowed: the worker was killed
between the call and its note. Numbers of one way of one incarnation have to come in order, none twice.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scripts.bench_parts import engines
from scripts.chaos_parts import talkers
from scripts.chaos_parts.log_count import Count, lines_in
from supervisor import paths
from supervisor.api.client import EngineClient
from supervisor.errors import ProcdeckError
from supervisor.logs.reading import GONE_LINE, LogReader
from supervisor.logs.segment_files import segment_numbers
from supervisor.paths import EngineNote
from supervisor.processes.ignition import start_engine

PROJECT = "chaoslogs"
PAUSE_S = 0.1
"""The longest time between two kills."""
FULL_S = 1.0
"""The longest time for which the disk takes nothing."""
PAGE_LINES = 2000
ENGINE_LIFE_S = 6.0
"""The longest time after which the engine is killed too."""
PROFILE = """\
name = "{project}"
[logs]
segment_size = "1MiB"
compress = {compress}
when_full = "{when_full}"
{keep}
[defaults]
env = {{ {tallies} = "{folder}", {leave_out} = "{ways}" }}
python_path = ["{root}"]
restart = {{ policy = "always", max = 1000000, within = "1s", backoff = "10ms..50ms" }}
[workers.fork]
target = "scripts.chaos_parts.talkers:talk"
start_method = "fork"
replicas = 3
[workers.server]
target = "scripts.chaos_parts.talkers:talk"
replicas = 2
traceback_locals = true
[workers.spawn]
target = "scripts.chaos_parts.talkers:talk"
start_method = "spawn"
"""
_ROOT = Path(__file__).resolve().parents[2]


def storm(client: EngineClient, seconds: float, chance: random.Random, full_pid: int | None) -> int:
    """Kill at random for so long; how many kills. Now and then no file of the process `full_pid` may grow."""
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
        if full_pid is not None and chance.random() < 0.1:
            with disk_takes_nothing(full_pid):
                time.sleep(chance.random() * FULL_S)
    return kills


@contextmanager
def disk_takes_nothing(pid: int) -> Iterator[None]:
    """No file of this process may grow: RLIMIT_FSIZE, which an ordinary user may set and lift too."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def lines_of(directory: Path) -> Iterator[bytes]:
    """Everything in the store."""
    reader = LogReader(directory)
    reader.refresh()
    for first in range(0, reader.line_count, PAGE_LINES):
        yield from reader.lines(first, PAGE_LINES)
    reader.close()


@contextmanager
def follower(path: Path) -> Iterator[None]:
    """`procdeck logs -f` writes all that it sees to `path`, until the engine ends; it ends before this block does."""
    command = [str(engines.PROCDECK), "logs", "--project", PROJECT, "-f", "-n", "1000000000", "--json"]
    with open(path, "wb") as out, subprocess.Popen(command, stdout=out) as process:
        try:
            yield
            process.wait(engines.PATIENCE_S)
        finally:
            process.kill()


def compare(count: Count, seen: Path, directory: Path) -> None:
    """What was followed has to be what is stored, but for the beginning where that has been deleted."""
    stored = [hash(line) for line in lines_of(directory) if line != GONE_LINE]
    followed = [hash(line) for line in lines_in(seen)]
    if followed[len(followed) - len(stored) :] != stored:
        count.say("followed otherwise", f"{len(followed)} lines followed, {len(stored)} stored")


def write_profile(folder: Path, options: argparse.Namespace) -> Path:
    """The profile in `folder`, with tallies beside it."""
    tallies = folder / "tallies"
    tallies.mkdir()
    profile = folder / "procdeck.toml"
    text = PROFILE.format(
        project=PROJECT,
        compress="true" if options.compress else "false",
        when_full=options.full or "block",
        keep=f'keep_size = "{options.keep}"' if options.keep else "",
        tallies=talkers.TALLIES,
        folder=tallies,
        leave_out=talkers.LEAVE_OUT,
        ways="traceback faulthandler" if options.full == "drop" else "",
        root=_ROOT,
    )
    profile.write_text(text)
    return profile


def run_through(folder: Path, options: argparse.Namespace, chance: random.Random) -> tuple[Count, int, Path]:
    """One engine to its orderly end: what its store holds, how many kills, and where it is."""
    seen = folder / "followed.ndjson"
    profile = write_profile(folder, options)
    note = start_engine(profile, tie_to_me=True)
    try:
        with follower(seen):
            client = EngineClient(paths.socket_path(PROJECT), timeout_s=30.0)
            kills = storm(client, options.seconds, chance, note.engine_pid if options.full else None)
            engines.end_engine(PROJECT)
    finally:
        engines.end_engine(PROJECT)
    directory = Path(note.log_directory)
    count = Count()
    for line in lines_in(seen) if options.keep else lines_of(directory):
        count.take(line)
    count.hold_against(folder / "tallies", may_drop=options.full == "drop")
    compare(count, seen, directory)
    return count, kills, directory


def kill_engines(folder: Path, options: argparse.Namespace, chance: random.Random) -> tuple[Count, int, Path]:
    """One engine after another dies by SIGKILL. What it had read is stored whole and in order; the rest has no number.

    What its workers said into pipes that nobody reads any more is gone with it, so that nothing counts as lost.
    """
    over_s = time.monotonic() + options.seconds
    whole, kills = Count(), 0
    while time.monotonic() < over_s or not kills:
        place = folder / f"engine-{kills}"
        place.mkdir()
        note = start_engine(write_profile(place, options), tie_to_me=True)
        try:
            _let_live(note, chance)
        finally:
            engines.end_engine(PROJECT)
        kills += 1
        count, directory = Count(), Path(note.log_directory)
        for line in lines_of(directory):
            count.take(line)
        count.hold_against(place / "tallies", is_whole=False)
        whole.last |= {(f"{kills} {life[0]}", *life[1:]): number for life, number in count.last.items()}
        whole.wrong += count.wrong
        whole.sentences += count.sentences
        whole.lines += count.lines
        whole.torn += count.torn
        whole.split += count.split
        whole.tracebacks += count.tracebacks
    return whole, kills, directory


def _let_live(note: EngineNote, chance: random.Random) -> None:
    """Kill an engine once it has lived for a moment."""
    time.sleep(1.0 + chance.random() * ENGINE_LIFE_S)
    os.kill(note.engine_pid, signal.SIGKILL)
    engines.wait_for(lambda: not paths.is_running(PROJECT), "the guardian to end what the engine has left")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/chaos logs", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120, help="how long to kill")
    parser.add_argument("--seed", type=int, default=None, help="draw the same lots as an earlier run")
    parser.add_argument("--compress", action="store_true", help="full segments are compressed meanwhile")
    parser.add_argument("--keep", metavar="SIZE", help="the oldest are deleted past it; what was followed is counted")
    parser.add_argument("--full", choices=("block", "drop"), help="now and then the disk takes nothing")
    parser.add_argument("--engines", action="store_true", help="kill the engine, again and again, not its workers")
    options = parser.parse_args(argv)
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with engines.place() as folder:
        run = kill_engines if options.engines else run_through
        count, kills, directory = run(folder, options, random.Random(seed))
        segments = segment_numbers(directory)
    lives, numbers = len({life[:2] for life in count.last}), sum(count.last.values())
    ways = {life[2] for life in count.last}
    print(f"{kills:,} kills, {lives:,} lives, {count.lines:,} lines, {numbers:,} numbers in {len(ways)} ways")
    print(f"segments up to {segments[-1] if segments else 0}, of which {len(segments):,} are kept")
    print(
        f"{count.torn:,} torn by a kill, {count.split:,} of {count.tracebacks:,} tracebacks with another's line inside"
    )
    if options.full:
        print(f"{count.said_lost.total():,} said to be lost while the disk took nothing")
    print(
        ", ".join(f"{kind} {times:,}" for kind, times in count.wrong.items()) or "nothing lost, doubled or in disorder"
    )
    for sentence in count.sentences:
        print(f"  {sentence}")
    return 1 if count.wrong or not count.last else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
