"""A filter's line that lies over the headings of its table."""

from __future__ import annotations

from pathlib import Path

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import (
    WIDE,
    dashboard,
    focused_id,
    gone,
    logs,
    screen_text,
    shown,
    until,
    with_logs,
)

__all__ = ["logs"]


async def test_headings_are_covered_while_somebody_types() -> None:
    """Rows stay where they are; what is below can be clicked again when the line has gone."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "WORKER")
        await pilot.press("slash")
        await shown(pilot, "esc clears")
        lines = screen_text(app)
        assert ["WORKER" in line for line in lines].count(True) == 0
        assert [line.split()[1] for line in lines[3:6]] == [row.name for row in census().rows[:3]]
        await pilot.press("enter")
        await shown(pilot, "WORKER")
        await pilot.click("#workers", offset=(3, 0))
        await until(pilot, lambda: app.fleet_screen.table.sort is not None)


async def test_line_goes_with_the_focus_and_the_filter_stays() -> None:
    """Tab goes on to another pane, and the headings are there again."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "WORKER")
        await pilot.press("slash", *"walk")
        await gone(pilot, "WORKER")
        await pilot.press("tab")
        await shown(pilot, "WORKER")
        assert app.fleet_screen.table.shown_names == ("walk",)


async def test_nothing_found_is_told_below_the_line() -> None:
    """Its first words are not covered by what was typed."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "WORKER")
        await pilot.press("slash", *"zzz")
        await shown(pilot, 'No worker matches "zzz"')
        await pilot.press("enter")
        await shown(pilot, "WORKER")
        await shown(pilot, 'No worker matches "zzz"')


async def test_few_lines_of_a_log_begin_below_its_line(logs: Path) -> None:
    """What a filter has found can be read while somebody types; where all are shown the line covers the oldest."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("tab", "H", "slash", *"number 77")
        await shown(pilot, "1 of 200")
        view = app.fleet_screen.log_view
        await until(pilot, lambda: list(view.jump_cells()) == [(0, 1)])
        assert ["message number 77" in line for line in screen_text(app)].count(True) == 1
        await pilot.click(view, offset=(3, 1))
        await until(pilot, lambda: focused_id(app) == "log" and not view.is_following)
        await until(pilot, lambda: list(view.jump_cells()) == [(0, 0)])
        await pilot.press("slash", *"x")
        await shown(pilot, 'No record matches "number 77x"')
