"""Takes a picture of what is on the screen of a dashboard, and puts it where it was opened."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.app import App

from tui.link.stacks_file import write_dump
from tui.render.picture import self_contained
from tui.render.pieces import plain
from tui.wishes import Say


def picture_of(app: App[Any], title: str) -> str:
    """What is on the screen now, as an SVG that needs nothing else."""
    return self_contained(app.export_screenshot(title=title))


async def keep_picture(app: App[Any], project: str, at_s: float, say: Say) -> None:
    """Write a picture of the screen to a file of its own in the current directory, and say where it is.

    `at_s`: the local time, as seconds since 1970, that its name has.
    """
    svg = picture_of(app, project)
    stem = f"procdeck-{project.partition(' ')[0]}-{datetime.fromtimestamp(at_s, UTC):%Y%m%d-%H%M%S}"
    try:
        directory = Path.cwd()
    except OSError:
        say("Cannot write a picture: the directory in which procdeck was begun is gone.", "error")
        return
    try:
        path = await asyncio.to_thread(write_dump, directory, stem, svg, ".svg")
    except OSError as error:
        say(plain(f"Cannot write a picture into {directory}: {error.strerror or error}."), "error")
    else:
        say(plain(f"Wrote a picture of the screen to {path}"))
