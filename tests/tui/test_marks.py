"""Marked workers: a wish names exactly them, is asked once with what goes, and Esc takes the marks away."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, channels, replica
from tests.tui.screens.test_fleet import NARROW, dashboard, gone, screen_text, shown, until
from tui.actions import ACTIONS, BY_ID, Action
from tui.dashboard import Leaving
from tui.refusals import why_not
from tui.screens.confirm import ConfirmScreen
from tui.screens.marked_question import marked_question
from tui.situation import Situation

MARKING = [action for action in ACTIONS if action.acts_on_marks]


@pytest.mark.parametrize("action", MARKING, ids=lambda action: str(action.id))
async def test_every_wish_names_exactly_the_marked_workers(action: Action) -> None:
    """The cursor is on another one, which nothing is done to; one question, whose default is Cancel."""
    states = (State.PAUSED,) * 3 if action.id == "resume" else (State.RUNNING, State.PAUSED, State.STOPPED)
    rows = tuple(replica(f"w.{number}", states[number % 3]) for number in range(1, 6))
    link = FakeLink(census(rows=rows))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "w.5")
        await pilot.press("j", "space", "space", "j", "space", "home")
        await shown(pilot, "3 marked")
        await _answer(pilot, action, "enter")
        assert link.wishes == []
        await _answer(pilot, action, "up", "enter")
        await until(pilot, lambda: link.wishes == [(action.wish, ("w.2", "w.3", "w.5"))])
        assert app.fleet_screen.table.cursor_name == "w.1"


async def _answer(pilot: Pilot[Leaving], action: Action, *keys: str) -> None:
    await pilot.press(action.keys[0])
    await shown(pilot, f"{action.label} 3 marked workers?")
    await pilot.press(*keys)
    await until(pilot, lambda: not isinstance(pilot.app.screen, ConfirmScreen))


async def test_escape_takes_the_marks_away_first() -> None:
    """Then the filter; a key is for the worker under the cursor again."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("slash", *"parse", "enter", "space")
        await shown(pilot, "1 marked")
        await pilot.press("escape")
        await gone(pilot, "1 marked")
        assert app.fleet_screen.table.shown_names == ("parse.1", "parse.2", "parse.3")
        await pilot.press("s")
        await until(pilot, lambda: link.wishes == [("stop", (app.fleet_screen.table.cursor_name,))])


async def test_a_mark_goes_with_its_worker_and_stays_past_a_filter() -> None:
    """Nothing is done to who is gone; who is filtered out is still named."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "space", "space")
        await shown(pilot, "2 marked")
        assert [line[:10].rstrip() for line in screen_text(app) if line.startswith("▸")] == ["▸◉ parse.1", "▸◉ parse.2"]
        await pilot.press("slash", *"tally", "enter")
        await until(pilot, lambda: app.fleet_screen.table.shown_names == ("tally",))
        fleet = census()
        link.hear(census(rows=tuple(row for row in fleet.rows if row.name != "parse.1")))
        await shown(pilot, "1 marked")
        assert [row.name for row in app.fleet_screen.situation().marked] == ["parse.2"]


async def test_space_is_a_page_elsewhere_and_marks_hold_in_their_place() -> None:
    """In the channels nothing is marked, and no mark of a worker is acted on there."""
    link = FakeLink(census(channels=channels()))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("space", "c", "space")
        await shown(pilot, "guard")
        assert app.fleet_screen.channel_table.cursor_name != "paths"
        assert app.fleet_screen.situation().marked == ()
        await pilot.press("c")
        await shown(pilot, "1 marked")


def test_the_question_says_what_goes() -> None:
    """How many processes, whose last replicas, and which queues nobody reads then."""
    rows = census().rows
    marked = tuple(row for row in rows if row.worker in ("parse", "disk", "spare"))
    question = marked_question(BY_ID["kill"], marked, rows)
    assert question.title == "Kill 5 marked workers?"
    assert question.text == (
        "parse.1, parse.2, parse.3, disk, spare: 4 processes. SIGKILL ends their whole process trees at once; they "
        "cannot clean up. They stay down until started (a). 2 of them are in other states: nothing is done there. "
        "No replica of parse is left. Nobody is left to read paths."
    )
    assert [choice.label for choice in question.choices] == ["Kill 5 marked workers"]
    assert "is left" not in marked_question(BY_ID["stop"], marked[:1], rows).text
    assert marked_question(BY_ID["pause"], (rows[-1], rows[1]), rows).text.endswith(
        "spare is stopped: nothing is done there."
    )


def test_what_cannot_be_done_to_any_marked_one_is_refused() -> None:
    """The sentence says how to get rid of the marks."""
    situation = Situation(row=replica("x"), marked=(replica("y", State.STOPPED),))
    assert not BY_ID["stop"].applies(situation)
    assert BY_ID["start"].applies(situation)
    assert why_not(BY_ID["stop"], situation) == (
        "Cannot stop: no marked worker is in a state for it; press esc to take the marks away."
    )
