"""Reads the tables of keys: which actions get which keys, and which wishes cannot be granted. Decides, reads no file.

::

    [keys] ─────────────> the first screen ──where a screen's key is the same──> every screen over it
    [keys.screens.why] ─> that screen alone
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from supervisor.profile.names import did_you_mean
from supervisor.profile.placing import Mistake
from tui.actions import ACTIONS, BY_ID, MOVES, Action, goes_only
from tui.hang_actions import SCREEN_ACTIONS
from tui.keymap import UnusableKeyError, key_from_text, key_name

if TYPE_CHECKING:
    from supervisor.profile.formats.toml_lines import KeyPath

SCREENS: Final = "screens"
"""The table in ``[keys]`` with a table for each screen."""
_ESC: Final = "esc leads back from everywhere"
FIXED: Final = {"back": _ESC, "close": _ESC, "suspend": "ctrl+z suspends every program"}
"""What keeps its key, whatever is chosen, and why."""
MOST_KEYS: Final = 8

_MOVES: Final = {key: meaning for keys, _, meaning in MOVES for key in keys.split(",")}


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants an action to have these keys."""

    path: KeyPath
    action: Action
    keys: tuple[str, ...]


def read_keys(
    table: object,
) -> tuple[dict[tuple[str, str], tuple[str, ...]], dict[tuple[str, str], KeyPath], list[Mistake]]:
    """The keys that were chosen, by group and id of their action; where each was chosen; and what is wrong."""
    if not isinstance(table, dict):
        return {}, {}, [Mistake(("keys",), '"keys" must be a table: [keys], then lines such as restart = "f5"')]
    mistakes: list[Mistake] = []
    first = _settled(ACTIONS, _wishes(("keys",), table, ACTIONS, mistakes), mistakes)
    granted = list(first.values())
    screens = table.get(SCREENS, {})
    if not isinstance(screens, dict):
        mistakes.append(Mistake(("keys", SCREENS), f"[keys.{SCREENS}] must hold a table for each screen"))
        screens = {}
    for name in screens:
        if name not in SCREEN_ACTIONS:
            near = did_you_mean(name, SCREEN_ACTIONS) or f"; there are {', '.join(SCREEN_ACTIONS)}"
            mistakes.append(Mistake(("keys", SCREENS, name), f'unknown screen "{name}" in [keys.{SCREENS}]{near}'))
    for name, actions in SCREEN_ACTIONS.items():
        granted += _of_screen(name, actions, screens.get(name, {}), first, mistakes)
    chosen = {(wish.action.group, wish.action.id): wish for wish in granted}
    return (
        {each: wish.keys for each, wish in chosen.items()},
        {each: wish.path for each, wish in chosen.items()},
        mistakes,
    )


def _of_screen(
    name: str, actions: tuple[Action, ...], table: object, first: Mapping[str, Wish], mistakes: list[Mistake]
) -> Iterable[Wish]:
    """The keys of one screen: what was said of it, else what the first screen has for the same key and action."""
    path = ("keys", SCREENS, name)
    if not isinstance(table, dict):
        mistakes.append(Mistake(path, f"[keys.{SCREENS}.{name}] must be a table"))
        table = {}
    said = _settled(actions, _wishes(path, table, actions, mistakes), mistakes)
    ids = {action.id for action in actions}
    for action in actions:
        wish = first.get(action.id)
        if wish is None or action.id in said or action.own_keys[:1] != wish.action.own_keys[:1]:
            continue
        taken = {key for each in actions if each.id != action.id for key in _keys(each, said)}
        if not taken & set(wish.keys):
            said[action.id] = Wish(wish.path, action, wish.keys)
    assert set(said) <= ids
    return said.values()


def _keys(action: Action, wishes: Mapping[str, Wish]) -> tuple[str, ...]:
    return wishes[action.id].keys if action.id in wishes else action.own_keys


def _wishes(
    path: KeyPath, table: Mapping[str, object], actions: tuple[Action, ...], mistakes: list[Mistake]
) -> dict[str, Wish]:
    """What `table` says of `actions`, as far as it can be understood."""
    by_id = {action.id: action for action in actions}
    where = f"[{'.'.join(map(str, path))}]"
    found: dict[str, Wish] = {}
    for name, value in table.items():
        if name == SCREENS and path == ("keys",):
            continue
        action, at = by_id.get(name), (*path, name)
        if action is None:
            near = did_you_mean(name, by_id) or "; `procdeck keys` lists them"
            mistakes.append(Mistake(at, f'unknown action "{name}" in {where}{near}'))
        elif name in FIXED:
            mistakes.append(Mistake(at, f'"{name}" keeps its key: {FIXED[name]}'))
        else:
            keys = _read(at, name, value, action, mistakes)
            if keys is not None:
                found[name] = Wish(at, action, keys)
    return found


def _read(at: KeyPath, name: str, value: object, action: Action, mistakes: list[Mistake]) -> tuple[str, ...] | None:
    """The keys of one line; None where they cannot be used, which is among the mistakes then."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts) or len(texts) > MOST_KEYS:
        example = f'{name} = "f5", or {name} = ["f5", "ctrl+y"], or {name} = "" for none'
        mistakes.append(Mistake(at, f'"{name}" must be a key or a list of at most {MOST_KEYS} keys: {example}'))
        return None
    keys: list[str] = []
    for text in texts:
        if text == "":
            continue
        try:
            key = key_from_text(text)
        except UnusableKeyError as unusable:
            mistakes.append(Mistake(at, str(unusable)))
            return None
        trouble = _why_taken(key, action)
        if trouble:
            mistakes.append(Mistake(at, f'"{text}" cannot be the key of "{name}": {trouble}'))
            return None
        keys.append(key)
    return tuple(dict.fromkeys(keys))


def _why_taken(key: str, action: Action) -> str:
    """Why no action may have `key`, beside one that comes with it; empty: it may."""
    if key in action.own_keys:
        return ""
    if key == "escape":
        return _ESC
    return f"it moves {_MOVES[key]} in every pane" if key in _MOVES else ""


def _settled(actions: tuple[Action, ...], wishes: dict[str, Wish], mistakes: list[Mistake]) -> dict[str, Wish]:
    """`wishes` without those that would give a key to two actions at once; each that is taken away is told."""
    while (clash := _first_clash(actions, wishes)) is not None:
        key, winner, loser = clash
        taken = wishes.pop(loser.id)
        if winner.id in wishes:
            rule = "a key can mean one thing only, so the second one stays as it comes"
        else:
            rule = f'it comes with "{winner.id}": give that another key as well, or "" for none'
        text = f'key "{key_name(key)}" is given to "{loser.id}" and to "{winner.id}"; {rule}'
        mistakes.append(Mistake(taken.path, text))
    return wishes


def _first_clash(actions: tuple[Action, ...], wishes: Mapping[str, Wish]) -> tuple[str, Action, Action] | None:
    """A key that two actions would have at the same time, who keeps it, and who wished for it in vain."""
    order = list(wishes)
    for loser in sorted((each for each in actions if each.id in wishes), key=lambda each: -order.index(each.id)):
        for key in wishes[loser.id].keys:
            for other in actions:
                if other.id != loser.id and key in _keys(other, wishes) and not _may_share(loser, other):
                    return key, other, loser
            if actions is not ACTIONS and (taken := _way_out_with(key)):
                return key, taken, loser
    return None


def _may_share(one: Action, other: Action) -> bool:
    """Whether both may have the same key: they do as they come, or it is asked where a person is, and they differ."""
    if set(one.own_keys) & set(other.own_keys):
        return True
    places = (one.place, other.place)
    return one.is_for_the_app and other.is_for_the_app and None not in places and one.place != other.place


def _way_out_with(key: str) -> Action | None:
    """What leaves every screen by `key`: the palette, and the numbers of the places."""
    ways = [BY_ID["palette"], *(action for action in ACTIONS if any(map(goes_only, action.own_keys)))]
    return next(
        (action for action in ways if key in action.own_keys and (action.id == "palette" or goes_only(key))), None
    )
