"""The grammar of `procdeck screenshot`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.parameters import Project


def add_to(app: App) -> None:
    """Give `app` this command."""
    app.command(screenshot)


def screenshot(
    *places: Annotated[
        str,
        Parameter(
            help="workers, channels, pools, errors, hangs, ...; with a name behind a colon what is under the cursor "
            "(why:parse.2); or a worker's, channel's or pool's name alone.",
            show_default=False,
        ),
    ],
    size: Annotated[str, Parameter(help="Columns and lines: 120x34.")] = "120x34",
    output: Annotated[
        Path | None,
        Parameter(name=["--out", "--output", "-o"], help="The file; without it one here.", show_default=False),
    ] = None,
    press: Annotated[
        str, Parameter(name="--press", help='Keys to press there first: "slash p a r s e enter".', show_default=False)
    ] = "",
    theme: Annotated[str, Parameter(help="The name of a theme.", show_default=False)] = "",
    recording: Annotated[
        Path | None, Parameter(help="Of a recording instead: what `procdeck record` has written.", show_default=False)
    ] = None,
    at: Annotated[str | None, Parameter(help='A time in the recording: "02:13".', show_default=False)] = None,
    project: Project = None,
) -> int:
    """Write pictures (SVG) of the running project's dashboard, one for each of PLACES; nothing is changed by it."""
    from tui.cli.screenshot import PictureWish, write_pictures

    wish = PictureWish(places, size, output, tuple(press.split()), theme)
    return write_pictures(project, wish, recording=recording, at=at)
