"""Colours that mean nothing but a worker, or its own wish: readable on dark and on light."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.color import Color

from tui.render.pieces import HUES, Found, Hue, Ink, Tone
from tui.settings.palettes import LIGHT as LIGHT_COLOURS
from tui.settings.palettes import contrast as contrast_of
from tui.theme import DEFAULTS, THEME, Palette, look_style, textual_theme

DARK = Palette({**DEFAULTS, "background": str(THEME.background), "error": "#ef6b73"}, is_ansi=False, is_dark=True)
LIGHT = Palette(
    {**textual_theme(LIGHT_COLOURS).variables, "background": LIGHT_COLOURS.background}, is_ansi=False, is_dark=False
)
ANSI = Palette({**DEFAULTS, "background": "#000000"}, is_ansi=True, is_dark=True)


def contrast(style: Style, palette: Palette) -> float:
    assert style.color is not None
    ground = Color.parse(palette.variables["background"])
    return contrast_of(Color.from_rich_color(style.color).hex6, ground.hex6)


@pytest.mark.parametrize("palette", [DARK, LIGHT])
def test_workers_can_be_read_and_told_apart(palette: Palette) -> None:
    """Every hue has the contrast that WCAG asks of text, and no two are the same."""
    styles = [look_style(Hue(number), palette) for number in range(HUES)]
    assert all(contrast(style, palette) >= 4.5 for style in styles)
    assert len(set(map(str, styles))) == HUES


def test_a_workers_own_colours_are_kept() -> None:
    """Of the palette of 16 and 256 and of all others, with attributes."""
    for colour in ("color(1)", "color(2)", "color(12)", "color(208)", "#00ff00"):
        style = look_style(Ink(colour=colour, is_bold=True), DARK)
        assert style.bold
        assert contrast(style, DARK) > 1.7
    assert str(look_style(Ink(colour="#0000ff", ground="#ffff00"), DARK)) == "#0000ff on #ffff00"


def test_black_on_black_is_shown_all_the_same() -> None:
    """A colour that nobody can read is left out, or made to stand out from the ground the worker has set."""
    assert look_style(Ink(colour="color(0)"), DARK).color is None
    assert str(look_style(Ink(colour="color(16)", ground="color(16)"), DARK)) == "#ffffff on #000000"


def test_the_terminals_own_colours_are_left_to_it() -> None:
    """Where the terminal's palette is used, a worker's red is the terminal's red."""
    assert str(look_style(Ink(colour="color(0)"), ANSI)) == "color(0)"
    style = look_style(Hue(3), ANSI).color
    assert style is not None
    assert style.number is not None
    assert 1 < style.number < 16


def test_what_is_found_stands_out_in_any_look() -> None:
    """By its ground, or without colours by being bold and underlined."""
    assert look_style(Found(Tone.RED), DARK).bgcolor is not None
    assert look_style(Found(Tone.PLAIN), ANSI).underline
