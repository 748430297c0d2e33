"""The colours of the themes: whatever is written can be read, and states keep apart for those who see fewer colours."""

from __future__ import annotations

from itertools import combinations
from typing import Final

import pytest

from tui.settings.palettes import (
    BLUE_YELLOW,
    CONTRAST_DARK,
    CONTRAST_LIGHT,
    GROUNDS,
    RED_GREEN,
    SHIPPED,
    ThemeColours,
    contrast,
    faint_contrasts,
)

Numbers = tuple[float, float, float]

PROTAN: Final = ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998))
DEUTAN: Final = ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881))
TRITAN: Final = ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))
"""On linear RGB, severity 1.0: Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color
Vision Deficiency, 2009."""
TO_XYZ: Final = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE: Final = (0.95047, 1.0, 1.08883)

LEAST_DIFFERENCE = 20.0
"""In CIELAB (CIE 1976); 2 can just be seen side by side."""


def linear(colour: str) -> Numbers:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return unbent(red), unbent(green), unbent(blue)


def unbent(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def times(matrix: tuple[Numbers, Numbers, Numbers], numbers: Numbers) -> Numbers:
    first, second, third = (sum(a * b for a, b in zip(row, numbers, strict=True)) for row in matrix)
    return first, second, third


def lab(numbers: Numbers) -> Numbers:
    """CIELAB of linear RGB."""
    seen: Numbers = tuple(min(max(part, 0.0), 1.0) for part in numbers)  # type: ignore[assignment]
    parts = [part / white for part, white in zip(times(TO_XYZ, seen), WHITE, strict=True)]
    x, y, z = (part ** (1 / 3) if part > 216 / 24389 else (24389 / 27 * part + 16) / 116 for part in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: str, other: str, eyes: tuple[Numbers, Numbers, Numbers]) -> float:
    """How far apart two colours are for such eyes."""
    seen = (lab(times(eyes, linear(colour))) for colour in (one, other))
    return float(sum((a - b) ** 2 for a, b in zip(*seen, strict=True)) ** 0.5)


@pytest.mark.parametrize("theme", SHIPPED.values(), ids=SHIPPED)
def test_every_tone_can_be_read_on_every_ground(theme: ThemeColours) -> None:
    """4.5 to 1 as WCAG asks of text, and 7 to 1 in the themes of high contrast."""
    least = 7.0 if theme in (CONTRAST_DARK, CONTRAST_LIGHT) else 4.5
    assert faint_contrasts(theme, least) == []
    hues = [(hue, ground) for hue in theme.hues for ground in GROUNDS]
    assert [pair for pair in hues if contrast(pair[0], getattr(theme, pair[1])) < least] == []
    assert len(set(theme.hues)) == len(theme.hues) == 10


@pytest.mark.parametrize("theme", SHIPPED.values(), ids=SHIPPED)
def test_a_banner_can_be_read_on_its_own_tint(theme: ThemeColours) -> None:
    """It is written in a tone on a fifth of that tone over the background (app.tcss)."""
    for tone in (theme.good, theme.warning, theme.error):
        mixed = [
            round(int(tone[at : at + 2], 16) * 0.2 + int(theme.background[at : at + 2], 16) * 0.8) for at in (1, 3, 5)
        ]
        assert contrast(tone, "#" + "".join(f"{part:02x}" for part in mixed)) >= 4.5


@pytest.mark.parametrize(
    ("theme", "eyes"),
    [(RED_GREEN, PROTAN), (RED_GREEN, DEUTAN), (BLUE_YELLOW, TRITAN)],
    ids=["protan", "deutan", "tritan"],
)
def test_states_keep_apart_for_the_colour_blind(theme: ThemeColours, eyes: tuple[Numbers, Numbers, Numbers]) -> None:
    """What is well, what needs a look, what has failed and plain text: no two of them look alike."""
    for one, other in combinations((theme.good, theme.warning, theme.error, theme.text), 2):
        assert difference(one, other, eyes) > LEAST_DIFFERENCE


def test_the_usual_theme_does_not_promise_that() -> None:
    """What is measured tells themes apart: in the usual one red and green are near each other for deutan eyes."""
    usual = SHIPPED["dark"]
    assert difference(usual.good, usual.error, DEUTAN) < LEAST_DIFFERENCE


def test_the_contrast_of_black_and_white_is_21() -> None:
    """The two ends of the scale."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#59c2d9", "#59c2d9") == pytest.approx(1.0)
