"""A worker's page under a person's hands: its sections, what each asks, and what can be done to the worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from supervisor.api.messages import LogState
from supervisor.lifecycle.states import State
from tests.tui.event_fakes import history
from tests.tui.fakes import FakeLink, census, replica, store, stored_line
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.render.worker_page import SECTIONS
from tui.screens.events import EventsScreen
from tui.screens.fleet import FleetScreen
from tui.screens.worker import WorkerScreen

TOLD = {
    "Overview": "census:parse",
    "Figures": "Processor",
    "Processes": "git ls-files",
    "Environment": "the engine's own environment",
    "Exits": "exit code 1",
    "Stacks": "etl.py:14",
    "Log": "message number 196",
}


@pytest.fixture
def link(tmp_path: Path) -> FakeLink:
    """An engine whose workers have logged."""
    names = ("parse.1", "parse.2", "tally", "disk")
    lines = [stored_line(f"message number {at}", worker=names[at % 4], second=at) for at in range(200)]
    store(tmp_path / "logs", lines)
    return FakeLink(census(log=LogState(directory=str(tmp_path / "logs"), records=200)))


async def opened(pilot: Pilot[Leaving], app: Dashboard) -> WorkerScreen:
    """The page of parse.1."""
    await shown(pilot, "parse.1")
    await pilot.press("j", "I")
    await until(pilot, lambda: isinstance(app.screen, WorkerScreen))
    await shown(pilot, "[Overview]")
    assert isinstance(app.screen, WorkerScreen)
    return app.screen


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_all_sections_are_walked_through_with_tab(link: FakeLink, size: tuple[int, int]) -> None:
    """Each tells its own; after the last comes the first, and shift+tab goes back."""
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await opened(pilot, app)
        for section in SECTIONS:
            await shown(pilot, f"[{section}]")
            await shown(pilot, TOLD[section])
            assert max(map(len, screen_text(app))) <= size[0]
            await pilot.press("tab")
        await shown(pilot, "[Overview]")
        await pilot.press("shift+tab")
        await shown(pilot, "[Log]")
        await pilot.press("left")
        await shown(pilot, "[Stacks]")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_only_the_section_that_is_shown_asks(link: FakeLink) -> None:
    """The overview asks for no stacks and no figures; figures for no stacks."""
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot, app)
        await shown(pilot, TOLD["Overview"])
        assert not [asked for asked in link.asked if asked.startswith(("stacks", "history"))]
        await pilot.press("tab")
        await until(pilot, lambda: "history parse.1 paths facts 300" in link.asked)
        assert not [asked for asked in link.asked if asked.startswith("stacks")]
        await pilot.press("plus")
        await until(pilot, lambda: "history parse.1 paths facts 600" in link.asked)


async def test_it_looks_on_while_it_is_on_top(link: FakeLink, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not below another screen."""
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        await pilot.press(*["tab"] * SECTIONS.index("Stacks"))
        await shown(pilot, TOLD["Stacks"])
        before = len(link.asked)
        link.clock.now_s += 5.0
        await until(pilot, lambda: len(link.asked) > before)
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, WorkerScreen) and screen.asked_s is None)
        before = len(link.asked)
        ticks: list[float] = []
        monkeypatch.setattr(screen, "_hint", lambda: ticks.append(link.clock.now_s))
        link.clock.now_s += 5.0
        await until(pilot, lambda: ticks.count(link.clock.now_s) > 1)
        assert len(link.asked) == before


async def test_an_answer_that_is_waited_for_does_not_hold_up_another_section(link: FakeLink) -> None:
    """Stacks take their time; who goes on sees the log at once, and what comes then is not shown in its place."""
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        link.gate.clear()
        await pilot.press(*["tab"] * SECTIONS.index("Stacks"))
        await until(pilot, lambda: "stacks parse.1" in link.asked)
        await pilot.press("tab")
        await shown(pilot, TOLD["Log"])
        link.gate.set()
        await pilot.press("left")
        await shown(pilot, TOLD["Stacks"])
        await until(pilot, lambda: screen.asked_s is None)


async def test_a_click_on_a_section_goes_there(link: FakeLink) -> None:
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, app)
        x = screen_text(app)[screen._bar.region.y].index("Exits")
        await pilot.click("SectionBar", offset=(x, 0))
        await shown(pilot, "[Exits]")
        await shown(pilot, TOLD["Exits"])


async def test_what_can_be_done_to_a_worker_can_be_done_here(link: FakeLink) -> None:
    """Stop and restart at once, kill after a question; what cannot be done says why."""
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("s", "r")
        await until(pilot, lambda: link.wishes == [("stop", ("parse.1",)), ("restart", ("parse.1",))])
        await pilot.press("a")
        await shown(pilot, "Start: parse.1 is running.")
        await pilot.press("K")
        await shown(pilot, "Kill parse.1")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert len(link.wishes) == 2


async def test_events_of_the_worker_alone(link: FakeLink) -> None:
    """`V` shows them, filtered; Esc, twice because of the filter, comes back to the page."""
    link.past = list(history())
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, EventsScreen))
        await shown(pilot, "filter: parse.1")
        events = app.screen
        assert isinstance(events, EventsScreen)
        await until(pilot, lambda: {row.event.subject for row in events.table.rows} == {"parse.1"})
        await pilot.press("escape", "escape")
        await until(pilot, lambda: app.screen is screen)


async def test_a_worker_that_is_no_more_says_so(link: FakeLink) -> None:
    """It was scaled away: what was known stays, and nothing can be done to it."""
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, app)
        await shown(pilot, TOLD["Overview"])
        link.hear(census(rows=(replica("walk", State.FINISHED),)))
        link.clock.now_s += 5.0
        await shown(pilot, "the engine tells nothing of parse.1")
        await pilot.press("r")
        await shown(pilot, "parse.1 is no worker of this run any more")
