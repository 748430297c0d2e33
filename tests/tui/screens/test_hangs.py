"""Why, hangs, stacks and the flame under a person's hands: what is asked, shown, refused, and done on the way out."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from supervisor.api.messages import LogState
from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.lifecycle.states import State
from tests.tui.fakes import FakeLink, census, replica
from tests.tui.hang_fakes import deadlock, hostile, idle, orphaned, stacks_reply, why_reply
from tests.tui.screens.test_fleet import NARROW, WIDE, dashboard, gone, screen_text, shown, until
from tui.screens.confirm import ConfirmScreen
from tui.screens.fleet import FleetScreen
from tui.screens.stacks import FlameScreen, StacksScreen
from tui.screens.why import HangsScreen, WhyScreen

SIZES = pytest.mark.parametrize("size", [NARROW, WIDE])


@SIZES
async def test_w_says_why_in_one_sentence_then_all_that_it_stands_on(size: tuple[int, int]) -> None:
    """The cause, the ring with its source lines, evidence, remedy and ways out; Esc goes back to the table."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "parse.1 and parse.2 wait for each other")
        await shown(pilot, "⎡▸ parse.1")
        await shown(pilot, "etl.py:14 load_all  with SECOND:")
        await shown(pilot, "X Kill blocker")
        await gone(pilot, "u Release")
        await pilot.press("G")
        await shown(pilot, "Its stack, innermost first")
        assert max(map(len, screen_text(app))) <= size[0]
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        assert link.asked == ["why parse.1"]


async def test_a_worker_that_is_warned_of_has_why_as_its_first_hint() -> None:
    """The table says that it hangs, the header counts it, and the first key tells why."""
    async with dashboard(FakeLink(census())).run_test(size=WIDE) as pilot:
        await shown(pilot, "1 warned (h)")
        await pilot.press("j", "j", "j", "j")
        await until(pilot, lambda: screen_text(pilot.app)[-1].startswith(" w Why"))  # type: ignore[arg-type]


async def test_a_look_that_takes_long_can_be_left() -> None:
    """While the engine looks, the screen says so and Esc goes back; the answer that comes then harms nobody."""
    link = FakeLink(census())
    link.gate.clear()
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "Looking…")
        link.clock.now_s += 3
        await shown(pilot, "It takes 3s so far")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        link.gate.set()
        await shown(pilot, "w Why")


@pytest.mark.parametrize(
    "trouble", [RequestRefused("no worker called [b]x[/b]"), EngineUnreachable("nothing [b]listens[/b]")]
)
async def test_a_refusal_is_told_where_the_answer_would_be(trouble: RequestRefused | EngineUnreachable) -> None:
    """In the engine's words, as text; w tries again."""
    link = FakeLink(census())
    link.hang_trouble = trouble
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, str(trouble))
        link.hang_trouble = None
        await pilot.press("w")
        await shown(pilot, "wait for each other")
        link.hang_trouble = trouble
        await pilot.press("w")
        await shown(pilot, f"Could not look again: {trouble}")
        await shown(pilot, "wait for each other")


async def test_restart_is_of_the_one_whose_restart_is_the_way_out() -> None:
    """r restarts parse.2, which the verdict on parse.1 names; as soon as a worker changes it is looked at again."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        await pilot.press("r")
        await until(pilot, lambda: link.wishes == [("restart", ("parse.2",))])
        rows = tuple(msgspec.structs.replace(row, pid=5000) if row.name == "parse.1" else row for row in census().rows)
        link.verdicts["parse.1"] = why_reply(idle("parse.1"))
        link.clock.now_s += 2
        link.hear(census(rows=rows))
        await shown(pilot, "parse.1 sleeps and wakes by itself.")


async def test_a_warning_that_counts_seconds_is_no_reason_to_look_again() -> None:
    """Whoever reads a verdict is not disturbed each second, nor is the worker."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW) as pilot:

        def hear(warning: str) -> None:
            link.clock.now_s += 2
            rows = census().rows
            tally = msgspec.structs.replace(rows[4], warnings=(warning,))
            link.hear(census(rows=(*rows[:4], tally, *rows[5:])))

        await shown(pilot, "tally")
        await pilot.press("j", "j", "j", "j", "w")
        await shown(pilot, "Nothing is known of it.")
        hear("no heartbeat for 14 s")
        await shown(pilot, "looked 2s ago")
        hear("DEADLOCK: it waits")
        await shown(pilot, "looked 0s ago")
        assert link.asked == ["why tally", "why tally"]


@pytest.mark.parametrize("key", ["enter", "escape", "c"])
async def test_the_root_blocker_is_killed_after_a_question(key: str) -> None:
    """Cancel is the default; X, confirmed by X, kills the process that the verdict names, by pid and start."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        await pilot.press("X")
        await shown(pilot, "Kill process 4008?")
        await pilot.press(key)
        await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        assert link.ways == []
        await pilot.press("X")
        await shown(pilot, "Kill process 4008?")
        await pilot.press("X")
        await until(pilot, lambda: link.ways == ["kill 4008 77"])
        await shown(pilot, "killed [b]4008[/b]")
        await until(pilot, lambda: link.asked == ["why parse.1", "why parse.1"])


async def test_a_lock_is_released_only_where_that_is_offered_and_says_why_it_is_safe() -> None:
    """u asks with the verdict's reason; where it is not offered it says what it takes."""
    link = FakeLink(census())
    link.verdicts["parse.2"] = why_reply(orphaned())
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        await pilot.press("u")
        await shown(pilot, "There is no lock that can be released safely")
        await pilot.press("escape", "j", "w")
        await shown(pilot, "u Release")
        await pilot.press("u")
        await shown(pilot, "Release the lock?")
        await shown(pilot, "safe: nobody alive holds it")
        await pilot.press("u")
        await until(pilot, lambda: link.ways == ["release parse.2 sem:3070"])
        await shown(pilot, "[b]sem:3070[/b] is free")


async def test_keys_of_the_table_do_nothing_below_a_verdict() -> None:
    """s, R and a are no keys of this screen: nobody stops a worker that is behind it."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        await pilot.press("s", "a", "R", "S", "D", "plus", "ctrl+r", "z")
        assert isinstance(app.screen, WhyScreen)
        assert link.wishes == []


async def test_the_other_verdicts_of_a_worker_are_a_key_away() -> None:
    """n and N go round them; the title says which one it is."""
    async with dashboard(FakeLink(census())).run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "1 of 2")
        await pilot.press("n")
        await shown(pilot, "2 of 2")
        await shown(pilot, "parse.1 sleeps and wakes by itself.")
        await pilot.press("right")
        await shown(pilot, "1 of 2")
        await pilot.press("N")
        await shown(pilot, "2 of 2")


async def test_a_worker_at_rest_has_nothing_to_judge_but_an_end_to_tell_of() -> None:
    """Why says that it has no process, and t what it was doing when it ended."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "report")
        await pilot.press("G", "k", "w")
        await shown(pilot, "report is failed: it has no process that could wait.")
        await pilot.press("t")
        await shown(pilot, "It was doing: parsing ast.py")
        await pilot.press("s")
        assert isinstance(app.screen, StacksScreen)


@SIZES
async def test_h_shows_all_verdicts_and_the_cursor_goes_from_one_to_the_next(size: tuple[int, int]) -> None:
    """Worst first, the root blockers before them; Enter and w say why, t shows stacks, Esc comes back each time."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=size) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("h")
        await shown(pilot, "parse.1 (pid 4007) and parse.2 (pid 4008) block 1 worker: tally")
        await shown(pilot, "2 stuck  1 to look at  1 idle")
        await pilot.press("j", "k", "enter")
        await shown(pilot, "A ring of waiting")
        assert isinstance(app.screen, WhyScreen)
        assert app.screen.worker == "parse.1"
        await pilot.press("escape", "t")
        await shown(pilot, "Stacks of parse.1")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, HangsScreen))
        await pilot.press("G")
        await shown(pilot, "pid 12: may not be looked into: permission denied")
        assert link.asked[:2] == ["why", "why parse.1"]


async def test_why_and_stacks_of_the_same_worker_do_not_pile_up() -> None:
    """t, w, t, w: each goes back to the one just below."""
    app = dashboard(FakeLink(census()))
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        for _ in range(3):
            await pilot.press("t")
            await until(pilot, lambda: isinstance(app.screen, StacksScreen))
            await pilot.press("w")
            await until(pilot, lambda: isinstance(app.screen, WhyScreen))
        assert len(app.screen_stack) == 2


async def test_stacks_are_looked_at_again_while_they_are_shown() -> None:
    """At most twice a second, not while they are held or hidden; what moves is told from what stands still."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:

        def looks() -> int:
            return link.asked.count("stacks parse.1")

        await shown(pilot, "parse.1")
        await pilot.press("j", "t")
        await shown(pilot, "etl.py:14")
        await shown(pilot, "only the kernel tells")
        assert looks() == 1
        link.clock.now_s += 4
        await shown(pilot, "the same for 4s")
        link.stacks_of["parse.1"] = stacks_reply(line=15)
        link.clock.now_s += 0.6
        await shown(pilot, "etl.py:15")
        await shown(pilot, "moves")
        await pilot.press("f")
        await shown(pilot, "HELD")
        before = looks()
        link.clock.now_s += 5
        await shown(pilot, "looked 5s ago")
        assert looks() == before
        await pilot.press("f")
        await until(pilot, lambda: looks() == before + 1)
        await pilot.press("question_mark")
        await shown(pilot, "Keys")
        before = looks()
        link.clock.now_s += 5
        await pilot.pause(0.3)
        assert looks() == before


async def test_s_in_the_stacks_shows_where_time_is_spent() -> None:
    """It looks for some seconds, says how long, draws the flame; v shows what waits, + looks for longer."""
    link = FakeLink(census())
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "t")
        await shown(pilot, "etl.py:14")
        link.gate.clear()
        await pilot.press("s")
        await shown(pilot, "Looking for 2 s, 2 s left")
        link.clock.now_s += 1
        await shown(pilot, "1 s left")
        link.gate.set()
        await shown(pilot, "60 % parse")
        await gone(pilot, "QueueFeederThread")
        await pilot.press("v")
        await shown(pilot, "QueueFeederThread")
        await pilot.press("plus", "s")
        await until(pilot, lambda: link.asked[-1] == "sample parse.1 5")
        assert isinstance(app.screen, FlameScreen)


async def test_all_stacks_are_written_to_a_file_for_the_user_alone(tmp_path: Path) -> None:
    """Into the run's directory, mode 0600, never over another; where that fails it is told."""
    (tmp_path / "logs").mkdir()
    link = FakeLink(census(log=LogState(directory=str(tmp_path / "logs"))))
    async with dashboard(link).run_test(size=WIDE, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "wait for each other")
        for number in (1, 2):
            await pilot.press("d")
            await until(pilot, lambda: len(list(tmp_path.glob("stacks-*.txt"))) == number)  # noqa: B023
        await until(pilot, lambda: all(file.stat().st_size for file in tmp_path.glob("stacks-*.txt")))
        for file in tmp_path.glob("stacks-*.txt"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert 'File "/srv/census/etl.py", line 14, in load_all' in file.read_text()
        link.hear(census(log=LogState(directory=str(tmp_path / "gone" / "logs"))))
        await pilot.press("d")
        await shown(pilot, "Cannot write stacks into")


async def test_worker_text_is_never_parsed() -> None:
    """Markup and escapes of a worker are shown as they are, or not at all."""
    link = FakeLink(census())
    link.verdicts |= {"parse.1": why_reply(hostile()), "": why_reply(hostile())}
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("j", "w")
        await shown(pilot, "[b]bold[/b]")
        await pilot.press("escape", "h")
        await shown(pilot, "日本語ワーカ")
        assert not any("\x1b" in line for line in screen_text(app))


async def test_v_chooses_the_log_level_of_the_worker() -> None:
    """A dialog with four levels, Cancel its default; a command has no loggers."""
    rows = (replica("walk", log_level="INFO"), replica("disk", kind="command"))
    link = FakeLink(census(rows=rows))
    app = dashboard(link)
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "walk")
        await pilot.press("v")
        await shown(pilot, "Log level of walk")
        await shown(pilot, "Now INFO.")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, ConfirmScreen))
        await pilot.press("v")
        await shown(pilot, "Log level of walk")
        await pilot.press("d")
        await shown(pilot, "walk logs DEBUG")
        assert link.ways == ["level walk DEBUG"]
        await pilot.press("j", "v")
        await shown(pilot, "disk is a command")


async def test_without_an_engine_nothing_is_asked() -> None:
    """w, t and h say that it does not answer."""
    link = FakeLink(census())
    async with dashboard(link).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        link.lose("it closed the connection")
        await shown(pilot, "Engine lost")
        for key, what in (("w", "say why"), ("t", "show stacks"), ("h", "look for hangs")):
            await pilot.press(key)
            await shown(pilot, f"Cannot {what}: the engine does not answer.")
        assert link.asked == []


async def test_a_wish_that_waits_does_not_hold_up_the_screen(tmp_path: Path) -> None:
    """The dump asks for all stacks in the background; the keys go on."""
    log = LogState(directory=str(tmp_path / "logs"))
    link = FakeLink(census(rows=(replica("walk"), replica("rest", State.STOPPED)), log=log))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "walk")
        link.verdicts["walk"] = why_reply(deadlock("walk"))
        await pilot.press("w")
        await shown(pilot, "wait for each other")
        link.gate.clear()
        await pilot.press("d")
        await until(pilot, lambda: link.asked[-1] == "why")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, FleetScreen))
        link.gate.set()
        await until(pilot, lambda: bool(list(tmp_path.glob("stacks-*.txt"))))
        assert "stacks walk" in link.asked
        assert "stacks rest" not in link.asked


async def test_nothing_is_written_where_no_run_is_known() -> None:
    """An engine that keeps no run has no place for a dump."""
    async with dashboard(FakeLink(census())).run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("h")
        await shown(pilot, "Hangs")
        await pilot.press("d")
        await shown(pilot, "the engine has not told where its run is kept")
