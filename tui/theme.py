"""The colours of the dashboard: an accent for focus and keys, red for failed, amber for not well, violet for paused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.color import Color as RichColor
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, TerminalTheme
from textual.color import Color
from textual.theme import Theme

from tui.render.pieces import Hue, Ink, Look, Tone

THEME = Theme(
    name="procdeck",
    primary="#59c2d9",
    secondary="#3d7f90",
    accent="#59c2d9",
    foreground="#cfd6de",
    background="#0e1318",
    surface="#141b22",
    panel="#1a232c",
    success="#8cc265",
    warning="#e0af4f",
    error="#ef6b73",
    dark=True,
    variables={
        "border": "#59c2d9",
        "border-blurred": "#2a3641",
        "scrollbar": "#2a3641",
        "scrollbar-hover": "#3b4a57",
        "scrollbar-active": "#59c2d9",
        "scrollbar-background": "#0e1318",
        "scrollbar-background-hover": "#0e1318",
        "scrollbar-background-active": "#0e1318",
        "input-cursor-background": "#59c2d9",
        "button-focus-text-style": "bold",
    },
)

NO_COLOR_THEME = "ansi-dark"
"""What a non-empty NO_COLOR starts in: the terminal's own colours, of which Textual then keeps none."""

DEFAULTS: dict[str, str] = {
    "dim": "#7b8794",
    "strong": "#eef2f6",
    "cool": "#a99be8",
    "cursor": "#1d3b46",
    "cursor-blurred": "#1a232c",
    "title": "#161e26",
    "found": "#6b4f12",
}
"""Variables of our own, for themes that do not set them."""

_TONE_VARIABLES: dict[Tone, str] = {
    Tone.DIM: "dim",
    Tone.STRONG: "strong",
    Tone.ACCENT: "accent",
    Tone.GOOD: "success",
    Tone.COOL: "cool",
    Tone.AMBER: "warning",
    Tone.RED: "error",
}
_BOLD = Style(bold=True)

_HUES_ON_DARK = (
    "#b2bc6c", "#90c585", "#6ecaa4", "#55cac3", "#58c5de", "#72bdf0", "#93b3f8", "#b3a9f3", "#cea0e2", "#e29ac9",
)  # fmt: skip
"""Equally light and equally strong (OKLCH 0.77, 0.105), every 25 degrees; reds and ambers are for what went wrong."""
_HUES_ON_LIGHT = (
    "#596100", "#36692a", "#006d4b", "#006d68", "#006981", "#006192", "#3c5898", "#5b4e94", "#724685", "#823f6e",
)  # fmt: skip
"""The same at a lightness of 0.47."""
_ANSI_HUES = (2, 6, 4, 5, 10, 14, 12, 13)

LEAST_CONTRAST = 1.7
"""Text in less contrast than this cannot be read at all; a worker's own choice is kept from here on."""


@dataclass(frozen=True, slots=True)
class Palette:
    """What a style depends on beside the look."""

    variables: Mapping[str, str]
    is_ansi: bool
    """The terminal's own colours are used."""
    is_dark: bool
    terminal_theme: TerminalTheme = DEFAULT_TERMINAL_THEME
    """What the terminal's own colours look like where they are not used."""


def look_style(look: Look, palette: Palette) -> Style:
    """How `look` is shown on what it stands on."""
    if isinstance(look, Tone):
        return tone_style(look, palette.variables, is_ansi=palette.is_ansi)
    if isinstance(look, Hue):
        return hue_style(look, palette)
    if isinstance(look, Ink):
        return ink_style(look, palette)
    return look_style(look.look, palette) + found_style(palette)


def tone_style(tone: Tone, variables: Mapping[str, str], *, is_ansi: bool) -> Style:
    """How `tone` is shown. In the terminal's own colours dim and strong are attributes, not colours."""
    weight = _BOLD if tone is Tone.STRONG else Style()
    name = _TONE_VARIABLES.get(tone)
    if name is None:
        return weight
    if is_ansi and tone in (Tone.DIM, Tone.STRONG):
        return weight if tone is Tone.STRONG else Style(dim=True)
    return weight + Style(color=Color.parse(variables[name]).rich_color)


def hue_style(hue: Hue, palette: Palette) -> Style:
    """One of the colours that only tell things apart; in the terminal's own colours there are fewer."""
    if palette.is_ansi:
        return Style(color=f"color({_ANSI_HUES[hue.number % len(_ANSI_HUES)]})")
    hues = _HUES_ON_DARK if palette.is_dark else _HUES_ON_LIGHT
    return Style(color=hues[hue.number % len(hues)])


def ink_style(ink: Ink, palette: Palette) -> Style:
    """What a worker asked for, but for a colour that nobody could read on the background."""
    colour = RichColor.parse(ink.colour) if ink.colour else None
    ground = RichColor.parse(ink.ground) if ink.ground else None
    if not palette.is_ansi:
        shown = _shown(colour, palette, is_ground=False)
        behind = _shown(ground, palette, is_ground=True)
        on = behind or Color.parse(palette.variables["background"])
        if shown is not None and not ink.is_reversed and _contrast(shown, on) < LEAST_CONTRAST:
            shown = on.get_contrast_text(1.0) if behind else None
        colour, ground = (each.rich_color if each else None for each in (shown, behind))
    return Style(
        color=colour,
        bgcolor=ground,
        bold=ink.is_bold or None,
        dim=ink.is_dim or None,
        italic=ink.is_italic or None,
        underline=ink.is_underlined or None,
        reverse=ink.is_reversed or None,
        strike=ink.is_struck or None,
    )


def _shown(colour: RichColor | None, palette: Palette, *, is_ground: bool) -> Color | None:
    """What a colour of the terminal's palette looks like here."""
    if colour is None:
        return None
    return Color(*colour.get_truecolor(palette.terminal_theme, foreground=not is_ground))


def _contrast(one: Color, other: Color) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Color) -> float:
    parts = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized)
    red, green, blue = parts
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def found_style(palette: Palette) -> Style:
    """What a search has found stands out without colours too."""
    if palette.is_ansi:
        return Style(bold=True, underline=True)
    return Style(bgcolor=Color.parse(palette.variables["found"]).rich_color, bold=True)


def ground_style(ground: str, variables: Mapping[str, str], *, is_ansi: bool) -> Style:
    """What a line stands on. In the terminal's own colours the cursor is reversed, so that it shows without colour."""
    if is_ansi:
        return Style(reverse=True) if ground in ("cursor", "title-focused") else Style(underline=True)
    name = "cursor" if ground == "title-focused" else ground
    return Style(bgcolor=Color.parse(variables[name]).rich_color)
