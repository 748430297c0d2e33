"""The dashboard's figures: from a key to its paint, what it costs, how soon it is there, and that it does not grow.

The real program in a real pty, but for an hour and 10,000 changes of the focus, which no clock on the wall waits for.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable

from scripts.bench_parts import engines, idle, report, tui_flat
from scripts.bench_parts.log_storm import Noticed, storming, watch
from scripts.bench_parts.person import dashboard, latency
from scripts.bench_parts.startup import fleets

LINES_A_SECOND = 100_000
SETTLING_S = 5.0
MINUTES_FROM_S = 60.0
"""How long a worker runs is told in seconds until then, and each is another screen."""
MOST_MS = {100: (5.0, 30.0), 500: (None, 50.0)}
"""Median and 95th percentile from key to paint, by the number of workers."""
MOST_STORM_PERCENT, MOST_IDLE_PERCENT, MOST_COLD_S = 15.0, 2.0, 0.8

Missed = list[str]
"""What does not hold, in words."""


def held(what: str, found: float, most: float | None, unit: str, missed: Missed) -> list[str]:
    """A line of a table: ours, and what is asked."""
    if most is not None and found > most:
        missed.append(f"{what}: {found:.2f} {unit}, asked for <= {most:g} {unit}")
    return [what, f"{found:.2f} {unit}", "" if most is None else f"<= {most:g} {unit}"]


def storm_words(workers: int, noticed: Noticed) -> str:
    """What was going on."""
    rate = noticed.lines / noticed.span_s
    return f"{workers} workers, {rate:,.0f} lines a second stored, {noticed.span_s:.0f} s"


def measure_keys(workers: int, minutes: float, missed: Missed) -> None:
    """From key to paint, under a storm."""
    with engines.place() as folder, storming(folder, workers, LINES_A_SECOND // workers, "print_on") as storm:
        noticed = watch(storm, minutes, presses_keys=True)
    keys = noticed.keys
    print(f"keys: {storm_words(workers, noticed)}, {len(keys.every)} keys")
    report.print_table(
        ("from key to paint", "number", "median", "p95", "longest"),
        [latency(what, found) for what, found in keys.took_ms.items()],
    )
    median_ms, p95_ms = MOST_MS.get(workers, (None, None))
    rows = [
        held(f"keys, {workers} workers: median", statistics.median(keys.every), median_ms, "ms", missed),
        held(f"keys, {workers} workers: p95", report.p95(keys.every), p95_ms, "ms", missed),
        held(f"keys, {workers} workers: without effect", keys.missing, 0.0, "keys", missed),
        held("dashboard: CPU, of a core", noticed.cpu["dashboard"], None, "%", missed),
        held("dashboard: waited for a core", noticed.waited["dashboard"], None, "%", missed),
    ]
    report.print_table(("", "ours", "asked"), rows)


def measure_cpu(workers: int, minutes: float, missed: Missed) -> None:
    """What the dashboard costs under a storm, and over workers that rest."""
    with engines.place() as folder, storming(folder, workers, LINES_A_SECOND // workers, "print_on") as storm:
        noticed = watch(storm, minutes, presses_keys=False)
    print(f"cpu: {storm_words(workers, noticed)}; then the same number of workers at rest")
    rows = [
        held(f"{what}: CPU under the storm", noticed.cpu[what], most, "%", missed)
        for what, most in (("dashboard", MOST_STORM_PERCENT), ("engine", None))
    ]
    young, rested = at_rest(workers, minutes)
    rows.append(held("dashboard: CPU at rest, ages in seconds", young, None, "%", missed))
    rows.append(held("dashboard: CPU at rest", rested, MOST_IDLE_PERCENT, "%", missed))
    report.print_table(("of one core", "ours", "asked"), rows)


def at_rest(workers: int, minutes: float) -> tuple[float, float]:
    """Per cent of a core that a dashboard takes whose workers do nothing: in their first minute, and afterwards."""
    project = "benchrest"
    with engines.place() as folder:
        profile = engines.resting_profile(folder, project, commands=0, targets=workers)
        with engines.engine_on(profile), dashboard(project) as keyboard:
            if keyboard.watch(lambda screen: screen.has("target.1 "), engines.PATIENCE_S) is None:
                raise TimeoutError("the dashboard does not show the workers")
            keyboard.rest(SETTLING_S)
            spans_s, spent = (MINUTES_FROM_S, 60 * minutes), []
            for span_s in spans_s:
                before_s = idle.cpu_s(keyboard.pid)
                keyboard.rest(span_s)
                spent.append(100 * (idle.cpu_s(keyboard.pid) - before_s) / span_s)
            return spent[0], spent[1]


def measure_cold(runs: int, missed: Missed) -> None:
    """From `procdeck PROFILE`, no engine running, to the first paint."""
    fleet = fleets()[0]
    for _ in range(runs):
        fleet.start_once()
    print(f"cold: `procdeck PROFILE`, no engine running, {fleet.what}, {runs} runs")
    rows = [
        held("first paint: median", statistics.median(fleet.paint_s), MOST_COLD_S, "s", missed),
        held("first paint: least", min(fleet.paint_s), None, "s", missed),
        held("the rows of all workers: median", statistics.median(fleet.rows_s), None, "s", missed),
    ]
    report.print_table(("", "ours", "asked"), rows)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench tui", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0, help="how long each storm, and each rest, is watched")
    parser.add_argument("--runs", type=int, default=7, help="cold starts")
    parser.add_argument("--changes", type=int, default=10_000, help="of the focus")
    parser.add_argument("--hours", type=float, default=1.0, help="of updates, by a virtual clock")
    parser.add_argument("--only", choices=("keys", "keys-500", "cpu", "cold", "flat"), help="one of the parts")
    options = parser.parse_args(argv)
    missed: Missed = []
    parts: dict[str, Callable[[], None]] = {
        "keys": lambda: measure_keys(100, options.minutes, missed),
        "keys-500": lambda: measure_keys(500, options.minutes, missed),
        "cpu": lambda: measure_cpu(100, options.minutes, missed),
        "cold": lambda: measure_cold(options.runs, missed),
        "flat": lambda: missed.extend(tui_flat.measure(options.changes, options.hours)),
    }
    for name, measure in parts.items():
        if options.only in (None, name):
            measure()
    print("all that is asked holds" if not missed else "missed:\n" + "\n".join(f"  {each}" for each in missed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
