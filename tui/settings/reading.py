"""Reads the settings file. A mistake costs only what it is about: the rest applies, and each is told with its line.

::

    settings.toml ──> tables + lines ──┬─ keys, themes, options ─> Settings
                                       └─ mistakes, each placed in the file
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from supervisor.profile.names import did_you_mean, quoted
from tui.settings.model import GlyphChoice, Motion, Settings
from tui.settings.palettes import ANSI, DEFAULT_THEME, SHIPPED, THEME_NAMES, ThemeColours

if TYPE_CHECKING:
    from supervisor.profile.formats.toml_lines import KeyPath
    from supervisor.profile.placing import Mistake, Place

LARGEST_BYTES: Final = 256 * 1024
MOST_MISTAKES: Final = 50
"""So many are told; whoever has more reads the file again anyway."""
CHOICES: Final[dict[str, tuple[str, ...]]] = {"glyphs": get_args(GlyphChoice), "motion": get_args(Motion)}
SWITCHES: Final = ("mouse", "bell")
TABLES: Final = ("keys", "themes")
OPTIONS: Final = ("theme", *CHOICES, *SWITCHES)

_COLOUR: Final = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_THEME_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_NOT_COLOURS: Final = frozenset({"name", "about", "is_dark", "hues"})
COLOURS: Final = tuple(one.name for one in fields(ThemeColours) if one.name not in _NOT_COLOURS)
"""What a theme of one's own may set."""


def read_settings(path: Path, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings in the file at `path`, and in the environment, which is `environ`. No file is no mistake."""
    settings = _of_file(path)
    glyphs = (os.environ if environ is None else environ).get("PROCDECK_GLYPHS", "").strip().lower()
    if glyphs:
        choice: GlyphChoice = "ascii" if glyphs == "ascii" else "unicode"
        settings = replace(settings, glyphs=choice, origins={**settings.origins, "glyphs": "PROCDECK_GLYPHS"})
    return settings


def _of_file(path: Path) -> Settings:
    try:
        text = _text(path)
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(mistakes=(f"{path.name}: cannot be read: {error.strerror or error}",))
    except ValueError as error:
        return Settings(mistakes=(f"{path.name}: {error}",))
    from supervisor.profile.formats.toml import MalformedDocument, read_toml
    from supervisor.profile.placing import Place

    try:
        document = read_toml(text)
    except MalformedDocument as error:
        return Settings(mistakes=(f"{path.name}:{error.line}: {error}",))
    return settings_of(document.tables, Place(path.name, (), document.lines))


def _text(path: Path) -> str:
    """What is in the file. Raises OSError, and ValueError where it cannot be a settings file."""
    if path.exists() and not path.is_file():
        raise ValueError("is not a regular file; `procdeck settings --init` writes one")
    with path.open("rb") as file:
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"has more than {LARGEST_BYTES // 1024} KiB; no settings file needs as much")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not UTF-8 text; save it as UTF-8") from None


def settings_of(tables: Mapping[str, Any], place: Place) -> Settings:
    """What the parsed file says; its lines are in `place`."""
    from supervisor.profile.placing import Mistake

    mistakes: list[Mistake] = []
    found: dict[str, Any] = {}
    origins: dict[str, str] = {}
    themes = _themes(tables.get("themes", {}), mistakes)
    for name, value in tables.items():
        if name in TABLES:
            continue
        trouble = _trouble(name, value, themes)
        if trouble:
            mistakes.append(Mistake((name,), trouble))
        else:
            found[name], origins[name] = value, _where(place, (name,))
    for name in themes.keys() - SHIPPED.keys():
        origins[f"themes.{name}"] = _where(place, ("themes", name))
    if "keys" in tables:
        from tui.settings.keys import read_keys

        found["keys"], paths, wrong = read_keys(tables["keys"])
        mistakes += wrong
        origins |= {f"keys.{group}.{action}": _where(place, path) for (group, action), path in paths.items()}
    return Settings(themes=themes, origins=origins, mistakes=_told(place.sentences(mistakes)), **found)


def _where(place: Place, path: KeyPath) -> str:
    from supervisor.profile.formats.toml_lines import line_of

    return f"{place.file}:{line_of(place.lines, path)}"


def _told(sentences: list[str]) -> tuple[str, ...]:
    more = len(sentences) - MOST_MISTAKES
    return (*sentences[:MOST_MISTAKES], *([f"and {more} more"] if more > 0 else []))


def _trouble(name: str, value: object, themes: Mapping[str, ThemeColours]) -> str:
    """What is wrong with an option at the top of the file; empty: nothing."""
    if name == "theme":
        names = (*themes, ANSI)
        if not isinstance(value, str):
            return f'"theme" must be the name of a theme in quotes, such as "{DEFAULT_THEME}"'
        near = did_you_mean(value, names) or f"; there are {quoted(names)}"
        return "" if value in names else f'unknown theme "{value}"{near}'
    if name in CHOICES:
        return "" if value in CHOICES[name] else f'"{name}" must be {quoted(CHOICES[name], "or")}'
    if name in SWITCHES:
        return "" if isinstance(value, bool) else f'"{name}" must be true or false'
    near = did_you_mean(name, (*OPTIONS, *TABLES)) or f"; it may have {quoted((*OPTIONS, *TABLES))}"
    return f'unknown setting "{name}"{near}'


def _themes(table: object, mistakes: list[Mistake]) -> dict[str, ThemeColours]:
    """The shipped themes and those of the file."""
    from supervisor.profile.placing import Mistake

    themes = dict(SHIPPED)
    if not isinstance(table, dict):
        mistakes.append(Mistake(("themes",), '"themes" must hold a table for each theme: [themes.mine]'))
        return themes
    for name, colours in table.items():
        path: KeyPath = ("themes", name)
        if name in THEME_NAMES:
            mistakes.append(
                Mistake(path, f'"{name}" comes with procdeck; give yours another name, and base = "{name}"')
            )
        elif not _THEME_NAME.fullmatch(name):
            rule = "a small letter first, then small letters, digits or '-', 40 at the most"
            mistakes.append(Mistake(path, f'"{name}" cannot be the name of a theme: {rule}'))
        elif not isinstance(colours, dict):
            mistakes.append(Mistake(path, f'[themes.{name}] must be a table: base = "dark", accent = "#59c2d9"'))
        else:
            themes[name] = _theme(name, colours, mistakes)
    return themes


def _theme(name: str, colours: Mapping[str, object], mistakes: list[Mistake]) -> ThemeColours:
    """A theme of the person's own: its base with the colours that it says; a bad one is as in the base."""
    from supervisor.profile.placing import Mistake

    base = colours.get("base", DEFAULT_THEME)
    if not isinstance(base, str) or base not in SHIPPED:
        near = did_you_mean(str(base), SHIPPED) or f"; there are {quoted(SHIPPED)}"
        mistakes.append(Mistake(("themes", name, "base"), f"[themes.{name}] can be based on a theme that comes with "
                                f"procdeck only{near}"))  # fmt: skip
        base = DEFAULT_THEME
    said: dict[str, Any] = {}
    for key, value in colours.items():
        colour = key.replace("-", "_")
        path: KeyPath = ("themes", name, key)
        if key == "base":
            continue
        if colour not in COLOURS:
            near = did_you_mean(key, COLOURS) or f"; it may have {quoted(COLOURS)}"
            mistakes.append(Mistake(path, f'unknown colour "{key}" in [themes.{name}]{near}'))
        elif not isinstance(value, str) or not _COLOUR.fullmatch(value):
            mistakes.append(Mistake(path, f'"{key}" must be a colour such as "#59c2d9" or "#5cd"'))
        else:
            said[colour] = _long(value)
    return replace(SHIPPED[base], name=name, about=f"your own, based on {base}", **said)


def _long(colour: str) -> str:
    """``#rrggbb``."""
    return "#" + "".join(digit * 2 for digit in colour[1:]).lower() if len(colour) == 4 else colour.lower()
