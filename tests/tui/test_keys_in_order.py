"""What is typed in one go does what it does when it is typed key by key."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual._xterm_parser import XTermParser

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard, focused_id, gone, logs, shown, until, with_logs
from tui.dashboard import Dashboard
from tui.keys_in_order import line_to_paste
from tui.screens.jump import JumpScreen
from tui.screens.reading import HelpScreen

__all__ = ["logs"]

ESC, LEFT, CTRL_A, CTRL_E, CTRL_U, CTRL_W, RUBOUT = "\x1b", "\x1b[D", "\x01", "\x05", "\x15", "\x17", "\x7f"
PASTE, PASTED = "\x1b[200~", "\x1b[201~"
BOXES = {"/": "#workers-filter", "\t/": "#log-filter", "F": "#log-ask", "?/": "#help-filter", ":": "#palette-typed"}


TYPED = {
    f"abc{CTRL_U}def": "def",
    f"abx{RUBOUT}cd": "abcd",
    f"bc{LEFT}{LEFT}a": "abc",
    f"bd{CTRL_A}a": "abd",
    f"one two{CTRL_W}three": "one three",
    f"{PASTE}b{PASTED}c{LEFT}{LEFT}d": "dbc",
    "日本 ü": "日本 ü",
}
"""What is typed, and what it comes to."""


def pasted(text: str) -> str:
    """As a terminal sends it that marks what is pasted (xterm, ctlseqs: bracketed paste)."""
    return f"{PASTE}{text}{PASTED}"


def type_at_once(app: Dashboard, text: str) -> None:
    """As the driver hears what arrives in one read."""
    parser = XTermParser()
    for event in parser.feed(text):
        app.post_message(event)


def typed(app: Dashboard, box: str) -> str:
    """What stands in a box of the screen that is shown."""
    return next((str(each.value) for each in app.screen.query(box)), "")  # type: ignore[attr-defined]


@pytest.mark.parametrize("opens", BOXES)
async def test_no_key_overtakes_another(logs: Path, opens: str) -> None:
    """In every box: in one read with what opens it, and in the box."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        before = opens
        for text, is_there in TYPED.items():
            type_at_once(app, before + text)
            await until(pilot, lambda is_there=is_there: typed(app, BOXES[opens]) == is_there)  # type: ignore[misc]
            before = CTRL_E + CTRL_U


@pytest.mark.parametrize(("keys", "stopped"), [
    ("/parse.2\rs", "parse.2"),
    (f"/parse.2{CTRL_U}tally\rs", "tally"),
    (f"/{pasted('parse.2')}\rs", "parse.2"),
    ("/parse.2\rG\x15s", "parse.2"),
    (":go to parse.3\rs", "parse.3"),
    ("j:stop\r", "parse.1"),
    ("jjt\t2\t1s", "parse.2"),
])  # fmt: skip
async def test_a_key_acts_on_what_those_before_it_have_found(keys: str, stopped: str) -> None:
    """Enter ends the letters; what follows it in the same read is a key again, for the row that is there by then."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        type_at_once(app, keys)
        await until(pilot, lambda: bool(link.wishes))
        assert link.wishes == [("stop", (stopped,))]


async def test_escape_ends_the_letters_too() -> None:
    """The filter is gone, and the next key goes on from the row that it had left."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        type_at_once(app, "/tally")
        await pilot.press("escape", "j", "s")
        await until(pilot, lambda: bool(link.wishes))
        assert link.wishes == [("stop", ("disk",))]
        assert (typed(app, "#workers-filter"), focused_id(app)) == ("", "workers")


async def test_the_log_is_searched_and_filtered_in_one_go(logs: Path) -> None:
    """n goes on from the match that enter has found; the filter is the log's, where tab went before it."""
    app = dashboard(with_logs(logs))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "message number 199")
        type_at_once(app, "\t/number 19\rFnumber 1x\x7f\rn")
        await shown(pilot, "11 of 200")
        pane = app.fleet_screen.logs
        await until(pilot, lambda: (pane.source.sought, focused_id(app)) == ("number 1", "log"))
        assert pane.source.narrowing.text == "number 19"
        assert (focused_id(app), app.fleet_screen.table.shown_names) == (
            "log",
            tuple(row.name for row in census().rows),
        )


async def test_screens_get_their_keys_when_they_are_there() -> None:
    """What opens a screen, and what is meant for it, in one read: help, its filter, jump mode."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        type_at_once(app, "?/pool\r")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and typed(app, "#help-filter") == "pool")
        await gone(pilot, "what to look for")
        await pilot.press("escape")
        type_at_once(app, "o\x7f")
        await until(pilot, lambda: isinstance(app.screen, JumpScreen) or app.fleet_screen.is_current)


async def test_what_is_pasted_where_nobody_types_does_nothing() -> None:
    """None of its letters is a key."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        type_at_once(app, pasted("sKrq\r2") + "j")
        await until(pilot, lambda: app.fleet_screen.table.cursor_name == "parse.1")
        assert (link.wishes, app.fleet_screen.place, len(app.screen_stack)) == ([], "workers", 1)


@pytest.mark.parametrize(("text", "line"), [
    ("", ""),
    ("\n\r\n", ""),
    ("one line", "one line"),
    ("\n  first \nsecond", "first"),
    ("\x1b[31mred\x1b[0m\ttab\x1b]0;title\x07", "red tab"),
    ("\x1b[A\nafter it", "after it"),
    ("bell\x07 and nul\x00", "bell and nul"),
])  # fmt: skip
def test_one_clean_line_is_pasted(text: str, line: str) -> None:
    """The first that says something, without what a terminal would obey."""
    assert line_to_paste(text) == line
