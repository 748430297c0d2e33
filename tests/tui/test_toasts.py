"""Toasts: what comes of a wish takes the place of the wish, few are shown at once, and errors stay longest."""

from __future__ import annotations

import msgspec
import pytest
from textual.notifications import Notification
from textual.pilot import Pilot
from textual.widgets._toast import Toast, ToastHolder

from supervisor.api.messages import ActionName, Job
from tests.tui.fakes import NOW_S, FakeLink, census
from tests.tui.screens.test_fleet import WIDE, dashboard, gone, shown, until
from tui.leaving import Leaving
from tui.toasts import MOST, News, outdone


@pytest.fixture(autouse=True)
def lasting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No toast goes because a busy machine was slow to look at it."""
    monkeypatch.setattr("tui.leaving.READ_PER_S", 0.1)


def news(sentence: str, *about: str, is_error: bool = False) -> News:
    return News(sentence, severity="error" if is_error else "information", about=frozenset(about))


def test_news_takes_the_place_of_what_was_said_about_the_same() -> None:
    """The same workers, not some of them; what is about nothing stays."""
    one, several, other = news("Stopping a", "a"), news("Stopping 2", "a", "b"), Notification("Wrote it.")
    assert outdone([one, other], news("Stopped a", "a")) == [one]
    assert outdone([one, several], news("Stopped 2", "b", "a")) == [several]
    assert outdone([other], news("Copied it.")) == []


def test_what_is_said_again_is_shown_once() -> None:
    """A key that is pressed again and again does not fill the screen."""
    again = Notification("Nothing to undo.")
    assert outdone([again], Notification("Nothing to undo.")) == [again]


def test_the_oldest_goes_where_there_are_too_many() -> None:
    """An error goes when there are only errors."""
    error, first, second = news("Cannot", "a", is_error=True), news("1"), news("2")
    assert MOST == 3
    assert outdone([error, first], news("new")) == []
    assert outdone([error, first, second], news("new")) == [first]
    errors = [news(str(number), is_error=True) for number in range(3)]
    assert outdone(errors, news("new")) == errors[:1]


def told(pilot: Pilot[Leaving]) -> list[str]:
    """The toasts on the screen, from above."""
    return [toast._notification.message for toast in pilot.app.screen.query(Toast)]


def done(number: int, action: ActionName, target: str) -> Job:
    return Job(id=number, action=action, target=target, state="done", requested_s=NOW_S, text="")


async def test_a_stop_that_is_taken_back_is_one_toast_from_first_to_last() -> None:
    """The outcome names the way back too, as long as the key goes it."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "s")
        await until(pilot, lambda: [line[:24] for line in told(pilot)] == ["Stopping parse.1 (SIGTER"])
        link.tell(done(1, "stop", "parse.1"))
        await until(pilot, lambda: told(pilot) == ["Stopped parse.1; u starts it again"])
        await pilot.press("u")
        await shown(pilot, "Undo: parse.1 was stopped. Starting parse.1")
        link.tell(done(2, "start", "parse.1"))
        await until(pilot, lambda: told(pilot) == ["Undo: parse.1 was stopped. Started parse.1"])
        await until(pilot, lambda: len(app.screen.query(ToastHolder)) == 1)


async def test_an_outcome_names_no_way_back_that_the_key_would_not_go() -> None:
    """It would take back what was done after it."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "s", "j", "s")
        await shown(pilot, "Stopping parse.2")
        link.tell(done(1, "stop", "parse.1"))
        await gone(pilot, "Stopping parse.1")
        await until(pilot, lambda: "Stopped parse.1" in told(pilot))


async def test_no_more_than_a_few_are_shown_and_nothing_is_left_of_the_others() -> None:
    """However many sentences come at once."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        for number in range(20):
            app.say(f"sentence {number}")
        await until(pilot, lambda: told(pilot) == [f"sentence {number}" for number in (17, 18, 19)])
        await until(pilot, lambda: len(app.screen.query(ToastHolder)) == MOST)


async def test_the_outcome_for_several_does_not_say_what_one_of_them_did() -> None:
    """The process id of the last one is not that of all."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("R")
        await shown(pilot, "Restart all 8 workers?")
        await pilot.press("R")
        await shown(pilot, "Restarting all 8 workers")
        for number in range(1, 9):
            link.tell(msgspec.structs.replace(done(number, "restart", "x"), text="restarted, pid 77"))
        await until(pilot, lambda: told(pilot) == ["Restarted all 8 workers"])
