"""What would let the dashboard's memory grow."""

from __future__ import annotations

import gc
import weakref

from rich import cells
from rich.segment import Segment
from textual.strip import Strip

from tui.garbage import leave_little


class Letters(str):
    """A text that can be watched as it goes."""


def test_strip_that_is_not_cut_goes_with_its_last_holder() -> None:
    """No circle for the collector, which Textual leaves for each row that is painted."""
    leave_little()
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
    leave_little()
    leave_little()
    strip = Strip([Segment("ab"), Segment("cd")], 4)
    assert [part.text for part in strip.divide(iter([1, 4]))] == ["a", "bcd"]
    assert [part.text for part in strip.divide([2, 3, 9])] == ["ab", "c"]
    assert list(strip.divide([])) == []


def test_widths_are_what_they_were() -> None:
    """Plain text is as wide as it is long; wide, joined and control characters are measured."""
    leave_little()
    texts = ["", "plain text ~", "größe", "表", "a\u200db", "\x1b[", "x" * 600]
    assert [cells.cell_len(text) for text in texts] == [0, 12, 5, 2, 1, 1, 600]
    left, right = Segment("a表b").split_cells(3)
    assert (left.text, right.text) == ("a表", "b")


def test_plain_text_is_not_kept() -> None:
    """A line of the log goes when its strip goes."""
    leave_little()
    letters = Letters("a line of the log")
    assert cells.cell_len(letters) == 17
    seen = weakref.ref(letters)
    del letters
    assert seen() is None
