"""Finds the mistakes in how a channel is declared that need more than one key to see: types, first values, kinds.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import a
from supervisor.profile.names import did_you_mean, quoted
from supervisor.profile.placing import Mistake
from supervisor.profile.typecodes import fits, is_element, rule_of, type_code

_SEMAPHORES: Final = ("semaphore", "bounded-semaphore")
_LOCK_KINDS: Final = ("lock", "rlock", *_SEMAPHORES, "condition", "barrier")
_ARRAY_KEYS: Final = ("type", "size", "initial", "lock")


def content_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Every mistake of this kind in a profile's channel tables."""
    for kind, mistakes in _CHECKS.items():
        group = tables.get(kind)
        for name, table in group.items() if isinstance(group, dict) else ():
            if isinstance(table, dict):
                yield from mistakes((kind, name), table)


def _queue_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    if table.get("delivery") == "at-most-once" and "max_attempts" in table:
        yield Mistake(
            (*path, "max_attempts"),
            f'max_attempts has no meaning for the queue "{path[-1]}": at-most-once delivers nothing again; remove one '
            "of the two",
        )


def _lock_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    kind, name = table.get("kind", "lock"), path[-1]
    if kind not in _LOCK_KINDS:
        return
    if "value" in table and kind not in _SEMAPHORES:
        instead = "parties" if kind == "barrier" else f"kind = {quoted(_SEMAPHORES, 'or')}"
        yield Mistake(
            (*path, "value"), f'the lock "{name}" is {a(kind)}, which has no value; use {instead}, or remove it'
        )
    if "parties" in table and kind != "barrier":
        yield Mistake(
            (*path, "parties"),
            f'the lock "{name}" is {a(kind)}, which has no parties; use kind = "barrier", or remove it',
        )
    if kind == "barrier" and "parties" not in table and not _is_nearly_there("parties", table, ("kind", "value")):
        yield Mistake(path, f'the barrier "{name}" does not say how many it waits for; give it, such as parties = 3')


def _value_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    code, initial = _code_in(table), table.get("initial")
    if code is not None and is_element(initial) and not fits(code, initial):
        yield Mistake(
            (*path, "initial"), f'the first value of "{path[-1]}" must be {rule_of(code)}, because its type is "{code}"'
        )


def _array_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    name, initial = path[-1], table.get("initial")
    if "size" in table and "initial" in table:
        yield Mistake((*path, "size"), f'the array "{name}" has both size and initial; its size is that of initial')
    elif not {"size", "initial"} & table.keys() and not any(
        _is_nearly_there(key, table, _ARRAY_KEYS) for key in ("size", "initial")
    ):
        yield Mistake(path, f'the array "{name}" does not say how long it is; give size = 1000 or initial = [0, 0, 0]')
    if not isinstance(initial, list | str):
        return
    if not initial:
        yield Mistake(
            (*path, "initial"), f'the array "{name}" would be empty and cannot grow; give it at least one element'
        )
    code = _code_in(table)
    if code is None or not all(is_element(element) for element in initial):
        return
    wrong = [number for number, element in enumerate(initial, 1) if not fits(code, element)]
    if wrong:
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        yield Mistake(
            (*path, "initial"),
            f'item {wrong[0]} of the array "{name}"{more} must be {rule_of(code)}, because its type is "{code}"',
        )


def _namespace_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    initial = table.get("initial")
    for attribute in initial if isinstance(initial, dict) else ():
        if not attribute.isidentifier() or keyword.iskeyword(attribute) or attribute.startswith("_"):
            yield Mistake(
                (*path, "initial", attribute),
                f'"{attribute[:60]}" cannot be an attribute of the namespace "{path[-1]}": it must be a Python name '
                'that does not begin with "_"',
            )


_CHECKS: Final[Mapping[str, Callable[[KeyPath, dict[str, Any]], Iterator[Mistake]]]] = {
    "queues": _queue_mistakes,
    "locks": _lock_mistakes,
    "values": _value_mistakes,
    "arrays": _array_mistakes,
    "namespaces": _namespace_mistakes,
}


def _code_in(table: dict[str, Any]) -> str | None:
    try:
        return type_code(table.get("type"))
    except ValueError:
        return None


def _is_nearly_there(key: str, table: dict[str, Any], known: tuple[str, ...]) -> bool:
    """Whether a key that the table may not have is a misspelt `key`; the misspelling is reported already."""
    return any(did_you_mean(given, (key,)) for given in table if given not in known)
