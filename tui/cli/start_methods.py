"""`procdeck doctor --start-methods`: what a start costs here with each method, for a function of yours."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tui.cli.exits import ExitCode, UsageError
from tui.cli.telling import narrate, one_line, tell, tell_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from supervisor.start_costs import StartCost, StartCosts

_HEADINGS: Final = ("", "start", "from..to", "first", "own memory", "with its share")
_NONE: Final = "-"
_COLUMNS: Final = 80


def show_start_costs(target: str | None, *, python: str, preload: Sequence[str], as_json: bool) -> ExitCode:
    """Measure, and print a table with advice; exit code 1 where a way to start does not work.

    Raises:
        UsageError: the target is none, or cannot be imported.
    """
    from supervisor.start_costs import UnknownTarget, measure_starts

    if target and ":" not in target and (os.sep in target or target.endswith(".toml")):
        raise UsageError(
            f"with --start-methods a function is looked at, not a profile: procdeck doctor --start-methods "
            f"module:function, instead of {target}"
        )
    modules = [name for word in preload for name in word.replace(" ", "").split(",") if name]
    try:
        costs = measure_starts(
            target or "",
            directory=Path.cwd(),
            python=python,
            preload=modules,
            on_step=lambda step: narrate(f"measures: {step}"),
        )
    except UnknownTarget as error:
        raise UsageError(one_line(str(error), longest=2000)) from None
    if as_json:
        tell_json(costs)
    else:
        tell(costs_text(costs))
    return ExitCode.FAILED if any(cost.trouble for cost in costs.costs) else ExitCode.OK


def costs_text(costs: StartCosts) -> str:
    """A line for each way to start a process, what it spends its time on, and what to choose."""
    what = costs.target or "a function that does nothing"
    lines = [f"a process for {one_line(what)}, under Python {costs.version} ({one_line(costs.python)})", ""]
    rows = [_HEADINGS, *(_cells(cost) for cost in costs.costs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row, trouble in zip(rows, ("", *(cost.trouble for cost in costs.costs)), strict=True):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
        if trouble:
            lines.append(f"    {one_line(trouble)}")
    lines.append("")
    if costs.import_ms is not None:
        shown = ", ".join(f"{one_line(each.module)} {_ms(each.took_ms)} ({each.share:.0%})" for each in costs.imports)
        lines += _wrapped("imports", f"{_ms(costs.import_ms)} in a fresh process: {shown}")
    if "forkserver with preload" in {cost.way for cost in costs.costs}:
        lines += _wrapped("preload", one_line(", ".join(costs.preload)))
    return "\n".join([*lines, *_wrapped("advice", one_line(costs.advice, longest=1000))])


def _wrapped(what: str, text: str) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, initial_indent=what.ljust(9), subsequent_indent=" " * 9)


def _cells(cost: StartCost) -> tuple[str, ...]:
    spread = _NONE
    if cost.fastest_ms is not None and cost.slowest_ms is not None:
        spread = f"{_figure(cost.fastest_ms)}..{_figure(cost.slowest_ms)}"
    return (cost.way, _ms(cost.start_ms), spread, _ms(cost.first_ms), _mib(cost.uss_bytes), _mib(cost.pss_bytes))


def _figure(ms: float) -> str:
    return f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"


def _ms(ms: float | None) -> str:
    return _NONE if ms is None else f"{_figure(ms)} ms"


def _mib(count_bytes: int | None) -> str:
    return _NONE if count_bytes is None else f"{count_bytes / 2**20:.1f} MiB"
