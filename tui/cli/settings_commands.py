"""The grammar of `procdeck settings` and `procdeck keys`."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from tui.cli.exits import UsageError
from tui.cli.parameters import Json


def add_to(app: App) -> None:
    """Give `app` these commands."""
    for command in (settings, keys):
        app.command(command)


def settings(
    *,
    init: Annotated[
        bool, Parameter(negative="", help="Write a settings file with everything in it, commented.")
    ] = False,
    forget: Annotated[
        str | None, Parameter(help="Forget how the dashboard of this project was left.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Show the settings in use, where each comes from, and the mistakes in the settings file."""
    from tui.cli import settings as room

    if init and forget is not None:
        raise UsageError("--init and --forget are two wishes; give one of them")
    if init:
        return room.write_first()
    return room.forget(forget) if forget is not None else room.show_settings(as_json=as_json)


def keys(*, as_json: Json = False) -> int:
    """List all keys of the dashboard as they are now."""
    from tui.cli import settings as room

    return room.show_keys(as_json=as_json)
