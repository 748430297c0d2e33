"""The dashboard on a recording moves in time, and is left without a question."""

from __future__ import annotations

from pathlib import Path

from supervisor.api.messages import Event
from supervisor.journal import JOURNAL_NAME, encode
from supervisor.logs.record import decode
from tests.tui.fakes import NOW_AT
from tests.tui.link.stores import BEGIN_US, timed_line, write_store
from tests.tui.screens.test_fleet import NARROW, gone, screen_text, shown, until
from tests.tui.test_recording import recorded
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.replay_actions import REPLAY_ACTIONS
from tui.replay_dashboard import ELSEWHERE, LOG_EVERY_S, ReplayDashboard
from tui.replaying import clock_of
from tui.screens.asking import AskingScreen
from tui.screens.reading import HelpScreen
from tui.widgets.hint_bar import HintBar
from tui.widgets.histogram_strip import HistogramStrip


async def test_keys_move_in_time_and_leave_at_once(tmp_path: Path) -> None:
    """They are told: a minute on, ten back, another speed; ``q`` asks nothing, for nothing runs."""
    (tmp_path / "logs").mkdir()
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(200)))
    clock = clock_of(recording, NOW_AT + 10, 0.0)
    app = ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock)
    assert "{ and } go a minute back and on" in app.first_words
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await shown(pilot, "census (recording)")
        await pilot.press("right_curly_bracket")
        await shown(pilot, "standing still")
        assert clock.wall_s() == NOW_AT + 70
        await pilot.press("left_parenthesis")
        assert clock.wall_s() == NOW_AT
        await pilot.press("backslash")
        assert clock.speed == 1.0
        await pilot.press("q")
        await pilot.pause()
    assert app.return_value is not None
    assert app.return_value.how == "detached"


async def test_events_are_those_up_to_the_moment_that_is_shown(tmp_path: Path) -> None:
    """A minute on there are more, a minute back they have not happened yet."""
    (tmp_path / "logs").mkdir()
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(200)))
    told = [Event(cursor=1, at=NOW_AT + 5, subject="walk", what="the first"),
            Event(cursor=2, at=NOW_AT + 65, subject="walk", what="the second")]  # fmt: skip
    (tmp_path / "r" / JOURNAL_NAME).write_bytes(b"".join(map(encode, told)))
    clock = clock_of(recording, NOW_AT + 10, 0.0)
    app = ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("V")
        await shown(pilot, "the first")
        assert not any("the second" in line for line in screen_text(app))
        await pilot.press("right_curly_bracket")
        await shown(pilot, "the second")
        await pilot.press("left_curly_bracket")
        await gone(pilot, "the second")
        await shown(pilot, "the first")


async def test_the_log_ends_at_the_moment_that_is_shown(tmp_path: Path) -> None:
    """It goes along with the time, a minute on and back; whoever has gone elsewhere in it stays there until then."""
    begin_us = int(NOW_AT * 1e6) - BEGIN_US
    lines = [timed_line(begin_us + second * 1_000_000 + 500_000, message=f"at {second}.") for second in range(200)]
    write_store(tmp_path / "logs", lines)
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(200)))
    clock = clock_of(recording, NOW_AT + 20, 0.0)
    app = ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "at 19.")
        await shown(pilot, f"REPLAY {clock.text().split()[1]}")
        assert not any("at 20." in line for line in screen_text(app))
        await pilot.press("right_curly_bracket")
        await shown(pilot, "at 79.")
        assert not any("at 80." in line for line in screen_text(app))
        await pilot.press("8", "end")
        await shown(pilot, "at 199.")
        clock.go_to(NOW_AT + 90)
        await pilot.pause(2 * LOG_EVERY_S)
        assert any("at 199." in line for line in screen_text(app))
        await shown(pilot, f"REPLAY {ELSEWHERE}")
        await pilot.press("left_curly_bracket")
        await shown(pilot, "at 29.")
        assert not any("at 30." in line for line in screen_text(app))


def _replayed(tmp_path: Path, at_s: float) -> tuple[ReplayDashboard, ReplayClock]:
    """A recording of 200 seconds with a line each, which stands still `at_s` seconds after its begin."""
    begin_us = int(NOW_AT * 1e6) - BEGIN_US
    lines = [timed_line(begin_us + second * 1_000_000 + 500_000, message=f"at {second}.", worker="parse.1")
             for second in range(200)]  # fmt: skip
    write_store(tmp_path / "logs", lines)
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(200)))
    clock = clock_of(recording, NOW_AT + at_s, 0.0)
    return ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock), clock


def _last_lines(app: ReplayDashboard) -> list[str]:
    """What stands at the lower edge of each log."""
    found = []
    for pane in app.fleet_screen.log_panes:
        stored = pane.view.cursor_line()
        found.append(decode(stored).message if stored is not None else "")
    return found


async def test_a_second_log_goes_along_too(tmp_path: Path) -> None:
    """Both end at the moment that is shown; where a person goes elsewhere in one, the other goes on."""
    app, clock = _replayed(tmp_path, 20)
    async with app.run_test(size=(160, 45)) as pilot:
        await until(pilot, lambda: _last_lines(app) == ["at 19."])
        await pilot.press("Z")
        await until(pilot, lambda: _last_lines(app) == ["at 19.", "at 19."])
        await pilot.press("right_curly_bracket")
        await until(pilot, lambda: _last_lines(app) == ["at 79.", "at 79."])
        moment = clock.text().split()[1]
        await until(pilot, lambda: [pane.recorded for pane in app.fleet_screen.log_panes] == [moment] * 2)
        await until(pilot, lambda: app.fleet_screen.log_panes.is_in_second)
        await pilot.press("home")
        clock.go_to(NOW_AT + 90)
        await until(pilot, lambda: _last_lines(app) == ["at 89.", "at 0."])
        first, second = app.fleet_screen.log_panes
        await until(pilot, lambda: second.recorded == ELSEWHERE)
        assert first.recorded != ELSEWHERE
        await pilot.press("left_curly_bracket")
        await until(pilot, lambda: _last_lines(app) == ["at 29.", "at 29."])
        clock.go_to(NOW_AT + 4)
        await until(pilot, lambda: _last_lines(app) == ["at 3.", "at 3."])
        await gone(pilot, "at 4.")
        await shown(pilot, "at 3.")


async def test_the_log_of_one_worker_is_of_the_same_moment(tmp_path: Path) -> None:
    """To let other lines through is not to go elsewhere."""
    app, _ = _replayed(tmp_path, 20)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: _last_lines(app) == ["at 19."])
        pane = app.fleet_screen.log_panes.first
        pane.narrow(text="5.")
        await until(pilot, lambda: _last_lines(app) == ["at 15."])
        pane.narrow(text="")
        await until(pilot, lambda: _last_lines(app) == ["at 19."])
        assert pane.recorded != ELSEWHERE


async def test_a_log_that_gets_the_whole_screen_stays_at_its_moment(tmp_path: Path) -> None:
    """Near its end too, where there is more room than lines below; at the very end it has its last line."""
    app, clock = _replayed(tmp_path, 198)
    async with app.run_test(size=NARROW) as pilot:
        await until(pilot, lambda: _last_lines(app) == ["at 197."])
        before = app.fleet_screen.log_panes.first.view.size.height
        await pilot.press("8")
        await until(pilot, lambda: app.fleet_screen.log_panes.first.view.size.height > before)
        clock.go_to(NOW_AT + 150)
        await until(pilot, lambda: _last_lines(app) == ["at 149."])
        clock.go_to(NOW_AT + 199)
        await until(pilot, lambda: _last_lines(app) == ["at 198."])
        assert app.fleet_screen.log_panes.first.recorded != ELSEWHERE


async def test_what_is_open_over_the_first_screen_goes_along(tmp_path: Path) -> None:
    """It hints at the keys of a recording, has them in its help, and shows the moment that they lead to."""
    app, clock = _replayed(tmp_path, 20)
    async with app.run_test(size=(160, 45)) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("i")
        await until(pilot, lambda: isinstance(app.screen, AskingScreen) and app.screen.reply is not None)
        screen = app.screen
        assert isinstance(screen, AskingScreen)
        before = screen.reply
        bar = screen.query_one(HintBar)
        await until(pilot, lambda: "minute_on" in {each for _, _, each in bar._spans})
        x = next(start for start, _, each in bar._spans if each == "minute_on")
        await pilot.click(bar, offset=(x, 0))
        await until(pilot, lambda: clock.wall_s() == NOW_AT + 80)
        await until(pilot, lambda: screen.reply is not before)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert isinstance(app.screen, HelpScreen)
        assert [action.id for action in REPLAY_ACTIONS if not app.screen._is_valid(action)] == []


async def test_a_way_that_leads_nowhere_leaves_one_where_one_is(tmp_path: Path) -> None:
    """No process can be asked any more: the key says so, and what is open stays open."""
    app, _ = _replayed(tmp_path, 20)
    async with app.run_test(size=(160, 45), notifications=True) as pilot:
        await shown(pilot, "parse.1")
        assert not any("5 Hangs" in line for line in screen_text(app))
        await pilot.press("V")
        await until(pilot, lambda: len(app.screen_stack) == 2)
        await pilot.press("5")
        await shown(pilot, "Cannot look for hangs")
        assert len(app.screen_stack) == 2


async def test_the_page_of_a_worker_has_what_was_recorded(tmp_path: Path) -> None:
    """Its log ends at the moment that is shown; sections that only an engine could fill are not there."""
    app, _ = _replayed(tmp_path, 20)
    async with app.run_test(size=(160, 45)) as pilot:
        await shown(pilot, "parse.1")
        app.fleet_screen.go("workers", "parse.1")
        await pilot.press("I")
        await shown(pilot, "the rest was not recorded")
        assert not any("Environment" in line for line in screen_text(app))
        await pilot.press("left")
        await shown(pilot, "at 19.")
        assert not any("at 20." in line for line in screen_text(app))
        await pilot.press("right_curly_bracket")
        await shown(pilot, "at 79.")
        assert not any("at 80." in line for line in screen_text(app))


async def test_the_histogram_ends_at_the_moment_that_is_shown(tmp_path: Path) -> None:
    """What is logged later is no bar yet; who has gone to the end of the log sees all."""
    begin_us = int(NOW_AT * 1e6) - BEGIN_US
    write_store(tmp_path / "logs", [timed_line(begin_us + second * 1_000_000, message="x") for second in range(200)])
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(200)))
    clock = clock_of(recording, NOW_AT + 20, 0.0)
    app = ReplayDashboard(ReplayLink(recording, clock), "census (recording)", clock)

    def last_s() -> float:
        """Of the newest time that is drawn, since the beginning."""
        scale = app.fleet_screen.logs.query_one(HistogramStrip)._scale
        return scale.newest_us / 1e6 - NOW_AT if scale is not None else -1.0

    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press("8")
        await until(pilot, lambda: last_s() == 20)
        await pilot.press("right_curly_bracket")
        await until(pilot, lambda: last_s() == 80)
        await pilot.press("end")
        await until(pilot, lambda: last_s() == 199)
