"""Times as people type them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tui.render.moments import end_of_span, moment, stored_moment

NOW = datetime(2026, 11, 22, 13, 31, 26, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("5m ago", "2026-11-22 13:26:26"),
        ("5m", "2026-11-22 13:26:26"),
        (" -90s ", "2026-11-22 13:29:56"),
        ("1.5h ago", "2026-11-22 12:01:26"),
        ("2 days ago", "2026-11-20 13:31:26"),
        ("now", "2026-11-22 13:31:26"),
        ("14:02", "2026-11-22 13:02:00"),
        ("14:02:11.5", "2026-11-22 13:02:11.500000"),
        ("23:59", "2026-11-21 22:59:00"),
        ("yesterday 9:30", "2026-11-21 08:30:00"),
        ("today", "2026-11-21 23:00:00"),
        ("2026-11-20", "2026-11-19 23:00:00"),
        ("2026-11-20 14:02:11", "2026-11-20 13:02:11"),
        ("2026-11-20T14:02:11", "2026-11-20 13:02:11"),
    ],
)
def test_times_are_understood_an_hour_east_of_utc(typed: str, meant: str) -> None:
    """Ago, of the clock, of a day; a time of day that is still to come is yesterday's."""
    assert datetime.fromtimestamp(moment(typed, NOW, 3600), UTC) == datetime.fromisoformat(meant + "+00:00")


@pytest.mark.parametrize(
    "typed", ["", "soon", "25:00", "12:61", "2026-13-01", "5", "14:02 yesterday", "12:30 pm", "m ago"]
)
def test_what_is_no_time_says_what_is_one(typed: str) -> None:
    """With examples to try."""
    with pytest.raises(ValueError, match=r"14:02.*5m ago"):
        moment(typed, NOW, 0)


def test_a_time_as_the_store_writes_it() -> None:
    """What a person types becomes one; what is one stays, the beginning of one too."""
    assert stored_moment("5m", NOW, 3600) == "2026-11-22T13:26:26.000000Z"
    assert stored_moment("2026-11-22T13:26", NOW, 3600) == "2026-11-22T13:26"
    assert stored_moment("2026-11-22T13:26:26.000000Z", NOW, 3600) == "2026-11-22T13:26:26.000000Z"


def test_a_time_of_day_is_that_of_its_own_day() -> None:
    """Where the clocks were put back in between, yesterday's 9:30 was another hour of UTC; what is ago stays."""
    change = datetime(2026, 11, 22, 1, tzinfo=UTC).timestamp()

    def offset_at(at_s: float) -> int:
        return 3600 if at_s >= change else 7200

    then = moment("yesterday 9:30", NOW, offset_at)
    assert datetime.fromtimestamp(then, UTC) == datetime(2026, 11, 21, 7, 30, tzinfo=UTC)
    assert moment("9:30", NOW, offset_at) == moment("9:30", NOW, 3600)
    assert moment("2d ago", NOW, offset_at) == NOW - 2 * 86_400


@pytest.mark.parametrize(
    ("since", "typed", "until", "meant"),
    [
        ("2026-11-22T12:00:00.000000Z", "15:00", "2026-11-21T14:00:00.000000Z", "2026-11-22T14:00:00.000000Z"),
        ("2026-11-22T12:00:00.000000Z", "14:00", "2026-11-22T13:00:00.000000Z", "2026-11-22T13:00:00.000000Z"),
        ("2026-11-22T12:00:00.000000Z", "2h ago", "2026-11-22T11:31:26.000000Z", "2026-11-22T11:31:26.000000Z"),
        ("", "15:00", "2026-11-21T14:00:00.000000Z", "2026-11-21T14:00:00.000000Z"),
        ("2026-11-22T12:00:00.000000Z", "15:00", "", ""),
    ],
)
def test_a_span_of_the_clock_does_not_end_before_it_begins(since: str, typed: str, until: str, meant: str) -> None:
    """A time of day after another one is the next such time, though it is still to come."""
    assert end_of_span(since, until, typed) == meant
