"""What an engine costs that has nothing to do: CPU and memory of engine and guardian over workers that rest."""

from __future__ import annotations

import argparse
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.bench_parts import engines, report

PROJECT = "benchidle"
MIB = 2**20
CPU_TARGETS = {100: "<= 1", 500: "<= 4"}
"""By the number of workers."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What an idle fleet costs."""

    cpu_percent: float
    """The engine's, of one core."""
    guardian_cpu_percent: float
    rss_bytes: tuple[int, int]
    """Of engine and guardian, shared pages in both."""
    pss_bytes: tuple[int, int]
    """The same, shared pages divided among those who share them."""
    processes: int
    """On the whole machine: the engine reads the process table, whoever is in it."""


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process, to the nanosecond where the kernel keeps it so (proc_pid_schedstat(5))."""
    spent_ns = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        spent_ns += int(Path(f"/proc/{pid}/task/{task}/schedstat").read_text().split()[0])
    return spent_ns / 1e9


def memory_bytes(pid: int, name: str) -> int:
    """``Rss`` or ``Pss`` of a process."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"no {name} in smaps_rollup of {pid}")


def watch(pids: tuple[int, int], span_s: float) -> Cost:
    """The cost of engine and guardian over `span_s`."""
    before_s, begun_s = [cpu_s(pid) for pid in pids], time.monotonic()
    time.sleep(span_s)
    took_s = time.monotonic() - begun_s
    engine, guardian = (100 * (cpu_s(pid) - before) / took_s for pid, before in zip(pids, before_s, strict=True))
    return Cost(
        cpu_percent=engine,
        guardian_cpu_percent=guardian,
        rss_bytes=(memory_bytes(pids[0], "Rss"), memory_bytes(pids[1], "Rss")),
        pss_bytes=(memory_bytes(pids[0], "Pss"), memory_bytes(pids[1], "Pss")),
        processes=sum(name.isdigit() for name in os.listdir("/proc")),
    )


def measure(commands: int, targets: int, span_s: float) -> Cost:
    """Start the fleet, let it settle for three samples, and watch it."""
    with engines.place() as folder:
        profile = engines.resting_profile(folder, PROJECT, commands=commands, targets=targets)
        with engines.engine_on(profile) as (note, _):
            time.sleep(3.0)
            return watch((note.engine_pid, note.guardian_pid), span_s)


def rows(kind: str, workers: int, cost: Cost) -> list[list[str]]:
    def mib(values: tuple[int, int]) -> list[str]:
        return [f"{value / MIB:.1f} MiB" for value in values]

    what = f"{workers} {kind}"
    return [
        [
            f"{what}: CPU, % of a core",
            f"{cost.cpu_percent:.2f}",
            f"{cost.guardian_cpu_percent:.2f}",
            f"{cost.cpu_percent + cost.guardian_cpu_percent:.2f}",
            CPU_TARGETS.get(workers, ""),
        ],
        [f"{what}: RSS", *mib(cost.rss_bytes), *mib((sum(cost.rss_bytes), 0))[:1], ""],
        [
            f"{what}: PSS",
            *mib(cost.pss_bytes),
            *mib((sum(cost.pss_bytes), 0))[:1],
            "<= 60 MB" if workers == 100 else "",
        ],
    ]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench idle", description=__doc__)
    parser.add_argument("--workers", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to watch each fleet")
    options = parser.parse_args(argv)
    table, counts = [], []
    for kind, commands, targets in (
        ("commands (sleep)", options.workers, 0),
        ("targets (forkserver)", 0, options.workers),
    ):
        cost = measure(commands, targets, options.seconds)
        table += rows(kind, options.workers, cost)
        counts.append(str(cost.processes))
    print(
        f"idle: fleets that rest, sampled every second, watched for {options.seconds:g} s; "
        f"{' and '.join(counts)} processes on the machine"
    )
    report.print_table(("what", "engine", "guardian", "both", "target"), table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
