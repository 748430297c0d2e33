"""A profile for the terminal tests, and how its workers are read off the screen."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from supervisor import paths
from tests.engines import RunningEngine, wait_for, write_profile
from tests.terminal.terminal import Terminal

NAMES = ("steady", "pair.1", "pair.2", "shell")

PROFILE = """
name = "deck"
[defaults]
stop_timeout = "2s"
start_method = "fork"
[workers.steady]
target = "code:tick"
args = { pause_s = 0.2 }
[workers.pair]
target = "code:tick"
args = { pause_s = 0.3 }
replicas = 2
[workers.shell]
command = "while true; do echo shell says hello; sleep 0.3; done"
"""

CODE = """
def tick(ctx, pause_s):
    number = 0
    while not ctx.stopping.wait(pause_s):
        number += 1
        ctx.doing(f"round {number}")
        ctx.log.info("%s makes round %d", ctx.name, number)
"""

_RECORD = re.compile(r" \d\d:\d\d:\d\d(?:\.\d\d\d)? (?P<worker>\S+) +(?P<level>[A-Z]+) +(?P<message>.*)")


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says of a replica."""

    state: str
    pid: int | None


def write_deck(place: Path) -> Path:
    """The deck's own folder, with its ``procdeck.toml``."""
    return write_profile(place / "p", PROFILE, code=CODE).parent


def row(lines: Sequence[str], name: str) -> Row | None:
    """The row of `name` in the table, in either layout; without its pid while the filter lies over the headings."""
    pid_end = next((line.index(" PID ") + 4 for line in lines if line.startswith(" WORKER ") and " PID " in line), None)
    for line in lines:
        found = re.match(rf" \S {re.escape(name)} +([a-z]+)\b", line)
        if found:
            pid = line[pid_end - 7 : pid_end].strip() if pid_end is not None else ""
            return Row(found[1], int(pid) if pid.isdecimal() else None)
    return None


def wait_state(terminal: Terminal, name: str, state: str, other_than: int | None = None) -> Row:
    """Wait until the table says that `name` is `state`, with another pid than `other_than`."""

    def look(lines: list[str]) -> Row | None:
        seen = row(lines, name)
        return seen if seen is not None and seen.state == state and seen.pid != (other_than or -1) else None

    seen = terminal.wait(look, f"{name} to be {state}" + (f", not as {other_than}" if other_than else ""))
    assert seen is not None
    return seen


def wait_running(terminal: Terminal, names: Sequence[str] = NAMES) -> dict[str, int]:
    """Wait until every one of `names` runs; their pids, as the screen tells them."""

    def look(lines: list[str]) -> dict[str, int]:
        rows = {name: row(lines, name) for name in names}
        pids = {name: seen.pid for name, seen in rows.items() if seen and seen.state == "running" and seen.pid}
        return pids if len(pids) == len(names) else {}

    return terminal.wait(look, f"{', '.join(names)} to be running, with their pids")


def log_workers(lines: Sequence[str]) -> list[str]:
    """The worker of each record in the log pane, from top to bottom."""
    return [found["worker"] for line in lines if (found := _RECORD.match(line))]


def engine_of(project: str = "deck") -> RunningEngine:
    """The engine that the program in the terminal has started."""
    note = wait_for(lambda: paths.engine_note(project), f"the engine of {project}")
    assert note is not None
    return RunningEngine(note)


def api_pids(engine: RunningEngine) -> dict[str, int]:
    """The pids of all replicas, as the engine tells them."""
    return {row.name: row.pid for row in engine.fleet().rows if row.pid is not None}


MANY_FRAMES = 100
"""Looks at a full pty, 10 ms apart at least: more than the writes that the dashboard queues."""


def fill(terminal: Terminal) -> None:
    """Read nothing any more, until the program can write nothing any more."""
    terminal.stall()
    seen: list[int] = []

    def is_full() -> bool:
        seen.append(terminal.waiting_bytes())
        terminal.press("jk")
        return len(seen) > MANY_FRAMES and seen[-MANY_FRAMES] == seen[-1] > 0

    wait_for(is_full, "the pty to be full")
