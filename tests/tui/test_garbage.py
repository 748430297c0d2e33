"""What would let the dashboard's memory grow."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest
from rich import cells
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.cache import FIFOCache
from textual.strip import Strip

from tui.garbage import STRIP_CACHES, leave_little
from tui.render.pieces import Tone
from tui.widgets.line import LineWidget
from tui.widgets.painter import FEWEST_STRIPS


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


def test_strip_has_only_the_caches_that_are_used() -> None:
    """They come with the first use, and give the same part again; there are no others than Textual's own."""
    leave_little()
    strip = Strip([Segment("abc")], 3)
    assert not [each for each in gc.get_referents(strip) if isinstance(each, FIFOCache)]
    assert strip.crop(0, 2) is strip.crop(0, 2)
    assert [len(each) for each in gc.get_referents(strip) if isinstance(each, FIFOCache)] == [1]
    with pytest.raises(AttributeError, match="_other_cache"):
        strip._other_cache  # type: ignore[attr-defined]  # noqa: B018
    assert set(strip.__slots__) >= set(STRIP_CACHES)


async def test_line_that_never_comes_again_is_not_kept() -> None:
    """A header with a clock in it leaves a few of its strips, whatever it says."""
    leave_little()
    seen = []

    class Header(App[None]):
        def compose(self) -> ComposeResult:
            yield LineWidget()

    app = Header()
    async with app.run_test() as pilot:
        line = app.query_one(LineWidget)
        for number in range(3 * FEWEST_STRIPS):
            letters = Letters(f"at {number}")
            seen.append(weakref.ref(letters))
            line.show(lambda _, text=letters: ((text, Tone.PLAIN),))  # type: ignore[misc]
            line.render_line(0)
            await pilot.pause()
        del letters
        gc.collect()
        assert 0 < sum(each() is not None for each in seen) <= FEWEST_STRIPS + 1


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


OLD_CIRCLES = """
import gc, weakref
from tui.garbage import look_again, settle

class Answer:
    pass

stays = [[] for _ in range(100_000)]
settle()
rounds = []
gc.callbacks.append(lambda phase, told: rounds.append(told["generation"]) if phase == "start" else None)
look_again()
answer = Answer()
answer.itself = answer
seen = weakref.ref(answer)
comes = [[] for _ in range(40_000)]
del answer
is_old = seen() is not None
look_again()
print(is_old, seen(), rounds.count(2))
"""


def test_old_circles_are_let_go_though_much_stays() -> None:
    """By its own count Python would look for them after a quarter of all that there is; nothing new is not worth it."""
    done = subprocess.run([sys.executable, "-c", OLD_CIRCLES], capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", "None", "1"]
