"""What a key costs, counted: layouts, styles that are looked up, whole screens that are painted, lines drawn."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.css.stylesheet import Stylesheet
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from tests.tui.fakes import FakeLink, census, replica
from tests.tui.screens.test_fleet import WIDE, dashboard, logs, shown, until, with_logs
from tui.compositor import LeanCompositor
from tui.dashboard import Leaving
from tui.screens import drawing
from tui.screens.drawing import DrawnScreen
from tui.screens.fleet import FleetScreen
from tui.widgets.fleet_table import FleetTable

__all__ = ["logs"]

FLEET = census(rows=tuple(replica(f"w.{number}") for number in range(1, 41)))


@pytest.fixture
def spent(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What was done since it was cleared."""
    counts: Counter[str] = Counter()

    def count(owner: Any, name: str, what: str) -> None:
        do: Callable[..., object] = getattr(owner, name)

        def counted(*args: Any, **named: Any) -> object:
            counts[what] += 1
            return do(*args, **named)

        monkeypatch.setattr(owner, name, counted)

    count(Screen, "_refresh_layout", "layouts")
    count(Stylesheet, "apply", "styles")
    count(LeanCompositor, "render_full_update", "whole screens")
    count(FleetScreen, "situation", "situations")
    count(drawing, "hints", "hints")
    count(DrawnScreen, "_draw_lines_now", "lines drawn")
    count(FleetTable, "line_of", "rows made")
    return counts


def costs(spent: Counter[str]) -> dict[str, int]:
    """What costs most of all; none of it is needed where nothing comes, goes or changes its size."""
    return {what: spent[what] for what in ("layouts", "styles", "whole screens")}


NOTHING = {"layouts": 0, "styles": 0, "whole screens": 0}


async def settle(pilot: Pilot[Leaving]) -> None:
    """What a key has set off is done and painted."""
    for _ in range(3):
        await pilot.pause()


async def at_rest(pilot: Pilot[Leaving], spent: Counter[str]) -> None:
    """The panes have found their heights: nothing is spent by itself any more; counting begins here."""
    async with asyncio.timeout(60):
        while True:
            spent.clear()
            await settle(pilot)
            if costs(spent) == NOTHING:
                break
    spent.clear()


async def test_the_cursor_costs_no_layout_and_no_style(spent: Counter[str]) -> None:
    """Nor does the detail that comes for each row, which is longer than what is known of it before."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "w.1")
        await shown(pilot, "What runs")
        await at_rest(pilot, spent)
        for _ in range(30):
            await pilot.press("down")
        await until(pilot, lambda: app.fleet_screen.detail_view.max_scroll_y > 0)
        await settle(pilot)
        assert (app.fleet_screen.table.cursor_name, costs(spent)) == ("w.31", NOTHING)


async def test_the_focus_costs_no_layout_and_no_style(spent: Counter[str], logs: Path) -> None:
    """It goes from the table to the log and the detail, and back."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await at_rest(pilot, spent)
        for _ in range(9):
            await pilot.press("tab")
        await pilot.press("escape")
        await settle(pilot)
        assert costs(spent) == NOTHING


async def test_the_log_is_read_without_a_layout(spent: Counter[str], logs: Path) -> None:
    """Pages, lines and both ends of it."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("tab")
        await at_rest(pilot, spent)
        await pilot.press("f", "pageup", "pageup", "pagedown", "up", "up", "down", "home", "end", "f")
        await settle(pilot)
        assert costs(spent) == NOTHING


async def test_a_filter_comes_and_goes_without_a_layout(spent: Counter[str]) -> None:
    """Its line lies over the headings: no row moves while somebody types."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "w.1")
        for _ in range(2):
            await at_rest(pilot, spent)
            await pilot.press("slash", "w", "full_stop", "backspace", "backspace", "w", "escape")
            await settle(pilot)
            assert (app.fleet_screen.focused, costs(spent)) == (app.fleet_screen.table, NOTHING)


@pytest.mark.parametrize("place", ["2", "8"])
@pytest.mark.parametrize("opens", ["slash", "F", "T"])
async def test_what_the_log_asks_comes_and_goes_without_a_layout(
    spent: Counter[str], logs: Path, place: str, opens: str
) -> None:
    """Beside a table and with the whole screen: its line lies over the first of the log."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press(place)
        app.fleet_screen.logs.view.focus()
        for _ in range(2):
            await at_rest(pilot, spent)
            await pilot.press(opens, "7", "full_stop", "backspace", "backspace", "9", "escape")
            await settle(pilot)
            assert (app.fleet_screen.focused, costs(spent)) == (app.fleet_screen.logs.view, NOTHING)


async def test_a_filter_makes_no_row_anew(spent: Counter[str]) -> None:
    """A row that has moved says what it said; only one that was not seen before is made."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "w.1")
        app.fleet_screen.table.filter("!w.5")
        await at_rest(pilot, spent)
        for needle in ("", "!w.5"):
            app.fleet_screen.table.filter(needle)
            await settle(pilot)
        assert (len(app.fleet_screen.table.rows), spent["rows made"]) == (39, 0)


async def test_lines_are_drawn_once_for_all_that_happens_in_a_turn(
    spent: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often they are asked for; the hints are made when the situation is another one."""
    app = dashboard(FakeLink(FLEET))
    monkeypatch.setattr(app, "_frame", lambda: None)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "w.1")
        await at_rest(pilot, spent)
        screen = app.fleet_screen
        for _ in range(5):
            screen._draw_lines()
        await settle(pilot)
        assert (spent["lines drawn"], spent["situations"], spent["hints"]) == (1, 1, 0)


async def test_an_equal_fleet_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is drawn again and comes out the same reaches no terminal."""
    link = FakeLink(FLEET)
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "What runs")
        everywhere = app.screen.region
        compositor = app.screen._compositor
        assert isinstance(compositor, LeanCompositor)

        def paints_nothing() -> bool:
            compositor._dirty_regions.update(everywhere.split_horizontal(-1))
            return compositor.render_partial_update() is None

        await settle(pilot)
        await until(pilot, paints_nothing)
        link.hear(msgspec.structs.replace(FLEET, rows=tuple(map(msgspec.structs.replace, FLEET.rows))))
        app.fleet_screen.redraw()
        await settle(pilot)
        assert paints_nothing()


def live_widgets() -> int:
    """All that were made and not let go, on a screen or not; but for those of before the dashboard's first paint."""
    gc.collect()
    return sum(isinstance(each, Widget) for each in gc.get_objects())


async def test_widgets_do_not_grow_in_number(logs: Path) -> None:
    """Hundreds of changes of the focus, and screens opened and left again, leave none behind."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")

        async def visit() -> None:
            for key in ("question_mark", "colon", "w", "i", "R"):
                await pilot.press(key)
                await until(pilot, lambda: len(app.screen_stack) > 1)
                await pilot.press("escape")
                await until(pilot, lambda: len(app.screen_stack) == 1)
            await pilot.press("slash", "p", "escape", "Z")
            await until(pilot, lambda: app.fleet_screen.log_panes.second is not None)
            await pilot.press("Q")
            await until(pilot, lambda: app.fleet_screen.log_panes.second is None)
            for number in range(150):
                app.screen.focus_next()
                if number % 25 == 0:
                    await pilot.pause()
            await pilot.press(*"21")
            await settle(pilot)

        await visit()
        before, in_sight = live_widgets(), len(list(app.screen.walk_children()))
        await visit()
        # Who searches for a log that was closed may hold it for a moment longer.
        await until(pilot, lambda: live_widgets() <= before and len(list(app.screen.walk_children())) == in_sight)
