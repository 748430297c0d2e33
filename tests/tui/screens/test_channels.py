"""The place of channels under a person's hands: going there and back, every key that acts on items, both layouts."""

from __future__ import annotations

import msgspec
import pytest
from textual.pilot import Pilot

from supervisor.api.letters import ChannelReply, Letter
from supervisor.errors import EngineUnreachable, RequestRefused
from tests.tui.fakes import FakeLink, census, channels
from tests.tui.repaints import noted_repaints, settled
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, focused_id, gone, screen_text, shown, until
from tui.dashboard import Dashboard, Leaving
from tui.screens.confirm import ConfirmScreen


def linked() -> FakeLink:
    return FakeLink(census(channels=channels()))


async def _go(pilot: Pilot[Leaving], *keys: str) -> None:
    """To the channels, and on."""
    await shown(pilot, "parse.1")
    await pilot.press("c", *keys)
    await shown(pilot, "CHANNEL")


async def _to_letters(pilot: Pilot[Leaving], *keys: str) -> None:
    """To the dead letters of `paths`."""
    await _go(pilot, "enter")
    await shown(pilot, "'a.py'")
    await until(pilot, lambda: focused_id(_app(pilot)) == "detail")
    await pilot.press(*keys)


def _app(pilot: Pilot[Leaving]) -> Dashboard:
    assert isinstance(pilot.app, Dashboard)
    return pilot.app


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_c_shows_the_channels_and_the_workers_again(size: tuple[int, int]) -> None:
    """Header and log stay; c or Esc goes back, to the same worker."""
    app = dashboard(linked())
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "j", "c")
        await shown(pilot, "120/200")
        await gone(pilot, "WORKER")
        for text in ("Channels 5", "facts", "bound", "2 of 5 free", "2 dead letters", "No log records yet"):
            await shown(pilot, text)
        assert max(len(line) for line in screen_text(app)) <= size[0]
        for back in ("c", "escape"):
            await pilot.press(back)
            await shown(pilot, "WORKER")
            assert app.fleet_screen.table.cursor_name == "parse.2"
            assert focused_id(app) == "workers"
            await pilot.press("c")
            await shown(pilot, "CHANNEL")


async def test_detail_follows_the_cursor_and_asks_only_for_what_there_is() -> None:
    """Dead letters and first items are fetched for the selected queue, and for nothing else."""
    link = linked()
    async with dashboard(link).run_test(size=WIDE) as pilot:
        await _go(pilot)
        await shown(pilot, "'first.py'")
        assert set(link.looks) == {"letters paths", "peek paths"}
        link.looks.clear()
        await pilot.press("j")
        await shown(pilot, "ended: every producer has completed")
        await until(pilot, lambda: "peek facts" in link.looks)
        assert "letters facts" not in link.looks
        link.looks.clear()
        await pilot.press("G")
        await shown(pilot, "c_long")
        await gone(pilot, "Waits first")
        assert link.looks in ([], ["peek facts"])


@pytest.mark.parametrize(("moves", "letter"), [([], "7"), (["j"], "8"), (["down", "k"], "7"), (["j", "j", "j"], "8")])
async def test_p_requeues_the_letter_under_the_cursor(moves: list[str], letter: str) -> None:
    """No question: nothing is lost by it. The outcome is said, unparsed, and the list is fetched again."""
    link = linked()
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await _to_letters(pilot, *moves, "p")
        await until(pilot, lambda: link.channel_wishes == [("paths", "requeue", (letter,))])
        await shown(pilot, "requeue of [b]paths[/b] done")
        await gone(pilot, "'a.py'" if letter == "7" else "dict with 2 keys")


async def test_capital_p_requeues_all_of_the_queue() -> None:
    """From the table; no ids means all."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await _go(pilot, "P")
        await until(pilot, lambda: link.channel_wishes == [("paths", "requeue", ())])


@pytest.mark.parametrize(("answer", "is_done"), [("enter", False), ("escape", False), ("c", False), ("X", True)])
@pytest.mark.parametrize(
    ("keys", "question", "ids"),
    [
        (["j", "delete"], "Discard 1 dead letter of paths?", ("8",)),
        (["backspace"], "Discard 1 dead letter of paths?", ("7",)),
        (["X"], "Discard 2 dead letters of paths?", ()),
    ],
)
async def test_discarding_is_confirmed_with_the_count_and_cancel_is_the_default(
    answer: str, is_done: bool, keys: list[str], question: str, ids: tuple[str, ...]
) -> None:
    """One or all; Enter and Esc throw nothing away."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=(80, 40)) as pilot:
        await _to_letters(pilot, *keys)
        await shown(pilot, question)
        await pilot.press(answer)
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: link.channel_wishes == ([("paths", "discard", ids)] if is_done else []))


@pytest.mark.parametrize(("answer", "is_done"), [("enter", False), ("escape", False), ("D", True)])
async def test_draining_is_confirmed_with_the_count(answer: str, is_done: bool) -> None:
    """The question says how much waits now."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await _go(pilot, "D")
        await shown(pilot, "Drain paths?")
        await shown(pilot, "Throw 120 items away")
        await pilot.press(answer)
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await until(pilot, lambda: link.channel_wishes == ([("paths", "drain", ())] if is_done else []))


async def test_what_the_engine_refuses_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its own words; nothing crashes."""
    link = linked()
    troubles = [RequestRefused("paths has no dead letter [7]"), EngineUnreachable("nothing listens")]

    async def refuse(*_: object) -> ChannelReply:
        raise troubles.pop(0)

    monkeypatch.setattr(link, "channel_act", refuse)
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await _go(pilot, "P")
        await shown(pilot, "paths has no dead letter [7]")
        await pilot.press("P")
        await shown(pilot, "Cannot requeue paths: nothing listens")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (["c", "p"], "Cannot requeue: no dead letter is under the cursor; press enter, then up"),
        (["c", "j", "P"], "Cannot requeue all: facts has no dead letters."),
        (["c", "j", "X"], "Cannot discard all: facts has no dead letters."),
        (["c", "G", "D"], "Cannot drain: total is a value, and only queues have items."),
        (["c", "s"], "Cannot stop: channels are shown; press c to go to the workers."),
        (["c", "K"], "Cannot kill: channels are shown; press c to go to the workers."),
        (["D"], "Cannot drain: workers are shown; press c to go to the channels."),
        (["P"], "Cannot requeue all: workers are shown; press c to go to the channels."),
    ],
)
async def test_a_key_that_cannot_act_says_what_to_press_instead(keys: list[str], sentence: str) -> None:
    """Keys of one place do nothing in the other, and say so."""
    link = linked()
    async with dashboard(link).run_test(size=(120, 30), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(*keys)
        await until(pilot, lambda: sentence in " ".join(note.message for note in _app(pilot)._notifications))
        assert (link.wishes, link.channel_wishes) == ([], [])


async def test_hints_follow_the_place() -> None:
    """What can be done with a channel is hinted there, with the way back; at 80 columns too."""
    app = dashboard(linked())
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "c Channels")
        await _go(pilot)
        await shown(pilot, "P Requeue all  X Discard all  D Drain  enter Detail  c Workers  ? Help  q Quit")
        await pilot.press("j")
        await gone(pilot, "P Requeue all")
        await pilot.press("k", "enter")
        await shown(pilot, "p Requeue  del Discard  P Requeue all  X Discard all  c Workers  ? Help  q Quit")


async def test_channels_are_filtered_as_you_type() -> None:
    """By name, kind, state and user; Esc clears, then goes back to the workers."""
    app = dashboard(linked())
    async with app.run_test(size=NARROW) as pilot:
        await _go(pilot)
        await pilot.press("slash", *"sema")
        await shown(pilot, "1 of 5  /sema")
        await pilot.press("enter")
        assert app.fleet_screen.channel_table.shown_names == ("guard",)
        await pilot.press("escape")
        await shown(pilot, "total")
        await pilot.press("slash", *"zzz")
        await shown(pilot, 'No channel matches "zzz"')
        await pilot.press("escape", "escape")
        await shown(pilot, "WORKER")


async def test_zoom_and_tab_go_through_the_panes_of_the_place() -> None:
    """`z` gives the channels the screen; Tab goes from them to the log and the detail."""
    app = dashboard(linked())
    async with app.run_test(size=WIDE) as pilot:
        await _go(pilot, "z")
        await gone(pilot, "No log records")
        await pilot.press("escape")
        await shown(pilot, "No log records")
        await shown(pilot, "CHANNEL")
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab"):
            await pilot.press(key)
            seen.append(focused_id(app))
        assert seen == ["log", "detail", "channels", "detail"]
        await pilot.press("escape")
        assert focused_id(app) == "channels"


async def test_only_the_channel_that_moved_is_painted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet of equal channels costs no paint; one that moved costs its own line."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await _go(pilot)
        painted = noted_repaints(monkeypatch, app.fleet_screen.channel_table)
        await settled(pilot, painted, lambda: link.hear(census(channels=channels())))
        paths, facts, *others = channels()
        link.hear(census(channels=(paths, msgspec.structs.replace(facts, depth=5), *others)))
        await shown(pilot, "5/8")
        assert [(region.y, region.height) for region in painted] == [(2, 1)]


async def test_ages_of_channels_go_on_by_themselves() -> None:
    """The oldest item grows older without news from the engine."""
    link = linked()
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await _go(pilot)
        link.clock.now_s += 7200
        await shown(pilot, "2h")


async def test_mouse_selects_a_channel_and_a_letter() -> None:
    """A click on a row moves the cursor there, a click on a letter chooses it, two open a channel."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await _go(pilot)
        await pilot.click("#channels", offset=(5, 2))
        assert app.fleet_screen.channel_table.cursor_name == "facts"
        await pilot.double_click("#channels", offset=(5, 1))
        await shown(pilot, "dict with 2 keys")
        await until(pilot, lambda: focused_id(app) == "detail")
        page = app.fleet_screen.detail_view
        line = next(y for y, text in enumerate(screen_text(app)) if "dict with 2 keys" in text)
        await pilot.click("#detail", offset=(20, line - page.region.y))
        await until(pilot, lambda: page.chosen_in_sight == "8")


async def test_a_letter_out_of_sight_is_not_acted_on() -> None:
    """Who has scrolled away from the dead letters acts on none; going down brings the cursor back first."""
    link = linked()
    link.dead["paths"] = tuple(Letter(id=str(at), attempts=3, bytes=9, preview=f"item {at}") for at in range(60))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await _go(pilot, "enter")
        await shown(pilot, "item 0")
        page = app.fleet_screen.detail_view
        await pilot.press(*"jjjjjjjj")
        await shown(pilot, "item 8")
        assert page.chosen_in_sight == "8"
        await pilot.press("G")
        await until(pilot, lambda: page.chosen_in_sight is None)
        await pilot.press("p")
        assert link.channel_wishes == []
        await pilot.press("g")
        await shown(pilot, "depth")
        await pilot.press(*"j" * 20)
        await until(pilot, lambda: page.chosen_in_sight is not None)


async def test_cursor_stays_on_its_letter_when_others_go() -> None:
    """What is under the cursor does not change under a person's hand."""
    link = linked()
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await _to_letters(pilot, "j")
        page = app.fleet_screen.detail_view
        assert page.chosen_in_sight == "8"
        link.dead["paths"] = (link.dead["paths"][1], Letter(id="11", attempts=1, bytes=1, preview="late"))
        await shown(pilot, "late")
        assert page.chosen_in_sight == "8"
        link.dead["paths"] = link.dead["paths"][1:]
        await gone(pilot, "dict with 2 keys")
        assert page.chosen_in_sight == "11"


async def test_no_channels_teaches_how_to_declare_a_queue() -> None:
    """What to write, and where, in the smallest usual terminal."""
    async with dashboard(FakeLink(census(channels=()))).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("c")
        for text in (
            "This profile names no channels yet",
            "in configs/census/census.toml",
            "[queues.paths]",
            'writes = { out = "paths" }',
            'reads = { inbox = "paths" }',
        ):
            await shown(pilot, text)


@pytest.mark.parametrize("size", [NARROW, WIDE])
async def test_previews_are_never_obeyed(size: tuple[int, int]) -> None:
    """Markup and control sequences in an item are text, in the page and in the question."""
    evil = "\x1b[2J\x1b]0;owned\x07[red]x[/red] [@click=app.exit]y[/] \u202eabc"
    link = linked()
    link.dead["paths"] = (Letter(id="7", attempts=1, bytes=1, reason=evil, preview=evil),)
    app = dashboard(link)
    async with app.run_test(size=size, notifications=True) as pilot:
        await _go(pilot, "enter")
        await shown(pilot, "        [red]x[/red] [@click=app.exit]y[/]")
        await until(pilot, lambda: focused_id(app) == "detail")
        await pilot.press("delete")
        await shown(pilot, "Thrown away for good: [red]x[/red] [@click=app.exit]y[/]")
        assert not {"\x1b", "\x07", "\u202e"} & set("\n".join(screen_text(app)))
