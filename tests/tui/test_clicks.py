"""The mouse on rows: the cursor goes where a click is, a second one opens, and the margin marks."""

from __future__ import annotations

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import WIDE, dashboard, focused_id, shown, until


async def test_a_click_on_the_row_under_the_cursor_opens_it() -> None:
    """The first one, which only brings the cursor or the focus, opens nothing."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        table = app.fleet_screen.table
        await pilot.click(table, offset=(20, 3))
        await until(pilot, lambda: table.cursor_name == "parse.2")
        assert focused_id(app) == "workers"
        await pilot.click(table, offset=(20, 3))
        await until(pilot, lambda: focused_id(app) == "detail")
        await pilot.click(table, offset=(20, 3))
        await until(pilot, lambda: focused_id(app) == "workers")


async def test_the_margin_and_ctrl_mark_rows() -> None:
    """Again takes the mark away; nothing is opened by it."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        table = app.fleet_screen.table
        await pilot.click(table, offset=(0, 2))
        await pilot.click(table, offset=(30, 4), control=True)
        await until(pilot, lambda: [row.name for row in table.marked] == ["parse.1", "parse.3"])
        await pilot.click(table, offset=(0, 2))
        await until(pilot, lambda: [row.name for row in table.marked] == ["parse.3"])
        assert focused_id(app) == "workers"
