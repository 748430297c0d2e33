"""Below a dialog stand its own answers or nothing: no key of the screen under it, which would do nothing."""

from __future__ import annotations

import pytest

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, dashboard, screen_text, shown, until
from tui.dashboard import Dashboard
from tui.screens.confirm import ConfirmScreen
from tui.widgets.answer_bar import AnswerBar


def below(app: Dashboard) -> str:
    """The bottom line; nothing while the screen has not been laid out."""
    return "".join(screen_text(app)[-1:])


@pytest.mark.parametrize("key", ["question_mark", "colon", "U"])
async def test_under_what_is_read_or_typed_stands_nothing(key: str) -> None:
    """Its own foot has its keys."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.2")
        await until(pilot, lambda: "Help" in below(app))
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen_stack) == 2 and bool(screen_text(app)) and not below(app).strip())
        await pilot.press("escape")
        await until(pilot, lambda: "Help" in below(app))


async def test_an_answer_below_can_be_clicked() -> None:
    """It does what its key does."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.2")
        app.fleet_screen.go("workers", "parse.1")
        await pilot.press("K")
        await until(pilot, lambda: below(app).split() == ["K", "Kill", "parse.1", "c", "Cancel"])
        bar = app.screen.query_one(AnswerBar)
        await pilot.click(bar, offset=(below(app).index("c Cancel"), 0))
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert link.wishes == []
        await pilot.press("K")
        await until(pilot, lambda: "Kill parse.1" in below(app))
        await pilot.click(app.screen.query_one(AnswerBar), offset=(2, 0))
        await until(pilot, lambda: link.wishes != [])


async def test_where_there_is_no_room_for_all_answers_the_keys_of_every_question_stand() -> None:
    """A click on the first gives the answer that is marked, which is to cancel; then on the other."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=(40, 12)) as pilot:
        await until(pilot, lambda: app.is_drawing and app.fleet_screen.subject is not None)
        for word in ("Take", "Cancel"):
            app.action_wish("quit")
            await until(pilot, lambda: isinstance(app.screen, ConfirmScreen) and "esc Cancel" in below(app))
            line = below(app)
            assert line.split() == ["enter", "Take", "the", "marked", "line", "esc", "Cancel"]
            await pilot.click(app.screen.query_one(AnswerBar), offset=(line.index(word), 0))
            await until(pilot, lambda: len(app.screen_stack) == 1)
    assert app.return_value is None
