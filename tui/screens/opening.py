"""Opens the screens over the first one, one over the other, and goes back where the wanted one is just below.

A screen is imported when it is opened: the first paint waits for none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from textual.app import App
from textual.screen import Screen

from tui.hang_desk import HangDesk
from tui.situation import ScreenName

SCREENS: dict[ScreenName, str] = {
    "hangs": "tui.screens.why:HangsScreen",
    "why": "tui.screens.why:WhyScreen",
    "stacks": "tui.screens.stacks:StacksScreen",
    "flame": "tui.screens.stacks:FlameScreen",
    "plots": "tui.screens.plots:PlotsScreen",
    "pipeline": "tui.screens.pipeline:PipelineScreen",
    "events": "tui.screens.events:EventsScreen",
    "worker": "tui.screens.worker:WorkerScreen",
    "picker": "tui.screens.switching:SwitchingScreen",
    "profile": "tui.screens.profile:ProfileScreen",
}
"""The module and the class of each."""

OF_ALL: frozenset[ScreenName] = frozenset({"hangs", "events"})
"""Screens about nobody by name."""


def make_screen(desk: HangDesk, what: ScreenName, name: str) -> Screen[None]:
    """The screen `what`, about what is called `name`."""
    module, _, kind = SCREENS[what].partition(":")
    make = getattr(import_module(module), kind)
    screen: Screen[None] = make(desk) if what in OF_ALL else make(desk, name)
    return screen


def open_screen(app: App[Any], desk: HangDesk, what: ScreenName, name: str) -> None:
    """Show `what` about the replica, queue or pool `name`."""
    screen = make_screen(desk, what, name)
    below = app.screen_stack[-2] if len(app.screen_stack) > 1 else None
    if below is not None and _is_same(below, screen):
        app.pop_screen()
    else:
        app.push_screen(screen)


def _is_same(one: Screen[Any], other: Screen[Any]) -> bool:
    return type(one) is type(other) and getattr(one, "worker", "") == getattr(other, "worker", "")
