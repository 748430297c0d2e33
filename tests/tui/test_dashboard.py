"""Wishes and leaving: each is asked, sent, said at once and told when it comes out; the engine may go away."""

from __future__ import annotations

import msgspec
import pytest
from textual import events
from textual.filter import NoColor

from supervisor.api.messages import Job, LogState
from supervisor.errors import RequestRefused
from tests.tui.fakes import NOW_S, FakeLink, census, unreachable
from tests.tui.screens.test_fleet import NARROW, dashboard, gone, screen_text, shown, until
from tui.dashboard import Leaving
from tui.screens.confirm import ConfirmScreen
from tui.theme import NO_COLOR_THEME


def _done(job_id: int, action: str, target: str, *, text: str = "", state: str = "done") -> Job:
    fields = {"id": job_id, "action": action, "target": target, "state": state, "requested_s": NOW_S, "text": text}
    return msgspec.convert(fields, Job)


@pytest.mark.parametrize(
    ("moves", "key", "action", "name"),
    [
        (["j"], "s", "stop", "parse.1"),
        ([], "a", "start", "walk"),
        (["j"], "r", "restart", "parse.1"),
        ([], "r", "restart", "walk"),
    ],
)
async def test_a_key_sends_its_wish_for_the_worker_under_the_cursor(
    moves: list[str], key: str, action: str, name: str
) -> None:
    """One graceful action on one worker asks no question."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(*moves, key)
        await until(pilot, lambda: link.wishes == [(action, (name,))])


async def test_intent_is_said_at_once_and_outcome_when_it_comes() -> None:
    """The toast names what happens and when; the second one comes with the truth."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "s")
        await shown(pilot, "Stopping parse.1 (SIGTERM in 1.0 s, SIGKILL in 5.0 s)")
        link.tell(_done(1, "stop", "parse.1", text="stopped: exit code 0"))
        await shown(pilot, "Stopped parse.1 (exit code 0)")


async def test_a_failed_wish_says_why() -> None:
    """An action that did not work out is told as such, with the engine's words."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "r")
        await shown(pilot, "Restarting parse.1")
        link.tell(_done(1, "restart", "parse.1", text="it would not die", state="failed"))
        await shown(pilot, "Could not restart parse.1: it would not die")


async def test_refusals_are_said_with_suggestions() -> None:
    """What the engine refuses, and what cannot be asked, is said; nothing crashes."""
    link = FakeLink(census())

    def refuse(*_: object) -> tuple[Job, ...]:
        raise RequestRefused("no worker is called [red]", ("walk",))

    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        link.replies = refuse
        await pilot.press("r")
        await shown(pilot, "no worker is called [red] Did you mean walk?")
        link.replies = unreachable
        await pilot.press("r")
        await shown(pilot, "Cannot restart walk: the engine does not answer")


async def test_a_key_that_cannot_act_says_what_to_press_instead() -> None:
    """`s` on a worker at rest sends nothing."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "walk")
        await pilot.press("s")
        await shown(pilot, "walk is finished: press a to start it.")
        assert link.wishes == []


@pytest.mark.parametrize(
    ("answer", "wishes"), [("enter", []), ("escape", []), ("c", []), ("K", [("kill", ("parse.1",))])]
)
async def test_kill_is_confirmed_and_its_default_is_cancel(
    answer: str, wishes: list[tuple[str, tuple[str, ...]]]
) -> None:
    """Enter and Esc kill nobody; the key of the choice does."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "K")
        await shown(pilot, "Kill parse.1?")
        await pilot.press(answer)
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: link.wishes == wishes)


async def test_restart_all_is_confirmed_and_told_as_one() -> None:
    """R names how many, sends one wish, and its jobs come out as one sentence."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("R")
        await shown(pilot, "Restart all 8 workers?")
        await pilot.press("up", "enter")
        await shown(pilot, "Restarting all 8 workers")
        assert link.wishes == [("restart", ("*",))]
        for number in range(1, 9):
            link.tell(_done(number, "restart", "x", text="restarted, pid 1"))
        await shown(pilot, "Restarted all 8 workers")


@pytest.mark.parametrize("key", ["q", "ctrl+q", "ctrl+c"])
async def test_quit_asks_and_cancel_is_the_default(key: str) -> None:
    """Enter on the question stays; nothing is stopped."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(key)
        await shown(pilot, "4 workers are running.")
        await pilot.press("enter")
        await gone(pilot, "Quit procdeck?")
        assert app.return_value is None
        assert link.downs == []


@pytest.mark.parametrize("keys", [["q", "d"], ["ctrl+c", "ctrl+c"], ["q", "ctrl+c"], ["q", "up", "enter"]])
async def test_detaching_leaves_the_workers_alone(keys: list[str]) -> None:
    """d, or Ctrl+C twice, leaves at once and asks nothing of the engine."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(*keys)
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("detached", live_workers=4)
    assert (link.downs, link.wishes, link.is_closed) == ([], [], True)


async def test_keys_typed_ahead_go_to_the_question() -> None:
    """Who types faster than the question is painted answers it, and nothing below it."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        for key in ("j", "K", "K", "q", "d"):
            app.post_message(events.Key(key, key))
        await until(pilot, lambda: app.return_value is not None)
    assert link.wishes == [("kill", ("parse.1",))]
    assert app.return_value == Leaving("detached", live_workers=4)


async def test_stop_all_stays_until_everything_is_at_rest() -> None:
    """The dashboard shows who is waited for and leaves when the engine says that all is at rest."""
    link = FakeLink(census())
    link.down_reply.clear()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("q", "s")
        await until(pilot, lambda: link.downs == [False])
        link.hear(census(phase="stopping"))
        await shown(pilot, "Stopping all: waiting for 4 workers")
        await pilot.press("q")
        await shown(pilot, "Kill all now and quit")
        await pilot.press("escape")
        link.down_reply.set()
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("stopped")


async def test_a_stop_that_takes_too_long_can_be_forced() -> None:
    """The second question offers to kill all."""
    link = FakeLink(census())
    link.down_reply.clear()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("q", "s", "q")
        await shown(pilot, "Kill all now")
        await pilot.press("s")
        await until(pilot, lambda: link.downs == [False, True])
        link.down_reply.set()
        await until(pilot, lambda: app.return_value is not None)


async def test_engine_loss_is_said_and_the_last_picture_stays() -> None:
    """Cause, age and place of the logs; the rows stay, dimmed, their times stand still; actions explain themselves."""
    link = FakeLink(census(log=LogState(directory="/runs/1/logs")))
    app = dashboard(link)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        link.clock.now_s += 5
        link.lose("nothing listens; the engine has died")
        await shown(pilot, "Engine lost: nothing listens; the engine has died. Last seen 5s ago.")
        await shown(pilot, "Logs: /runs/1/logs")
        await shown(pilot, "as of 5s ago")
        link.clock.now_s += 3600
        await shown(pilot, "as of 1h ago")
        assert any("parse.1" in line and " 2m " in line for line in screen_text(app))
        await pilot.press("j", "s")
        await shown(pilot, "Cannot stop: the engine does not answer.")
        link.hear(census())
        await gone(pilot, "Engine lost")


async def test_quitting_without_an_engine_asks_nothing() -> None:
    """There is nothing to stop or to leave running."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        link.lose("it closed the connection")
        await pilot.press("q")
        await until(pilot, lambda: app.return_value is not None)
    assert app.return_value == Leaving("gone")


async def test_completion_is_said_with_the_result() -> None:
    """A run that is complete says so and where its result is, and the dashboard stays."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        link.hear(census(phase="completed", outcome="4 finished. Result: /out/census.json"))
        await shown(pilot, "Completed: 4 finished. Result: /out/census.json")


async def test_no_color_starts_in_the_terminals_own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A non-empty NO_COLOR chooses a theme that survives without colours."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        assert app.theme == NO_COLOR_THEME
        # With Textual's shades of grey instead, the terminal's default colours would become black on black.
        assert [type(each) for each in app.get_line_filters()] == [NoColor]


async def test_ascii_glyphs_by_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """PROCDECK_GLYPHS=ascii shows states in plain characters."""
    monkeypatch.setenv("PROCDECK_GLYPHS", "ascii")
    async with dashboard(FakeLink(census())).run_test(size=NARROW) as pilot:
        await shown(pilot, " * parse.1")
