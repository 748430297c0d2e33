"""Runs one part of the chaos."""

from __future__ import annotations

import importlib
import sys

PARTS = ("channels", "lifecycle", "logs")


def main(argv: list[str]) -> int:
    if not argv or argv[0] not in PARTS:
        print(f"usage: scripts/chaos {'|'.join(PARTS)} [options; --help lists them]", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"scripts.chaos_parts.{argv[0]}").main(argv[1:])
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
