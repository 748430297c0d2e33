"""What is painted of a screen below another one: what has changed there, once, and not all of both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rich.segment import Segment
from textual import screen
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget

from tui.compositor import paint_little
from tui.lower_screens import paint_little_below

SIZE = (30, 8)


class Page(Widget):
    """Lines that a test sets."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self.lines = [f"{word} {y}" for y in range(SIZE[1])]

    def render_line(self, y: int) -> Strip:
        return Strip([Segment(self.lines[y])]).adjust_cell_length(self.size.width)

    def say(self, y: int, text: str) -> None:
        """Another line."""
        self.lines[y] = text
        self.refresh(Region(0, y, self.size.width, 1))


class Upper(ModalScreen[None]):
    """Covers the right half of the first lines."""

    CSS = "Upper Page { width: 15; height: 4; dock: right; }"

    def compose(self) -> ComposeResult:
        yield Page("upper")


class OnePage(App[None]):
    def compose(self) -> ComposeResult:
        yield Page("lower")


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """How the screens were painted, in order."""
    refresh, compositor = Screen._compositor_refresh, screen.Compositor  # type: ignore[attr-defined]
    paint_little()
    paint_little_below()
    told: list[str] = []
    full_update = Compositor.render_full_update

    def full(self: Compositor, simplify: bool = False) -> Any:
        told.append("all")
        return full_update(self, simplify)

    monkeypatch.setattr(Compositor, "render_full_update", full)
    yield told
    Screen._compositor_refresh = refresh  # type: ignore[method-assign]
    screen.Compositor = compositor  # type: ignore[attr-defined]


def shown(app: App[None], y: int) -> str:
    """What the compositor of the upper screen has written in line `y`."""
    parts = app.screen._compositor._written.get(y, ([], {}))[1]  # type: ignore[attr-defined]
    return "".join(strip.text for _, strip in sorted(parts.items()) if strip is not None)


async def until(pilot: Pilot[None], claim: Callable[[], bool]) -> None:
    """Return once `claim` holds."""
    async with asyncio.timeout(60):
        while not claim():
            await pilot.pause(0.01)


async def opened(pilot: Pilot[None]) -> tuple[Page, Page]:
    """The lower page and the upper one, with all painted that is to be."""
    app = pilot.app
    lower = app.query_one(Page)
    await app.push_screen(Upper())
    await pilot.pause()
    upper = app.screen.query_one(Page)
    async with asyncio.timeout(60):
        turn = 0
        while not shown(app, 0).startswith("first"):  # nothing is kept of what was written with a whole screen
            turn += 1
            lower.say(0, f"first {turn}")
            await pilot.pause(0.01)
    return lower, upper


async def test_a_change_below_is_painted_alone(painted: list[str]) -> None:
    """Again and again: nothing is painted as a whole."""
    app = OnePage()
    async with app.run_test(size=SIZE) as pilot:
        lower, _ = await opened(pilot)
        painted.clear()
        for y in (0, 5, 7):
            lower.say(y, f"now {y}")
            await until(pilot, lambda y=y: shown(app, y).startswith(f"now {y}"))  # type: ignore[misc]
        assert painted == []


async def test_what_changes_on_both_at_once_is_painted_of_both(painted: list[str]) -> None:
    """A change below takes nothing from one above."""
    app = OnePage()
    async with app.run_test(size=SIZE) as pilot:
        lower, upper = await opened(pilot)
        for turn in range(5):
            lower.say(6, f"below {turn}")
            upper.say(1, f"above {turn}")
            await until(pilot, lambda turn=turn: f"above {turn}" in shown(app, 1))  # type: ignore[misc]
            await until(pilot, lambda turn=turn: f"below {turn}" in shown(app, 6))  # type: ignore[misc]


async def test_a_screen_that_comes_up_again_is_painted_whole(painted: list[str]) -> None:
    """With what has changed on it meanwhile."""
    app = OnePage()
    async with app.run_test(size=SIZE) as pilot:
        lower, _ = await opened(pilot)
        painted.clear()
        lower.say(7, "meanwhile")
        await until(pilot, lambda: shown(app, 7).startswith("meanwhile"))
        await app.pop_screen()
        await until(pilot, lambda: "all" in painted)
