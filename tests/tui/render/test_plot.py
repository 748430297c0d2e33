"""Plots are as wide as they are told, lose no peak, and show what was not measured as nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render.plot import folded, nice_top, plot, words_of


def test_a_ramp_is_drawn_as_one() -> None:
    """The whole picture, so that a change of it is seen."""
    lines = plot([float(n) for n in range(32)], "items", 20, 4, seconds=600, top=32)
    assert lines == [
        "32               ⣠⣤⣾",
        "             ⣠⣤⣾⣿⣿⣿⣿",
        "         ⣠⣤⣾⣿⣿⣿⣿⣿⣿⣿⣿",
        " 0  ⣀⣠⣤⣾⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿⣿",
        "   10m ago       now",
    ]


@pytest.mark.parametrize(
    ("highest", "top"), [(0, 1), (0.3, 0.3), (1, 1), (1.1, 1.2), (7, 8), (14, 15), (100, 100), (101, 120), (4.5e9, 5e9)]
)
def test_the_upper_edge_is_a_round_number(highest: float, top: float) -> None:
    assert nice_top(highest) == pytest.approx(top)


def test_bytes_have_a_round_edge_in_their_own_powers() -> None:
    assert nice_top(14 * 2**20, "bytes") == 15 * 2**20
    assert nice_top(900 * 2**10, "bytes a second") == 1000 * 2**10


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        ("bytes", 1536, "1.5 K"),
        ("bytes a second", 2048, "2.0 K/s"),
        ("% of a core", 12.4, "12 %"),
        ("items", 3, "3"),
        ("items a second", 2.5, "2.5/s"),
    ],
)
def test_values_are_told_in_their_unit(unit: str, value: float, words: str) -> None:
    assert words_of(unit, value) == words


@given(st.lists(st.none() | st.floats(0, 1e9), max_size=200), st.integers(20, 120), st.integers(1, 12), st.booleans())
def test_lines_have_the_width_they_are_given(
    values: list[float | None], width: int, height: int, is_ascii: bool
) -> None:
    """Whatever was measured."""
    lines = plot(values, "bytes", width, height, seconds=600, is_ascii=is_ascii)
    assert [len(line) for line in lines] == [width] * (height + 1)


@given(st.lists(st.none() | st.floats(0, 1e6), min_size=1, max_size=400), st.integers(1, 100))
def test_no_peak_is_lost(values: list[float | None], columns: int) -> None:
    """However many values share a column."""
    known = [value for value in values if value is not None]
    shown = [value for value in folded(values, columns) if value is not None]
    assert len(folded(values, columns)) == columns
    assert max(shown, default=None) == max(known, default=None)


def test_nothing_and_zero_differ() -> None:
    """What was measured as nothing has a dot, what was not measured has none."""
    zero = plot([0.0] * 20, "items", 20, 2, seconds=20)
    assert "⣀" in zero[1]
    none = plot([None] * 20, "items", 40, 3, seconds=20)
    assert "nothing measured in this time" in none[1]
