"""`procdeck status`: wall time of the command with an engine running, beside an interpreter that does nothing."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

from scripts.bench_parts import engines, report

PROJECT = "benchstatus"


def wall_s(words: list[str]) -> float:
    """Seconds that a command takes, its output thrown away.

    Raises:
        CalledProcessError: it failed.
    """
    begun_s = time.perf_counter()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=os.environ.get("HOME"))
    return time.perf_counter() - begun_s


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench status", description=__doc__)
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args(argv)
    ours = [str(engines.PROCDECK), "status", "--project", PROJECT]
    bare = [sys.executable, "-c", "pass"]
    taken: dict[str, list[float]] = {"ours": [], "bare": []}
    with (
        engines.place() as folder,
        engines.engine_on(engines.resting_profile(folder, PROJECT, commands=5, targets=5)),
    ):
        for _ in range(options.runs):
            taken["ours"].append(wall_s(ours))
            taken["bare"].append(wall_s(bare))
    print(f"status: `procdeck status` with 10 workers beside `python -c pass`, {options.runs} runs in turn")
    rows = [
        [
            name,
            f"{of(taken['ours']):.3f} s",
            f"{of(taken['bare']):.3f} s",
            report.times(of(taken["ours"]), of(taken["bare"])),
        ]
        for name, of in (("median", statistics.median), ("p95", report.p95), ("least", min))
    ]
    targets = ("<= 0.25 s", "", "")
    report.print_table(
        ("what", "ours", "bare", "ratio", "target"), [[*row, target] for row, target in zip(rows, targets, strict=True)]
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
