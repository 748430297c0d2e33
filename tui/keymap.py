"""How keys are written and called, and which keys the actions have now: their own, or those of the user's settings.

There is one keyboard, so there is one keymap in the process; whoever opens a dashboard chooses it before its first key.

::

    settings.toml ──> key_from_text ──> choose_keys ──> Action.keys ──> bindings, hints, help, palette, docs
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

HOW_KEYS_ARE_WRITTEN: Final = (
    'one character ("r", "R", "?"), a name ("enter", "space", "up", "delete", "f5"), or either after '
    '"ctrl+", "alt+" or "shift+" ("ctrl+r", "shift+up")'
)

_SIGNS: Final = {
    sign: unicodedata.name(sign).lower().replace("-", "_").replace(" ", "_")
    for sign in map(chr, range(0x21, 0x7F))
    if not sign.isalnum()
} | {"/": "slash", "\\": "backslash", "@": "at", "_": "underscore", "-": "minus", "+": "plus"}
"""As Textual calls them: where its name is shorter than Unicode's, that one (textual.keys)."""

_ALSO: Final = {
    "esc": "escape",
    "return": "enter",
    "del": "delete",
    "ins": "insert",
    "pgup": "pageup",
    "pgdn": "pagedown",
    "pgdown": "pagedown",
    " ": "space",
}
"""Other names that people write."""

_NAMED: Final = frozenset(
    {"escape", "enter", "tab", "space", "backspace", "delete", "insert", "home", "end", "pageup", "pagedown"}
    | {"up", "down", "left", "right"}
    | {f"f{number}" for number in range(1, 25)}
    | set(_SIGNS.values())
)
_SHORT: Final = {name: sign for sign, name in _SIGNS.items()} | {
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "delete": "del",
}
_SAME_BYTE: Final = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+left_square_bracket": "esc"}
"""Keys that a terminal sends as another one (ECMA-48 C0)."""
_OF_THE_TERMINAL: Final = {
    "ctrl+c": "it asks whether to quit, whatever else happens",
    "ctrl+q": "it asks whether to quit, whatever else happens",
    "ctrl+z": "it suspends the dashboard",
}
_MODIFIER: Final = re.compile(r"(ctrl|alt|shift)\+(?=.)")

_chosen: dict[tuple[str, str], tuple[str, ...]] = {}
_generation = 0


class UnusableKeyError(ValueError):
    """A key that is written in no known way, or that no terminal sends."""


def key_from_text(text: str) -> str:
    """The key that a person wrote, as Textual names it.

    Raises:
        UnusableKeyError: it is none, or none of its own; says why.
    """
    rest, modifiers = text.strip() or text, set()
    while found := _MODIFIER.match(rest.lower()):
        modifiers.add(found[1])
        rest = rest[found.end() :]
    if len(rest) == 1 and rest.isalnum() and "ctrl" in modifiers:
        rest = rest.lower()
    name = _name_of(rest)
    if name is None:
        raise UnusableKeyError(f'"{text}" is no key; write {HOW_KEYS_ARE_WRITTEN}')
    key = "+".join([*(each for each in ("alt", "ctrl", "shift") if each in modifiers), name])
    _check(text, key, modifiers, name)
    return key


def _name_of(text: str) -> str | None:
    if len(text) == 1 and (text.isalnum() or text in _SIGNS):
        return _SIGNS.get(text, text)
    name = _ALSO.get(text.lower(), text.lower())
    return name if name in _NAMED else None


def _check(text: str, key: str, modifiers: set[str], name: str) -> None:
    """Refuse what no terminal tells from another key, and what is taken for good."""
    if key in _SAME_BYTE:
        raise UnusableKeyError(f'"{text}" is the same key as {_SAME_BYTE[key]} in a terminal; choose another one')
    if key in _OF_THE_TERMINAL:
        raise UnusableKeyError(f'"{text}" cannot be given away: {_OF_THE_TERMINAL[key]}')
    is_character = len(name) == 1 or name in _SIGNS.values()
    if "shift" in modifiers and is_character:
        meant = f'"{name.upper()}"' if len(name) == 1 else "the character that it types"
        raise UnusableKeyError(f'"{text}": a terminal sends only the character; write {meant}')
    if "ctrl" in modifiers and is_character and not (len(name) == 1 and name.isascii() and name.isalpha()):
        raise UnusableKeyError(f'"{text}" is nothing that terminals send; ctrl goes with letters and named keys')


def key_name(key: str) -> str:
    """A key, as Textual names it, as a person reads it on the keyboard."""
    *modifiers, last = key.split("+")
    return "+".join([*modifiers, _SHORT.get(last, last)])


def choose_keys(chosen: Mapping[tuple[str, str], tuple[str, ...]]) -> None:
    """Give actions, each called by its group and its id, other keys than their own; all others have their own again."""
    global _chosen, _generation
    if _chosen != chosen:
        _chosen, _generation = dict(chosen), _generation + 1


def chosen_keys(group: str, action_id: str, own: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that the action has now; `own` are those that it has where nobody has chosen others."""
    return _chosen.get((group, action_id), own) if _chosen else own


def keymap_generation() -> int:
    """Another number whenever other keys were chosen: for those who keep what they made of them."""
    return _generation
