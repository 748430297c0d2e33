"""Many ends at once, and ends without end: 500 exits in one tick of the engine, and twenty workers in crash loops."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from scripts.bench_parts import engines, idle, report
from supervisor import paths, proctable
from supervisor.api.client import EngineClient
from supervisor.lifecycle.states import State

PROJECT = "benchstorms"

MANY = """\
name = "{project}"
[workers.w]
command = ["sleep", "1000000"]
replicas = {count}
restart = "never"
"""

LOOPING = """\
name = "{project}"
[workers.w]
command = ["false"]
replicas = {count}
restart = {{ policy = "always", max = 1000000, within = "60s", backoff = "{backoff}" }}
"""


def exits_at_once(folder: Path, count: int) -> list[str]:
    """Kill all workers while the engine stands still, let it go on, and see what it makes of them."""
    profile = folder / "procdeck.toml"
    profile.write_text(MANY.format(project=PROJECT, count=count))
    with engines.engine_on(profile) as (note, client):
        pids = [row.pid for row in client.fleet().rows if row.pid is not None]
        os.kill(note.engine_pid, signal.SIGSTOP)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        engines.wait_for(lambda: all(state_of(pid) in "Z?" for pid in pids), "all workers to be dead")
        cpu_s = idle.cpu_s(note.engine_pid)
        begun_s = time.monotonic()
        os.kill(note.engine_pid, signal.SIGCONT)
        engines.wait_for(lambda: failed(client) == count, "all exits to be handled")
        took_s = time.monotonic() - begun_s
        spent_s = idle.cpu_s(note.engine_pid) - cpu_s
        zombies = sum(entry.state == "Z" and entry.parent_pid == note.engine_pid for entry in proctable.look().values())
        return [
            f"{count} exits in one tick",
            f"{failed(client)} handled in {took_s:.2f} s",
            f"{1000 * spent_s / count:.2f} ms CPU each, {zombies} zombies",
            "all",
        ]


def state_of(pid: int) -> str:
    entry = proctable.read_entry(pid)
    return entry.state if entry else "?"


def failed(client: EngineClient) -> int:
    return sum(row.state is State.FAILED for row in client.fleet().rows)


def crash_loop(folder: Path, count: int, backoff: str, span_s: float) -> list[str]:
    """What workers cost that end as soon as they begin, from their first start on."""
    from supervisor.processes.ignition import start_engine

    profile = folder / "procdeck.toml"
    profile.write_text(LOOPING.format(project=PROJECT, count=count, backoff=backoff))
    note = start_engine(profile, tie_to_me=True)
    try:
        client = EngineClient(paths.socket_path(PROJECT), timeout_s=30.0)
        before = sum(row.incarnation for row in client.fleet().rows)
        begun_s, cpu_s = time.monotonic(), idle.cpu_s(note.engine_pid)
        time.sleep(span_s)
        took_s, spent_s = time.monotonic() - begun_s, idle.cpu_s(note.engine_pid) - cpu_s
        starts = sum(row.incarnation for row in client.fleet().rows) - before
    finally:
        engines.end_engine(PROJECT)
    return [
        f"{count} crash at once, backoff {backoff}",
        f"{100 * spent_s / took_s:.1f} % of a core",
        f"{starts / took_s:.1f} starts/s, {1000 * spent_s / max(starts, 1):.1f} ms CPU each",
        "<= 5 %",
    ]


def report_all(folder: Path, exits: int, span_s: float) -> None:
    rows = [
        exits_at_once(folder, exits),
        crash_loop(folder, 20, "0.5s..30s", span_s),
        crash_loop(folder, 20, "1s..1s", span_s),
    ]
    print(
        f"storms: SIGKILL of all workers while the engine stands still; crash loops over {span_s:g} s, never giving up"
    )
    report.print_table(("what", "found", "cost", "target"), rows)
