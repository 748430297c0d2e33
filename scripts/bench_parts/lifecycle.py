"""The life of workers in figures: crash to running again, many up and down, idle, storms of exits, who survives a stop.

Beside procdeck: supervisord, circus, honcho, mprocs and pm2, in environments of their own, as far as they can be had.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from scripts.bench_parts import engines, idle, report, restart, rising, storms, survivors


def show_idle(options: argparse.Namespace) -> None:
    table = []
    for count in (100, 500):
        for kind, commands, targets in (("commands", count, 0), ("targets", 0, count)):
            if count == 500 and targets:
                continue  # their memory is the workers' own
            table += idle.rows(kind, count, idle.measure(commands, targets, options.seconds))
    print(f"idle: fleets that rest, sampled every second, watched for {options.seconds:g} s")
    report.print_table(("what", "engine", "guardian", "both", "target"), table)


def show_restart(options: argparse.Namespace) -> None:
    restart.main(["--rounds", str(options.rounds * 5)])


def show_rising(options: argparse.Namespace) -> None:
    with engines.place() as folder:
        rising.report_all(folder, options.workers, options.rounds, with_peers=options.peers)


def show_storms(options: argparse.Namespace) -> None:
    with engines.place() as folder:
        storms.report_all(folder, options.exits, options.seconds)


def show_survivors(options: argparse.Namespace) -> None:
    with engines.place() as folder:
        survivors.report_all(folder, with_peers=options.peers)


SHOWS: dict[str, Callable[[argparse.Namespace], None]] = {
    "restart": show_restart,
    "up": show_rising,
    "idle": show_idle,
    "storms": show_storms,
    "survivors": show_survivors,
}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench lifecycle", description=__doc__)
    parser.add_argument("--only", choices=list(SHOWS), action="append", help="only this part; may be repeated")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True, help="other supervisors beside")
    parser.add_argument("--workers", type=int, default=100, help="how many go up and down together")
    parser.add_argument("--exits", type=int, default=500, help="how many end in one tick")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of what is done in turn with others")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long to watch each fleet")
    options = parser.parse_args(argv)
    for name in options.only or SHOWS:
        SHOWS[name](options)
        print(flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
