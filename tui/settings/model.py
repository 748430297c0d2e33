"""What a person can choose for all projects, as one value. Where each part of it comes from is part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tui.settings.palettes import DEFAULT_THEME, SHIPPED, ThemeColours

GlyphChoice = Literal["auto", "unicode", "ascii"]
Motion = Literal["full", "reduced"]
KeysByAction = Mapping[tuple[str, str], tuple[str, ...]]
"""Keys by the group and the id of their action."""

OWN = "as procdeck comes"
"""Where a setting comes from that nobody has made."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; each that was left out, or had a mistake, is as procdeck comes."""

    theme: str = DEFAULT_THEME
    glyphs: GlyphChoice = "auto"
    """``auto``: Unicode where the locale can say it, else ASCII."""
    mouse: bool = True
    bell: bool = False
    """Ring the terminal's bell when a worker fails that had not failed before."""
    motion: Motion = "full"
    """``reduced``: figures are drawn twice a second at most, and nothing moves by itself: for slow lines and eyes."""
    keys: KeysByAction = field(default_factory=dict)
    themes: Mapping[str, ThemeColours] = field(default_factory=lambda: SHIPPED)
    """The shipped ones, and the person's own."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where a setting was made: ``settings.toml:4``, or the name of an environment variable."""
    mistakes: tuple[str, ...] = ()
    """``settings.toml:12: what is wrong and what to do``."""

    def origin(self, name: str) -> str:
        """Where the setting called `name` comes from."""
        return self.origins.get(name, OWN)
