"""What would let the dashboard's memory grow."""

from __future__ import annotations

import gc
import weakref

from rich.segment import Segment
from textual.strip import Strip

from tui.garbage import let_strips_go


class Letters(str):
    """A text that can be watched as it goes."""


def test_strip_that_is_not_cut_goes_with_its_last_holder() -> None:
    """No circle for the collector, which Textual leaves for each row that is painted."""
    let_strips_go()
    gc.disable()
    try:
        letters = Letters("abc")
        strip = Strip([Segment(letters)], 3)
        parts = strip.divide([3, 9])
        is_whole = parts[0] is strip
        seen = weakref.ref(letters)
        del letters, strip, parts
        assert (is_whole, seen()) == (True, None)
    finally:
        gc.enable()


def test_strips_are_cut_where_they_were() -> None:
    """Cuts past the end are left out, whatever they come in; doing it twice changes nothing."""
    let_strips_go()
    let_strips_go()
    strip = Strip([Segment("ab"), Segment("cd")], 4)
    assert [part.text for part in strip.divide(iter([1, 4]))] == ["a", "bcd"]
    assert [part.text for part in strip.divide([2, 3, 9])] == ["ab", "c"]
    assert list(strip.divide([])) == []
