"""Workers that count in the log, and how what is stored of them is looked at."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from tests.engines import RunningEngine, wait_for
from tests.faults.oracle import state_of

ROOT = Path(__file__).parents[2]

PROFILE = """
name = "logfaults"
[defaults]
start_method = "fork"
[workers.counter]
target = "code:count"
[workers.idle]
target = "code:idle"
"""

CODE = """
def count(ctx):
    number = 0
    while not ctx.stopping.wait(0.005):
        number += 1
        ctx.log.info("number %d", number)
        ctx.progress(number)

def idle(ctx):
    ctx.stopping.wait()
"""


def counted(engine: RunningEngine, name: str = "counter") -> int:
    """How far a worker has counted, as its board says: the log has no part in that."""
    progress = engine.row(name).progress
    return progress[0] if progress else 0


def wait_counted(engine: RunningEngine, more: int = 30, name: str = "counter") -> int:
    """Wait until a worker has counted so many more."""
    goal = counted(engine, name) + more
    wait_for(lambda: counted(engine, name) >= goal, f"{name} to get to {goal}")
    return goal


def numbers(messages: list[str]) -> list[int]:
    return [int(text.rpartition(" ")[2]) for text in messages if text.startswith("number ")]


def wait_stored(engine: RunningEngine, number: int) -> list[int]:
    """Wait until the store has the counter's `number`; all of its numbers there."""

    def look() -> list[int]:
        seen = numbers(engine.messages("counter"))
        return seen if seen and seen[-1] >= number else []

    return wait_for(look, f"number {number} to be stored")


def assert_each_once(seen: list[int], first: int = 1) -> None:
    """None is missing from `first` on, none comes twice, none comes too early."""
    assert seen[0] == first
    assert [(before, after) for before, after in pairwise(seen) if after != before + 1] == []


def wait_asleep(pid: int) -> None:
    """Wait until a process sleeps, and not just for a moment."""
    seen: list[str] = []

    def look() -> bool:
        seen.append(state_of(pid))
        return seen[-20:] == ["S"] * 20

    wait_for(look, f"{pid} to sleep")


def procdeck_logs(project: str, *words: str) -> str:
    """What `procdeck logs` prints."""
    command = [sys.executable, "-m", "tui.cli.main", "logs", "--project", project, *words]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT).stdout


def stored(directory: Path) -> list[Record]:
    reader = LogReader(directory)
    while reader.refresh():
        pass
    records = [decode(line) for line in reader.lines(0, reader.line_count)]
    reader.close()
    return records


def whole_lines(directory: Path, number: int) -> list[bytes]:
    return (directory / f"{number:06d}.ndjson").read_bytes().split(b"\n")[:-1]
