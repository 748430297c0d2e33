"""Settings in the dashboard: keys, themes and the project's view are there from the first paint on, and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from textual.color import Color

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tests.tui.strips import strips_of
from tui.actions import BY_ID
from tui.dashboard import Dashboard
from tui.hang_actions import WHY
from tui.keymap import choose_keys
from tui.layout import Layout
from tui.screens.themes import ThemesScreen
from tui.screens.why import WhyScreen
from tui.settings.kept import Kept, KeptView, LogLook
from tui.settings.model import Settings
from tui.settings.palettes import DARK, LIGHT, SHIPPED
from tui.sorting import Sort

DARK_ONLY = {DARK.background, DARK.surface, DARK.panel, DARK.cursor, DARK.title, DARK.text, DARK.dim, DARK.accent}


@pytest.fixture(autouse=True)
def _own_keys() -> Iterator[None]:
    """What a test chooses is its own."""
    yield
    choose_keys({})


def deck(link: FakeLink, settings: Settings | None = None, view: KeptView | None = None) -> Dashboard:
    return Dashboard(link, "census", clock=link.clock, settings=settings, kept=view)


def chosen(**keys: tuple[str, ...]) -> Settings:
    return Settings(keys={(BY_ID[action].group, action): each for action, each in keys.items()})


def colours_on(app: Dashboard) -> set[str]:
    """All colours that are on the screen."""
    strips = strips_of(app)
    styles = [segment.style for strip in strips for segment in strip if segment.style is not None]
    found = [colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None]
    return {Color.from_rich_color(colour).hex6.lower() for colour in found}


async def test_chosen_keys_do_their_work_everywhere() -> None:
    """In the first screen and the app; hinted at, told in the help; the old key is free."""
    link = FakeLink(census())
    async with deck(link, chosen(restart=("f5",), detail=("ctrl+d",), stop=())).run_test(size=NARROW) as pilot:
        await shown(pilot, "f5 Restart")
        await pilot.press("j", "f5")
        await until(pilot, lambda: link.wishes == [("restart", ("parse.1",))])
        await pilot.press("r", "s")
        await pilot.press("ctrl+d")
        await shown(pilot, "incarnation")
        assert link.wishes == [("restart", ("parse.1",))]
        await pilot.press("question_mark")
        await shown(pilot, "f5                 Stop it gracefully")


async def test_screens_over_the_first_one_hear_their_chosen_keys() -> None:
    """Those of the settings' own table for them, and those that they have in common with the first one."""
    settings = Settings(keys={(WHY, "restart"): ("f5",), (BY_ID["why"].group, "why"): ("f9",)})
    link = FakeLink(census())
    app = deck(link, settings)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "f9")
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        await pilot.press("r")
        await pilot.press("f5")
        await until(pilot, lambda: ("restart", ("parse.1",)) in link.wishes or len(app._notifications) > 0)
        keys = app.screen._bindings.key_to_bindings
        assert [binding.action for binding in keys["f5"]] == ["act('restart')"]
        assert "r" not in keys


async def test_mistakes_are_told_and_the_rest_applies() -> None:
    """The first one with its line, and where the others are told."""
    settings = Settings(theme="light", mistakes=('settings.toml:2: unknown action "x"', "settings.toml:3: more"))
    app = deck(FakeLink(census()), settings)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, 'settings.toml:2: unknown action "x"')
        await shown(pilot, "And 1 more")
        assert app.theme == "light"


async def test_a_theme_is_seen_while_it_is_chosen_and_escape_takes_it_back() -> None:
    """The whole screen is painted anew, the log, tables and titles too: nothing is left of the old colours."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        assert colours_on(app) & DARK_ONLY
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, ThemesScreen))
        await shown(pilot, "high-contrast-light")
        await pilot.press("j")
        await until(pilot, lambda: app.theme == "light")
        await until(pilot, lambda: not colours_on(app) & DARK_ONLY)
        assert LIGHT.background in colours_on(app)
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, ThemesScreen))
        await until(pilot, lambda: app.theme == "dark" and LIGHT.background not in colours_on(app))


@pytest.mark.parametrize("name", [*SHIPPED, "ansi"])
async def test_every_theme_has_all_that_the_screen_asks_for(name: str) -> None:
    """Nothing fails in any of them, in the terminal's own colours either."""
    app = deck(FakeLink(census()), Settings(theme=name))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("U")
        await shown(pilot, "enter keeps it")
        assert app.theme == name
        if name in SHIPPED:
            assert SHIPPED[name].background in colours_on(app)


async def test_a_theme_that_is_kept_is_there_the_next_time(tmp_path: Path) -> None:
    """For this project; one that is not there any more is as if none had been chosen."""
    path = tmp_path / "view.json"
    app = deck(FakeLink(census()), view=KeptView(path))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("U")
        await shown(pilot, "enter keeps it")
        await pilot.press("end", "up", "enter")
        await until(pilot, lambda: app.theme == "colour-blind-blue-yellow")
        await pilot.press("q", "d")
        await until(pilot, lambda: not app.is_running)
    assert KeptView(path).kept.theme == "colour-blind-blue-yellow"
    again = deck(FakeLink(census()), view=KeptView(path))
    async with again.run_test(size=NARROW):
        assert again.theme == "colour-blind-blue-yellow"
    view = KeptView(path)
    view.keep(replace(view.kept, theme="gone"))
    later = deck(FakeLink(census()), view=KeptView(path))
    async with later.run_test(size=NARROW):
        assert later.theme == "dark"


async def test_the_view_is_as_it_was_left(tmp_path: Path) -> None:
    """Sort, filters, the logs: as the first paint shows them, and kept again on leaving."""
    path = tmp_path / "view.json"
    left = Kept(
        layout=Layout(
            place="workers",
            sorts={"workers": Sort("name", is_descending=True)},
            filters={"workers": "parse"},
            is_detail_open=False,
        ),
        logs=(LogLook(is_wrapped=True, has_histogram=False), LogLook(worker="walk", level="error")),
    )
    assert KeptView(path).keep(left)
    app = deck(FakeLink(census()), view=KeptView(path))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        screen = app.fleet_screen
        await until(pilot, lambda: screen.log_panes.second is not None and screen.log_panes.second.is_ready)
        await until(pilot, lambda: screen.table.shown_names == ("parse.3", "parse.2", "parse.1"))
        assert screen.log_view.is_wrapped
        assert not screen.is_detail_shown
        await pilot.press("q", "d")
        await until(pilot, lambda: not app.is_running)
    kept = KeptView(path).kept
    assert kept.layout.sorts == left.layout.sorts
    assert kept.layout.filters == left.layout.filters
    assert kept.logs == left.logs


async def test_a_kept_filter_is_seen_as_such_and_escape_clears_it(tmp_path: Path) -> None:
    """Nobody wonders where the other workers are."""
    path = tmp_path / "view.json"
    KeptView(path).keep(Kept(layout=Layout(filters={"workers": "parse"})))
    app = deck(FakeLink(census()), view=KeptView(path))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "/parse (kept)  esc clears")
        await pilot.press("escape")
        await gone(pilot, "(kept)")
        await until(pilot, lambda: "walk" in app.fleet_screen.table.shown_names)
        await pilot.press("slash", "p", "a", "r", "s", "e", "enter")
        await until(pilot, lambda: app.fleet_screen.table.shown_names == ("parse.1", "parse.2", "parse.3"))
        assert not any("(kept)" in line for line in screen_text(app))


async def test_ascii_leaves_no_other_sign_on_the_screen() -> None:
    """Scroll bars, borders, toasts, plots: nothing that a plain terminal cannot show."""
    app = deck(FakeLink(census()), Settings(glyphs="ascii"))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        assert all(line.isascii() for line in screen_text(app))
        await pilot.press("s")
        await shown(pilot, "press a to start it")
        assert all(line.isascii() for line in screen_text(app))
        for key in ("U", "question_mark"):
            await pilot.press(key)
            await until(pilot, lambda: len(app.screen_stack) > 1)
            await shown(pilot, "esc ")
            assert all(line.isascii() for line in screen_text(app))
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_the_bell_rings_once_for_each_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is wanted; who had failed already is no news."""
    app = deck(FakeLink(census()), Settings(bell=True))
    rung: list[None] = []
    monkeypatch.setattr(app, "bell", lambda: rung.append(None))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await until(pilot, lambda: len(rung) == 1)
