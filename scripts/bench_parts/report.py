"""How the benchmarks say what they found: the machine, a median and a tail, and tables of text."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import version


def machine_line() -> str:
    """What the figures were measured on, and how busy it was: figures of a busy machine are worse than they need be."""
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"procdeck {version('procdeck')} on {cores} cores, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()} {platform.machine()}, load average {load:.1f}"
    )


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed (nearest rank)."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def seconds(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3f} s"


def milliseconds(value_ms: float) -> str:
    return f"{value_ms:.2f} ms" if abs(value_ms) < 100 else f"{value_ms:,.0f} ms"


def times(value: float, of: float) -> str:
    """How many times `of` it is."""
    ratio = value / of if of else float("inf")
    return f"{ratio:.1f}x" if ratio < 100 else f"{ratio:,.0f}x"


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns two blanks apart: the first at the left, the others at the right."""
    widths = [max(len(cell) for cell in column) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip(), flush=True)
