"""The grammar of `procdeck debug`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter


def add_to(app: App) -> None:
    """Give `app` the command."""
    app.command(debug)


def debug(
    worker: Annotated[str, Parameter(help="A worker or pool of the profile.")],
    /,
    *,
    item: Annotated[
        int | None,
        Parameter(help="Only this item: of a pool's source, or of what waits in the queue; counted from 0."),
    ] = None,
    feed: Annotated[
        tuple[str, ...],
        Parameter(help="Items of a file: inbox=items.ndjson (a JSON value a line), or .pickle.", negative=""),
    ] = (),
    letters: Annotated[
        tuple[str, ...], Parameter(help="Dead letters, of this or the last run: inbox, or inbox:ID.", negative="")
    ] = (),
    out: Annotated[
        tuple[str, ...], Parameter(help="What it writes, as JSON lines: out=results.ndjson.", negative="")
    ] = (),
    no_pdb: Annotated[
        bool, Parameter(name="--no-pdb", negative="", help="Only the traceback of an uncaught exception.")
    ] = False,
    profile: Annotated[
        str | None, Parameter(help="A profile, or a directory that has one. Without it: the running one, or that here.")
    ] = None,
    project: Annotated[str | None, Parameter(help="Project name of the engine or profile that is meant.")] = None,
) -> int:
    """Run one worker in this terminal: breakpoint() works, an uncaught exception opens pdb where it was raised.

    Its input is a copy of what waits in the running profile, unless --feed or --letters says otherwise; nothing is
    taken from anybody. What it writes is shown and goes nowhere else.
    """
    from tui.cli.debug import DebugWish, debug_worker

    wish = DebugWish(
        worker=worker,
        item=item,
        feeds=feed,
        letters=letters,
        outs=out,
        has_pdb=not no_pdb,
        profile=profile,
        project=project,
    )
    return debug_worker(wish)
