"""The first screen under a person's hands: every key, both layouts, the filters, the log, the empty places."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from textual import events
from textual.pilot import Pilot

from supervisor.api.messages import LogState
from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, replica, store, stored_line
from tests.tui.repaints import noted_repaints, settled
from tests.tui.strips import lines_of
from tui.dashboard import Dashboard, Leaving
from tui.screens.reading import HelpScreen, RecordScreen

NARROW, WIDE = (80, 24), (160, 45)


def dashboard(link: FakeLink) -> Dashboard:
    return Dashboard(link, "census", clock=link.clock)


def screen_text(app: Dashboard) -> list[str]:
    """What is on the terminal, line by line."""
    return [line.rstrip() for line in lines_of(app)]


async def until(pilot: Pilot[Leaving], is_so: Callable[[], bool]) -> None:
    """Wait until something is so; the deadline is generous because machines are busy."""
    async with asyncio.timeout(60):
        while not is_so():
            await pilot.pause(0.01)


async def shown(pilot: Pilot[Leaving], text: str) -> None:
    """Wait until `text` is on the screen."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    try:
        await until(pilot, lambda: any(text in line for line in screen_text(app)))
    except TimeoutError:
        raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(screen_text(app))) from None


async def gone(pilot: Pilot[Leaving], text: str) -> None:
    """Wait until `text` is not on the screen."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    await until(pilot, lambda: all(text not in line for line in screen_text(app)))


def focused_id(app: Dashboard) -> str | None:
    """Which pane has the keys."""
    return app.focused.id if app.focused else None


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A store with a line of each level."""
    levels = ("INFO", "DEBUG", "WARNING", "ERROR")
    names = ("parse.1", "parse.2", "tally", "disk")
    lines = [
        stored_line(f"message number {at}", worker=names[at % 4], level=levels[at % 4], second=at) for at in range(200)
    ]
    store(tmp_path / "logs", lines)
    return tmp_path / "logs"


def with_logs(logs: Path) -> FakeLink:
    return FakeLink(census(log=LogState(directory=str(logs), records=200, warnings=31, errors=2)))


async def test_skeleton_is_painted_before_the_engine_answers() -> None:
    """A person sees the frame and what is waited for, not an empty terminal."""
    async with dashboard(FakeLink()).run_test(size=NARROW) as pilot:
        await shown(pilot, "Waiting for the engine of census")
        await shown(pilot, "q Quit")


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_all_workers_are_shown_with_their_states(size: tuple[int, int]) -> None:
    """Every replica and its state word is on the first screen, in both layouts."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=size) as pilot:
        for row, word in (("parse.1", "running"), ("parse.3", "backoff"), ("tally", "hung"), ("report", "failed")):
            await until(pilot, lambda: any(row in line and word in line for line in screen_text(app)))  # noqa: B023
        await shown(pilot, "31 warnings  2 errors")
        assert max(len(line) for line in screen_text(app)) <= size[0]


async def test_wide_layout_shows_the_detail_beside_the_log(logs: Path) -> None:
    """At 160 columns the selected worker in full is the third pane; at 80 it opens in the log's place."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "forkserver")
        await shown(pilot, "message number 199")
        await pilot.press("d")
        await gone(pilot, "forkserver")
        await pilot.press("d")
        await shown(pilot, "forkserver")
        await pilot.resize_terminal(*NARROW)
        await gone(pilot, "KIND")
        await pilot.press("enter")
        await shown(pilot, "What runs")


async def test_detail_opens_with_enter_and_closes_with_escape_in_a_narrow_terminal(logs: Path) -> None:
    """Enter shows the worker under the cursor in full, Esc goes back to the table and the log."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("j", "enter")
        await shown(pilot, "What runs")
        await gone(pilot, "message number")
        assert focused_id(app) == "detail"
        await pilot.press("escape")
        await shown(pilot, "message number 199")
        assert focused_id(app) == "workers"


async def test_cursor_moves_by_keys_and_stays_on_its_replica() -> None:
    """Rows that come, go and change leave the cursor where the person put it."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        table = app.fleet_screen.table
        moves = [
            ("j", "parse.1"),
            ("down", "parse.2"),
            ("k", "parse.1"),
            ("G", "spare"),
            ("g", "walk"),
            ("end", "spare"),
        ]
        for key, name in [*moves, ("home", "walk"), ("pagedown", "spare"), ("pageup", "walk")]:
            await pilot.press(key)
            await until(pilot, lambda name=name: table.cursor_name == name)  # type: ignore[misc]
        await pilot.press("j", "j")
        await until(pilot, lambda: table.cursor_name == "parse.2")
        link.hear(census(rows=(replica("early"), *census().rows[2:])))
        await shown(pilot, "early")
        assert table.cursor_name == "parse.2"
        link.hear(census(rows=(replica("early"),)))
        await gone(pilot, "parse.2")
        assert table.cursor_name == "early"


async def test_cursor_goes_to_the_next_row_when_its_own_is_gone() -> None:
    """Scaling down or a reload takes rows away: the cursor stays in their place and does not jump to the top."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        table = app.fleet_screen.table
        await pilot.press("j", "j", "j")
        await until(pilot, lambda: table.cursor_name == "parse.3")
        link.hear(census(rows=tuple(row for row in census().rows if row.name != "parse.3")))
        await gone(pilot, "parse.3")
        assert table.cursor_name == "tally"
        await pilot.press("G")
        await until(pilot, lambda: table.cursor_name == "spare")
        link.hear(census(rows=census().rows[:2]))
        await gone(pilot, "spare")
        assert table.cursor_name == "parse.1"
        link.hear(census(rows=()))
        await gone(pilot, "parse.1")
        assert table.cursor_name is None


async def test_rows_that_come_and_go_above_leave_the_cursor_on_its_line() -> None:
    """A person who reads a row goes on reading it, wherever the others go."""
    rows = tuple(replica(f"w.{number}") for number in range(1, 101))
    link = FakeLink(census(rows=rows))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "w.1 ")
        table = app.fleet_screen.table
        table.select("w.50")
        await shown(pilot, "w.50")
        await pilot.press("k", "k")

        def line() -> int:
            return next(at for at, text in enumerate(screen_text(app)) if " w.48 " in text)

        before = line()
        link.hear(census(rows=(*(replica(f"early.{number}") for number in range(1, 8)), *rows)))
        await until(pilot, lambda: "early.7" in table.shown_names and line() == before)
        link.hear(census(rows=rows[20:]))
        await until(pilot, lambda: "w.1" not in table.shown_names and line() == before)
        assert table.cursor_name == "w.48"


async def test_mouse_selects_a_row_and_a_hint() -> None:
    """A click on a row moves the cursor there; a click on a hint does what it says."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.2")
        await pilot.click("#workers", offset=(5, 3))
        await until(pilot, lambda: app.fleet_screen.table.cursor_name == "parse.2")
        await shown(pilot, "? Help")
        line = screen_text(app)[-1]
        await pilot.click("#hints", offset=(line.index("? Help"), 0))
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_only_changed_rows_are_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet of equal rows costs no paint; one changed row costs its own line."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        painted = noted_repaints(monkeypatch, app.fleet_screen.table)
        await settled(pilot, painted, lambda: link.hear(census()))
        rows = census().rows
        link.hear(census(rows=(*rows[:5], msgspec.structs.replace(rows[5], activity="du -sh"), *rows[6:])))
        await shown(pilot, "du -sh")
        assert [(region.y, region.height) for region in painted] == [(6, 1)]


async def test_times_go_on_by_themselves() -> None:
    """An uptime is not frozen until the engine says something new."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "2m")
        link.clock.now_s += 3600
        await shown(pilot, "1h")


async def test_table_filter_is_live_and_escape_clears_it() -> None:
    """Each letter filters; Enter keeps the filter; Esc takes it away; the title says what is on."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "report")
        await pilot.press("slash", *"pars")
        await shown(pilot, "3 of 8  /pars")
        await gone(pilot, "report")
        await pilot.press("enter")
        assert focused_id(app) == "workers"
        assert app.fleet_screen.table.shown_names == ("parse.1", "parse.2", "parse.3")
        await pilot.press("escape")
        await shown(pilot, "report")
        await pilot.press("slash", *"zzz")
        await shown(pilot, 'No worker matches "zzz"')
        await pilot.press("escape")
        await shown(pilot, "report")


async def test_keys_typed_ahead_go_to_the_filter() -> None:
    """Who types faster than the filter is painted types into it, and does nothing to a worker; / is a letter there."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        for key, letter in (("slash", "/"), ("s", "s"), ("a", "a"), ("r", "r"), ("slash", "/"), ("K", "K")):
            pilot.app.post_message(events.Key(key, letter))
        await shown(pilot, "/sar/K  esc clears")
        assert link.wishes == []


async def test_log_filter_is_live_and_counts(logs: Path) -> None:
    """The log is filtered while a person types, with how many of how many; Esc clears."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("tab", "slash", *"number 77")
        await shown(pilot, "1 of 200")
        await gone(pilot, "message number 199")
        await pilot.press("escape")
        await shown(pilot, "message number 199")
        await pilot.press("slash", *"nowhere")
        await shown(pilot, 'No record matches "nowhere"')


async def test_log_follows_pauses_and_counts_what_arrives(logs: Path) -> None:
    """Scrolling up pauses and says how many have come since; End follows again; f toggles."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        await shown(pilot, "FOLLOW")
        await pilot.press("tab", "pageup")
        await shown(pilot, "PAUSED +0")
        store(logs, [stored_line(f"late {at}") for at in range(1234)])
        await shown(pilot, "PAUSED +1,234")
        await gone(pilot, "late 1233")
        await pilot.press("end")
        await shown(pilot, "late 1233")
        await shown(pilot, "FOLLOW")
        await pilot.press("f")
        await shown(pilot, "PAUSED +0")
        await pilot.press("f")
        await shown(pilot, "FOLLOW")


async def test_wheel_pauses_the_log_and_comes_back(logs: Path) -> None:
    """The mouse wheel upwards pauses; at the end it follows again."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        log = app.fleet_screen.log_view
        log.scroll_to(y=log.scroll_offset.y - 5, animate=False)
        await shown(pilot, "PAUSED")
        log.scroll_to(y=log.max_scroll_y, animate=False)
        await shown(pilot, "FOLLOW")


async def test_a_following_log_finds_back_to_its_end(logs: Path) -> None:
    """A layout that was not told to the log must not leave the newest line out of sight."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        log = app.fleet_screen.log_view
        log._is_moving_itself = True
        log.scroll_to(y=log.max_scroll_y - 3, animate=False, force=True)
        log._is_moving_itself = False
        assert log.is_following
        await until(pilot, lambda: log.scroll_offset.y == log.max_scroll_y)
        await shown(pilot, "message number 199")


async def test_l_shows_one_workers_log_and_all_again(logs: Path) -> None:
    """`l` narrows the log to the worker under the cursor, and a second time widens it."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("j", "l")
        await shown(pilot, "parse.1 only")
        await shown(pilot, "message number 196")
        await gone(pilot, "message number 199")
        await pilot.press("l")
        await shown(pilot, "message number 199")


async def test_enter_on_a_log_line_shows_the_whole_record(tmp_path: Path) -> None:
    """The traceback is a short suffix in the log and whole in the record."""
    trace = "Traceback (most recent call last):\n  File deep.py\nValueError: bad input\n"
    exception = {"type": "ValueError", "message": "bad input", "traceback": trace}
    store(tmp_path, [stored_line("cannot parse", level="ERROR", exception=exception)])
    app = dashboard(with_logs(tmp_path))
    async with app.run_test(size=(100, 24)) as pilot:
        await shown(pilot, "ValueError: bad input (traceback: 3 lines)")
        await pilot.press("tab", "enter")
        await shown(pilot, "File deep.py")
        assert isinstance(app.screen, RecordScreen)
        await pilot.press("escape")
        await gone(pilot, "File deep.py")


async def test_zoom_gives_the_focused_pane_the_screen(logs: Path) -> None:
    """`z` shows only the focused pane, and gives the others back; Esc too."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("tab", "z")
        await gone(pilot, "WORKER")
        await shown(pilot, "message number 160")
        await pilot.press("z")
        await shown(pilot, "WORKER")
        await pilot.press("shift+tab", "z")
        await gone(pilot, "message number")
        await pilot.press("escape")
        await shown(pilot, "message number 199")


async def test_escape_clears_a_filter_before_it_leaves_the_zoom(logs: Path) -> None:
    """As the title says; the pane keeps the screen until there is nothing nearer to take back."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "message number 199")
        await pilot.press("8", "slash", *"199", "enter")
        await shown(pilot, "esc clears")
        await pilot.press("escape")
        await gone(pilot, "esc clears")
        assert app.fleet_screen.zoomed() == "log"
        await pilot.press("escape")
        await shown(pilot, "WORKER")


async def test_tab_goes_round_the_panes_that_are_shown(logs: Path) -> None:
    """Tab and shift+tab go through table, log and, where there is room, detail."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "forkserver")
        for key, pane in (("tab", "log"), ("tab", "detail"), ("tab", "workers"), ("shift+tab", "detail")):
            await pilot.press(key)
            await until(pilot, lambda pane=pane: focused_id(app) == pane)  # type: ignore[misc]


async def test_help_lists_all_keys_and_closes(logs: Path) -> None:
    """`?` opens the generated help; Esc closes it and nothing else."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "question_mark")
        await shown(pilot, "SIGKILL its whole process tree at once")
        await pilot.press("escape")
        await gone(pilot, "SIGKILL its whole process tree")
        assert app.is_running


async def test_terminal_that_is_too_small_says_so_and_comes_back() -> None:
    """Below the needed size there is one plain message; growing brings everything back."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=(59, 14)) as pilot:
        await shown(pilot, "procdeck needs 60 columns and 15 lines")
        await pilot.resize_terminal(60, 15)
        await shown(pilot, "parse.1")
        await pilot.resize_terminal(20, 5)
        await gone(pilot, "parse.1")


async def test_empty_places_teach(tmp_path: Path) -> None:
    """No workers: what to write where. No records: where they would be."""
    empty = census(rows=(), channels=(), log=LogState(directory=str(tmp_path)))
    async with dashboard(FakeLink(empty)).run_test(size=NARROW) as pilot:
        await shown(pilot, "Add one to configs/census/census.toml")
        await shown(pilot, "[workers.hello]")
        await shown(pilot, "No log records yet")


async def test_worker_text_is_never_obeyed(tmp_path: Path) -> None:
    """Markup and control sequences of a worker are text, in the table, the log and the detail."""
    evil = "\x1b[2J\x1b]0;owned\x07[red]x[/red] [@click=app.exit]y[/] \u202eabc"
    store(tmp_path, [stored_line(evil), evil.encode()])
    rows = (replica("parse.1", State.RUNNING, activity=evil), replica("bad", State.FAILED, last_error=evil))
    app = dashboard(FakeLink(census(rows=rows, log=LogState(directory=str(tmp_path)))))
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "[red]x[/red] [@click=app.exit]y[/]")
        await pilot.press("j")
        text = "\n".join(screen_text(app))
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text


async def test_hundreds_of_rows_scroll_with_the_cursor() -> None:
    """Only what is on the screen is drawn, and the cursor stays in sight."""
    rows = tuple(replica(f"w.{number}") for number in range(1, 501))
    app = dashboard(FakeLink(census(rows=rows)))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "w.1 ")
        await pilot.press("G")
        await shown(pilot, "w.500")
        await pilot.press("g")
        await shown(pilot, "w.1 ")
