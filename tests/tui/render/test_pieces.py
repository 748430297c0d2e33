"""Cells are counted as terminals count them, and nothing a worker writes is obeyed."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.render.pieces import Tone, cut, fit, fit_line, line_text, line_width, plain, spread, wrap


@pytest.mark.parametrize("text", ["", "plain", "日本語テキスト", "emoji 🎉 party", "naïve café", "e\u0301" * 20])
@pytest.mark.parametrize("width", [1, 2, 5, 8, 30])
def test_fit_gives_exactly_the_width_whatever_the_script(text: str, width: int) -> None:
    """A column is as wide as it is, also when a wide character would stand on its edge."""
    assert cell_len(fit(text, width)) == width
    assert cell_len(fit(text, width, is_right=True)) == width


def test_cut_marks_what_is_missing() -> None:
    """A cut name cannot be taken for a whole one."""
    assert cut("parse.worker.12", 8) == "parse.w…"
    assert cut("parse.12", 8) == "parse.12"
    assert cut("anything", 1) == "…"
    assert cut("anything", 0) == ""


@pytest.mark.parametrize(
    "evil",
    [
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "\x1b[2J\x1b[H",
        "a\rb",
        "\x9b31m",
        "\x07",
        "\u202eabc",
        "\u200b",
        "a\x00b",
        "\x1b",
    ],
)
def test_plain_text_holds_nothing_that_a_terminal_obeys(evil: str) -> None:
    """No escape, no control character, no reordering, no invisible joiner survives."""
    said = plain(evil)
    assert said.isprintable(), ascii(said)
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in said)


def test_plain_text_is_bounded() -> None:
    """A line of a megabyte costs no more than a long one."""
    assert len(plain("x" * 1_000_000)) <= 4000


def test_lines_fit_and_spread_over_the_width() -> None:
    """The right end stays in sight; the left is what is cut."""
    left, right = (("a long left side", Tone.PLAIN),), (("right", Tone.DIM),)
    assert line_text(spread(left, right, 12)) == "a long…right"
    assert line_width(fit_line(left, 40)) == 40
    assert line_text(spread(left, right, 4)) == "a l…"


def test_wrap_folds_at_spaces_and_breaks_what_has_none() -> None:
    """Nothing is lost, no line is too wide."""
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("日本語テキスト", 5) == ["日本", "語テ", "キス", "ト"]
    assert wrap("a\n\nb", 10) == ["a", "", "b"]
