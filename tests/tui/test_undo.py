"""Taking back what was done: the way back is named before it is gone, and what is lost for good is said to be."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from supervisor.api.messages import ActionName
from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, replica
from tests.tui.screens.test_fleet import WIDE, dashboard, gone, shown, until
from tui.undo import (
    REMEMBERED,
    Act,
    Done,
    History,
    OnPool,
    Scale,
    SetLevel,
    way_back,
    way_back_of_level,
    way_back_of_scale,
    way_back_on_channel,
    way_back_on_pool,
)


@pytest.mark.parametrize(
    ("action", "back", "way"),
    [
        ("stop", "start", "starts it again"),
        ("kill", "start", "starts it again"),
        ("start", "stop", "stops it again"),
        ("pause", "resume", "lets it go on"),
        ("resume", "pause", "pauses it again"),
    ],
)
def test_what_has_a_way_back_says_which(action: ActionName, back: ActionName, way: str) -> None:
    """It is for those for whom the action was taken on, and nobody else."""
    done = way_back(action, ("api",), "api")
    assert (done.step, done.way) == (Act(back, ("api",), "api"), way)


def test_a_restart_has_no_way_back() -> None:
    """A process that is gone took its memory with it."""
    done = way_back("restart", ("w.1", "w.2"), "2 marked workers")
    assert (done.step, done.what) == (None, "2 marked workers were restarted")
    assert done.way == "what they held in memory is gone"


def test_figures_go_back_to_what_they_were() -> None:
    """Replicas, members and levels."""
    assert way_back_of_scale("parse", 3, 4).step == Scale("parse", -1)
    assert way_back_of_scale("parse", 3, 4).way == "goes back to 3 replicas"
    assert way_back_of_level("api", "INFO", "DEBUG").step == SetLevel("api", "INFO")
    assert way_back_on_pool("hash", "resize", 4).step == OnPool("hash", "resize", 4)
    assert way_back_on_pool("hash", "pause", None).step == OnPool("hash", "resume")
    for done in (way_back_on_channel("paths", "discard"), way_back_on_pool("hash", "kill-member", None)):
        assert done.step is None


def test_the_oldest_is_forgotten() -> None:
    """A session of many hours keeps no more than a person remembers."""
    history = History()
    for number in range(REMEMBERED + 3):
        history.push(Done(str(number)))
    popped = []
    while (done := history.pop()) is not None:
        popped.append(done.what)
    assert popped == [str(number) for number in range(REMEMBERED + 2, 2, -1)]


@pytest.mark.parametrize(
    ("moves", "key", "wishes"), [(["j"], "s", ["stop", "start"]), (["j"], "p", ["pause", "resume"])]
)
async def test_the_toast_names_the_way_back_and_the_key_goes_it(
    moves: Sequence[str], key: str, wishes: list[str]
) -> None:
    """Once: after that there is nothing to undo, and it says so."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(*moves, key)
        await shown(pilot, "; u ")
        await pilot.press("u")
        await until(pilot, lambda: [action for action, _ in link.wishes] == wishes)
        await shown(pilot, "Undo: parse.1 was")
        await pilot.press("u")
        await shown(pilot, "Nothing to undo")
        assert len(link.wishes) == 2


async def test_what_cannot_be_undone_says_why_and_what_came_before() -> None:
    """A restart hides the stop before it once only."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "s", "j", "r")
        await until(pilot, lambda: len(link.wishes) == 2)
        await shown(pilot, "Restarting parse.2")
        await pilot.press("u")
        await shown(pilot, "Cannot undo: parse.2 was restarted")
        await pilot.press("u")
        await until(pilot, lambda: link.wishes[2:] == [("start", ("parse.1",))])


async def test_scale_goes_back_and_levels_too() -> None:
    """To what it was before."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "plus")
        await shown(pilot, "u goes back to 3 replicas")
        await pilot.press("u")
        await until(pilot, lambda: link.scales == [("parse", 1), ("parse", -1)])


async def test_marks_and_filters_come_back() -> None:
    """Those of the table, in the order in which they went."""
    rows = tuple(replica(f"w.{number}", State.RUNNING) for number in range(1, 5))
    app = dashboard(FakeLink(census(rows=rows)))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "w.4")
        await pilot.press("space", "space", "slash", *"w.3", "enter")
        await until(pilot, lambda: app.fleet_screen.table.shown_names == ("w.3",))
        await pilot.press("escape")
        await gone(pilot, "2 marked")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.fleet_screen.table.shown_names) == 4)
        await pilot.press("u")
        await until(pilot, lambda: app.fleet_screen.table.shown_names == ("w.3",))
        await pilot.press("u")
        await shown(pilot, "2 marked")
