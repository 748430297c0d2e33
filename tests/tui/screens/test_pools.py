"""The place of pools under a person's hands: going there and back, every key that acts on a pool, both layouts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.pilot import Pilot

from supervisor.api.messages import LogState
from supervisor.api.pools import PoolActionName, PoolFailure, PoolRequest
from supervisor.errors import EngineUnreachable, RequestRefused
from tests.tui.fakes import FakeLink, census, replica, store, stored_line
from tests.tui.pool_fakes import detail_of_pool, failures, pools, thumbs
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, gone, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving

ROWS = (replica("walk"), replica("thumbs", kind="pool"), replica("parse.2"), replica("hash", kind="pool"))


def linked() -> FakeLink:
    link = FakeLink(census(rows=ROWS, pools=pools()))
    link.pool_details |= {row.name: detail_of_pool(row, ()) for row in pools()[1:]}
    return link


def app_of(pilot: Pilot[Leaving]) -> Dashboard:
    assert isinstance(pilot.app, Dashboard)
    return pilot.app


async def _go(pilot: Pilot[Leaving], *keys: str) -> None:
    """To the pools, and on."""
    await shown(pilot, "walk")
    await pilot.press("b", *keys)
    await shown(pilot, "PROGRESS")


async def _to_detail(pilot: Pilot[Leaving], *keys: str) -> None:
    """To the first member of `thumbs`, and on."""
    await _go(pilot, "enter")
    await shown(pilot, "3 failures, newest first" if app_of(pilot).size.height > 30 else "Members 4")
    await until(pilot, lambda: focused_id(app_of(pilot)) == "detail")
    await until(pilot, lambda: app_of(pilot).fleet_screen.failure(17) is not None)
    await pilot.press(*keys)


async def _closed(pilot: Pilot[Leaving]) -> None:
    """Wait until no question is open and the pane below has the keys again."""
    app = app_of(pilot)
    await until(pilot, lambda: app.screen is app.fleet_screen and app.focused is not None)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_b_shows_the_pools_and_the_workers_again(size: tuple[int, int]) -> None:
    """Header and log stay; b or Esc goes back, to the same worker."""
    app = dashboard(linked())
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "walk")
        await pilot.press("j", "j", "b")
        await shown(pilot, "PROGRESS")
        await gone(pilot, "WORKER")
        for text in ("Pools 6", "1,203/2,000  60 %", "paused", "340 done", "finished", "ended", "b Workers"):
            await shown(pilot, text)
        assert max(len(line) for line in screen_text(app)) <= size[0]
        for back in ("b", "escape"):
            await pilot.press(back)
            await shown(pilot, "WORKER")
            assert (app.fleet_screen.table.cursor_name, focused_id(app)) == ("parse.2", "workers")
            await pilot.press("b")
            await shown(pilot, "PROGRESS")


async def test_from_a_worker_to_its_pool_and_back() -> None:
    """b goes to the pool of the worker under the cursor, o from a pool to its worker."""
    app = dashboard(linked())
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "walk")
        await pilot.press("G", "b")
        await until(pilot, lambda: app.fleet_screen.pool_table.cursor_name == "hash")
        await pilot.press("k", "o")
        await shown(pilot, "WORKER")
        assert app.fleet_screen.table.cursor_name == "parse.2"
        await pilot.press("b")
        await until(pilot, lambda: app.fleet_screen.pool_table.cursor_name == "tiles@parse.2")


async def test_a_worker_of_kind_pool_shows_its_progress() -> None:
    """In its row, in place of what it does."""
    async with dashboard(linked()).run_test(size=NARROW) as pilot:
        await shown(pilot, "1,203/2,000  60 %")


async def test_only_what_the_row_does_not_tell_is_asked_for_again() -> None:
    """Failures come again when their number is another one, and for no other reason."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await _go(pilot)
        await shown(pilot, "ValueError: not a photo")
        assert not app.fleet_screen.wants_detail_again
        row = pools()[0]
        link.hear(census(rows=ROWS, pools=(msgspec.structs.replace(row, report=thumbs(done=1300)), *pools()[1:])))
        await shown(pilot, "1,303/2,000  65 %")
        assert not app.fleet_screen.wants_detail_again
        more = msgspec.structs.replace(row, report=thumbs(failed=4))
        newest = PoolFailure(index=1400, item="'late.jpg'", kind="timed-out", error="TaskTimedOut: 30 s")
        link.pool_details["thumbs"] = detail_of_pool(more, (*failures(), newest))
        link.hear(census(rows=ROWS, pools=(more, *pools()[1:])))
        await shown(pilot, "TaskTimedOut: 30 s")


async def test_what_costs_no_item_is_wished_at_once() -> None:
    """No question; what was asked of the pool is said, unparsed."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await _go(pilot, "p")
        await shown(pilot, "pause of [b]thumbs")
        await pilot.press("minus", "j", "p")
        wished: list[tuple[str, PoolActionName, PoolRequest]] = [
            ("thumbs", "pause", PoolRequest()),
            ("thumbs", "resize", PoolRequest(processes=3)),
            ("tiles@parse.2", "resume", PoolRequest()),
        ]
        await until(pilot, lambda: link.pool_wishes == wished)


async def test_plus_on_the_worker_of_a_pool_is_a_member_more() -> None:
    """A pool has no replicas; on any other worker it is a replica."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "walk")
        await pilot.press("plus", "j", "plus", "minus")
        await until(pilot, lambda: [wish[2].processes for wish in link.pool_wishes] == [5, 4])
        await until(pilot, lambda: link.scales == [("walk", 1)])


async def test_plus_counts_on_while_the_pool_has_not_said_anything_yet() -> None:
    """Three presses are three members more; once the pool has said how many it has, that counts."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await _go(pilot, "plus", "plus", "plus")
        await until(pilot, lambda: [each[2].processes for each in link.pool_wishes] == [5, 6, 7])
        link.hear(census(rows=ROWS, pools=(msgspec.structs.replace(pools()[0], report=thumbs(processes=6)),)))
        await shown(pilot, "3/6")
        await pilot.press("minus")
        await until(pilot, lambda: link.pool_wishes[-1][2].processes == 5)


async def test_equals_asks_how_many_members() -> None:
    """A number that is there already can be changed; Esc changes nothing."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await _go(pilot)
        for keys in (["escape"], ["enter"], ["backspace", "1", "2", "enter"]):
            await pilot.press("equals_sign")
            await shown(pilot, "How many members for thumbs?")
            await pilot.press(*keys)
            await _closed(pilot)
        await until(pilot, lambda: [wish[2].processes for wish in link.pool_wishes] == [4, 12])


async def test_a_pool_cannot_have_no_members() -> None:
    """The question stays until a number can be taken."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await _go(pilot, "equals_sign")
        await shown(pilot, "How many members for thumbs?")
        await pilot.press("backspace", "0", "enter")
        await shown(pilot, "A pool has 1 to 1,024 members.")
        await pilot.press("backspace", "8", "enter")
        await until(pilot, lambda: [each[2].processes for each in link.pool_wishes] == [8])


@pytest.mark.parametrize(
    ("keys", "question", "answer", "wish"),
    [
        (["K"], "Kill which member of thumbs?", "2", ("kill-member", PoolRequest(pid=4712))),
        (["K"], "4713  idle", "3", ("kill-member", PoolRequest(pid=4713))),
        (["C"], "Cancel which task of thumbs?", "1", ("cancel", PoolRequest(index=1217))),
        (["r"], "Try all 3 items again", "r", ("retry-failed", PoolRequest())),
        (["enter", "K"], "Kill member 4711 of thumbs?", "K", ("kill-member", PoolRequest(pid=4711))),
        (["enter", "j", "C"], "Cancel item 1218 ('photos/0018.jpg') of thumbs?", "C",
         ("cancel", PoolRequest(index=1218))),
    ],
)  # fmt: skip
async def test_what_costs_an_item_is_asked_and_cancel_is_the_default(
    keys: list[str], question: str, answer: str, wish: tuple[PoolActionName, PoolRequest]
) -> None:
    """The question names the pool and what it costs; Enter does nothing, the key of the answer does it."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=(100, 40)) as pilot:
        if keys[0] == "enter":
            await _to_detail(pilot, *keys[1:])
        else:
            await _go(pilot, *keys)
        for given in ("enter", answer):
            await shown(pilot, question)
            await pilot.press(given)
            await _closed(pilot)
            if given == "enter":
                assert link.pool_wishes == []
                await pilot.press(keys[-1])
        await until(pilot, lambda: link.pool_wishes == [("thumbs", *wish)])


async def test_one_failure_can_be_tried_again() -> None:
    """On a failure in the detail the question offers it alone too."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=(120, 60)) as pilot:
        await _to_detail(pilot, *"jjjj")
        await until(pilot, lambda: app.fleet_screen.situation().failure == 1002)
        await pilot.press("r")
        await shown(pilot, "Only item 1002 ('photos/slow.jpg')")
        await pilot.press("o")
        await until(pilot, lambda: link.pool_wishes == [("thumbs", "retry-failed", PoolRequest(index=1002))])


async def test_a_kill_says_what_becomes_of_the_item() -> None:
    """Tried again, failed, or nothing: as the pool's retries and the member's hand have it."""
    link = linked()
    async with dashboard(link).run_test(size=(100, 50)) as pilot:
        await _to_detail(pilot, "K")
        await shown(pilot, "('photos/0017.jpg'), is tried again")
        await pilot.press("escape")
        await _closed(pilot)
        await pilot.press("j", "j", "K")
        await shown(pilot, "no item is lost.")
        await pilot.press("escape")
        await _closed(pilot)
        link.hear(census(rows=ROWS, pools=(msgspec.structs.replace(pools()[0], report=thumbs(retries=0)),)))
        await until(pilot, lambda: (pool := app_of(pilot).fleet_screen.pool) is not None and pool.report.retries == 0)
        await pilot.press("k", "k", "K")
        await shown(pilot, "('photos/0017.jpg'), fails")


async def test_enter_on_a_failure_opens_its_traceback() -> None:
    """Left and right go to the newer and older ones; Esc goes back to the same line."""
    app = dashboard(linked())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        await _to_detail(pilot, *"jjjjjj")
        await until(pilot, lambda: app.fleet_screen.situation().failure == 17)
        await shown(pilot, "enter Traceback")
        await pilot.press("enter")
        for text in ('File "thumbs.py", line 41, in shrink', "3 times, last by process 4712", "(3 of 3, newest first)"):
            await shown(pilot, text)
        await pilot.press("left")
        await shown(pilot, "the process that worked on it died")
        await shown(pilot, "There is no traceback")
        await pilot.press("left", "left")
        await shown(pilot, "This is the newest one.")
        await pilot.press("escape")
        await _closed(pilot)
        await until(pilot, lambda: app.fleet_screen.situation().failure == 17)


async def test_a_failure_goes_to_its_time_in_the_log(tmp_path: Path) -> None:
    """l closes the traceback and puts the log's cursor on what was logged then."""
    store(tmp_path / "logs", [stored_line(f"message number {at}", worker="thumbs", second=at) for at in range(60)])
    at = 1_795_354_286.0 - 1_795_354_286.0 % 60
    link = FakeLink(census(rows=ROWS, pools=pools(), log=LogState(directory=str(tmp_path / "logs"), records=60)))
    failure = PoolFailure(index=5, item="'x'", kind="exception", error="ValueError: bad", at=at)
    link.pool_details["thumbs"] = detail_of_pool(pools()[0], (failure,))
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await _go(pilot, "enter")
        await shown(pilot, "ValueError: bad")
        await until(pilot, lambda: focused_id(app) == "detail")
        await pilot.press(*"jjjj", "enter")
        await shown(pilot, "its time in the log")
        await pilot.press("l")
        await until(pilot, lambda: focused_id(app) == "log" and not app.fleet_screen.log_view.is_following)


async def test_the_log_is_that_of_the_pools_worker(tmp_path: Path) -> None:
    """While pools are shown; l shows all, and going back shows what was shown before."""
    names = ("walk", "thumbs", "parse.2")
    store(tmp_path / "logs", [stored_line(f"said by {names[at % 3]}", worker=names[at % 3]) for at in range(30)])
    link = FakeLink(census(rows=ROWS, pools=pools(), log=LogState(directory=str(tmp_path / "logs"), records=30)))
    async with dashboard(link).run_test(size=WIDE) as pilot:
        await shown(pilot, "said by walk")
        await pilot.press("b")
        await gone(pilot, "said by walk")
        await shown(pilot, "said by thumbs")
        await pilot.press("j")
        await shown(pilot, "said by parse.2")
        await gone(pilot, "said by thumbs")
        await pilot.press("l")
        await shown(pilot, "said by walk")
        await pilot.press("k", "b")
        await shown(pilot, "said by walk")


async def test_a_key_that_cannot_act_says_what_to_press_instead() -> None:
    """Nothing is wished."""
    link = linked()
    async with dashboard(link).run_test(size=(120, 30), notifications=True) as pilot:
        await shown(pilot, "walk")
        for keys, sentence in (
            ("C", "Cannot cancel a task: workers are shown; press b to go to the pools."),
            ("bD", "Cannot drain: pools are shown; press c to go to the channels."),
            ("jr", "Cannot retry: nothing of tiles@parse.2 has failed."),
            ("jp", "Cannot pause: hash has ended; press a to start its worker again."),
            ("jC", "Cannot cancel a task: no member of warm has an item in hand."),
        ):
            await pilot.press(*keys)
            await until(pilot, lambda: sentence in " ".join(note.message for note in app_of(pilot)._notifications))  # noqa: B023
        assert (link.wishes, link.pool_wishes) == ([], [])


async def test_a_workers_key_in_the_place_of_pools_means_the_pools_worker() -> None:
    """s stops the worker of the pool under the cursor, wherever the cursor of the workers is."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await _go(pilot, "j", "s")
        await until(pilot, lambda: link.wishes == [("stop", ("parse.2",))])


async def test_what_the_engine_refuses_is_said() -> None:
    """In its own words; nothing crashes."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        link.pool_trouble = RequestRefused("thumbs is [at rest]")
        await _go(pilot, "p")
        await shown(pilot, "thumbs is [at rest]")
        link.pool_trouble = EngineUnreachable("nothing listens")
        await pilot.press("plus")
        await shown(pilot, "Cannot resize thumbs: nothing listens")
        link.pool_trouble = None
        await pilot.press("plus")
        await until(pilot, lambda: [each[2].processes for each in link.pool_wishes] == [5])


async def test_pools_of_a_lost_engine_are_dimmed_and_cannot_be_wished_anything() -> None:
    """What was seen last stays; a key says why it does nothing."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await _go(pilot)
        link.lose("it closed the connection")
        await shown(pilot, "as of")
        assert app.fleet_screen.has_class("-stale")
        await pilot.press("p")
        await shown(pilot, "the engine does not answer")
        assert link.pool_wishes == []


async def test_pools_are_filtered_as_you_type() -> None:
    """By name, state, function and worker; Esc clears."""
    app = dashboard(linked())
    async with app.run_test(size=NARROW) as pilot:
        await _go(pilot)
        await pilot.press("slash", *"parse")
        await shown(pilot, "1 of 6  /parse")
        await pilot.press("enter")
        assert app.fleet_screen.pool_table.shown_names == ("tiles@parse.2",)
        await pilot.press("escape")
        await shown(pilot, "hash")


async def test_no_pools_teaches_how_to_declare_one() -> None:
    """What to write, and where, in the smallest usual terminal."""
    async with dashboard(FakeLink(census())).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("b")
        for text in ("This run has no pools yet", "in configs/census/census.toml", "[pools.thumbs]", "processes = 4"):
            await shown(pilot, text)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_items_and_errors_are_never_obeyed(size: tuple[int, int]) -> None:
    """Markup and control sequences of a worker are text, in the table, the page, the questions and the traceback."""
    evil = "\x1b[2J\x1b]0;owned\x07[red]x[/red] [@click=app.exit]y[/] \u202eabc"
    members = (msgspec.structs.replace(pools()[0].report.members[0], item=evil),)
    row = msgspec.structs.replace(pools()[0], report=thumbs(members=members, error=evil, function=evil))
    link = FakeLink(census(rows=ROWS, pools=(row,)))
    failure = PoolFailure(index=5, item=evil, kind="exception", error=evil, traceback=evil, at=1.0)
    link.pool_details["thumbs"] = detail_of_pool(row, (failure,))
    app = dashboard(link)
    async with app.run_test(size=size, notifications=True) as pilot:
        await _go(pilot, "enter")
        await shown(pilot, "[red]x[/red]")
        await until(pilot, lambda: focused_id(app) == "detail")
        await pilot.press("K")
        await shown(pilot, "[red]x[/red]")
        assert not {"\x1b", "\x07", "\u202e"} & set("\n".join(screen_text(app)))
        await pilot.press("escape")
        await _closed(pilot)
        await until(pilot, lambda: app.fleet_screen.failure(5) is not None)
        app.fleet_screen._read_failure(5)
        await shown(pilot, "its time in the log" if size == WIDE else "What failed in thumbs")
        assert not {"\x1b", "\x07", "\u202e"} & set("\n".join(screen_text(app)))
