"""The room of the first screen: borders go where a person wants them, and a layout can be taken and applied again."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.pilot import Pilot

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.layout import Layout
from tui.screens.fleet import FleetScreen
from tui.screens.log_panes import LEAST_LOG_LINES
from tui.sorting import Sort


def _screen(pilot: Pilot[Leaving]) -> FleetScreen:
    assert isinstance(pilot.app, Dashboard)
    return pilot.app.fleet_screen


async def test_keys_move_the_borders() -> None:
    """Ctrl and an arrow move the lower edge of the table and the left one of the detail, the arrow's way."""
    async with dashboard(FakeLink(census())).run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        panes = _screen(pilot).panes
        await pilot.press("ctrl+down", "ctrl+left")
        await until(pilot, lambda: panes["workers"].size.height == _screen(pilot).table_lines)
        await until(pilot, lambda: panes["detail"].outer_size.width == _screen(pilot).detail_columns)
        height, width = panes["workers"].size.height, panes["detail"].outer_size.width
        await pilot.press("ctrl+down", "ctrl+down", "ctrl+up", "ctrl+left")
        await until(pilot, lambda: panes["workers"].size.height == height + 1)
        await until(pilot, lambda: panes["detail"].outer_size.width == width + 2)


async def test_a_border_is_dragged_with_the_mouse() -> None:
    """Whoever takes hold of the log's title moves the table's edge; of the detail's edge, that one."""
    async with dashboard(FakeLink(census())).run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        panes = _screen(pilot).panes
        while not _screen(pilot)._dragged:  # the title may still be on its way to its place
            await pilot.mouse_down("#log-title")
            await pilot.pause()
        await pilot._post_mouse_events([events.MouseMove], "#log", offset=(5, 4), button=1)
        await pilot.mouse_up("#log", offset=(5, 4))
        log_y = panes["log"].region.y
        await until(pilot, lambda: panes["workers"].region.bottom == panes["log"].region.y)
        assert _screen(pilot).table_lines == log_y - panes["workers"].region.y
        await pilot.mouse_down("#detail-pane", offset=(0, 3))
        await pilot._post_mouse_events([events.MouseMove], "#log", offset=(50, 3), button=1)
        await pilot.mouse_up("#log", offset=(50, 3))
        await until(pilot, lambda: panes["detail"].region.x == 50)
        await pilot.mouse_down("#log-title")
        await pilot.hover("#detail", offset=(5, 9))
        assert _screen(pilot).table_lines == log_y - panes["workers"].region.y


async def test_the_border_between_two_logs_is_moved_by_keys_and_the_mouse() -> None:
    """From the second log, and from both where they have the whole screen; its place is part of the layout."""
    async with dashboard(FakeLink(census())).run_test(size=(140, 60)) as pilot:
        await shown(pilot, "parse.1")
        screen = _screen(pilot)
        logs = screen.log_panes
        await pilot.press("tab", "Z")
        await until(pilot, lambda: logs.is_in_second and logs.second is not None and logs.second.size.height > 0)
        second = logs.second
        assert second is not None
        before, table = second.size.height, screen.panes["workers"].size.height
        await pilot.press("ctrl+up", "ctrl+up", "ctrl+down")
        await until(pilot, lambda: second.size.height == before + 1)
        assert (screen.panes["workers"].size.height, logs.first.size.height) == (table, logs.size.height - before - 1)
        assert screen.laid_out().second_log_lines == before + 1
        await pilot.mouse_down(second.query_one("#log-title"))
        await pilot._post_mouse_events([events.MouseMove], logs.first, offset=(5, 6), button=1)
        await pilot.mouse_up(logs.first, offset=(5, 6))
        await until(pilot, lambda: logs.first.size.height == 6)
        await pilot.press("8", "ctrl+down")
        await until(pilot, lambda: logs.size.height > 50 and second.size.height == logs.second_lines)
        for _ in range(60):
            await pilot.press("ctrl+down")
        await until(pilot, lambda: second.size.height == LEAST_LOG_LINES)
        screen.lay_out(replace(screen.laid_out(), second_log_lines=None))
        await pilot.press("Q")
        await until(pilot, lambda: logs.first.size.height == logs.size.height)


async def test_no_pane_can_be_made_to_vanish() -> None:
    """However far an edge is moved, there is something left on both its sides."""
    async with dashboard(FakeLink(census())).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        screen = _screen(pilot)
        screen.make_table(500)
        await until(pilot, lambda: screen.panes["log"].size.height == 4)
        screen.make_table(-3)
        await until(pilot, lambda: screen.panes["workers"].size.height == 5)


async def test_a_layout_is_applied_as_it_was_taken() -> None:
    """Order, filters, only problems, sizes, the detail and the place; the rest is as it is built."""
    layout = Layout(
        place="channels",
        sorts={"workers": Sort("cpu", is_descending=True)},
        only_problems=frozenset({"channels"}),
        filters={"workers": "parse", "log": "error"},
        log_level="WARNING",
        is_detail_open=False,
        table_lines=12,
        detail_columns=50,
        second_log_lines=12,
    )
    async with dashboard(FakeLink(census())).run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        screen = _screen(pilot)
        fresh = screen.laid_out()
        assert replace(fresh, is_detail_open=None) == Layout()
        screen.lay_out(layout)
        await until(pilot, lambda: screen.laid_out() == layout)
        assert screen.table.shown_names == ("parse.1", "parse.2", "parse.3")
        screen.lay_out(Layout(is_detail_open=True))
        await until(pilot, lambda: screen.laid_out() == Layout(is_detail_open=True))


async def test_the_logs_are_a_place_that_one_comes_back_from() -> None:
    """Its number works from anywhere; esc goes back to the pane where one was."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "d", "8")
        await until(pilot, lambda: app.fleet_screen.zoomed() == "log" and focused_id(app) == "log")
        await shown(pilot, "esc Back")
        assert app.fleet_screen.panes["log"].size.height == NARROW[1] - 2
        await pilot.press("escape")
        await until(pilot, lambda: app.fleet_screen.zoomed() is None and focused_id(app) == "workers")
        await pilot.press("w")
        await shown(pilot, "Why parse.1")
        await pilot.press("8")
        await until(pilot, lambda: app.screen is app.fleet_screen and app.fleet_screen.zoomed() == "log")


async def test_places_and_crumbs_are_clicked() -> None:
    """A name in the title goes there; a screen's name before the heading goes back to it."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await shown(pilot, "3 Pools")
        line = next(line for line in screen_text(app) if "3 Pools" in line)
        await pilot.click("#workers-title", offset=(line.index("3 Pools") + 3, 0))
        await until(pilot, lambda: app.fleet_screen.place == "pools")
        await pilot.press("1", "j", "w")
        await shown(pilot, "Workers › Why parse.1")
        await pilot.press("t")
        await shown(pilot, "Workers › Why › Stacks")
        await pilot.click("#asking-title", offset=(12, 0))
        await shown(pilot, "Workers › Why parse.1")
        await pilot.click("#asking-title", offset=(3, 0))
        await until(pilot, lambda: app.screen is app.fleet_screen)
