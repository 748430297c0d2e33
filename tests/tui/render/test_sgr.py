"""A worker's colours are kept, and nothing else of what it sends to a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.render.pieces import Ink, Line, Tone, line_text
from tui.render.sgr import coloured

RED, BOLD = Ink(colour="color(1)"), Ink(is_bold=True)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", (("plain", Tone.DIM),)),
        ("\x1b[31mred\x1b[0m \x1b[2Jtext", (("red", RED), (" text", Tone.DIM))),
        ("\x9b31mred", (("red", RED),)),
        ("\x1b[1;4;32mhi\x1b[22;24mho\x1b[39mx",
         (("hi", Ink(colour="color(2)", is_bold=True, is_underlined=True)), ("ho", Ink(colour="color(2)")),
          ("x", Tone.DIM))),
        ("\x1b[91;102mx", (("x", Ink(colour="color(9)", ground="color(10)")),)),
        ("\x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b[49mz",
         (("x", Ink(colour="color(200)")), ("y", Ink(colour="color(200)", ground="#010203")),
          ("z", Ink(colour="color(200)")))),
        ("\x1b[38:2::9:8:7mx\x1b[38:2:9:8:6my\x1b[38:5:7mz",
         (("x", Ink(colour="#090807")), ("y", Ink(colour="#090806")), ("z", Ink(colour="color(7)")))),
        ("\x1b[4:3mcurly\x1b[4:0mnone", (("curly", Ink(is_underlined=True)), ("none", Tone.DIM))),
        ("\x1b[58;5;3;31mx", (("x", RED),)),
        ("\x1b[;1mx", (("x", BOLD),)),
        ("\x1b[5;8mseen", (("seen", Tone.DIM),)),
        ("\x1b[38;5mx\x1b[999999999999mq\x1b[38;5;256mr\x1b[38;2;1mz",
         (("x", Tone.DIM), ("q", Tone.DIM), ("r", Tone.DIM), ("z", Tone.DIM))),
        ("a\tb\x1b[1m\tc", (("a       b", Tone.DIM), ("       c", BOLD))),
    ],
)  # fmt: skip
def test_colours_are_kept_and_everything_else_is_not(text: str, line: Line) -> None:
    """Palette, 256 and 16 million colours, attributes and their ends; what nobody knows changes nothing."""
    assert coloured(text, Tone.DIM) == line


@given(st.text(alphabet=st.sampled_from("\x1b\x9b[]0;:m12345678HJK?\x07\\ \tab\r\n\u202e日"), max_size=80))
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    """Whatever bytes stand around and inside of colour sequences."""
    said = line_text(coloured(text))
    assert said.isprintable()


def test_a_line_of_many_sequences_is_bounded() -> None:
    """A megabyte of colour changes costs no more than a long line."""
    assert len(coloured("\x1b[31mx\x1b[0my" * 100_000)) < 4000
