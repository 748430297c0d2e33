"""The colours of every theme, as plain data: what each is for, and what it looks like. Knows no screen.

Every tone can be read on every ground: a contrast of 4.5, in the high-contrast themes 7 (WCAG 2.2, 1.4.3 and 1.4.6). In
the colour-blind ones what goes well, what needs a look and what has failed keep apart for those who cannot tell red
from green, or blue from yellow (Okabe and Ito, https://jfly.uni-koeln.de/color/). Tests compute both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUNDS: Final = ("background", "surface", "panel", "cursor", "cursor_blurred", "title", "found")
"""What text stands on: the panes, the lines above and below them, dialogs, the line under the cursor where one types
and elsewhere, titles of panes, what a search has found."""
TONES: Final = ("text", "dim", "strong", "accent", "good", "held", "warning", "error")
"""What text is said in: `held` is paused by wish, `accent` is for focus and keys."""

_HUES_ON_DARK: Final = (
    "#b2bc6c", "#90c585", "#6ecaa4", "#55cac3", "#58c5de", "#72bdf0", "#93b3f8", "#b3a9f3", "#cea0e2", "#e29ac9",
)  # fmt: skip
"""Equally light and equally strong (OKLCH 0.77, 0.105), every 25 degrees; reds and ambers are for what went wrong."""
_HUES_ON_BLACK: Final = (
    "#b8c372", "#96cb8b", "#74d0aa", "#5cd0c9", "#5fcce5", "#79c4f7", "#9abaff", "#b9affa", "#d4a6e9", "#e8a0d0",
)  # fmt: skip
"""The same at a lightness of 0.79."""
_HUES_ON_LIGHT: Final = (
    "#545b00", "#326327", "#006746", "#006762", "#006379", "#005b89", "#38528f", "#55498b", "#6b417d", "#7a3b67",
)  # fmt: skip
"""The same at a lightness of 0.45."""
_HUES_ON_WHITE: Final = (
    "#454c00", "#215215", "#005334", "#00504c", "#004e63", "#004b78", "#2c4581", "#4a3e7f", "#5f3671", "#6f315d",
)  # fmt: skip
"""The same at a lightness of 0.39."""


@dataclass(frozen=True, slots=True)
class ThemeColours:
    """One theme; colours are ``#rrggbb``."""

    name: str
    about: str
    """For whom it is, in a few words."""
    is_dark: bool
    background: str
    surface: str
    panel: str
    cursor: str
    cursor_blurred: str
    title: str
    found: str
    text: str
    dim: str
    strong: str
    accent: str
    good: str
    held: str
    warning: str
    error: str
    line: str
    """Scroll bars and borders; no text."""
    hues: tuple[str, ...]
    """By which workers are told apart in the log."""


DARK: Final = ThemeColours(
    name="dark", about="the usual one", is_dark=True,
    background="#0e1318", surface="#141b22", panel="#1a232c",
    cursor="#16303a", cursor_blurred="#1a232c", title="#161e26", found="#3d2e0a",
    text="#cfd6de", dim="#8d99a6", strong="#eef2f6", accent="#59c2d9",
    good="#8cc265", held="#a99be8", warning="#e0af4f", error="#f16d74",
    line="#3b4a57", hues=_HUES_ON_DARK,
)  # fmt: skip

LIGHT: Final = ThemeColours(
    name="light", about="for a bright room", is_dark=False,
    background="#fbfcfd", surface="#f0f3f6", panel="#eaeef2",
    cursor="#cfe7ee", cursor_blurred="#e6ebf0", title="#edf1f4", found="#ffe27a",
    text="#27313b", dim="#5b6671", strong="#0a0f14", accent="#006f86",
    good="#1d7009", held="#6a4fc4", warning="#845700", error="#b81629",
    line="#b3bec9", hues=_HUES_ON_LIGHT,
)  # fmt: skip

CONTRAST_DARK: Final = ThemeColours(
    name="high-contrast-dark", about="the strongest contrast, on black", is_dark=True,
    background="#000000", surface="#0a0d10", panel="#10151a",
    cursor="#00283a", cursor_blurred="#181d22", title="#12171c", found="#332600",
    text="#f2f5f8", dim="#b4bec8", strong="#ffffff", accent="#6fe0ff",
    good="#9be36a", held="#c8b8ff", warning="#ffd24d", error="#ff949a",
    line="#7d8790", hues=_HUES_ON_BLACK,
)  # fmt: skip

CONTRAST_LIGHT: Final = ThemeColours(
    name="high-contrast-light", about="the strongest contrast, on white", is_dark=False,
    background="#ffffff", surface="#f4f6f8", panel="#edf0f3",
    cursor="#c9e6f2", cursor_blurred="#e6eaee", title="#e9edf1", found="#ffe680",
    text="#10161c", dim="#3f4953", strong="#000000", accent="#00495c",
    good="#134d06", held="#46309a", warning="#5c3a00", error="#82000f",
    line="#6f7a85", hues=_HUES_ON_WHITE,
)  # fmt: skip

RED_GREEN: Final = ThemeColours(
    name="colour-blind-red-green", about="where red and green look alike", is_dark=True,
    background="#0b0f13", surface="#11171d", panel="#161d24",
    cursor="#122a35", cursor_blurred="#161d24", title="#131a21", found="#302707",
    text="#cfd6de", dim="#84909d", strong="#eef2f6", accent="#b9dcff",
    good="#56b4e9", held="#ecc4dd", warning="#f0e442", error="#e36b1d",
    line="#3b4a57", hues=_HUES_ON_DARK,
)  # fmt: skip

BLUE_YELLOW: Final = ThemeColours(
    name="colour-blind-blue-yellow", about="where blue and yellow look alike", is_dark=True,
    background="#0b0f13", surface="#11171d", panel="#161d24",
    cursor="#122a35", cursor_blurred="#161d24", title="#131a21", found="#302707",
    text="#cfd6de", dim="#84909d", strong="#eef2f6", accent="#c3b0ff",
    good="#11a377", held="#f0b8d6", warning="#f5b53d", error="#e36b1d",
    line="#3b4a57", hues=_HUES_ON_DARK,
)  # fmt: skip

SHIPPED: Final[dict[str, ThemeColours]] = {
    theme.name: theme for theme in (DARK, LIGHT, CONTRAST_DARK, CONTRAST_LIGHT, RED_GREEN, BLUE_YELLOW)
}
ANSI: Final = "ansi"
"""The theme of the terminal's own colours: it has none of its own."""
ABOUT_ANSI: Final = "the terminal's own 16 colours"
THEME_NAMES: Final = (*SHIPPED, ANSI)
DEFAULT_THEME: Final = DARK.name


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours (``#rrggbb``), 1 to 21 (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def faint_contrasts(theme: ThemeColours, least: float = 4.5) -> list[tuple[str, str, float]]:
    """Which tones stand on which grounds with less contrast than `least`, and with how much."""
    pairs = [(tone, ground) for tone in TONES for ground in GROUNDS]
    found = [(tone, ground, contrast(getattr(theme, tone), getattr(theme, ground))) for tone, ground in pairs]
    return [each for each in found if each[2] < least]
