"""Dialogs say from where they were opened, and their crumbs lead back there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.action_scenes import link_with_everything, wished
from tests.tui.screens.test_fleet import NARROW, dashboard, screen_text, shown
from tui.dashboard import Leaving
from tui.screens.dialog_title import DialogTitle
from tui.screens.why import WhyScreen


async def click_on_title(pilot: Pilot[Leaving], x: int, is_there: Callable[[], bool]) -> None:
    """Until that has led where it should: while the dialog still finds its height, a click may miss its title."""
    async with asyncio.timeout(60):
        while not is_there():
            if pilot.app.screen.query(DialogTitle):
                await pilot.click(DialogTitle, offset=(x, 0))
            await pilot.pause(0.01)


async def test_a_question_says_from_where_it_is_asked_and_a_crumb_leads_back(tmp_path: Path) -> None:
    """Place and screen, then what is asked; a click on one of them cancels and goes there."""
    link = link_with_everything(tmp_path / "run" / "logs")
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        await pilot.press("question_mark")
        await shown(pilot, "Workers › Why › Keys")
        await click_on_title(pilot, 12, lambda: isinstance(app.screen, WhyScreen))
        await pilot.press("question_mark")
        await shown(pilot, "Workers › Why › Keys")
        await click_on_title(pilot, 2, lambda: app.screen is app.fleet_screen)
        await pilot.press("K")
        await shown(pilot, "Workers › Kill parse.1?")
        await pilot.click(DialogTitle, offset=(12, 0))  # the question itself leads nowhere
        await click_on_title(pilot, 0, lambda: app.screen is app.fleet_screen)
        assert wished(link) == []
        assert app.return_value is None


@pytest.mark.parametrize("place", ["Channels", "Pools", "Errors"])
async def test_the_place_is_named(tmp_path: Path, place: str) -> None:
    """The first crumb is where one was, and after a visit elsewhere it is another one."""
    app = dashboard(link_with_everything(tmp_path / "run" / "logs"))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press({"Channels": "2", "Pools": "3", "Errors": "4"}[place], "q")
        await shown(pilot, f"{place} › Quit procdeck?")
        await pilot.press("escape", "1", "q")
        await shown(pilot, "Workers › Quit procdeck?")


async def test_ascii_signs_have_crumbs_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where nothing else can be shown."""
    monkeypatch.setenv("PROCDECK_GLYPHS", "ascii")
    app = dashboard(link_with_everything(tmp_path / "run" / "logs"))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("q")
        await shown(pilot, "Workers > Quit procdeck?")
        assert all(line.isascii() for line in screen_text(app) if "Quit procdeck" in line)
