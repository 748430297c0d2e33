"""What was measured stays for its time, and is what was measured."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.history import MINUTE_S, MINUTES, MOST_SUBJECTS, SECONDS, History, Track


def test_the_last_seconds_are_what_was_noted() -> None:
    """Oldest first, nothing where nothing was measured."""
    track = Track(100)
    track.note(100, 1.0)
    track.note(102, 3.0)
    track.note(102, 4.0)
    assert track.last_seconds(5, 103) == (None, 1.0, None, 4.0, None)


def test_minutes_are_means_of_their_seconds() -> None:
    """Of those in which something was measured."""
    track = Track(60)
    for second in range(60, 180):
        if second % 2 == 0:
            track.note(second, float(second < 120))
    track.note(180, 9.0)
    assert track.last_minutes(3, 185) == (None, 1.0, 0.0)


def test_ten_minutes_take_no_more_memory_than_the_first_second() -> None:
    """All room for seconds is there from the beginning; of minutes there are few."""
    track = Track(0)
    begun_bytes = sys.getsizeof(track._ring)
    for second in range(3 * SECONDS):
        track.note(second, float(second))
        assert sys.getsizeof(track._ring) == begun_bytes
    assert len(track.minutes) == 3 * SECONDS // MINUTE_S - 1
    assert track.last_seconds(SECONDS, 3 * SECONDS - 1) == tuple(map(float, range(2 * SECONDS, 3 * SECONDS)))


def test_after_a_long_absence_nothing_old_is_taken_for_new() -> None:
    """What lies between is unknown."""
    track = Track(0)
    track.note(0, 1.0)
    track.note(5000, 2.0)
    assert track.last_seconds(3, 5000) == (None, None, 2.0)
    assert track.last_minutes(2, 5000) == (None, None)
    assert track.last_minutes(83, 5000)[0] == 1.0


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 1e6, width=32)), min_size=1, max_size=60))
def test_what_is_kept_is_bounded_and_true(steps: list[tuple[int, float]]) -> None:
    """Against a dictionary that keeps everything."""
    track, known, second = Track(1000), dict[int, float](), 1000
    for step, value in steps:
        second += step
        track.note(second, value)
        known[second] = value
    assert len(track.minutes) <= MINUTES
    assert track.last_seconds(SECONDS, second) == tuple(known.get(at) for at in range(second - SECONDS + 1, second + 1))


@given(st.lists(st.tuples(st.integers(1, 130), st.floats(0, 1000, width=32)), min_size=1, max_size=80))
def test_minutes_are_true_however_the_seconds_came(steps: list[tuple[int, float]]) -> None:
    """Each whole minute is the mean of what was noted in it."""
    track, known, second = Track(0), dict[int, float](), 0
    for step, value in steps:
        second += step
        track.note(second, value)
        known[second] = value
    minute = second // MINUTE_S
    for found, number in zip(track.last_minutes(minute, second), range(minute), strict=True):
        values = [value for at, value in known.items() if at // MINUTE_S == number]
        expected = sum(values) / len(values) if values else None
        assert (found is None) == (expected is None)
        if found is not None:
            assert found == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_subjects_are_bounded_and_forgotten() -> None:
    """Names that come and go do not fill the memory."""
    history = History()
    for number in range(MOST_SUBJECTS + 5):
        history.note(1, f"worker-{number}", {"cpu": 1.0, "memory": None})
    assert len(list(history.subjects())) == MOST_SUBJECTS
    assert [figure for figure, _ in history.tracks("worker-0")] == ["cpu"]
    history.forget("worker-0")
    assert list(history.tracks("worker-0")) == []
