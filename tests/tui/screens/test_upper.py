"""A screen over another one is closed once, however much was on its way to it."""

from __future__ import annotations

from textual.events import Resize
from textual.geometry import Size

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard, shown, until
from tui.screens.confirm import ChoiceLine, ConfirmScreen
from tui.screens.events import EventsScreen
from tui.screens.jump import JumpScreen


async def test_two_new_sizes_at_once_take_only_the_labels_away() -> None:
    """Whoever drags the edge of a window sends many; the screen below the labels stays."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.2")
        await pilot.press("V", "J")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen) and app.screen.is_mounted)
        for size in (Size(90, 20), Size(90, 21), Size(90, 22)):
            app.screen.post_message(Resize(size, size))
        await until(pilot, lambda: not isinstance(app.screen, JumpScreen))
        await pilot.pause()
        assert isinstance(app.screen, EventsScreen)


async def test_choice_that_is_made_twice_closes_one_dialog() -> None:
    """A double click on it does so."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.2")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and app.screen.is_mounted)
        dialog = app.screen
        dialog.post_message(ChoiceLine.Chosen("cancel"))
        dialog.post_message(ChoiceLine.Chosen("cancel"))
        await until(pilot, lambda: app.screen is not dialog)
        await pilot.pause()
        assert len(app.screen_stack) == 1
        assert app.return_value is None
