"""The profile place under a person's hands: changes, mistakes, plan, editor; an engine or a file that is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from supervisor.api.messages import LogState
from supervisor.api.requests import PlanStep, ReloadReply
from supervisor.errors import EngineUnreachable
from supervisor.paths import loaded_profile_path
from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, screen_text, shown, until
from tui import editing
from tui.leaving import Leaving
from tui.screens.plan import PlanScreen
from tui.screens.profile import ProfileScreen

TEXT = """name = "census"
[workers.parse]
command = "sleep 1"
env = { API_TOKEN = "very-secret" }
[queues.paths]
maxsize = 200
[workers.new]
command = "sleep 1"
"""
STEP = PlanStep(subject="parse", change="restart", keys=("command",), text="is restarted")


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """A profile that the fake engine has read."""
    path = tmp_path / "census.toml"
    path.write_text(TEXT)
    (tmp_path / "run").mkdir()
    loaded_profile_path(tmp_path / "run").write_text(TEXT)
    return path


def link_on(profile: Path) -> FakeLink:
    logs = LogState(directory=str(profile.parent / "run" / "logs"))
    return FakeLink(census(profile_path=str(profile), log=logs))


async def looked_again(pilot: Pilot[Leaving], link: FakeLink) -> None:
    """Time goes by, after which the file is looked at again."""
    link.clock.now_s += 2.0
    await pilot.pause()


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_file_is_shown_with_what_has_changed(size: tuple[int, int], profile: Path) -> None:
    """No secret is on the screen; n and N go round the changes; Esc goes back."""
    link = link_on(profile)
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("7")
        await shown(pilot, "2 [workers.parse]")
        await shown(pilot, "Nothing has changed since the engine")
        assert "very-secret" not in "\n".join(screen_text(app))
        profile.write_text(TEXT.replace("sleep 1", "sleep 2").replace("200", "300"))
        link.plan = (STEP,)
        await looked_again(pilot, link)
        await shown(pilot, '+  3 command = "sleep 2"')
        await shown(pilot, "1 to restart.")
        await shown(pilot, "6 changed lines")
        screen = app.screen
        assert isinstance(screen, ProfileScreen)
        lines = []
        for key in ("n", "n", "n", "N"):
            await pilot.press(key)
            lines.append(screen._line)
        assert sorted(set(lines)) == [3, 6, 8]
        assert max(map(len, screen_text(app))) <= size[0]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is app.fleet_screen)
    assert set(link.reloads) == {True}


async def test_mistakes_stand_at_their_lines(profile: Path) -> None:
    """And a reload is told to be refused; mended, it is not."""
    link = link_on(profile)
    app = dashboard(link)
    profile.write_text(TEXT.replace("maxsize", "maxsiz"))
    link.refusal = f"{profile}:6: no"
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("Y")
        await shown(pilot, "did you mean")
        screen = app.screen
        assert isinstance(screen, ProfileScreen)
        await until(pilot, lambda: screen._line == 6)
        await shown(pilot, "until all are mended.")
        profile.write_text(TEXT)
        link.refusal = ""
        await looked_again(pilot, link)
        await shown(pilot, "Nothing has changed")


async def test_reload_asks_with_its_plan(profile: Path) -> None:
    """As it does everywhere; what was applied is as the engine has read it."""
    link = link_on(profile)
    link.plan = (STEP,)
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("Y")
        await shown(pilot, "2 [workers.parse]")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))
        await pilot.press("a")
        await until(pilot, lambda: False in link.reloads)
        await until(pilot, lambda: isinstance(app.screen, ProfileScreen))


async def test_enter_goes_to_what_the_table_declares(profile: Path) -> None:
    """A worker, a channel; what is not part of the run yet says so."""
    link = link_on(profile)
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("Y")
        await shown(pilot, "2 [workers.parse]")
        await pilot.press("end", "enter")
        await shown(pilot, "new is not part of the run yet")
        await pilot.press("home", "down", "down", "enter")
        await until(pilot, lambda: app.screen is app.fleet_screen and app.fleet_screen.subject == "parse.1")
        await pilot.press("Y")
        await shown(pilot, "2 [workers.parse]")
        await pilot.press("end", "up", "up", "enter")
        await until(pilot, lambda: app.screen is app.fleet_screen and app.fleet_screen.place == "channels")


async def test_editor_is_told_the_line_and_what_it_made_is_told(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Valid, or with mistakes, or left as it was; without an editor that is said."""
    link = link_on(profile)
    app = dashboard(link)
    app.can_switch = True
    edits = iter([TEXT, TEXT.replace("maxsize", "maxsiz"), TEXT.replace("200", "300")])
    lines: list[int] = []

    def edit(_: object, path: Path, line: int) -> None:
        lines.append(line)
        text = next(edits)
        if text != path.read_text():
            path.write_text(text)

    monkeypatch.setattr("tui.screens.profile.edit", edit)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("Y")
        await shown(pilot, "2 [workers.parse]")
        await pilot.press("down", "e")
        await shown(pilot, "census.toml was left as it was")
        await pilot.press("e")
        await shown(pilot, "census.toml has 1 mistake now; the cursor is on the first.")
        screen = app.screen
        assert isinstance(screen, ProfileScreen)
        await until(pilot, lambda: screen._line == 6)
        await pilot.press("e")
        await shown(pilot, "census.toml is valid; a reload would change nothing")
        monkeypatch.setattr("tui.screens.profile.edit", editing.edit)
        await pilot.press("e")
        await shown(pilot, "no terminal here that an editor could have")
        app.can_switch = False
        await pilot.press("e")
        await shown(pilot, "Nothing is edited from here")
    assert lines[0] == 2


async def nobody(*, is_dry_run: bool) -> ReloadReply:
    """No engine answers."""
    raise EngineUnreachable("nothing listens")


async def test_it_works_without_an_engine_and_without_the_file(profile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a reload would do cannot be told then; the file as the engine read it is shown."""
    link = link_on(profile)
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        link.lose("gone")
        monkeypatch.setattr(link, "reload", nobody)
        await pilot.press("Y")
        await shown(pilot, "2 [workers.parse]")
        await shown(pilot, "cannot be told: no")
        profile.unlink()
        await looked_again(pilot, link)
        await shown(pilot, "is gone: moved, renamed or")
        await shown(pilot, "[workers.parse]")
