"""Finds the mistakes that need more than one key to see: names, what a worker runs, which channels it may use.

Works on the tables as parsed, so that it finds its mistakes beside those of validation; what has the wrong type is
left to validation and skipped here.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterator
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.merging import PYTHON_ONLY
from supervisor.profile.names import NAME_RULE, RESERVED_NAMES, did_you_mean, is_legal_name, quoted
from supervisor.profile.placing import Mistake

_KINDS: Final = ("target", "script", "module", "command")
_PLACEHOLDERS: Final = ("@output", "@profile", "@stdlib")
_DOTTED: Final = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TARGET: Final = re.compile(rf"{_DOTTED}:{_DOTTED}")
_MODULE: Final = re.compile(_DOTTED)
_ALMOST_TARGET: Final = re.compile(rf"({_DOTTED}?)(?:\.py)?[.:/ ]+([^\W\d]\w*)(?:\(\))?")


def mistakes_in(tables: dict[str, Any]) -> list[Mistake]:
    """Every mistake of this kind in a profile's tables, in no particular order."""
    found = [*_profile_mistakes(tables), *_name_mistakes(tables), *_pipe_mistakes(tables)]
    channels = list(dict.fromkeys(name for kind in ("queues", "pipes") for name, _ in _tables(tables, kind)))
    for name, worker in _tables(tables, "workers"):
        path: KeyPath = ("workers", name)
        found += _kind_mistakes(path, worker)
        found += _target_mistakes(path, worker)
        found += _argument_mistakes(path, worker)
        found += _channel_mistakes(path, worker, channels)
        found += _environment_mistakes((*path, "env"), worker)
    defaults = tables.get("defaults")
    if isinstance(defaults, dict):
        found += _environment_mistakes(("defaults", "env"), defaults)
    return found


def _tables(tables: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    group = tables.get(kind)
    if isinstance(group, dict):
        yield from ((name, table) for name, table in group.items() if isinstance(table, dict))


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
    if not tables.get("workers", {}) and isinstance(tables.get("workers", {}), dict):
        yield Mistake(
            ("workers",), 'the profile has no workers; add one, such as [workers.walk] with target = "census:walk"'
        )


def _name_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    taken: dict[str, str] = {}
    for kind in ("queues", "pipes", "workers"):
        group = tables.get(kind)
        for name in group if isinstance(group, dict) else ():
            what, path = kind[:-1], (kind, name)
            if name in RESERVED_NAMES:
                yield Mistake(path, f'the {what} name "{name}" is reserved for procdeck itself; choose another')
            elif not is_legal_name(name):
                yield Mistake(path, f'the {what} name "{name[:60]}" is not allowed: {NAME_RULE}')
            elif name in taken:
                yield Mistake(path, f'"{name}" is already the name of a {taken[name]}; give the {what} another')
            taken.setdefault(name, what)


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
    if isinstance(target, str) and (".py:" in target or not _TARGET.fullmatch(target)):
        almost = _ALMOST_TARGET.fullmatch(target.strip())
        near = f'; did you mean "{almost[1]}:{almost[2]}"?' if almost and almost[1] else ', such as "census:walk"'
        yield Mistake((*path, "target"), f'the target of worker "{path[-1]}" must be "module:function"{near}')
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


def _channel_mistakes(path: KeyPath, worker: dict[str, Any], channels: list[str]) -> Iterator[Mistake]:
    kind = next((key for key in ("command", "script", "module") if key in worker and "target" not in worker), None)
    args = worker.get("args")
    given = set(args) if isinstance(args, dict) else set()
    if "target" in worker and isinstance(args, dict):
        yield from _parameter_mistakes((*path, "args"), given)
    for direction in ("reads", "writes"):
        table = worker.get(direction)
        if not isinstance(table, dict):
            continue
        place = (*path, direction)
        if kind is not None:
            yield Mistake(
                place,
                f'worker "{path[-1]}" cannot have {direction}: channels are passed as parameters of a Python '
                f"function, and a {kind} has none; use target",
            )
        else:
            yield from _parameter_mistakes(place, set(table))
        for parameter, channel in table.items():
            if parameter in given:
                yield Mistake(
                    (*place, parameter), f'worker "{path[-1]}" gives the parameter "{parameter}" twice; keep one'
                )
            given.add(parameter)
            if isinstance(channel, str) and channel not in channels:
                yield Mistake((*place, parameter), _undeclared(channel, channels))


def _parameter_mistakes(place: KeyPath, parameters: set[str]) -> Iterator[Mistake]:
    for parameter in parameters:
        if parameter == "ctx":
            yield Mistake(
                (*place, parameter), 'the parameter "ctx" always receives the Context; name this one differently'
            )
        elif not parameter.isidentifier() or keyword.iskeyword(parameter):
            yield Mistake((*place, parameter), f'"{parameter[:60]}" cannot be a parameter of a Python function')


def _undeclared(channel: str, channels: list[str]) -> str:
    text = f'no channel is called "{channel[:60]}"'
    if near := did_you_mean(channel, channels):
        return text + near
    known = f" (there is {quoted(channels)})" if channels else ""
    shown = channel if is_legal_name(channel) else "name"
    return f"{text}{known}; declare it with [queues.{shown}]"


def _pipe_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    for pipe, _ in _tables(tables, "pipes"):
        for direction, verb in (("reads", "read"), ("writes", "written")):
            users = 0
            for name, worker in _tables(tables, "workers"):
                table, replicas = worker.get(direction), worker.get("replicas", 1)
                for parameter, channel in table.items() if isinstance(table, dict) else ():
                    if channel != pipe:
                        continue
                    is_count = isinstance(replicas, int) and not isinstance(replicas, bool)
                    users += replicas if is_count else 1
                    if users > 1:
                        yield Mistake(
                            ("workers", name, direction, parameter),
                            f'the pipe "{pipe}" would be {verb} by more than one replica, but it has one end for '
                            "each side; use a queue",
                        )


def _environment_mistakes(path: KeyPath, table: dict[str, Any]) -> Iterator[Mistake]:
    env = table.get("env")
    for name, value in env.items() if isinstance(env, dict) else ():
        if not name or "=" in name or "\0" in name:
            yield Mistake((*path, name), 'a name in env must not be empty and must not have "=" in it')
        elif isinstance(value, str) and "\0" in value:
            yield Mistake(
                (*path, name), f"the value of {name} in env has a zero character, which no environment can hold"
            )
