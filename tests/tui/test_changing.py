"""Pause, scale, signals and the reload of the profile, by their keys: what is asked, sent, said and refused."""

from __future__ import annotations

import pytest

from supervisor.api.requests import PlanStep
from supervisor.errors import EngineUnreachable
from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, replica
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui.screens.confirm import ConfirmScreen
from tui.screens.plan import MistakesScreen, PlanScreen

PLAN = (
    PlanStep(subject="parse", change="restart", keys=("args", "stop_timeout"), text="stopped, then started again"),
    PlanStep(subject="spare", change="remove"),
    PlanStep(subject="extra", change="add", text="2 replicas, started at once"),
    PlanStep(subject="walk", change="update", keys=("restart",)),
)


def paused() -> FakeLink:
    return FakeLink(census(rows=(replica("walk", State.PAUSED), *census().rows[1:])))


async def test_p_pauses_what_runs_and_resumes_what_is_paused() -> None:
    """One key, whose meaning the hint says; what is at rest says what to press instead."""
    link = paused()
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "p Resume")
        await pilot.press("p")
        await until(pilot, lambda: link.wishes == [("resume", ("walk",))])
        await pilot.press("j", "p")
        await until(pilot, lambda: link.wishes[1:] == [("pause", ("parse.1",))])
        await shown(pilot, "Pausing parse.1")
        await pilot.press("G", "p")
        await shown(pilot, "spare is stopped: press a to start it.")
        assert len(link.wishes) == 2


async def test_plus_and_minus_scale_the_worker_under_the_cursor() -> None:
    """What was and what will be is said at once; the last replica is stopped, not scaled away."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "plus")
        await shown(pilot, "parse: 3 -> 4 replicas")
        await pilot.press("minus")
        await shown(pilot, "parse: 3 -> 2 replicas")
        await pilot.press("g", "minus")
        await shown(pilot, "walk has one replica: press s to stop it.")
        assert link.scales == [("parse", 1), ("parse", -1)]
        link.refusal = "no [b]more[/b] than 1000 replicas"
        await pilot.press("plus")
        await shown(pilot, "no [b]more[/b] than 1000 replicas")


@pytest.mark.parametrize(("keys", "sent"), [(["h"], "HUP"), (["2"], "USR2"), (["up", "enter"], "ABRT")])
async def test_a_signal_is_chosen_and_sent(keys: list[str], sent: str) -> None:
    """By its key, or with the marked line; the process that gets it is named."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "S")
        await shown(pilot, "Send parse.1 a signal")
        await shown(pilot, "process 4007")
        await pilot.press(*keys)
        await shown(pilot, f"sent SIG{sent} to [b]parse.1[/b]")
        assert link.signals == [("parse.1", sent)]


@pytest.mark.parametrize("key", ["enter", "escape", "c"])
async def test_no_signal_is_the_default(key: str) -> None:
    """Enter and Esc send nothing, nor do keys that mean something elsewhere; what has no process gets no question."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "S")
        await shown(pilot, "Send parse.1 a signal")
        await pilot.press("q", "s", "a", "r", "p", "K", "S", key)
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await pilot.press("g", "S")
        await shown(pilot, "walk is finished: press a to start it.")
        assert link.signals == []


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_reload_shows_its_plan_and_applies_it_when_told(size: tuple[int, int]) -> None:
    """Subject, change, keys and words of each step; only then is it done, and what was done is said."""
    link = FakeLink(census())
    link.plan = PLAN
    app = dashboard(link)
    async with app.run_test(size=size, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await shown(pilot, "Reload census.toml?")
        await shown(pilot, "4 changes: 1 to add, 1 to remove, 1 to restart, 1 without a restart.")
        await shown(pilot, "parse  restart  args, stop_timeout")
        await shown(pilot, "                stopped, then started again")
        await shown(pilot, "extra  add      2 replicas, started at once")
        await shown(pilot, "enter chooses the marked line")
        assert link.reloads == [True]
        await pilot.press("up", "enter")
        await shown(pilot, "4 changes applied")
        assert link.reloads == [True, False]
        await gone(pilot, "Reload census.toml?")


@pytest.mark.parametrize("key", ["enter", "escape", "c"])
async def test_reload_is_cancelled_by_default(key: str) -> None:
    """Enter and Esc change nothing."""
    link = FakeLink(census())
    link.plan = PLAN
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, PlanScreen))
        await pilot.press(key)
        await gone(pilot, "Reload census.toml?")
        assert link.reloads == [True]


async def test_a_long_plan_scrolls_and_leaves_its_question_in_sight() -> None:
    """Of fifty steps a small terminal shows some; page keys show the others, and Cancel is always there."""
    link = FakeLink(census())
    link.plan = tuple(PlanStep(subject=f"w{number}", change="add") for number in range(50))
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await shown(pilot, "w0 ")
        await gone(pilot, "w49 ")
        for _ in range(10):
            await pilot.press("pagedown")
        await shown(pilot, "w49 ")
        await shown(pilot, "a   Apply it")
        await shown(pilot, "c   Cancel")


async def test_a_bad_profile_shows_its_mistakes_and_changes_nothing() -> None:
    """Every mistake, folded so that none is cut; Esc closes it."""
    link = FakeLink(census())
    long = (
        "census.toml:12: unknown key [b]restart_delays[/b] in [workers.parse]; did you mean restart_delay? " + "x" * 40
    )
    link.refusal = f"{long}\ncensus.toml:20: replicas is a whole number"
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: isinstance(app.screen, MistakesScreen))
        await shown(pilot, "Not reloaded: 2 mistakes; nothing was changed")
        await shown(pilot, "census.toml:20: replicas is a whole number")
        await shown(pilot, "unknown key [b]restart_delays[/b]")
        assert any("xxxx" in line for line in screen_text(app))
        await pilot.press("escape")
        await gone(pilot, "2 mistakes")
        assert link.reloads == []


async def test_a_profile_that_went_bad_while_the_plan_was_read_is_told() -> None:
    """What is applied is what the file says then; mistakes come up instead."""
    link = FakeLink(census())
    link.plan = PLAN
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await shown(pilot, "Reload census.toml?")
        link.refusal = "census.toml:1: no TOML"
        await pilot.press("a")
        await shown(pilot, "Not reloaded: 1 mistake; nothing was changed")


async def test_a_reload_that_changes_nothing_asks_nothing() -> None:
    """A sentence instead of an empty plan."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("ctrl+r")
        await shown(pilot, "nothing differs")
        assert not isinstance(app.screen, ConfirmScreen)


async def test_without_an_engine_each_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that goes away between the picture and the key is told; nothing crashes."""
    link = FakeLink(census())

    def fail() -> None:
        raise EngineUnreachable("nothing listens")

    monkeypatch.setattr(link, "_refuse", fail)
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "plus")
        await shown(pilot, "Cannot scale parse: nothing listens")
        await pilot.press("ctrl+r")
        await shown(pilot, "Cannot reload: nothing listens")
        await pilot.press("S", "h")
        await shown(pilot, "Cannot signal parse.1: nothing listens")


async def test_ctrl_c_while_all_are_stopping_kills_them() -> None:
    """The second Ctrl+C is for those who have waited enough, with the question open or not."""
    for keys in (["ctrl+c"], ["q", "ctrl+c"]):
        link = FakeLink(census())
        link.down_reply.clear()
        app = dashboard(link)
        async with app.run_test(size=NARROW, notifications=True) as pilot:
            await shown(pilot, "parse.1")
            await pilot.press("ctrl+c")
            await shown(pilot, "Quit procdeck?")
            await pilot.press("s")
            await until(pilot, lambda: link.downs == [False])  # noqa: B023
            link.hear(census(phase="stopping"))
            await pilot.press(*keys)
            await until(pilot, lambda: link.downs == [False, True])  # noqa: B023
            await shown(pilot, "Killing all workers")
            link.down_reply.set()
            await until(pilot, lambda: app.return_value is not None)  # noqa: B023


async def test_a_stop_from_elsewhere_is_known_too() -> None:
    """Somebody said `procdeck down`: quitting offers to kill or to detach, not to stop once more."""
    link = FakeLink(census(phase="stopping"))
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "Stopping all: waiting for 4 workers")
        await pilot.press("q")
        await shown(pilot, "Still stopping")
        await shown(pilot, "ctrl+c kills them now")
