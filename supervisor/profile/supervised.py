"""What a profile's tables have that is kept running: workers, and pools with items, which are workers too.

Works on the tables as parsed; what has the wrong type is left to validation. Standard library only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath

SUPERVISED: Final[Mapping[str, str]] = {"workers": "worker", "pools": "pool"}
"""The tables of what is kept running, and what one of each is called."""


def tables_of(tables: Mapping[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and table of each of `kind`."""
    group = tables.get(kind)
    if isinstance(group, dict):
        yield from ((name, table) for name, table in group.items() if isinstance(table, dict))


def supervised(tables: Mapping[str, Any]) -> dict[str, tuple[KeyPath, dict[str, Any]]]:
    """By name, where its table is and what is in it."""
    found: dict[str, tuple[KeyPath, dict[str, Any]]] = {}
    for kind in SUPERVISED:
        for name, table in tables_of(tables, kind):
            if kind == "workers" or "items" in table:
                found.setdefault(name, ((kind, name), table))
    return found


def named(path: KeyPath) -> str:
    """``worker "parse"``, ``pool "hash"``: whose table it is, for sentences."""
    return f'{SUPERVISED.get(str(path[0]), "worker")} "{path[1]}"'
