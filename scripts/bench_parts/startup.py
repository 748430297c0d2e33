"""Cold start: from the execution of `procdeck PROFILE`, no engine running, to what its user sees in a real terminal.

Once with workers that rest, and once with the shipped census, whose workers want every core from their first moment.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from dataclasses import dataclass, field
from pathlib import Path

from scripts.bench_parts import engines, report
from scripts.bench_parts.status import wall_s
from scripts.bench_parts.terminal import COLUMNS, ROWS, Terminal

CENSUS = engines.REPOSITORY / "configs" / "census" / "census.toml"
PROJECT = "benchstartup"
PATIENCE_S = 60.0

FIRST_PAINT = re.compile(rf"procdeck +{PROJECT}\b")
"""The dashboard's top line; nothing else writes the two words beside each other."""


@dataclass
class Fleet:
    """A profile to start, the replicas whose rows must come, and the seconds that both moments took in each run."""

    what: str
    replicas: tuple[str, ...]
    paint_s: list[float] = field(default_factory=list)
    rows_s: list[float] = field(default_factory=list)

    def start_once(self) -> None:
        """One cold start, and its end."""
        milestones = {"paint": FIRST_PAINT, **{name: row_pattern(name) for name in self.replicas}}
        with engines.place() as folder:
            terminal = Terminal([str(engines.PROCDECK), str(self._profile(folder)), "--project", PROJECT])
            try:
                terminal.wait_for(milestones, PATIENCE_S)
            finally:
                engines.end_engine(PROJECT)
                terminal.press_until_gone(b"q", PATIENCE_S)
        self.paint_s.append(terminal.reached_s["paint"])
        self.rows_s.append(max(terminal.reached_s[name] for name in self.replicas))

    def _profile(self, folder: Path) -> Path:
        if self.what == "census":
            return CENSUS
        return engines.resting_profile(folder, PROJECT, commands=5, targets=5)


def row_pattern(replica: str) -> re.Pattern[str]:
    """A row of the table: a glyph, then the name."""
    return re.compile(rf"(?m)^ ?\S {re.escape(replica)} ")


def fleets() -> tuple[Fleet, ...]:
    resting = tuple(f"{worker}.{number}" for worker in ("command", "target") for number in range(1, 6))
    return (
        Fleet("10 resting workers", resting),
        Fleet("census", ("walk", "parse.1", "parse.2", "parse.3", "tally", "disk", "versions")),
    )


IMPORTS = {
    "an interpreter alone": "pass",
    "the command line": "import tui.cli.main",
    "the dashboard": "import tui.dashboard",
    "the engine": "import supervisor.engine, supervisor.api.server, supervisor.profile.loading",
}


def import_rows(runs: int) -> list[list[str]]:
    """Wall time of interpreters that only import, what the start-up is made of."""
    taken: dict[str, list[float]] = {what: [] for what in IMPORTS}
    for _ in range(runs):
        for what, code in IMPORTS.items():
            taken[what].append(wall_s([sys.executable, "-c", code]))
    bare_s = statistics.median(taken["an interpreter alone"])
    return [
        [f"import: {what}", *figures(each), report.times(statistics.median(each), bare_s), ""]
        for what, each in taken.items()
    ]


def figures(taken_s: list[float]) -> list[str]:
    return [f"{value:.3f} s" for value in (statistics.median(taken_s), report.p95(taken_s), min(taken_s))]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args(argv)
    measured = fleets()
    for _ in range(options.runs):
        for fleet in measured:
            fleet.start_once()
    imports = import_rows(options.runs)
    print(f"startup: `procdeck PROFILE`, no engine running, terminal of {COLUMNS}x{ROWS}, {options.runs} runs in turn")
    rows = []
    for fleet in measured:
        rows.append([f"{fleet.what}: first paint (the project's name)", *figures(fleet.paint_s), "", "<= 1.0 s"])
        rows.append([f"{fleet.what}: the rows of all workers", *figures(fleet.rows_s), "", ""])
    rows += imports
    report.print_table(("what", "median", "p95", "least", "to bare", "target"), rows)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
