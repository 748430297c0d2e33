"""The picker over a dashboard: what is listed, what is typed, what is opened, and what is asked before."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events

from supervisor.errors import AlreadyRunning, ProfileError
from supervisor.paths import EngineNote
from tests.api.fake_port import FakeEngine, a_fleet
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui import profiles
from tui.leaving import Leaving
from tui.screens.picker import PickerScreen
from tui.screens.plan import PlanScreen
from tui.screens.switching import SwitchScreen
from tui.screens.why import HangsScreen
from tui.switching import Opened

GOOD = 'name = "{}"\n[workers.a]\ncommand = "sleep 1"\n'


@pytest.fixture
def here(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a good profile and a broken one; none is shipped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(profiles, "shipped_profiles", list)
    (tmp_path / "alpha.toml").write_text(GOOD.format("alpha"))
    (tmp_path / "broken.toml").write_text("[workers.a]\n[workers.b]\n")
    return tmp_path


def note_of(project: str, path: Path) -> EngineNote:
    return EngineNote(project, str(path), 99, 98, "run", "/", 0.0, "/logs")


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_profiles_are_listed_with_what_they_contain(size: tuple[int, int], here: Path) -> None:
    """Valid or with every mistake; typing filters; Esc clears that, then goes back."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+o")
        await shown(pilot, "✓ valid")
        await shown(pilot, "✗ 2 mistakes")
        await shown(pilot, "Valid; no engine runs it.")
        assert max(map(len, screen_text(app))) <= size[0]
        await pilot.press(*"brok")
        await shown(pilot, "1 of 2")
        await shown(pilot, "line 1:")
        await pilot.press("enter")
        await shown(pilot, "broken has to be mended before it can be run")
        await pilot.press("escape")
        await shown(pilot, "2 of 2")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)


async def test_another_project_takes_the_place_of_this_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a question; the dashboard ends with the next one's name, and nothing was stopped."""
    asked: list[tuple[Path, EngineNote | None]] = []

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        asked.append((path, known))
        return Opened(note_of("alpha", path), is_started=True)

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    link = FakeLink(census())
    app = dashboard(link)
    app.can_switch = True
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+o")
        await shown(pilot, "✓ valid")
        await pilot.press(*"alph", "enter")
        await until(pilot, lambda: isinstance(app.screen, SwitchScreen))
        await shown(pilot, "An engine of alpha is started, with 1 worker.")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        assert asked == []
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SwitchScreen))
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("switched", 4, next_project="alpha")
    assert asked == [(here / "alpha.toml", None)]
    assert link.downs == []


async def test_all_is_stopped_first_where_that_is_wished(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is opened when everything is at rest, not before."""
    opened: list[Path] = []

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        opened.append(path)
        return Opened(note_of("alpha", path), is_started=True)

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    link = FakeLink(census())
    link.down_reply.clear()
    app = dashboard(link)
    app.can_switch = True
    with FakeEngine(a_fleet(), here / "logs"):
        async with app.run_test(size=NARROW) as pilot:
            await shown(pilot, "parse.1")
            await pilot.press("ctrl+o")
            await shown(pilot, "✓ valid")
            await pilot.press(*"alph", "enter")
            await shown(pilot, "Stop all of census first, then open alpha")
            await pilot.press("s")
            await shown(pilot, "waiting for parse.1")
            assert (link.downs, opened) == ([False], [])
            link.down_reply.set()
            await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("switched", 0, next_project="alpha", is_stopped=True)


@pytest.mark.parametrize(("answer", "how"), [("d", "detached"), ("s", "stopped")])
async def test_leaving_meanwhile_says_what_becomes_of_what_is_opened(
    here: Path, monkeypatch: pytest.MonkeyPatch, answer: str, how: str
) -> None:
    """Its engine is on its way and goes on: the question says so, and so does what is left on the terminal."""
    goes_on = threading.Event()

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        goes_on.wait(60)
        return Opened(note_of("alpha", path), is_started=True)

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    app = dashboard(FakeLink(census()))
    app.can_switch = True
    try:
        async with app.run_test(size=NARROW) as pilot:
            await shown(pilot, "parse.1")
            await pilot.press("ctrl+o")
            await shown(pilot, "✓ valid")
            await pilot.press(*"alph", "enter")
            await until(pilot, lambda: isinstance(app.screen, SwitchScreen))
            await pilot.press("o")
            await shown(pilot, "Opening alpha")
            await pilot.press("ctrl+c")
            await shown(pilot, "alpha is being opened, and will run")
            await pilot.press(answer)
            await until(pilot, lambda: app.return_value is not None)
    finally:
        goes_on.set()
    assert app.return_value is not None
    assert (app.return_value.how, app.return_value.opening) == (how, "alpha")


async def test_picker_opens_over_other_screens_too(here: Path) -> None:
    """Esc goes back to the one below."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("h")
        await until(pilot, lambda: isinstance(app.screen, HangsScreen))
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(app.screen, PickerScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HangsScreen))


@pytest.mark.parametrize(("trouble", "words"), [
    (ProfileError(["alpha.toml:3: nothing runs it", "alpha.toml:4: nor that"]), "alpha.toml:4: nor that"),
    (AlreadyRunning("project alpha is already running another profile"), "another profile"),
])  # fmt: skip
async def test_what_cannot_be_opened_is_told_in_its_place(
    here: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception, words: str
) -> None:
    """And the dashboard stays."""

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        raise trouble

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    app = dashboard(FakeLink(census()))
    app.can_switch = True
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+o")
        await shown(pilot, "✓ valid")
        await pilot.press(*"alph", "enter")
        await until(pilot, lambda: isinstance(app.screen, SwitchScreen))
        await pilot.press("o")
        await shown(pilot, "alpha was not opened:")
        await shown(pilot, words)
        await pilot.press(*"x")
        await gone(pilot, words)
        assert app.return_value is None


async def test_letters_typed_ahead_are_for_the_picker(here: Path) -> None:
    """No one of them acts on the worker under the cursor."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j")
        for key in ("ctrl+o", *"broks"):
            app.post_message(events.Key(key, key if len(key) == 1 else "\x0f"))
        await shown(pilot, "No profile fits")
        await pilot.press("backspace")
        await shown(pilot, "1 of 2")
    assert link.wishes == []


async def test_a_second_click_opens(here: Path) -> None:
    """The first one chooses; a heading cannot be chosen."""
    app = dashboard(FakeLink(census()))
    app.can_switch = True
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+o")
        await shown(pilot, "✗ 2 mistakes")
        await pilot.click("#picker-list", offset=(4, 2))
        await shown(pilot, "line 1:")
        await pilot.click("#picker-list", offset=(4, 0))
        await pilot.click("#picker-list", offset=(4, 1))
        await shown(pilot, "Valid; no engine runs it.")
        assert isinstance(app.screen, PickerScreen)
        await pilot.click("#picker-list", offset=(4, 1))
        await until(pilot, lambda: isinstance(app.screen, SwitchScreen))


async def test_one_that_is_gone_or_cannot_be_left_for_says_so(here: Path) -> None:
    """A dashboard in a browser, or of a recording, shows one project."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+o")
        await shown(pilot, "✓ valid")
        await pilot.press("enter")
        await shown(pilot, "this dashboard was opened on one")


async def test_the_project_that_is_looked_at_is_reloaded_instead(here: Path) -> None:
    """Enter on it, and ctrl+r anywhere, show the plan."""
    link = FakeLink(census())
    app = dashboard(link)
    with FakeEngine(a_fleet(), here / "logs", profile_path=here / "alpha.toml"):
        async with app.run_test(size=NARROW) as pilot:
            await shown(pilot, "parse.1")
            for key in ("enter", "ctrl+r"):
                await pilot.press("ctrl+o")
                await shown(pilot, "◉ shown")
                await pilot.press(key)
                await until(pilot, lambda: app.screen is app.fleet_screen)
            await until(pilot, lambda: link.reloads == [True, True])
            assert not isinstance(app.screen, PlanScreen)
