"""The palette offers everything once, finds it by a few letters, and does it as its key would."""

from __future__ import annotations

from collections import Counter

import pytest
from textual import events

from tests.tui.fakes import FakeLink, census, channels
from tests.tui.pool_fakes import pools
from tests.tui.screens.test_fleet import NARROW, dashboard, gone, screen_text, shown, until
from tui.actions import ACTIONS, BY_ID, PLACE_NUMBERS, ways_by_key
from tui.link.view import FleetView, heard_fleet
from tui.palette import action_entries, entry_line, found, go_entries, near
from tui.refusals import why_not
from tui.render.glyphs import UNICODE
from tui.render.pieces import Tone, line_text, line_width
from tui.render.ways import titled
from tui.screens.palette import PaletteScreen
from tui.screens.why import HangsScreen
from tui.situation import Situation

FLEET = census(channels=channels(), pools=pools())


def test_everything_is_offered_once() -> None:
    """Each action of the registry but the palette, and each worker, channel and pool."""
    view = heard_fleet(FleetView(), FLEET, 0.0)
    entries = [*action_entries(ACTIONS, lambda _: ""), *go_entries(view, ())]
    names = Counter((entry.what, entry.id) for entry in entries)
    assert max(names.values()) == 1
    assert {entry.id for entry in entries if entry.what == "action"} == {each.id for each in ACTIONS} - {"palette"}
    assert [entry.label for entry in entries if entry.what == "pools"] == [f"go to {pool.name}" for pool in pools()]
    assert len(entries) == len(ACTIONS) - 1 + len(FLEET.rows) + len(FLEET.channels) + len(FLEET.pools)


def test_what_cannot_be_done_now_says_why_and_comes_last() -> None:
    """Nothing typed shows all; among equals what can be done is first."""
    situation = Situation(row=FLEET.rows[0])
    entries = action_entries(ACTIONS, lambda each: "" if each.applies(situation) else why_not(each, situation))
    refused = [bool(one.entry.refusal) for one in found(entries, "")]
    assert refused == sorted(refused)
    stop = next(one for one in found(entries, "stop") if one.entry.id == "stop")
    assert "walk is finished: press a to start it." in line_text(entry_line(stop, 90, UNICODE))
    assert [one.entry.id for one in found(entries, "kill")][:2] == ["kill", "pool_kill"]


def test_a_name_is_found_by_its_own_first_letters_and_a_sentence_by_its_words() -> None:
    """A worker called as an action begins does not hide it."""
    view = heard_fleet(FleetView(), FLEET, 0.0)
    entries = [*action_entries(ACTIONS, lambda _: ""), *go_entries(view, ())]
    assert found(entries, "parse.2")[0].entry.id == "parse.2"
    assert found(entries, "gp2")[0].entry.id == "parse.2"
    assert found(entries, "sigkill to its whole")[0].entry.id == "stop"
    assert found(entries, "zzzz") == []


def test_a_slip_of_the_finger_finds_what_was_meant() -> None:
    """Two letters in the wrong order, one too many, in actions and in names; what is like nothing finds nothing."""
    view = heard_fleet(FleetView(), FLEET, 0.0)
    entries = [*action_entries(ACTIONS, lambda _: ""), *go_entries(view, ())]
    assert found(entries, "restrat") == []
    assert near(entries, "restrat")[0].entry.id == "restart"
    assert near(entries, "Pipleine")[0].entry.id == "pipeline"
    assert near(entries, "psare.2")[0].entry.id == "parse.2"
    assert near(entries, "zzzz") == []


async def test_what_is_only_near_is_done_when_it_is_chosen() -> None:
    """Enter after a slip does nothing by itself: down says that this is meant."""
    link = FakeLink(FLEET)
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("colon", *"pipleine")
        await shown(pilot, "meant is perhaps one of these")
        await pilot.press("enter")
        await shown(pilot, "meant is perhaps one of these")
        await pilot.press("down", "enter")
        await gone(pilot, "meant is perhaps")
        await shown(pilot, "› Pipeline")


@pytest.mark.parametrize("width", [20, 74, 150])
def test_a_line_is_as_wide_as_it_is_told(width: int) -> None:
    """In every width, whatever is typed."""
    view = heard_fleet(FleetView(), FLEET, 0.0)
    for one in found([*action_entries(ACTIONS, lambda _: "No."), *go_entries(view, ())], "a"):
        assert line_width(entry_line(one, width, UNICODE)) == width


@pytest.mark.parametrize(("key", "size"), [("colon", NARROW), ("ctrl+p", (160, 45))])
async def test_enter_does_it_as_its_key_would(key: str, size: tuple[int, int]) -> None:
    """A stop is sent at once, a kill asks first, and esc changes nothing."""
    link = FakeLink(FLEET)
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", key, *"stop")
        await shown(pilot, "Stop it: ask")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, PaletteScreen))
        assert link.wishes == []
        await pilot.press(key, *"stop", "enter")
        await until(pilot, lambda: link.wishes == [("stop", ("parse.1",))])
        await pilot.press(key, *"kill", "enter")
        await shown(pilot, "Kill parse.1?")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        assert len(link.wishes) == 1


@pytest.mark.parametrize(("typed", "place", "name"), [
    ("parse.2", "workers", "parse.2"), ("guard", "channels", "guard"), ("warm", "pools", "warm"),
])  # fmt: skip
async def test_it_goes_to_whatever_has_the_name(typed: str, place: str, name: str) -> None:
    """Also past a filter that hides it."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("slash", *"tally", "enter")
        await pilot.press("colon", *typed, "enter")
        await until(pilot, lambda: app.fleet_screen.place == place)
        await until(pilot, lambda: app.fleet_screen.subject == name)
        assert app.fleet_screen.place_table.has_focus


async def test_what_cannot_be_done_is_refused_as_by_its_key() -> None:
    """The palette shows the reason, and Enter says it."""
    link = FakeLink(FLEET)
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "walk")
        await pilot.press("colon", *"stop")
        await until(pilot, lambda: any("walk is finished" in line for line in screen_text(app)))
        await pilot.press("enter")
        await gone(pilot, "esc goes back")
        await shown(pilot, "walk is finished: press a to start it.")
        assert link.wishes == []


async def test_arrows_choose_and_a_dead_letter_stays_under_the_cursor() -> None:
    """What the detail's cursor is on is what the action is about."""
    link = FakeLink(census(channels=channels()))
    app = dashboard(link)
    async with app.run_test(size=(160, 45)) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("2", "enter")
        await until(pilot, lambda: app.fleet_screen.situation().letter == "7")
        await pilot.press("colon", *"requ", "down", "up", "enter")
        await until(pilot, lambda: link.channel_wishes == [("paths", "requeue", ("7",))])


async def test_a_number_goes_to_its_place_and_stays_there() -> None:
    """1 to 4, and 5 shows the hangs; the letters go back as before."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        for key, place in (("2", "channels"), ("2", "channels"), ("3", "pools"), ("4", "errors"), ("1", "workers")):
            await pilot.press(key)
            await until(pilot, lambda place=place: app.fleet_screen.place == place)  # type: ignore[misc]
        await pilot.press("slash", "4")
        await until(pilot, lambda: app.fleet_screen.table.shown_names == ())
        assert app.fleet_screen.place == "workers"


async def test_from_a_screen_over_the_fleet_one_can_act_there_and_go_anywhere() -> None:
    """The palette of the hangs has its own actions; a number or a name leaves for its place."""
    app = dashboard(FakeLink(FLEET))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("5")
        await until(pilot, lambda: isinstance(app.screen, HangsScreen))
        await pilot.press("colon", *"stacks")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
        await pilot.press("escape", "ctrl+p", *"parse.2", "enter")
        await until(pilot, lambda: app.screen is app.fleet_screen)
        await until(pilot, lambda: app.fleet_screen.subject == "parse.2")
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HangsScreen))
        await pilot.press("2")
        await until(pilot, lambda: app.screen is app.fleet_screen and app.fleet_screen.place == "channels")


def test_titles_name_the_other_places_with_their_keys() -> None:
    """Where there is room for all of them, else the keys alone; the title itself never gives way."""
    others = "  ".join(f"{key} {place.capitalize()}" for key, place in ways_by_key() if place != "pools")
    told = line_text(titled("Pools", ((" 6", Tone.DIM),), (), ways_by_key(), "pools", 160).line)
    assert told.rstrip().endswith(others)
    assert told.startswith(" Pools  6")
    told = line_text(titled("Pools", ((" 6" + "x" * 40, Tone.DIM),), (), ways_by_key(), "pools", 80).line)
    assert told.split("x" * 40)[1].split() == [key for key, place in ways_by_key() if place != "pools"]
    assert all(key in BY_ID[place].keys for place, key in PLACE_NUMBERS.items())
    assert len(set(PLACE_NUMBERS.values())) == len(PLACE_NUMBERS)


@pytest.mark.parametrize("typed", ["kill", "stop"])
async def test_keys_typed_ahead_are_for_the_palette(typed: str) -> None:
    """All in one go, Enter too: no letter acts on the worker under the cursor, and what was typed is done."""
    link = FakeLink(FLEET)
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j")
        for key, character in [("colon", ":"), *((letter, letter) for letter in typed), ("enter", "\r")]:
            app.post_message(events.Key(key, character))
        if typed == "kill":
            await shown(pilot, "Kill parse.1?")
            assert link.wishes == []
        else:
            await until(pilot, lambda: link.wishes == [("stop", ("parse.1",))])
