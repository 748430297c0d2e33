"""Figures over time of what is under the cursor: asked for, drawn, longer and shorter, and left."""

from __future__ import annotations

import pytest

from supervisor.errors import RequestRefused
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, screen_text, shown, until
from tui.screens.fleet import FleetScreen


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_i_draws_a_workers_figures(size: tuple[int, int]) -> None:
    """What they are now and at most; as wide as the screen, and Esc goes back."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "i")
        await shown(pilot, "parse.1 over the last 5 minutes")
        await shown(pilot, "Processor   now")
        await shown(pilot, "5m ago")
        assert max(map(len, screen_text(app))) <= size[0]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
    assert link.asked[0] == "history parse.1 300"


async def test_plus_and_minus_change_how_long() -> None:
    """Up to what is kept; beyond that it says so."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "i")
        for key, span in (("plus", "10 minutes"), ("plus", "1 hour"), ("plus", "12 hours"), ("minus", "1 hour")):
            await until(pilot, lambda: app.screen.asked_s is None)  # type: ignore[attr-defined]
            await pilot.press(key)
            await shown(pilot, f"parse.1 over the last {span}")
        await until(pilot, lambda: "history parse.1 3600" in link.asked)
        await pilot.press("plus", "plus")
        await shown(pilot, "More is not kept")


async def test_queues_and_pools_have_figures_too() -> None:
    """By the name under the cursor in their own places."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("c")
        await shown(pilot, "paths")
        await pilot.press("i")
        await until(pilot, lambda: any(asked.startswith("history paths") for asked in link.asked))


async def test_a_refusal_is_told_in_its_place() -> None:
    """Nothing was measured yet: the engine's words, and the way back."""
    link = FakeLink(census())
    link.hang_trouble = RequestRefused("no worker, queue or pool 'parse.1'")
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "i")
        await shown(pilot, "no worker, queue or pool")
        await shown(pilot, "Esc goes back")
