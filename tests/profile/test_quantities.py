"""Durations, sizes and ranges are read as people write them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.profile.quantities import backoff_high_s, backoff_low_s, duration_s, size_bytes


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("500ms", 0.5),
        ("5s", 5.0),
        ("1m30s", 90.0),
        ("1m 30s", 90.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1.5s", 1.5),
        ("1s500ms", 1.5),
        (" 5 s ", 5.0),
        ("0s", 0.0),
        ("7", 7.0),
        (3, 3.0),
        (0.25, 0.25),
    ],
)
def test_duration_is_read_in_seconds(written: object, seconds: float) -> None:
    """Every notation the reference names means what it says."""
    assert math.isclose(duration_s(written), seconds)


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "5 sekonds",
        "s",
        "5s5s",
        "30s1m",
        "-5s",
        "1,5s",
        "5s!",
        "٥s",
        -1,
        True,
        None,
        [5],
        {},
        math.inf,
        math.nan,
        "367d",
        10**400,
        "1e3",
    ],
)
def test_what_is_no_duration_is_refused_with_the_rule(written: object) -> None:
    """A wrong duration says what a right one looks like; nothing is guessed."""
    with pytest.raises(ValueError, match="must be a duration"):
        duration_s(written)


@given(st.integers(0, 300), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_units_add_up(days: int, hours: int, minutes: int, seconds: int, milliseconds: int) -> None:
    """Descending units are summed."""
    written = f"{days}d{hours}h{minutes}m{seconds}s{milliseconds}ms"
    expected = ((days * 24 + hours) * 60 + minutes) * 60 + seconds + milliseconds / 1000
    assert math.isclose(duration_s(written), expected)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("64MiB", 64 * 2**20),
        ("64M", 64 * 2**20),
        ("10MB", 10_000_000),
        ("512 KiB", 512 * 1024),
        ("1.5gib", 3 * 2**29),
        ("100", 100),
        ("100B", 100),
        (1024, 1024),
        (0, 0),
    ],
)
def test_size_is_read_in_bytes(written: object, size: int) -> None:
    """Units with an i, and bare letters, count in 1024s; the others in 1000s."""
    assert size_bytes(written) == size


@pytest.mark.parametrize("written", ["", "64 parsecs", "MiB", "-1MB", -1, 1.5, True, None, "2000000GiB", 10**30])
def test_what_is_no_size_is_refused_with_the_rule(written: object) -> None:
    """A wrong size says what a right one looks like."""
    with pytest.raises(ValueError, match="must be a size"):
        size_bytes(written)


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [("0.5s..30s", 0.5, 30.0), ("500ms .. 1m", 0.5, 60.0), ("2s", 2.0, 2.0), (3, 3.0, 3.0), ("1..2", 1.0, 2.0)],
)
def test_backoff_is_a_range_or_one_duration(written: object, low: float, high: float) -> None:
    """One duration is both ends."""
    assert (backoff_low_s(written), backoff_high_s(written)) == (low, high)


@pytest.mark.parametrize("written", ["30s..1s", "1s..", "..1s", "a..b", "1s...2s", [1, 2], "1s..2s..3s"])
def test_a_wrong_backoff_is_refused_with_the_rule(written: object) -> None:
    """The longer end is not written first, and both ends are there."""
    with pytest.raises(ValueError, match=r"must be .*0\.5s\.\.30s"):
        backoff_low_s(written)
