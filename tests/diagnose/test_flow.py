"""Rates and depth history of channels, from totals that the test makes up."""

from __future__ import annotations

from supervisor.diagnose.flow import HISTORY_LENGTH, FlowMeter


def test_rates_are_items_a_second_since_the_look_before() -> None:
    """The first look has no rate; time that stands still gives none either."""
    meter = FlowMeter()
    meter.note("q", 10, 5, 5, 100.0)
    assert (meter.of("q").put_rate, meter.of("q").got_rate) == (0.0, 0.0)
    meter.note("q", 30, 6, 24, 102.0)
    assert (meter.of("q").put_rate, meter.of("q").got_rate) == (10.0, 0.5)
    meter.note("q", 31, 7, 24, 102.0)
    assert meter.of("q").put_rate == 0.0


def test_history_is_bounded_and_newest_last() -> None:
    """A depth for each second, at most thirty."""
    meter = FlowMeter()
    for second in range(40):
        meter.note("q", 0, 0, second, float(second))
    assert meter.of("q").depth_history == tuple(range(40 - HISTORY_LENGTH, 40))


def test_unknown_channel_has_no_flow() -> None:
    """Before the first look."""
    assert FlowMeter().of("q").depth_history == ()
