"""Finds the mistakes that need more than one key to see: names, and what a worker runs and is given.

Works on the tables as parsed, so that it finds its mistakes beside those of validation; what has the wrong type is
left to validation and skipped here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from supervisor.profile.combining import combination_mistakes, umask_mistakes
from supervisor.profile.connecting import connection_mistakes
from supervisor.profile.contents import content_mistakes
from supervisor.profile.depending import dependency_mistakes
from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import NOUNS, a
from supervisor.profile.merging import PYTHON_ONLY
from supervisor.profile.names import NAME_RULE, RESERVED_NAMES, did_you_mean, is_legal_name
from supervisor.profile.placing import Mistake
from supervisor.profile.pooling import pool_mistakes
from supervisor.profile.probing import probe_mistakes
from supervisor.profile.supervised import SUPERVISED, supervised, tables_of
from supervisor.profile.targets import DOTTED, target_fault

_KINDS: Final = ("target", "script", "module", "command")
_PLACEHOLDERS: Final = ("@output", "@profile", "@stdlib")
_MODULE: Final = re.compile(DOTTED)


def mistakes_in(tables: dict[str, Any]) -> list[Mistake]:
    """Every mistake that the tables of a profile show, in no particular order; those of channels are among them."""
    found = [*_profile_mistakes(tables), *_name_mistakes(tables)]
    found += [*content_mistakes(tables), *connection_mistakes(tables), *dependency_mistakes(tables)]
    found += pool_mistakes(tables)
    defaults = tables.get("defaults")
    for name, worker in tables_of(tables, "workers"):
        path: KeyPath = ("workers", name)
        found += _kind_mistakes(path, worker)
        found += _target_mistakes(path, worker)
        found += _argument_mistakes(path, worker)
        found += _environment_mistakes((*path, "env"), worker)
        found += probe_mistakes(path, worker, defaults)
        found += combination_mistakes(path, worker, defaults)
    for name, pool in tables_of(tables, "pools"):
        found += _environment_mistakes(("pools", name, "env"), pool)
        found += combination_mistakes(("pools", name), pool, defaults)
    found += _sink_mistakes(tables)
    if isinstance(defaults, dict):
        found += _environment_mistakes(("defaults", "env"), defaults)
        found += umask_mistakes(("defaults",), defaults)
    return found


def _profile_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    name = tables.get("name")
    if isinstance(name, str) and not is_legal_name(name):
        yield Mistake(("name",), f'the project name "{name[:60]}" is not allowed: {NAME_RULE}')
    result = tables.get("result")
    if isinstance(result, str) and result.startswith("@"):
        head = result.split("/")[0]
        if head not in _PLACEHOLDERS:
            near = did_you_mean(head, _PLACEHOLDERS)
            yield Mistake(("result",), f'result begins with "{head}", which stands for nothing{near}')
    workers, pools = tables.get("workers", {}), tables.get("pools", {})
    is_for_code = isinstance(pools, dict) and all(isinstance(p, dict) and "items" not in p for p in pools.values())
    if workers == {} and is_for_code:
        yield Mistake(
            ("workers",), 'the profile has no workers; add one, such as [workers.walk] with target = "census:walk"'
        )


def _name_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    nouns = {**NOUNS, **SUPERVISED, "groups": "group"}
    for kind, group in tables.items():
        what = nouns.get(kind)
        if what is None:
            continue
        for name in group if isinstance(group, dict) else ():
            path = (kind, name)
            if name in RESERVED_NAMES:
                yield Mistake(path, f'the {what} name "{name}" is reserved for procdeck itself; choose another')
            elif not is_legal_name(name):
                yield Mistake(path, f'the {what} name "{name[:60]}" is not allowed: {NAME_RULE}')
            elif name in taken:
                yield Mistake(path, f'"{name}" is already the name of {a(taken[name])}; give the {what} another')
            taken.setdefault(name, what)


def _sink_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Sinks of workers that there are not."""
    logs = tables.get("logs")
    sinks = logs.get("sinks") if isinstance(logs, dict) else None
    known = [*supervised(tables), "engine"]
    for sink, table in sinks.items() if isinstance(sinks, dict) else ():
        names = table.get("workers") if isinstance(table, dict) else None
        for name in names if isinstance(names, list) else ():
            if isinstance(name, str) and name.partition(".")[0] not in known:
                near = did_you_mean(name, known)
                yield Mistake(
                    ("logs", "sinks", sink, "workers"), f'sink "{sink}" wants worker "{name[:60]}", which is none{near}'
                )


def _kind_mistakes(path: KeyPath, worker: dict[str, Any]) -> Iterator[Mistake]:
    given = [key for key in worker if key in _KINDS]
    if not given:
        nearly = any(did_you_mean(key, _KINDS) for key in worker if key != "args")
        if not nearly:
            yield Mistake(
                path,
                f'worker "{path[-1]}" does not say what to run; give one of {", ".join(_KINDS)}, such as target = '
                '"census:walk"',
            )
    for extra in given[1:]:
        yield Mistake(
            (*path, extra), f'worker "{path[-1]}" has both {given[0]} and {extra}; a worker runs one thing: keep one'
        )
    if given == ["command"]:
        for key in PYTHON_ONLY:
            if key in worker:
                yield Mistake(
                    (*path, key), f'{key} has no meaning for worker "{path[-1]}": a command is executed directly'
                )


def _target_mistakes(path: KeyPath, worker: dict[str, Any]) -> Iterator[Mistake]:
    target, module, script = worker.get("target"), worker.get("module"), worker.get("script")
    if isinstance(target, str) and (fault := target_fault(target)):
        yield Mistake((*path, "target"), f'the target of worker "{path[-1]}" {fault}')
    if isinstance(module, str) and not _MODULE.fullmatch(module):
        yield Mistake(
            (*path, "module"), f'the module of worker "{path[-1]}" must be a dotted name, such as "http.server"'
        )
    if script == "":
        yield Mistake((*path, "script"), f'the script of worker "{path[-1]}" is empty; name a Python file')


def _argument_mistakes(path: KeyPath, worker: dict[str, Any]) -> Iterator[Mistake]:
    args, place = worker.get("args"), (*path, "args")
    if args is None:
        return
    if "command" in worker:
        yield Mistake(place, f'worker "{path[-1]}" is a command: write its arguments in command itself')
    elif "target" in worker and isinstance(args, list):
        yield Mistake(place, 'the args of a target must be a table of parameters, such as args = { root = "@stdlib" }')
    elif "target" not in worker and ("script" in worker or "module" in worker) and isinstance(args, dict):
        yield Mistake(place, 'the args of a script or module must be a list of text, such as args = ["--count", "3"]')


def _environment_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    env = table.get("env")
    for name, value in env.items() if isinstance(env, dict) else ():
        if not name or "=" in name or "\0" in name:
            yield Mistake((*path, name), 'a name in env must not be empty and must not have "=" in it')
        elif isinstance(value, str) and "\0" in value:
            yield Mistake(
                (*path, name), f"the value of {name} in env has a zero character, which no environment can hold"
            )
