"""Who gives up on a pattern that takes for ever, and who does not."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tui.link.patience import TooSlow, patience

SHORT_S = 0.05


def test_what_computes_for_ever_is_given_up() -> None:
    """And the timer is gone with it."""
    with pytest.raises(TooSlow), patience(SHORT_S):
        re.match("(a+)+$", "a" * 60 + "!")
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)


def test_who_only_has_to_wait_for_the_processor_is_not_given_up() -> None:
    """A machine that is busy with others is no fault of the pattern."""
    begun_s = time.monotonic()
    with patience(SHORT_S):
        time.sleep(2 * SHORT_S)
    assert time.monotonic() - begun_s > SHORT_S
