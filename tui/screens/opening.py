"""Opens the screens over the first one, one over the other, and goes back where the wanted one is just below."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.screen import Screen

from tui.hang_desk import HangDesk
from tui.screens.events import EventsScreen
from tui.screens.pipeline import PipelineScreen
from tui.screens.plots import PlotsScreen
from tui.screens.profile import ProfileScreen
from tui.screens.stacks import FlameScreen, StacksScreen
from tui.screens.switching import SwitchingScreen
from tui.screens.why import HangsScreen, WhyScreen
from tui.screens.worker import WorkerScreen
from tui.situation import ScreenName

SCREENS: dict[ScreenName, Callable[[HangDesk, str], Screen[None]]] = {
    "hangs": lambda desk, _: HangsScreen(desk),
    "why": WhyScreen,
    "stacks": StacksScreen,
    "flame": FlameScreen,
    "plots": PlotsScreen,
    "pipeline": PipelineScreen,
    "events": lambda desk, _: EventsScreen(desk),
    "worker": WorkerScreen,
    "picker": SwitchingScreen,
    "profile": ProfileScreen,
}
"""How each is made, about what is called so."""


def open_screen(app: App[Any], desk: HangDesk, what: ScreenName, name: str) -> None:
    """Show `what` about the replica, queue or pool `name`."""
    screen = SCREENS[what](desk, name)
    below = app.screen_stack[-2] if len(app.screen_stack) > 1 else None
    if below is not None and _is_same(below, screen):
        app.pop_screen()
    else:
        app.push_screen(screen)


def _is_same(one: Screen[Any], other: Screen[Any]) -> bool:
    return type(one) is type(other) and getattr(one, "worker", "") == getattr(other, "worker", "")
