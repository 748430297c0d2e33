"""What is on the terminal of a Pilot: the screen in front, and those that are seen through it."""

from __future__ import annotations

from typing import Any

from textual._context import visible_screen_stack
from textual.app import App
from textual.strip import Strip


def lines_of(app: App[Any]) -> list[str]:
    """The same as text, in the terminal's whole width."""
    return ["".join(segment.text for segment in strip) for strip in strips_of(app)]


def strips_of(app: App[Any]) -> list[Strip]:
    """All lines, as a frame would have them.

    Without the screens below, a line of them that has just changed is rendered as a blank one, and kept as such: the
    frames that follow have it too.
    """
    visible_screen_stack.set(app._background_screens)
    return app.screen._compositor.render_strips(app.size)
