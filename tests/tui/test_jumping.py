"""Jumping: each thing in sight has a label of its own, and typing it goes there, on every screen."""

from __future__ import annotations

from functools import partial

import pytest

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, screen_text, shown, until
from tui.jumping import LETTERS, MOST, Spot, labelled, labels, still_meant
from tui.screens.jump import JumpScreen


@pytest.mark.parametrize("count", [0, 1, 26, 27, 60, 300, MOST, MOST + 9])
def test_no_label_begins_another(count: int) -> None:
    """However many there are; the short ones go first."""
    found = labels(count)
    assert len(found) == len(set(found)) == min(count, MOST)
    assert not any(other != label and other.startswith(label) for label in found for other in found[:700])
    assert found == sorted(found, key=len)


def test_panes_and_places_have_the_short_labels() -> None:
    """Then rows, then lines of the log, from the top of the screen on; a cell has one."""
    gone: list[str] = []
    lines = [Spot(0, y, "line", partial(gone.append, f"line {y}")) for y in range(20, 60)]
    pane = Spot(0, 19, "pane", lambda: gone.append("pane"))
    named = labelled([*lines, pane, Spot(0, 20, "row", lambda: gone.append("never"))])
    named[LETTERS[0]].go()
    assert gone == ["pane"]
    assert len(named) == 41
    assert set(still_meant(named, "m")) == {label for label in named if label.startswith("m")}


async def test_a_label_goes_to_its_row_and_esc_ends_it() -> None:
    """The first row of the workers has the first letter after panes and places."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await shown(pilot, "tally")
        line = next(line for line in screen_text(app) if "tally" in line)
        await pilot.press("ctrl+x", line[0])
        await until(pilot, lambda: app.fleet_screen.table.cursor_name == "tally")
        await pilot.press("J", "escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        assert app.fleet_screen.table.cursor_name == "tally"


async def test_labels_go_to_panes_and_places() -> None:
    """A pane gets the keys; a place is shown."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await shown(pilot, "Log all workers")
        title = next(line for line in screen_text(app) if "Log all workers" in line)
        await pilot.press(title[0])
        await until(pilot, lambda: focused_id(app) == "log")
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await shown(pilot, "3 Pools")
        title = next(line for line in screen_text(app) if "3 Pools" in line)
        await pilot.press(title[title.index("3 Pools") - 1])
        await until(pilot, lambda: app.fleet_screen.place == "pools")


async def test_labels_lead_back_from_a_screen_over_others() -> None:
    """Crumbs have labels too."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "Workers › Why parse.1")
        await pilot.press("t")
        await shown(pilot, "Workers › Why › Stacks of parse.1")
        await pilot.press("J")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen))
        await pilot.press("a")
        await until(pilot, lambda: app.screen is app.fleet_screen)
