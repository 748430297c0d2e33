"""The colours of the dashboard: one accent for focus and keys, red for failed, amber for hung and backoff."""

from __future__ import annotations

from textual.theme import Theme

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
    "cursor": "#1d3b46",
    "cursor-blurred": "#1a232c",
    "title": "#161e26",
}
"""Variables of our own, for themes that do not set them."""
