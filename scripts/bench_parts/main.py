"""Runs one part of the benchmark, or all of them, on the machine that the first line names. It judges no figure."""

from __future__ import annotations

import importlib
import sys
import traceback

from scripts.bench_parts import report

PARTS = ("startup", "status", "restart", "lifecycle", "logs", "channels", "locks", "idle", "why", "pools", "tui")


def run(part: str, argv: list[str]) -> int:
    """Run one part: 0, or 1 when it could not run. The exit code of `logs` is its judgement of a figure."""
    try:
        importlib.import_module(f"scripts.bench_parts.{part}").main(argv)
    except Exception:
        traceback.print_exc()
        return 1
    finally:
        print(flush=True)
    return 0


def main(argv: list[str]) -> int:
    part, rest = (argv[0], argv[1:]) if argv else ("all", [])
    if part not in (*PARTS, "all") or (part == "all" and rest):
        print(f"usage: scripts/bench [{'|'.join(PARTS)}|all] [options of one part; --help lists them]", file=sys.stderr)
        return 2
    print(report.machine_line(), flush=True)
    print(flush=True)
    return max(run(each, rest) for each in (PARTS if part == "all" else (part,)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
