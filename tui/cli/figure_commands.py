"""The grammar of `procdeck plot` and `procdeck export`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.parameters import Json, Project

Last = Annotated[str, Parameter(help="How far back: 90s, 10m, 2h; up to 12h. More than 10m is told by the minute.")]


def add_to(app: App) -> None:
    """Give `app` these commands."""
    app.command(plot)
    app.command(export)


def plot(
    *names: Annotated[str, Parameter(help="Replicas, queues and pools; all without any.", show_default=False)],
    last: Last = "5m",
    as_json: Json = False,
    project: Project = None,
) -> int:
    """Plot processor, memory, log, depth and rates of workers, queues and pools, as text."""
    from tui.cli.plotting import show_plot

    return show_plot(project, names, last=last, as_json=as_json)


def export(
    *,
    output: Annotated[
        Path | None, Parameter(name=["--output", "-o"], help="The file; without it one here.", show_default=False)
    ] = None,
    last: Last = "10m",
    project: Project = None,
) -> int:
    """Write the run as one HTML file: states, charts, errors, events. Nothing in it is fetched or executed."""
    from tui.cli.exporting import export as write

    return write(project, output=output, last=last)
