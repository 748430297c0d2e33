"""The dashboard on a recording moves in time, and is left without a question."""

from __future__ import annotations

from pathlib import Path

from supervisor.api.messages import Event
from supervisor.journal import JOURNAL_NAME, encode
from tests.tui.fakes import NOW_AT
from tests.tui.link.stores import BEGIN_US, timed_line, write_store
from tests.tui.screens.test_fleet import NARROW, gone, screen_text, shown, until
from tests.tui.test_recording import recorded
from tui.link.replay_link import ReplayLink
from tui.replay_dashboard import ELSEWHERE, LOG_EVERY_S, ReplayDashboard
from tui.replaying import clock_of
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
