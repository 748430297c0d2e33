"""Every action of a recording is done as a person does it: by its key, by a click on its hint, by the palette."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.fakes import NOW_AT
from tests.tui.screens.test_fleet import shown, until
from tests.tui.test_recording import recorded
from tui.actions import ACTIONS, Action
from tui.dashboard import Leaving
from tui.hints import hints
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.palette import found
from tui.replay_actions import REPLAY_ACTIONS, STEPS_S
from tui.replay_dashboard import ReplayDashboard
from tui.replaying import clock_of
from tui.screens.palette import PaletteScreen
from tui.screens.reading import HelpScreen
from tui.situation import Situation
from tui.widgets.filter_box import FilterBox
from tui.widgets.hint_bar import HintBar

SIZE = (160, 45)
BEGIN_S = 700
"""From here it is ten minutes to both sides."""


def standing(tmp_path: Path) -> tuple[ReplayDashboard, ReplayClock]:
    """A recording of half an hour that stands still somewhere in the middle."""
    (tmp_path / "logs").mkdir()
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(0, 1800, 60)))
    clock = clock_of(recording, NOW_AT + BEGIN_S, 0.0)
    return ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock), clock


async def _see(action: Action, clock: ReplayClock, pilot: Pilot[Leaving]) -> None:
    if action.id == "speed":
        await until(pilot, lambda: clock.speed == 1.0)
        clock.run_at(0.0)
    else:
        await until(pilot, lambda: clock.wall_s() == NOW_AT + BEGIN_S + STEPS_S[action.id])
    clock.go_to(NOW_AT + BEGIN_S)


@pytest.mark.parametrize("action", REPLAY_ACTIONS, ids=lambda action: action.id)
async def test_each_moves_in_time_however_it_is_done(action: Action, tmp_path: Path) -> None:
    """By its key, where it is hinted at by a click, and from the palette, in which it can always be done."""
    app, clock = standing(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(action.keys[0])
        await _see(action, clock, pilot)
        bar = app.fleet_screen.query_one(HintBar)
        if action.hint_rank:
            await until(pilot, lambda: action.id in {each for _, _, each in bar._spans})
            x = next(start for start, _, each in bar._spans if each == action.id)
            await pilot.click(HintBar, offset=(x, 0))
            await _see(action, clock, pilot)
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen) and bool(app.screen._found))
        palette = app.screen
        assert isinstance(palette, PaletteScreen)
        palette._typed.value = action.label
        first = found(palette._entries, action.label)[0].entry
        assert (first.id, first.refusal) == (action.id, "")
        await pilot.press("enter")
        await _see(action, clock, pilot)


async def test_the_help_of_a_recording_has_them_among_what_can_be_done(tmp_path: Path) -> None:
    """They come before all that cannot; elsewhere they cannot be done."""
    app, _ = standing(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert isinstance(app.screen, HelpScreen)
        assert [action.id for action in REPLAY_ACTIONS if not app.screen._is_valid(action)] == []
        await shown(pilot, "Show the recording from a minute earlier on.")


async def test_their_keys_are_letters_where_a_person_types(tmp_path: Path) -> None:
    """A regex has parentheses, braces and backslashes in it; the time stays where it is."""
    app, clock = standing(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.focused, FilterBox))
        keys = [key for action in REPLAY_ACTIONS for key in action.keys]
        await pilot.press(*keys)
        box = app.focused
        assert isinstance(box, FilterBox)
        await until(pilot, lambda: box.value == "{}()\\")
        assert (clock.wall_s(), clock.speed) == (NOW_AT + BEGIN_S, 0.0)


def test_no_key_of_theirs_means_something_else() -> None:
    """They are heard before all others."""
    taken = {key for action in ACTIONS for key in action.own_keys}
    assert [key for action in REPLAY_ACTIONS for key in action.own_keys if key in taken] == []


def test_hints_begin_with_them_and_leave_room_for_the_way_out() -> None:
    """As few as without a recording."""
    situation = Situation(row=None, access="recording")
    besides = [action for action in REPLAY_ACTIONS if action.hint_rank]
    shown_now = hints(situation)
    assert list(shown_now[: len(besides)]) == besides
    assert len(shown_now) <= max(len(hints(Situation(row=None))), len(besides) + 2)
    assert [action.id for action in shown_now[-2:]] == ["help", "quit"]
