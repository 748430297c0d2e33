"""Finds the mistakes in whom workers wait for and with whom they restart: unknown names, rings, groups that overlap.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import NOUNS, a
from supervisor.profile.names import did_you_mean, quoted
from supervisor.profile.placing import Mistake
from supervisor.profile.supervised import named, supervised

_ENDED: Final = ("completed", "completed-ok")


def dependency_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Every mistake of this kind in a profile's tables."""
    workers = supervised(tables)
    waits = {name: _conditions(worker) for name, (_, worker) in workers.items()}
    defaults = tables.get("defaults")
    for name, conditions in waits.items():
        for other, condition in conditions.items():
            path: KeyPath = (*workers[name][0], "depends_on", other)
            if other == name:
                yield Mistake(path, f"{named(path)} depends on itself and would never start; remove it")
            elif other not in workers:
                yield Mistake(path, f"{named(path)} depends on {_unknown(other, tables)}")
            elif condition in _ENDED and restart_policy(workers[other][1], defaults) == "always":
                yield Mistake(
                    path,
                    f'{named(path)} waits until "{other}" has completed, but that has restart = "always" and never '
                    'does; use "ready", or another restart for it',
                )
    known = {name: [one for one in of if one in waits and one != name] for name, of in waits.items()}
    yield from _ring_mistakes(known, {name: path for name, (path, _) in workers.items()})
    yield from _group_mistakes(tables, workers)


def restart_policy(worker: dict[str, Any], defaults: object) -> object:
    """The restart policy that a worker's tables give it; None when they leave it to procdeck."""
    inherited = defaults.get("restart") if isinstance(defaults, dict) else None
    restart = worker.get("restart", inherited)
    return restart.get("policy") if isinstance(restart, dict) else restart


def _tables(group: object) -> dict[str, dict[str, Any]]:
    return {key: item for key, item in group.items() if isinstance(item, dict)} if isinstance(group, dict) else {}


def _conditions(worker: dict[str, Any]) -> dict[str, object]:
    written = worker.get("depends_on")
    if isinstance(written, list):
        return {name: "ready" for name in written if isinstance(name, str)}
    return dict(written) if isinstance(written, dict) else {}


def _unknown(name: str, tables: dict[str, Any]) -> str:
    """``"x", which is no worker; did you mean "y"?``"""
    workers = list(supervised(tables))
    if name in _tables(tables.get("pools")) and name not in workers:
        return f'"{name}", which is a pool without items and no worker'
    for kind, noun in {**NOUNS, "groups": "group"}.items():
        if name in _tables(tables.get(kind)):
            return f'"{name}", which is {a(noun)} and no worker'
    of_replica = name.partition(".")[0]
    near = f'; did you mean "{of_replica}"?' if of_replica in workers else did_you_mean(name, workers)
    return f'"{name[:60]}", which is no worker{near or f"; there is {quoted(workers)}"}'


def _ring_mistakes(waits: Mapping[str, list[str]], paths: Mapping[str, KeyPath]) -> Iterator[Mistake]:
    """One for each dependency that closes a ring, found by walking from every worker in turn."""
    walked: set[str] = set()
    for root in waits:
        if root in walked:
            continue
        ring, turns = [root], [iter(waits[root])]
        while ring:
            other = next(turns[-1], None)
            if other is None:
                walked.add(ring.pop())
                turns.pop()
            elif other in ring:
                shown = " -> ".join([*ring[ring.index(other) :], other])
                yield Mistake(
                    (*paths[ring[-1]], "depends_on", other),
                    f"these workers wait for each other and none would ever start: {shown}; remove one of the "
                    "dependencies",
                )
            elif other not in walked:
                ring.append(other)
                turns.append(iter(waits[other]))


def _group_mistakes(tables: dict[str, Any], workers: Mapping[str, object]) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    for group, table in _tables(tables.get("groups")).items():
        members = table.get("workers")
        path: KeyPath = ("groups", group, "workers")
        for name in members if isinstance(members, list) else ():
            if not isinstance(name, str):
                continue
            if name not in workers:
                yield Mistake(path, f'the group "{group}" has {_unknown(name, tables)}')
            elif taken.get(name) == group:
                yield Mistake(path, f'the group "{group}" has the worker "{name}" twice; keep one')
            elif name in taken:
                yield Mistake(
                    path,
                    f'the worker "{name}" is in the group "{taken[name]}" already; a worker is in one group at most',
                )
            taken.setdefault(name, group)
