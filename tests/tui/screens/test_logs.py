"""The log under a person's hands: searching, going to places, marks, copies, errors, in both layouts."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from supervisor.api.messages import LogState
from tests.tui.fakes import FakeLink, census, store, stored_line
from tests.tui.link.stores import timed_line, write_store
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, gone, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.screens.confirm import ConfirmScreen
from tui.screens.logs import FILTERS, LogPane
from tui.screens.reading import RecordScreen

LEVELS = {700: "ERROR", 2500: "CRITICAL", 2600: "WARNING"}


def _log(directory: Path, count: int = 4000) -> FakeLink:
    """A line a second, with a needle in every 500th."""
    lines = [
        timed_line(at * 1_000_000, LEVELS.get(at, "INFO"), f"line {at}" + (" needle" if at % 500 == 99 else ""))
        for at in range(count)
    ]
    write_store(directory, lines, 2)
    return FakeLink(census(log=LogState(directory=str(directory))))


def cursor_line(app: Dashboard) -> str:
    """The message under the cursor of the log."""
    stored = app.fleet_screen.log_view.cursor_line() or b""
    start = stored.find(b'"message":"') + 11
    return stored[start : stored.find(b'"', start)].decode()


async def at_line(pilot: Pilot[Leaving], message: str) -> None:
    """Wait until the cursor of the log is on `message`, in sight."""
    app = pilot.app
    assert isinstance(app, Dashboard)
    try:
        await until(pilot, lambda: cursor_line(app) == message and any(message in line for line in screen_text(app)))
    except TimeoutError:
        raise AssertionError(f"at {cursor_line(app)!r}:\n" + "\n".join(screen_text(app))) from None


async def test_filter_finds_letters_close_together_as_the_filters_of_tables_do(tmp_path: Path) -> None:
    """~ in the log's filter, and after a !; the box tells of it, in 80 columns too; so does the search."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("tab", "slash")
        await shown(pilot, FILTERS)
        await pilot.press(*"~ndl")
        await shown(pilot, "/~ndl  8 of 4,000")
        await shown(pilot, "line 3599 needle")
        await pilot.press("home", "exclamation_mark")
        await shown(pilot, "/!~ndl  3,992 of 4,000")
        await pilot.press("escape", "F", *"~ndl", "enter")
        await at_line(pilot, "line 3599 needle")


async def test_search_goes_from_match_to_match_and_hides_nothing(tmp_path: Path) -> None:
    """F, then n and N; the title counts; the lines around stay; Esc ends it."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("tab", "F", *"needle")
        await shown(pilot, "F needle  8")
        await pilot.press("enter")
        await at_line(pilot, "line 3599 needle")
        await shown(pilot, "8 of 8")
        await shown(pilot, "line 3598")
        await pilot.press("N")
        await at_line(pilot, "line 3099 needle")
        await shown(pilot, "7 of 8")
        await pilot.press("n", "n")
        await shown(pilot, "No match after this line.")
        await at_line(pilot, "line 3599 needle")
        await pilot.press("escape")
        await gone(pilot, "F needle")
        assert cursor_line(app) == "line 3599 needle"
        await pilot.press("n")
        await until(pilot, lambda: focused_id(app) == "log-ask")


async def test_errors_and_warnings_are_gone_to_from_anywhere(tmp_path: Path) -> None:
    """e, E, . and , work with the table focused too; the first e of a followed log is its newest error."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("e")
        await at_line(pilot, "line 2500")
        assert focused_id(app) == "log"
        await pilot.press("full_stop")
        await at_line(pilot, "line 2600")
        await pilot.press("E")
        await at_line(pilot, "line 2500")
        await pilot.press("comma")
        await at_line(pilot, "line 700")
        await pilot.press("E")
        await shown(pilot, "No error before this line.")
        await pilot.press("e")
        await at_line(pilot, "line 2500")
        await pilot.press("end")
        await shown(pilot, "FOLLOW")


async def test_time_is_gone_to_and_what_is_no_time_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T asks; the first line as young as that is in sight."""
    app = dashboard(_log(tmp_path))
    app._wording.clock.now_s += 3600 - (app._wording.clock.wall_s() - 1_795_352_400.0)  # type: ignore[attr-defined]
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("T", *"30m ago", "enter")
        await at_line(pilot, "line 1800")
        await pilot.press("T", *"whenever", "enter")
        await shown(pilot, '"whenever" is no time')
        assert focused_id(app) == "log"
        await pilot.press("T", "escape")
        await at_line(pilot, "line 1800")


async def test_histogram_shows_levels_and_a_click_goes_there(tmp_path: Path) -> None:
    """One row above the log; H takes it away and brings it back."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        strip = app.fleet_screen.query_one("#histogram")
        await until(pilot, lambda: screen_text(app)[strip.region.y].count(":") == 4)
        async with asyncio.timeout(60):
            while cursor_line(app) != "line 0":  # while the panes still find their heights, a click may miss the row
                await pilot.click("#histogram", offset=(10, 0))
                await pilot.pause(0.05)
        await at_line(pilot, "line 0")
        await pilot.press("H")
        await until(pilot, lambda: not strip.display)
        await pilot.press("H")
        await until(pilot, lambda: bool(strip.display))


async def test_levels_are_stepped_through_and_the_line_that_was_read_stays(tmp_path: Path) -> None:
    """L shows warnings and worse, errors, all but debug, all; who has paused stays where it was."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("e")
        await at_line(pilot, "line 2500")
        await pilot.press("L")
        await shown(pilot, "WARNING or worse  3 of 4,000")
        await at_line(pilot, "line 2500")
        await pilot.press("L")
        await shown(pilot, "ERROR or worse  2 of 4,000")
        await pilot.press("escape")
        await shown(pilot, "line 2499")
        await at_line(pilot, "line 2500")


async def test_marks_are_gone_round_and_copied(tmp_path: Path) -> None:
    """m marks and goes on, ' and \" go from one to the next, y copies them all, M takes them away."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("y")
        await shown(pilot, "Copy is for a line of the log")
        await pilot.press("e", "m")
        await at_line(pilot, "line 2501")
        await pilot.press("E", "E", "m")
        await shown(pilot, "2 marks")
        await shown(pilot, "⣿")
        await pilot.press("apostrophe")
        await at_line(pilot, "line 2500")
        await pilot.press("apostrophe")
        await at_line(pilot, "line 700")
        await pilot.press("quotation_mark")
        await at_line(pilot, "line 2500")
        await pilot.press("y")
        await shown(pilot, "Copied 2 lines")
        assert [line.split()[-1] for line in app.clipboard.splitlines()] == ["700", "2500"]
        await pilot.press("M")
        await gone(pilot, "2 marks")
        await pilot.press("y")
        assert app.clipboard.endswith("line 2500")


async def test_what_is_shown_is_written_to_a_file_that_is_not_overwritten_unasked(tmp_path: Path) -> None:
    """> asks for a path; a file that is there is asked about; a folder that is not there is told of."""
    app = dashboard(_log(tmp_path / "logs"))
    target = tmp_path / "out.txt"

    async def write_to(path: Path) -> None:
        await pilot.press("greater_than_sign")
        await until(pilot, lambda: focused_id(app) == "log-ask")
        box = app.fleet_screen.query_one("#log-ask")
        box.value = str(path)  # type: ignore[attr-defined]
        await pilot.press("enter")

    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("tab", "slash", *"needle", "enter")
        await shown(pilot, "8 of 4,000")
        await write_to(target)
        await shown(pilot, "Wrote 8 lines")
        assert len(target.read_text().splitlines()) == 8
        await pilot.press("escape")
        await shown(pilot, "line 3998")
        await write_to(target)
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape")
        assert len(target.read_text().splitlines()) == 8
        await write_to(target)
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("o")
        await shown(pilot, "Wrote 4,000 lines")
        await write_to(tmp_path / "nowhere" / "out.txt")
        await shown(pilot, "No such file or directory")


async def test_long_lines_are_wrapped_and_cut_again(tmp_path: Path) -> None:
    """W folds; the newest line stays in sight, the cursor moves by records, and so do pages."""
    lines = [timed_line(at, message=f"begin {at} " + "x" * 200 + f" end {at}.") for at in range(300)]
    write_store(tmp_path, lines)
    app = dashboard(FakeLink(census(log=LogState(directory=str(tmp_path)))))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "begin 299")
        await gone(pilot, "end 299.")
        await pilot.press("tab", "W")
        await shown(pilot, "end 299.")
        await shown(pilot, "wrapped")
        log = app.fleet_screen.log_view
        await pilot.press("k", "k", "k", "k", "k")
        await shown(pilot, "begin 294")
        assert cursor_line(app).startswith("begin 294")
        await pilot.press("pageup", "pageup")
        await until(pilot, lambda: any("begin 29" not in line for line in screen_text(app)))
        await pilot.press("home")
        await shown(pilot, "begin 0 ")
        for _ in range(6):
            await pilot.press("j")
        await shown(pilot, "end 6.")
        store(tmp_path, [stored_line("late")])
        await shown(pilot, "PAUSED +1 line")
        await shown(pilot, "end 6.")
        await pilot.press("end")
        await shown(pilot, "late")
        assert log.is_following
        await pilot.press("W")
        await gone(pilot, "end 299.")


async def test_records_are_stepped_through_while_one_is_open(tmp_path: Path) -> None:
    """Right and left, as far as there are any; the log goes along."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("e", "enter")
        await until(pilot, lambda: isinstance(app.screen, RecordScreen))
        await shown(pilot, "CRITICAL")
        await pilot.press("right")
        await shown(pilot, "line 2501")
        await pilot.press("left", "left")
        await shown(pilot, "line 2499")
        await pilot.press("escape")
        await at_line(pilot, "line 2499")
        await pilot.press("home", "enter", "left")
        await shown(pilot, "no record before this one")


async def test_escape_stops_a_search_before_anything_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found stays, and nothing is closed by the same key."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 3999")
        stopped: list[bool] = []
        source = app._source

        def stop() -> bool:
            stopped.append(True)
            return len(stopped) == 1

        monkeypatch.setattr(source, "stop_searching", stop)
        await pilot.press("tab", "slash", *"needle", "enter", "z")
        await shown(pilot, "8 of 4,000")
        await pilot.press("escape")
        await shown(pilot, "Stopped searching")
        assert app.fleet_screen.zoomed() == "log"
        await pilot.press("escape")
        await gone(pilot, "8 of 4,000")
        assert app.fleet_screen.zoomed() == "log"
        await pilot.press("escape")
        await until(pilot, lambda: app.fleet_screen.zoomed() is None)


def _failing(directory: Path) -> FakeLink:
    trace = 'Traceback (most recent call last):\n  File "code.py", line 41, in parse\n    int("x")\nValueError: bad\n'
    exception = {"type": "ValueError", "message": "bad", "traceback": trace}
    lines = [stored_line(f"fine {at}", second=at) for at in range(300)]
    lines[40] = stored_line("cannot parse", level="ERROR", worker="parse.2", exception=exception)
    lines[50] = stored_line("cannot parse", level="ERROR", worker="tally", exception=exception)
    lines[60] = stored_line("lost", level="ERROR", worker="tally", exception={"type": "KeyError", "message": "'a'"})
    store(directory, lines)
    return FakeLink(census(log=LogState(directory=str(directory))))


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_errors_lead_to_their_lines_and_workers(tmp_path: Path, size: tuple[int, int]) -> None:
    """x groups what has failed; Enter goes to the line in the log, o to the worker; x and Esc go back."""
    app = dashboard(_failing(tmp_path))
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, "fine 299")
        await pilot.press("x")
        await shown(pilot, "Errors 2")
        await shown(pilot, "code.py:41 parse")
        table = app.fleet_screen.error_table
        table.select("ValueError code.py:41 parse")
        await pilot.press("d" if size == NARROW else "O")
        await shown(pilot, 'int("x")')
        await pilot.press("enter")
        await until(pilot, lambda: cursor_line(app) == "cannot parse" and focused_id(app) == "log")
        await shown(pilot, "tally   ERROR cannot parse")
        await pilot.press("o")
        await until(pilot, lambda: app.fleet_screen.place == "workers" and focused_id(app) == "workers")
        assert app.fleet_screen.table.cursor_name == "tally"
        await pilot.press("x", "slash", *"keyerr", "enter")
        await shown(pilot, "1 of 2")
        await pilot.press("o")
        await until(pilot, lambda: app.fleet_screen.place == "workers")
        await pilot.press("x", "escape", "escape")
        await until(pilot, lambda: app.fleet_screen.place == "workers")


async def test_errors_that_come_while_they_are_shown_are_counted(tmp_path: Path) -> None:
    """And the cursor stays on its error."""
    app = dashboard(_failing(tmp_path))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "fine 299")
        await pilot.press("x")
        await shown(pilot, "Errors 2")
        app.fleet_screen.error_table.select("KeyError ")
        exception = {"type": "OSError", "message": "no"}
        store(tmp_path, [stored_line("new", level="ERROR", exception=exception)] * 3)
        await shown(pilot, "Errors 3")
        assert app.fleet_screen.subject == "KeyError "


async def test_a_place_without_errors_says_so(tmp_path: Path) -> None:
    """And what would be there."""
    store(tmp_path, [stored_line("fine")])
    app = dashboard(FakeLink(census(log=LogState(directory=str(tmp_path)))))
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "fine")
        await pilot.press("x")
        await shown(pilot, "Nothing has failed in this run")
        await pilot.press("s")
        await shown(pilot, "errors are shown; press x to go to the workers")
        await pilot.press("c")
        await shown(pilot, "CHANNEL")
        await pilot.press("x", "x")
        await shown(pilot, "WORKER")


@pytest.mark.parametrize("key", ["F", "T", "greater_than_sign"])
async def test_keys_typed_ahead_go_to_what_asks(tmp_path: Path, key: str) -> None:
    """Who types faster than the box is painted types into it; no letter does anything else."""
    link = _log(tmp_path, 300)
    app = dashboard(link)

    def is_typed() -> bool:
        return str(app.fleet_screen.query_one("#log-ask").value).endswith("s jgGcxfeWzq")  # type: ignore[attr-defined]

    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "line 299")
        await pilot.press("tab")
        letters = [("space", " ") if letter == " " else (letter, letter) for letter in "s jgGcxfeWzqX"]
        for name, letter in [(key, None), *letters, ("backspace", None)]:
            app.post_message(events.Key(name, letter))
        await until(pilot, is_typed)
        assert link.wishes == []
        assert app.fleet_screen.place == "workers"
        await pilot.press("escape")
        await until(pilot, lambda: focused_id(app) == "log")


async def test_two_logs_have_a_worker_a_filter_and_a_place_of_their_own(tmp_path: Path) -> None:
    """Z shows a second log and goes there, tab goes between them, Q closes it and leaves the first as it was."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=(140, 60), notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("tab", "slash", *"needle", "enter")
        await shown(pilot, "/needle  8 of 4,000")
        panes = app.fleet_screen.log_panes
        await pilot.press("Z")
        await until(pilot, lambda: panes.chosen is panes.second and panes.chosen.view.has_focus)
        second = panes.chosen
        await shown(pilot, "line 3998")
        assert (panes.first.source.line_count, second.source.line_count) == (8, 4000)
        await pilot.press("E")
        await until(pilot, lambda: b"line 2500" in (second.view.cursor_line() or b""))
        assert (panes.first.view.is_following, second.view.is_following) == (True, False)
        await pilot.press("L")
        await until(pilot, lambda: second.source.line_count == 3)
        assert panes.first.source.line_count == 8
        await pilot.press("Z")
        await shown(pilot, "There are two logs already")

        await pilot.press("shift+tab")
        await until(pilot, lambda: panes.first.view.has_focus)
        await pilot.press("f")
        await until(pilot, lambda: not panes.first.view.is_following)
        await pilot.press("tab")
        await until(pilot, lambda: second.view.has_focus)
        await pilot.press("Q")
        await until(pilot, lambda: panes.first.view.has_focus and len(app.fleet_screen.query(LogPane)) == 1)
        assert panes.chosen is panes.first
        assert second.source.reader is None
        await shown(pilot, "/needle  8 of 4,000")
        await pilot.press("Q")
        await shown(pilot, "There is one log only")


async def test_what_is_new_comes_to_both_logs(tmp_path: Path) -> None:
    """A second log follows too, and another run is shown in both."""
    app = dashboard(_log(tmp_path))
    async with app.run_test(size=(140, 60), notifications=True) as pilot:
        await shown(pilot, "line 3999")
        await pilot.press("Z")
        await shown(pilot, "line 3998")
        with (tmp_path / "000002.ndjson").open("ab") as segment:
            segment.write(timed_line(5_000_000_000, "INFO", "came later") + b"\n")
        await until(pilot, lambda: sum("came later" in line for line in screen_text(app)) == 2)
