"""Every time that is shown is one of the reader's clock at the moment that it tells of."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from tests.tui.fakes import NOW_AT, NOW_S, FixedClock, store, stored_line
from tests.tui.screens.test_fleet import WIDE, dashboard, screen_text, shown, until, with_logs
from tui.local_clock import ahead_of_utc_s
from tui.render.events import clock_words
from tui.render.glyphs import UNICODE
from tui.render.life_words import local_clock
from tui.render.moments import moment, stored_moment
from tui.render.zone import ahead_of, local, local_of
from tui.screens.wording import Wording

WINTER_S, SUMMER_S = 3600, 7200
CHANGE = datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp()
"""When clocks in Berlin go from 02:00 to 03:00."""


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Europe/Berlin, by its rule: a machine may know no zones by name."""
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_the_clock_is_ahead_by_the_rule_of_each_moment() -> None:
    """Before and after both changes of a year; a time that no zone knows is taken as now."""
    back = datetime(2027, 10, 31, 1, tzinfo=UTC).timestamp()
    assert [ahead_of_utc_s(at) for at in (CHANGE - 1, CHANGE, back - 1, back)] == [
        WINTER_S, SUMMER_S, SUMMER_S, WINTER_S,
    ]  # fmt: skip
    assert ahead_of_utc_s(1e30) == time.localtime().tm_gmtoff


def test_moments_on_both_sides_of_a_change() -> None:
    """A second apart, and an hour by the clock."""
    assert f"{local(CHANGE - 1, ahead_of_utc_s):%H:%M:%S}" == "01:59:59"
    assert f"{local(CHANGE, ahead_of_utc_s):%H:%M:%S}" == "03:00:00"
    assert f"{local_of('2027-03-28T00:59:59.000000Z', ahead_of_utc_s):%H:%M}" == "01:59"
    assert ahead_of("2027-03-28T01:00:00.000000Z", ahead_of_utc_s) == SUMMER_S
    assert ahead_of("no time", ahead_of_utc_s) == 0
    assert clock_words(CHANGE - 7200, ahead_of_utc_s, CHANGE) == "00:00:00"
    assert clock_words(CHANGE - 7201, ahead_of_utc_s, CHANGE) == "27 23:59"


def test_what_a_person_types_is_meant_by_the_rule_of_that_day() -> None:
    """At noon on the day of a change: what was before it is an hour farther away than it seems."""
    noon = CHANGE + 9 * 3600
    assert moment("01:30", noon, ahead_of_utc_s) == CHANGE - 1800
    assert moment("yesterday 12:00", noon, ahead_of_utc_s) == noon - 23 * 3600
    assert stored_moment("03:00", noon, ahead_of_utc_s) == "2027-03-28T01:00:00.000000Z"


def test_a_run_that_is_due_after_the_change_is_told_by_the_new_time() -> None:
    """The monotonic clock knows no zones: what it shows then is counted from the wall."""
    clock = FixedClock()
    clock.now_s += CHANGE - 600 - NOW_AT
    offset = Wording("census", UNICODE, clock, ahead_of_utc_s).local_offset_s()
    assert local_clock(clock.now_s + 1200, clock.now_s, offset) == "03:10"
    assert local_clock(clock.now_s + 300, clock.now_s, offset) == "01:55"


async def test_a_dashboard_stays_right_over_a_change(tmp_path: Path) -> None:
    """Its clock goes on by the new time; what was logged in winter keeps its time of then."""
    logs = tmp_path / "logs"
    store(logs, [stored_line("in winter")])
    link = with_logs(logs)
    app = dashboard(link)
    async with app.run_test(size=WIDE) as pilot:
        await shown(pilot, "in winter")
        await until(pilot, lambda: screen_text(app)[0].endswith("14:31:26"))
        link.clock.now_s = NOW_S + CHANGE - NOW_AT + 6 * 3600
        store(logs, [stored_line("in summer").replace(b"2026-11-22T13", b"2027-03-28T07")])
        await shown(pilot, "in summer")
        await until(pilot, lambda: screen_text(app)[0].endswith("09:00:00"))

        def is_told(said: str, at: str) -> bool:
            return any(said in line and at in line for line in screen_text(app))

        for said, at in (("in winter", " 14:31:00"), ("in summer", " 09:31:00")):
            await until(pilot, partial(is_told, said, at))
