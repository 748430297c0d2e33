"""The bars above the log: how long each is, how high and in which colour, and what a click on it means."""

from __future__ import annotations

import pytest

from tui.render.glyphs import ASCII, UNICODE
from tui.render.histogram import SECOND_US, STEPS_S, Bar, bar_cells, histogram_line, scale_for, time_at
from tui.render.pieces import Tone, line_text, line_width

BEGIN_US = 1_795_354_286 * SECOND_US


@pytest.mark.parametrize("span_s", [0, 1, 59, 119, 3600, 86_400, 40 * 86_400, 5000 * 86_400])
@pytest.mark.parametrize("width", [40, 80, 160])
def test_all_times_have_a_bar_and_the_row_has_room(span_s: int, width: int) -> None:
    """The shortest bars that fit; the first holds the oldest record, the last the newest."""
    most = 2 * bar_cells(width)
    scale = scale_for(BEGIN_US, BEGIN_US + span_s * SECOND_US, most)
    assert scale.count <= most
    assert scale.start_us <= BEGIN_US < scale.start_us + scale.step_us
    assert scale.end_us - scale.step_us <= BEGIN_US + span_s * SECOND_US < scale.end_us
    line = histogram_line({}, scale, 0, 0, UNICODE)
    assert line_width(line) <= width


def test_bars_show_height_and_worst_level() -> None:
    """Nothing where nothing was logged; red where there was an error, amber for a warning; here is marked."""
    scale = scale_for(0, 11 * SECOND_US, 100)
    assert (scale.count, scale.step_us) == (12, STEPS_S[0] * SECOND_US)
    bars = {0: Bar(1), 1: Bar(1000), 4: Bar(5, warnings=1), 6: Bar(5, warnings=1, errors=1), 8: Bar(3), 10: Bar(1000)}
    line = histogram_line(bars, scale, 8 * SECOND_US, 0, UNICODE)
    assert line_text(line) == " 00:00:00 ⢸ ⡄⡄⡄⡇ 00:00:11 ".replace("⢸", "⣸")
    assert [tone for _, tone in line[1:-1]] == [Tone.DIM, Tone.DIM, Tone.AMBER, Tone.RED, Tone.ACCENT, Tone.DIM]
    assert line_text(histogram_line(bars, scale, 0, 3600, ASCII)) == " 01:00:00 # ---# 01:00:11 "


def test_the_last_time_is_the_newest_records() -> None:
    """Not the end of its bar: that is yet to come."""
    scale = scale_for(0, 3600 * SECOND_US + 7 * SECOND_US, 20)
    assert scale.end_us > scale.newest_us
    assert line_text(histogram_line({}, scale, 0, 0, UNICODE)).endswith(" 01:00:07 ")


def test_a_click_is_the_time_of_the_bar_under_it() -> None:
    """Left and right of the bars, the first and the last of them."""
    scale = scale_for(BEGIN_US, BEGIN_US + 60 * SECOND_US, 100)
    assert [time_at(cell, scale) for cell in (0, 10, 11, 39, 79)] == [
        scale.start_us,
        scale.start_us,
        scale.start_us + 2 * SECOND_US,
        scale.start_us + 58 * SECOND_US,
        scale.end_us - SECOND_US,
    ]
