"""Workers in groups: headings with their sums, folded and unfolded, and what is done on one is done to all below it."""

from __future__ import annotations

import pytest

from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, replica
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui.grouping import Heading, grouped, next_grouping
from tui.layout import Grouping
from tui.render.glyphs import ASCII, UNICODE
from tui.render.headings import group_page, heading_line
from tui.render.pieces import line_text

ROWS = (
    replica("fetch", State.BACKOFF, group="ingest"),
    replica("disk", kind="command"),
    replica("parse.1", group="ingest"),
    replica("parse.2", group="ingest"),
    replica("report", State.FAILED, kind="script", group="end"),
)


@pytest.mark.parametrize(
    ("grouping", "expected"),
    [
        ("group", ["=ingest", "fetch", "parse.1", "parse.2", "=end", "report", "=", "disk"]),
        ("kind", ["=target", "fetch", "parse.1", "parse.2", "=command", "disk", "=script", "report"]),
        ("state", ["=failed", "report", "=backoff", "fetch", "=running", "disk", "parse.1", "parse.2"]),
    ],
)
def test_each_stands_below_the_heading_of_its_group(grouping: Grouping, expected: list[str]) -> None:
    """Groups and kinds as the profile has them, states as they need a person; in no group: last."""
    lines = grouped(ROWS, ROWS, grouping, ())
    assert [f"={line.key}" if isinstance(line, Heading) else line.name for line in lines] == expected


def test_a_folded_group_is_its_heading() -> None:
    """Its members are still counted; the others stand as they stood."""
    lines = grouped(ROWS, ROWS, "kind", {"target"})
    assert [line.name for line in lines if not isinstance(line, Heading)] == ["disk", "report"]
    assert [len(line.members) for line in lines if isinstance(line, Heading)] == [3, 1, 1]


def test_groupings_follow_one_another() -> None:
    """After the last comes none."""
    seen: list[Grouping] = [""]
    while (following := next_grouping(seen[-1])) != "":
        seen.append(following)
    assert seen == ["", "group", "kind", "state"]


def test_a_heading_says_how_many_are_in_which_state_and_what_they_take() -> None:
    """Words where there is room, signs where there is less; the sums go first."""
    heading = next(line for line in grouped(ROWS, ROWS, "group", ()) if isinstance(line, Heading))
    wide, narrow = (line_text(heading_line(heading, UNICODE, width)) for width in (70, 34))
    assert wide.startswith(" ▾ ingest 3   ◉ 2 running  ⟳ 1 backoff ")
    assert wide.endswith("  68 %  96 M ")
    assert "◉ 2  ⟳ 1" in narrow
    assert line_text(heading_line(heading, ASCII, 70)).isascii()
    assert any("parse.2" in line_text(line) for line in group_page(heading, UNICODE, 0.0, 40).lines)


async def test_the_key_goes_through_the_groupings_and_the_title_says_which() -> None:
    """The cursor stays on its worker through all of them."""
    async with dashboard(FakeLink(census(rows=ROWS))).run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        table = pilot.app.fleet_screen.table  # type: ignore[attr-defined]
        await pilot.press("j", "j")
        for grouping in ("group", "kind", "state"):
            await pilot.press("B")
            await shown(pilot, f"grouped by {grouping}")
            assert table.cursor_name == "parse.1"
        await pilot.press("B")
        await gone(pilot, "grouped by")
        assert table.shown_names == tuple(row.name for row in ROWS)


async def test_groups_are_folded_by_key_and_by_mouse() -> None:
    """Left goes to the heading and folds, enter and a click do both, and who goes to a worker unfolds its group."""
    app = dashboard(FakeLink(census(rows=ROWS)))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        table = app.fleet_screen.table
        await pilot.press("B", "left")
        await gone(pilot, "◉ parse.1")
        assert table.heading is not None
        assert table.cursor_name is None
        await pilot.press("right")
        await shown(pilot, "◉ parse.1")
        await pilot.press("enter")
        await gone(pilot, "◉ parse.1")
        await pilot.click("#workers", offset=(8, 1))
        await shown(pilot, "◉ parse.1")
        await pilot.press("left")
        await gone(pilot, "◉ parse.1")
        app.fleet_screen.go("workers", "parse.2")
        await until(pilot, lambda: table.cursor_name == "parse.2")


async def test_what_is_done_on_a_heading_is_done_to_all_below_it() -> None:
    """One question with how many and of what group; what is for one worker says so."""
    link = FakeLink(census(rows=ROWS))
    app = dashboard(link)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("B", "home", "t")
        await shown(pilot, "that is for one worker; go to one of ingest")
        await pilot.press("r")
        await shown(pilot, "Restart all 3 workers of ingest?")
        await pilot.press("up", "enter")
        await until(pilot, lambda: link.wishes == [("restart", ("fetch", "parse.1", "parse.2"))])
        await pilot.press("home", "space")
        await shown(pilot, "3 marked")


async def test_filters_and_problems_leave_the_groups_that_have_something() -> None:
    """A group of which nothing is shown has no heading."""
    app = dashboard(FakeLink(census(rows=ROWS)))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("B", "slash", *"parse", "enter")
        await gone(pilot, "report")
        assert [line.split()[1] for line in screen_text(app) if line.startswith(" ▾")] == ["ingest"]
        await pilot.press("escape", "exclamation_mark")
        await shown(pilot, "only problems")
        assert app.fleet_screen.table.shown_names == ("fetch", "report")
