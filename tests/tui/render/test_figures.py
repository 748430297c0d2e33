"""Numbers stay short and in their columns, whatever their size."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.render.figures import count, depth_bar, duration, percent, plural, size, sparkline, time_left


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-1, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86399, "23h"), (86400, "1d"),
     (999 * 86400, "999d"), (4000 * 86400, "10y")],
)  # fmt: skip
def test_duration_has_four_cells_at_most(seconds: float, expected: str) -> None:
    """Uptimes of seconds and of years fit the same column."""
    assert duration(seconds) == expected
    assert len(duration(seconds)) <= 4


def test_time_left_is_rounded_up_so_that_zero_means_now() -> None:
    """A wait of 0.01 s is not over; tenths only where they matter, at most two units."""
    waits = (-1, 0, 0.01, 3.2, 9.95, 10, 41.2, 59.5, 60, 199.1, 3599.5, 3600, 7500, 90_000, 1e6)
    assert [time_left(seconds) for seconds in waits] == [
        "0.0 s", "0.0 s", "0.1 s", "3.2 s", "10 s", "10 s", "42 s", "1 m 00 s", "1 m 00 s", "3 m 20 s", "1 h 00 m",
        "1 h 00 m", "2 h 05 m", "1 d 01 h", "11 d 13 h",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count_bytes", "expected"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 K"), (1024, "1.0 K"), (48 << 20, "48 M"), (1 << 30, "1.0 G"),
     (1023 << 20, "1.0 G"), (5 << 40, "5.0 T"), (-5, "0 B")],
)  # fmt: skip
def test_size_has_five_cells_at_most(count_bytes: int, expected: str) -> None:
    """Memory of any size fits its column."""
    assert size(count_bytes) == expected
    assert len(size(count_bytes)) <= 5


def test_percent_counts_and_plurals() -> None:
    """One decimal below ten only; thousands are grouped; one is singular."""
    assert [percent(value) for value in (0.0, 0.44, 9.94, 9.96, 340.2)] == ["0.0", "0.4", "9.9", "10", "340"]
    assert [count(number) for number in (7, 12345, 1_234_567)] == ["7", "12,345", "1.2M"]
    assert [plural(number, "worker") for number in (0, 1, 12)] == ["0 workers", "1 worker", "12 workers"]


def test_sparkline_always_fills_its_width_newest_at_the_right() -> None:
    """No sample is blank, a sample of nothing is a dot, and what is off the scale stays on it."""
    assert sparkline((), 3, 0, 100) == "   "
    assert sparkline((0, 0), 3, 0, 100) == "  ⣀"
    assert sparkline((100, 500), 1, 0, 100) == "⣿"
    assert sparkline(range(0, 101, 10), 4, 0, 100) == "⣤⣶⣶⣿"
    assert sparkline((0, 100), 3, 0, 100, is_ascii=True) == "  #"
    assert cell_len(sparkline(range(60), 10, 0, 60)) == 10


def test_sparklines_of_one_table_share_their_scale() -> None:
    """A worker at 5 % does not look like one at 100 %."""
    assert sparkline((5, 5), 1, 0, 100) != sparkline((100, 100), 1, 0, 100)


def test_depth_bar_shows_anything_that_is_there() -> None:
    """Empty is empty, one item shows, full is full."""
    assert depth_bar(0, 200, 4) == "⣀⣀⣀⣀"
    assert depth_bar(1, 200, 4) == "⣿⣀⣀⣀"
    assert depth_bar(300, 200, 4) == "⣿⣿⣿⣿"
    assert depth_bar(100, 200, 4, is_ascii=True) == "##.."
