"""Every action of every registry is done as a person does it: by its key, by the palette, by a click on its hint.

The flows are made from the registries: a new action is tried without a line here, if it can be done in a scene of
`action_scenes`; else the test says which row to add there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.action_scenes import (
    SCENES,
    Traces,
    link_with_everything,
    scene_of,
    set_scene,
    settled,
    state_of,
    toasts,
    wished,
)
from tests.tui.fakes import FakeLink
from tests.tui.screens.test_fleet import dashboard, shown, until
from tui.actions import ACTIONS, BY_ID, MOVES, Action, meant_by
from tui.dashboard import Dashboard, Leaving
from tui.palette import found
from tui.refusals import why_not
from tui.screens.asking import AskingScreen
from tui.screens.confirm import ConfirmScreen
from tui.screens.opening import SCREENS
from tui.screens.palette import PaletteScreen
from tui.situation import ScreenName
from tui.widgets.hint_bar import HintBar

SIZE = (100, 32)
"""Narrow, so that the detail has to be opened, and high, so that nothing that is needed is out of sight."""
AT_A_TIME = 6
ESCAPES = 6
MOVING = frozenset(key for keys, _, _ in MOVES for key in keys.split(","))
"""Keys that are for the pane, where nothing else is meant by them."""

Do = Callable[[], Awaitable[object]]


@pytest.fixture(autouse=True)
def _files_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What actions write into the current directory is the test's."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr("tui.hang_desk.make_report", _no_report)


async def _no_report(*_: object) -> str:
    return ""


def test_every_action_can_be_reached() -> None:
    """A new action needs a scene in which it can be done."""
    lost = [action.id for action in ACTIONS if scene_of(action) not in SCENES]
    assert lost == [], f"say in tests/tui/action_scenes.py, OF_GROUP or OF_PREDICATE, where these can be done: {lost}"


def _portions() -> list[tuple[str, tuple[str, ...]]]:
    """Each scene with the actions that are tried in it, a few at a time."""
    found = []
    for name in SCENES:
        ids = [action.id for action in ACTIONS if scene_of(action) == name]
        found += [(name, tuple(ids[at : at + AT_A_TIME])) for at in range(0, len(ids), AT_A_TIME)]
    return found


@pytest.mark.parametrize(("name", "ids"), _portions(), ids=lambda each: each if isinstance(each, str) else each[0])
async def test_every_action_is_seen_to_do_something(name: str, ids: tuple[str, ...], tmp_path: Path) -> None:
    """By its key, by a click where it is hinted at, and from the palette; what is dangerous asks first, Esc is no."""
    link = link_with_everything(tmp_path / "run" / "logs")
    app = dashboard(link)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        for action in map(BY_ID.__getitem__, ids):
            await _try_by_key(action, app, link, pilot)
            if action.hint_rank:
                await _try_by_click(action, app, link, pilot)
            if action.id != "palette":
                await _try_by_palette(action, app, link, pilot)


async def _try_by_key(action: Action, app: Dashboard, link: FakeLink, pilot: Pilot[Leaving]) -> None:
    await set_scene(pilot, SCENES[scene_of(action)])
    situation = app.fleet_screen.situation()
    assert action.applies(situation), (
        f'"{action.id}" cannot be done with {scene_of(action)}: add a row for it in tests/tui/action_scenes.py'
    )
    for key in action.keys[:1]:
        assert meant_by(key, situation).id == action.id or action.group == "The log", f"{key} means another here"
        await _see(action, "its key", partial(pilot.press, key), app, link, pilot)
    await _answer(action, app, link, pilot)


async def _try_by_click(action: Action, app: Dashboard, link: FakeLink, pilot: Pilot[Leaving]) -> None:
    await set_scene(pilot, SCENES[scene_of(action)])
    spans = app.fleet_screen.query_one(HintBar)._spans
    place = next((start for start, _, each in spans if each == action.id), None)
    if place is not None:
        await _see(action, "a click", partial(pilot.click, HintBar, offset=(place, 0)), app, link, pilot)


async def _try_by_palette(action: Action, app: Dashboard, link: FakeLink, pilot: Pilot[Leaving]) -> None:
    """Open it, type what the action is called, go down to it where others fit as well, Enter."""
    await set_scene(pilot, SCENES[scene_of(action)])
    palette = await _opened_palette(app, pilot)
    palette._typed.value = action.label
    entries = [one.entry for one in found(palette._entries, action.label)]
    at = next(index for index, entry in enumerate(entries) if (entry.what, entry.id) == ("action", action.id))
    assert entries[at].refusal == "", f'the palette says that "{action.id}" cannot be done with {scene_of(action)}'
    await pilot.press(*["down"] * at)
    assert isinstance(app.screen, PaletteScreen)
    await _see(action, "the palette", partial(pilot.press, "enter"), app, link, pilot)
    assert app.screen is not palette, f'the palette is still open after "{action.id}"'


async def _opened_palette(app: Dashboard, pilot: Pilot[Leaving]) -> PaletteScreen:
    app.action_wish("palette")
    await until(pilot, lambda: isinstance(app.screen, PaletteScreen) and bool(app.screen._found))
    assert isinstance(app.screen, PaletteScreen)
    return app.screen


async def _see(action: Action, how: str, do: Do, app: Dashboard, link: FakeLink, pilot: Pilot[Leaving]) -> None:
    """Do it, and wait until something of it can be noticed."""
    before, wishes_before = Traces.of(app, link), len(wished(link))
    await do()
    try:
        await until(pilot, before.have_changed)
        if action.danger == "confirm":
            await until(pilot, lambda: len(app.screen_stack) > 1)
            assert len(wished(link)) == wishes_before, f'"{action.id}" did not ask first'
        elif action.wish is not None or action.channel_wish is not None:
            await until(pilot, lambda: len(wished(link)) > wishes_before)
        elif action.opens is not None:
            await until(pilot, lambda: len(app.screen_stack) > 1)
    except TimeoutError:
        raise AssertionError(f'"{action.id}" by {how}: nothing of it can be seen') from None


async def _answer(action: Action, app: Dashboard, link: FakeLink, pilot: Pilot[Leaving]) -> None:
    """A question is open: Esc changes nothing; the first choice does it."""
    if action.danger != "confirm" or not isinstance(app.screen, ConfirmScreen):
        return
    wishes = wished(link)
    await pilot.press("escape")
    await until(pilot, lambda: len(app.screen_stack) == 1)
    assert wished(link) == wishes, f'Esc at the question of "{action.id}" did it all the same'


async def test_what_cannot_be_done_says_why_and_changes_nothing(tmp_path: Path) -> None:
    """Each action, in the first scene in which its key means it and it does not apply."""
    link = link_with_everything(tmp_path / "run" / "logs")
    app = dashboard(link)
    tried: set[str] = set()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        for scene in SCENES.values():
            await set_scene(pilot, scene)
            for action in ACTIONS:
                situation = app.fleet_screen.situation()
                is_meant = meant_by(action.keys[0], situation) == action and action.keys[0] not in MOVING
                if action.id in tried or action.applies(situation) or not is_meant:
                    continue
                tried.add(action.id)
                app.clear_notifications()
                before = (wished(link), state_of(app))
                await pilot.press(action.keys[0])
                told = why_not(action, situation)
                try:
                    await until(pilot, lambda told=told: told in toasts(app))  # type: ignore[misc]
                except TimeoutError:
                    raise AssertionError(f'"{action.id}" with {scene.name} does not say: {told}') from None
                assert (wished(link), state_of(app)) == before, f'"{action.id}" changed something: {told}'
    assert {"stop", "kill", "pause", "start", "drain", "requeue", "pool_retry", "order", "sort_next"} <= tried


async def test_esc_never_quits_and_destroys_nothing(tmp_path: Path) -> None:
    """However often it is pressed, wherever: nothing is wished, and the dashboard stays."""
    link = link_with_everything(tmp_path / "run" / "logs")
    app = dashboard(link)
    async with app.run_test(size=SIZE) as pilot:
        await shown(pilot, "parse.1")
        for scene in SCENES.values():
            await set_scene(pilot, scene)
            for key in ("slash", "colon", "z", "q"):
                await pilot.press(key)
            for _ in range(ESCAPES):
                await pilot.press("escape")
            assert (app.return_value, wished(link)) == (None, [])
            assert app.screen is app.fleet_screen, f"Esc does not lead back from {scene.name}"


# --- the screens over the first one ---

BEFORE: dict[tuple[ScreenName, str], tuple[str, ...]] = {("events", "follow"): ("home",)}
"""Keys that make a difference, where an action has nothing to do in a screen that has just been opened."""


def _subject(name: ScreenName) -> str:
    return "" if name == "hangs" else "parse.1"


async def _open(name: ScreenName, app: Dashboard, pilot: Pilot[Leaving]) -> None:
    while len(app.screen_stack) > 1:
        app.pop_screen()
    app.clear_notifications()
    await settled(pilot)
    app._hang_desk.open(name, _subject(name))
    await until(pilot, lambda: len(app.screen_stack) == 2 and app.screen.is_mounted)
    await settled(pilot)
    screen = app.screen
    if isinstance(screen, AskingScreen):
        await until(pilot, lambda: screen.reply is not None)
        await settled(pilot)


@pytest.mark.parametrize("name", SCREENS)
async def test_every_action_of_a_screen_is_seen_to_do_something(name: ScreenName, tmp_path: Path) -> None:
    """By its key; what cannot be done says why; Esc goes back and wishes nothing."""
    link = link_with_everything(tmp_path / "run" / "logs")
    app = dashboard(link)
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await _open(name, app, pilot)
        rows: tuple[Action, ...] = getattr(app.screen, "ROWS", ())
        assert rows, f"the screen {name} has no registry of its actions: give it ROWS"
        for action in rows:
            await _open(name, app, pilot)
            await pilot.press(*BEFORE.get((name, action.id), ()))
            before, wishes = Traces.of(app, link), wished(link)
            await pilot.press(action.keys[0])
            try:
                await until(pilot, before.have_changed)
            except TimeoutError:
                raise AssertionError(f'"{action.id}" of {name}: nothing of it can be seen') from None
            if action.danger == "confirm":
                await settled(pilot)
                assert wished(link) == wishes, f'"{action.id}" of {name} did not ask first'
        await _open(name, app, pilot)
        wishes = wished(link)
        for _ in range(ESCAPES):
            await pilot.press("escape")
        assert (app.return_value, wished(link), len(app.screen_stack)) == (None, wishes, 1)
