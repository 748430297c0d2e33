"""The colours of the dashboard: an accent for focus and keys, red for failed, amber for not well, violet for paused."""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from tui.render.pieces import Tone

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


def tone_style(tone: Tone, variables: Mapping[str, str], *, is_ansi: bool) -> Style:
    """How `tone` is shown. In the terminal's own colours dim and strong are attributes, not colours."""
    weight = _BOLD if tone is Tone.STRONG else Style()
    name = _TONE_VARIABLES.get(tone)
    if name is None:
        return weight
    if is_ansi and tone in (Tone.DIM, Tone.STRONG):
        return weight if tone is Tone.STRONG else Style(dim=True)
    return weight + Style(color=Color.parse(variables[name]).rich_color)


def ground_style(ground: str, variables: Mapping[str, str], *, is_ansi: bool) -> Style:
    """What a line stands on. In the terminal's own colours the cursor is reversed, so that it shows without colour."""
    if is_ansi:
        return Style(reverse=True) if ground in ("cursor", "title-focused") else Style(underline=True)
    name = "cursor" if ground == "title-focused" else ground
    return Style(bgcolor=Color.parse(variables[name]).rich_color)
