"""Events under a person's hands: the past, what comes, following, filters, going there, copying, and having missed."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from textual.pilot import Pilot

from supervisor.api.messages import Job, LogState
from supervisor.errors import EngineUnreachable
from supervisor.logs.record import decode
from tests.tui.event_fakes import RESTART, event, history, state
from tests.tui.fakes import NOW_AT, FakeLink, census, store, stored_line
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, gone, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.screens.events import EventsScreen
from tui.screens.fleet import FleetScreen

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


def link_with(*past: object) -> FakeLink:
    """An engine to which `past` has happened, or the usual history."""
    link = FakeLink(census())
    link.past = list(past or history())  # type: ignore[arg-type]
    return link


async def opened(pilot: Pilot[Leaving], app: Dashboard) -> EventsScreen:
    """The events, looked at from the table."""
    await shown(pilot, "parse.1")
    await pilot.press("V")
    await until(pilot, lambda: isinstance(app.screen, EventsScreen) and bool(app.screen.query("EventTable")))
    screen = app.screen
    assert isinstance(screen, EventsScreen)
    await until(pilot, lambda: screen.reply is not None or bool(screen.trouble))
    return screen


@SIZES
async def test_v_shows_what_has_happened_newest_last(size: tuple[int, int]) -> None:
    """The lanes above, the newest event under the cursor and in full below; nothing is wider than the screen."""
    app = dashboard(link_with())
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, app)
        await shown(pilot, "FOLLOW")
        await shown(pilot, "4 exits")
        await shown(pilot, "restart 1 of 2 failed: exit code 3")
        await until(pilot, lambda: screen.row is not None and screen.row.event.cursor == 22)
        await until(pilot, lambda: screen_text(app)[-4].startswith(" finished: exit code 0"))
        assert max(map(len, screen_text(app))) <= size[0]
        assert not any("\x1b" in line for line in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_what_happens_is_followed_until_one_goes_up() -> None:
    """A wish appears with how far it has come; paused, the cursor stays where it is and what comes is counted."""
    link = link_with()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        await shown(pilot, "FOLLOW")
        asked = event(23, 0.0, "walk", "start wished", kind="action", step="accepted", outcomes=1, command="procdeck x")
        link.happen(asked)
        await shown(pilot, "▸ start accepted")
        await until(pilot, lambda: screen.row is not None and screen.row.event.cursor == 23)
        text = "stopping: asked, SIGKILL in 5.0 s"
        link.tell(Job(id=9, action="start", target="walk", state="running", requested_s=0.0, text=text))
        await shown(pilot, "▸ start accepted, stopping: asked, SIGKILL in 5 s")
        await pilot.press("up")
        await shown(pilot, "PAUSED, 1 below")
        link.happen(event(24, -0.8, "walk", "start done: started", kind="action", step="done", answers=(23,)))
        await shown(pilot, "▸ start done in 0.8 s: started")
        await shown(pilot, "PAUSED, 1 below")
        link.happen(state(25, -0.9, "walk", "running"))
        await shown(pilot, "PAUSED, 2 below")
        assert screen.row is not None
        assert screen.row.event.cursor == 22
        await pilot.press("f")
        await shown(pilot, "FOLLOW")
        await until(pilot, lambda: screen.row is not None and screen.row.event.cursor == 25)
        await pilot.press("f")
        await shown(pilot, "PAUSED, 1 below")


async def test_filter_shows_only_what_fits_as_it_is_typed() -> None:
    """It is said beside the title; a broken pattern says why and hides nothing; Esc clears it, then goes back."""
    app = dashboard(link_with())
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        await pilot.press("slash", *"!parse")
        await shown(pilot, "4 of 22  filter: !parse")
        await gone(pilot, "parse.3 ⟳")
        await pilot.press("enter", "escape", "slash", *"xyz")
        await shown(pilot, "No event has")
        await pilot.press("escape")
        await shown(pilot, " 22 ")
        await pilot.press("slash", *"re:(")
        await shown(pilot, "cannot be used: ")
        assert len(screen.table.rows) == 22
        await pilot.press("enter", "escape")
        await until(pilot, lambda: not screen.box.value)
        assert app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))


async def test_only_what_went_wrong_on_one_key() -> None:
    """Failures, refusals and wishes that failed; again: all."""
    app = dashboard(link_with())
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: len(screen.table.rows) == 22)
        await pilot.press("exclamation_mark")
        await shown(pilot, "only problems")
        assert [row.event.cursor for row in screen.table.rows] == [6, 9, 12, 15, 16, 20, 21]
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: len(screen.table.rows) == 22)


async def test_enter_goes_to_the_worker_and_i_to_its_page() -> None:
    """Of an event of a worker with replicas to the first; what is about no worker says so."""
    app = dashboard(link_with())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: len(screen.table.rows) == 22)
        screen.table.select("21")
        await pilot.press("enter")
        await shown(pilot, "engine is no worker of this run")
        screen.table.select("15")
        await pilot.press("I")
        await shown(pilot, "[Overview]")
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        await until(pilot, lambda: app.fleet_screen.subject == "parse.3")
        assert app.fleet_screen.place == "workers"


async def test_l_goes_to_its_time_in_the_log(tmp_path: Path) -> None:
    """The record of that moment is under the cursor of the log, which has the keys."""
    lines = [stored_line(f"message number {at}", second=at) for at in range(60)]
    store(tmp_path / "logs", lines)
    at = datetime.fromisoformat(decode(lines[40]).time).timestamp()
    link = FakeLink(census(log=LogState(directory=str(tmp_path / "logs"), records=200)))
    link.past = [state(1, NOW_AT - at, "walk", "failed")]
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot, app)
        await shown(pilot, "FOLLOW")
        await pilot.press("L")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen) and focused_id(app) == "log")
        await until(pilot, lambda: app.fleet_screen.log_view.cursor_number == 40)


async def test_y_copies_the_command_line() -> None:
    """As it is, for a shell, that of its wish for an outcome; of what nobody has asked for there is none."""
    app = dashboard(link_with())
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: len(screen.table.rows) == 22)
        await pilot.press("y")
        await shown(pilot, "Nobody has asked for this")
        screen.table.select("16")
        await shown(pilot, f"$ {RESTART}")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == RESTART)
        app.copy_to_clipboard("")
        screen.table.select("20")
        await shown(pilot, f"$ {RESTART}")
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == RESTART)


async def test_an_outcome_whose_wish_is_gone_says_where_it_is() -> None:
    """The journal has all of them."""
    lost = event(2000, 0.0, "walk", "start done: started", kind="action", step="done", answers=(23,))
    app = dashboard(link_with(lost))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: screen.row is not None)
        await pilot.press("y")
        await shown(pilot, "What was asked for is too")


async def test_lanes_can_show_a_longer_time_and_a_shorter_one() -> None:
    """No longer than there is anything to tell of."""
    app = dashboard(link_with(state(1, 4000.0, "walk", "starting"), state(2, 10.0, "walk", "finished")))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await opened(pilot, app)
        await shown(pilot, "5m ago")
        await pilot.press("minus")
        await shown(pilot, "1m ago")
        await pilot.press("minus")
        await shown(pilot, "as far as it goes")
        await pilot.press("plus", "plus", "plus", "plus")
        await shown(pilot, "1h ago")


async def test_what_was_missed_is_asked_for() -> None:
    """A gap in the news, and what happened while nothing could be heard."""
    link = link_with()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: len(screen.table.rows) == 22)
        link.past.append(state(23, 0.0, "walk", "starting"))
        link.happen(state(24, 0.0, "walk", "running"))
        await until(pilot, lambda: [row.event.cursor for row in screen.table.rows][-2:] == [23, 24])
        link.lose("it closed the connection")
        await until(pilot, lambda: not screen._was_live)
        link.past.append(state(25, 0.0, "walk", "failed"))
        link.hear(census())
        await until(pilot, lambda: screen.table.rows[-1].event.cursor == 25)


async def test_another_run_begins_anew() -> None:
    """The engine was started again: its cursors begin at 1."""
    link = link_with()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        screen = await opened(pilot, app)
        await until(pilot, lambda: len(screen.table.rows) == 22)
        link.past = [event(1, 0.0, "engine", "run run-2 of census.toml")]
        link.hear(census(run_id="run-2"))
        await shown(pilot, "run run-2")
        assert len(screen.table.rows) == 1


async def test_nothing_and_no_engine_are_said_in_words() -> None:
    """Where the events would be; Esc goes back."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await opened(pilot, app)
        await shown(pilot, "Nothing has happened yet.")
        await pilot.press("escape")
        link.hang_trouble = EngineUnreachable("the engine does not answer")
        await opened(pilot, app)
        await shown(pilot, "the engine does not answer")
        await shown(pilot, "Esc goes back")
