"""How tones, hues and a worker's own wishes become colours: those of the theme, or the terminal's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rich.color import Color as RichColor
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, TerminalTheme
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from tui.render.pieces import HUES, Hue, Ink, Look, Tone
from tui.settings.palettes import ANSI, DARK, ThemeColours, contrast


def textual_theme(colours: ThemeColours) -> Theme:
    """`colours` as Textual wants a theme."""
    variables = {
        "border": colours.accent,
        "border-blurred": colours.line,
        "scrollbar": colours.line,
        "scrollbar-hover": colours.dim,
        "scrollbar-active": colours.accent,
        "scrollbar-background": colours.background,
        "scrollbar-background-hover": colours.background,
        "scrollbar-background-active": colours.background,
        "scrollbar-corner-color": colours.background,
        "input-cursor-background": colours.accent,
        "input-cursor-foreground": colours.background,
        "button-focus-text-style": "bold",
    }
    return Theme(
        name=colours.name,
        primary=colours.accent,
        secondary=colours.accent,
        accent=colours.accent,
        foreground=colours.text,
        background=colours.background,
        surface=colours.surface,
        panel=colours.panel,
        success=colours.good,
        warning=colours.warning,
        error=colours.error,
        dark=colours.is_dark,
        variables={**variables, **_own_variables(colours)},
    )


def _own_variables(colours: ThemeColours) -> dict[str, str]:
    """What the dashboard has beside Textual's own variables."""
    return {
        "dim": colours.dim,
        "strong": colours.strong,
        "cool": colours.held,
        "cursor": colours.cursor,
        "cursor-blurred": colours.cursor_blurred,
        "title": colours.title,
        "found": colours.found,
        **{f"hue-{number}": hue for number, hue in enumerate(colours.hues)},
    }


THEME = textual_theme(DARK)

_ANSI_OF_TEXTUAL = BUILTIN_THEMES["ansi-dark"]
ANSI_THEME = replace(
    _ANSI_OF_TEXTUAL,
    name=ANSI,
    accent="ansi_cyan",
    variables={**_ANSI_OF_TEXTUAL.variables, "cool": "ansi_magenta", "dim": "ansi_default", "strong": "ansi_default"},
)
"""The terminal's own colours."""

NO_COLOR_THEME = _ANSI_OF_TEXTUAL.name
"""What a non-empty NO_COLOR starts in: the terminal's own colours, of which Textual then keeps none."""

DEFAULTS: dict[str, str] = _own_variables(DARK)
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
    return Style(color=palette.variables[f"hue-{hue.number % HUES}"])


def ink_style(ink: Ink, palette: Palette) -> Style:
    """What a worker asked for, but for a colour that nobody could read on the background."""
    colour = RichColor.parse(ink.colour) if ink.colour else None
    ground = RichColor.parse(ink.ground) if ink.ground else None
    if not palette.is_ansi:
        shown = _shown(colour, palette, is_ground=False)
        behind = _shown(ground, palette, is_ground=True)
        on = behind or Color.parse(palette.variables["background"])
        if shown is not None and not ink.is_reversed and contrast(shown.hex6.lower(), on.hex6.lower()) < LEAST_CONTRAST:
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
