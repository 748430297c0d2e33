"""The grammar of `procdeck record` and `procdeck replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.parameters import Project


def add_to(app: App) -> None:
    """Give `app` these commands."""
    app.command(record)
    app.command(replay)


def record(
    *,
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="The directory to make; without it one here.", show_default=False),
    ] = None,
    last: Annotated[str | None, Parameter(name="--for", help="End after: 90s, 10m, 12h.", show_default=False)] = None,
    project: Project = None,
) -> int:
    """Record states, channels, pools and the log, until the engine ends or Ctrl-C; `procdeck replay` shows it."""
    from tui.cli.recorder import record as write

    return write(project, output=output, last=last)


def replay(
    directory: Annotated[Path, Parameter(help="What `procdeck record` has written.")],
    /,
    *,
    at: Annotated[str | None, Parameter(help='Begin at a time: "02:13", an ISO time.', show_default=False)] = None,
    speed: Annotated[float, Parameter(help="So many times as fast; 0 stands still.")] = 1.0,
) -> int:
    """Look at a recording in the dashboard: { and } go a minute back and on, ( and ) ten, backslash sets the speed."""
    from tui.cli.replayer import replay as show

    return show(directory, at=at, speed=speed)
