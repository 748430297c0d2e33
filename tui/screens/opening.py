"""Opens the screens about hangs, one over the other, and goes back where the wanted one is just below."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.screen import Screen

from tui.hang_desk import AboutHangs, HangDesk
from tui.screens.asking import AskingScreen
from tui.screens.plots import PlotsScreen
from tui.screens.stacks import FlameScreen, StacksScreen
from tui.screens.why import HangsScreen, WhyScreen


def open_about(app: App[Any], desk: HangDesk, what: AboutHangs, name: str) -> None:
    """Show `what` about the replica `name`."""
    screen = _screen(desk, what, name)
    below = app.screen_stack[-2] if len(app.screen_stack) > 1 else None
    if below is not None and _is_same(below, screen):
        app.pop_screen()
    else:
        app.push_screen(screen)


def _screen(desk: HangDesk, what: AboutHangs, name: str) -> AskingScreen[Any]:
    if what == "hangs":
        return HangsScreen(desk)
    if what == "why":
        return WhyScreen(desk, name)
    if what == "plots":
        return PlotsScreen(desk, name)
    return StacksScreen(desk, name) if what == "stacks" else FlameScreen(desk, name)


def _is_same(one: Screen[Any], other: Screen[Any]) -> bool:
    return type(one) is type(other) and getattr(one, "worker", "") == getattr(other, "worker", "")
