"""What is shown where there is no profile: what can be opened, and how a first one is written."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import ToastHolder

from supervisor.errors import ProfileError
from supervisor.paths import EngineNote
from tests.tui.strips import lines_of
from tui import profiles
from tui.first_run import Began, FirstRun, python_files
from tui.switching import Opened
from tui.toasts import MOST

GOOD = 'name = "shipped"\ndescription = "shows something"\n[workers.a]\ncommand = "sleep 1"\n'


@pytest.fixture
def shipped(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One profile comes with procdeck."""
    path = tmp_path / "configs" / "shipped.toml"
    path.parent.mkdir()
    path.write_text(GOOD)
    monkeypatch.setattr(profiles, "shipped_profiles", lambda: [path])
    return path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A directory with a Python file and no profile."""
    path = tmp_path / "empty"
    path.mkdir()
    (path / "job.py").write_text("raise SystemExit('nobody runs this')\n")
    return path


async def shown(pilot: Pilot[Any], text: str) -> None:
    """Wait until `text` is on the screen."""
    await until(pilot, lambda: any(text in line for line in lines_of(pilot.app)))


async def until(pilot: Pilot[Any], is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not is_so():
            await pilot.pause(0.01)


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_first_screen_says_how_to_begin(size: tuple[int, int], shipped: Path, empty: Path) -> None:
    """The way to write a profile first, with what is here; Enter leaves for it."""
    app = FirstRun(empty, is_asked_for=False)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "No procdeck.toml in ")
        await shown(pilot, "Write a profile")
        await shown(pilot, "procdeck init job.py")
        await shown(pilot, "Shipped with procdeck")
        await shown(pilot, "✓ valid")
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Began("init")


async def test_a_shipped_profile_is_opened_at_once(shipped: Path, empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left for it, so nothing is asked; a failure is told and changes nothing."""
    note = EngineNote("shipped", str(shipped), 99, 98, "run", "/", 0.0, "/logs")
    outcomes: list[Opened | ProfileError] = [ProfileError(["shipped.toml:1: no"]), Opened(note, is_started=True)]

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        assert (path, known) == (shipped, None)
        outcome = outcomes.pop(0)
        if isinstance(outcome, ProfileError):
            raise outcome
        return outcome

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    app = FirstRun(empty, is_asked_for=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, "✓ valid")
        await pilot.press("down", "enter")
        await shown(pilot, "shipped.toml:1: no")
        await pilot.press("enter")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Began("engine", note, is_started=True)


@pytest.mark.parametrize("key", ["escape", "ctrl+c", "ctrl+o"])
async def test_leaving_chooses_nothing(shipped: Path, empty: Path, key: str) -> None:
    """Whoever asked for the list is not told of init."""
    app = FirstRun(empty, is_asked_for=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, "✓ valid")
        await pilot.press(key)
        await until(pilot, lambda: app._exit)
    assert app.return_value is None


async def test_leaving_while_an_engine_starts_says_that_it_goes_on(
    shipped: Path, empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; then one leaves at once."""
    is_free = threading.Event()

    def open_engine(path: Path, known: EngineNote | None) -> Opened:
        is_free.wait(60)
        raise ProfileError(["it was not to be"])

    monkeypatch.setattr("tui.screens.picker.open_engine", open_engine)
    app = FirstRun(empty, is_asked_for=True)
    try:
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await shown(pilot, "✓ valid")
            await pilot.press("enter")
            await shown(pilot, "Opening shipped")
            await pilot.press("ctrl+c")
            await shown(pilot, "It is being opened")
            assert app.is_running
            await pilot.press("ctrl+c")
            await until(pilot, lambda: app._exit)
    finally:
        is_free.set()
    assert app.return_value is None


async def test_where_nothing_is_found_that_is_said(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation may have come without profiles."""
    monkeypatch.setattr(profiles, "shipped_profiles", list)
    app = FirstRun(tmp_path, is_asked_for=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await shown(pilot, "No profile was found")
        await shown(pilot, "this installation came without its profiles")
        await pilot.press("enter")
        await pilot.press("x")
        await shown(pilot, "No profile fits")


def test_python_files_are_named_and_not_read(empty: Path) -> None:
    """Those that could have functions of somebody's own."""
    (empty / "_private.py").write_text("")
    (empty / "notes.txt").write_text("")
    assert python_files(empty) == ["job.py"]
    assert python_files(empty / "nowhere") == []


async def test_few_sentences_are_shown_at_once(shipped: Path, empty: Path) -> None:
    """As in the dashboard: the newest of them."""
    app = FirstRun(empty, is_asked_for=False)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await shown(pilot, "Write a profile")
        for number in range(9):
            app.say(f"sentence {number}")
        await until(
            pilot, lambda: [each.message for each in app._notifications] == [f"sentence {at}" for at in (6, 7, 8)]
        )
        await until(pilot, lambda: len(app.screen.query(ToastHolder)) == MOST)
