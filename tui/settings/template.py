"""The settings file that `procdeck settings --init` writes: everything that can be chosen, as it comes, in comments."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tui.actions import Action
from tui.keymap import key_name
from tui.settings.keys import FIXED, SCREENS
from tui.settings.listing import actions_by_screen
from tui.settings.palettes import ABOUT_ANSI, ANSI, DARK, DEFAULT_THEME, SHIPPED
from tui.settings.reading import CHOICES, COLOURS

HEAD = """# Settings of the procdeck dashboard, for all projects. Take away a # to choose something else.
# `procdeck settings` tells what applies and what is wrong; nothing in here keeps the dashboard from opening.
"""


def settings_template() -> str:
    """The text of the file; valid TOML with every # in place, and with each # of a setting taken away."""
    return "\n".join([HEAD, *_options(), "", *_keys(), "", *_theme()]) + "\n"


def _options() -> Iterator[str]:
    yield "# The colours of projects for which none were chosen with U:"
    width = max(map(len, (*SHIPPED, ANSI)))
    for name, theme in SHIPPED.items():
        yield f"#   {name:<{width}}  {theme.about}"
    yield f"#   {ANSI:<{width}}  {ABOUT_ANSI}"
    yield f'# theme = "{DEFAULT_THEME}"'
    yield ""
    yield "# The signs: auto is Unicode where the locale has it, else ASCII. PROCDECK_GLYPHS stands above this."
    yield f'# glyphs = "auto"          # {" | ".join(CHOICES["glyphs"])}'
    yield ""
    yield "# reduced: figures are drawn twice a second at most, and nothing moves by itself."
    yield f'# motion = "full"          # {" | ".join(CHOICES["motion"])}'
    yield ""
    yield "# Without the mouse the terminal selects text with it, as ever."
    yield "# mouse = true"
    yield ""
    yield "# Ring the terminal's bell when a worker fails."
    yield "# bell = false"


def _keys() -> Iterator[str]:
    yield '# Keys: one, a list of them, or "" for none. Written as r, R, ?, f5, ctrl+r, alt+x, shift+up, enter.'
    for screen, actions in actions_by_screen().items():
        yield f"[keys.{SCREENS}.{screen}]" if screen else "[keys]"
        group = ""
        for action in actions:
            if action.id in FIXED:
                continue
            if action.group != group:
                group = action.group
                yield f"# {group}"
            yield f"# {action.id} = {_written(action)}"
        yield ""


def _written(action: Action) -> str:
    keys = [json.dumps(key_name(key)) for key in action.own_keys]
    return keys[0] if len(keys) == 1 else f"[{', '.join(keys)}]"


def _theme() -> Iterator[str]:
    yield '# A theme of your own: one that comes with procdeck, with other colours; then theme = "mine".'
    yield "# [themes.mine]"
    yield f'# base = "{DEFAULT_THEME}"'
    for colour in COLOURS:
        yield f'# {colour.replace("_", "-")} = "{getattr(DARK, colour)}"'
