"""Finds the mistakes in how workers are connected: parameters, channels that are not there, ends that are too many.

Works on the tables as parsed, like `supervisor.profile.checking`; what has the wrong type is left to validation.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Iterator
from typing import Any

from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import CONNECTIONS, NOUNS, STREAMS, a
from supervisor.profile.names import did_you_mean, is_legal_name, quoted
from supervisor.profile.placing import Mistake


def connection_mistakes(tables: dict[str, Any]) -> Iterator[Mistake]:
    """Every mistake of this kind in a profile's tables."""
    channels = [(kind, name) for kind in NOUNS for name, _ in _tables(tables, kind)]
    for name, worker in _tables(tables, "workers"):
        yield from _worker_mistakes(("workers", name), worker, channels)
    yield from _pipe_mistakes(tables)


def _tables(tables: dict[str, Any], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    group = tables.get(kind)
    if isinstance(group, dict):
        yield from ((name, table) for name, table in group.items() if isinstance(table, dict))


def _worker_mistakes(path: KeyPath, worker: dict[str, Any], channels: list[tuple[str, str]]) -> Iterator[Mistake]:
    kind = next((key for key in ("command", "script", "module") if key in worker and "target" not in worker), None)
    args = worker.get("args")
    given = set(args) if isinstance(args, dict) else set()
    if "target" in worker and isinstance(args, dict):
        yield from _parameter_mistakes((*path, "args"), given)
    for connection in CONNECTIONS:
        table = worker.get(connection)
        if not isinstance(table, dict):
            continue
        place = (*path, connection)
        if kind is not None:
            yield Mistake(
                place,
                f'worker "{path[-1]}" cannot have {connection}: channels are passed as parameters of a Python '
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
            if isinstance(channel, str):
                yield from _channel_mistakes((*place, parameter), channel, channels)


def _parameter_mistakes(place: KeyPath, parameters: Iterable[str]) -> Iterator[Mistake]:
    for parameter in parameters:
        if parameter == "ctx":
            yield Mistake(
                (*place, parameter), 'the parameter "ctx" always receives the Context; name this one differently'
            )
        elif not parameter.isidentifier() or keyword.iskeyword(parameter):
            yield Mistake((*place, parameter), f'"{parameter[:60]}" cannot be a parameter of a Python function')


def _channel_mistakes(place: KeyPath, channel: str, channels: list[tuple[str, str]]) -> Iterator[Mistake]:
    allowed = CONNECTIONS[str(place[-2])]
    kinds = [kind for kind, name in channels if name == channel]
    if not kinds:
        yield Mistake(place, _undeclared(channel, allowed, channels))
    elif not set(kinds) & set(allowed):
        instead = "reads or writes" if kinds[0] in STREAMS else "shares"
        rule = "shares is for what has no direction" if kinds[0] in STREAMS else f"{place[-2]} is for queues and pipes"
        yield Mistake(place, f'"{channel}" is {a(NOUNS[kinds[0]])}, and {rule}; use {instead}')


def _undeclared(channel: str, allowed: tuple[str, ...], channels: list[tuple[str, str]]) -> str:
    text = f'no channel is called "{channel[:60]}"'
    fitting = list(dict.fromkeys(name for kind, name in channels if kind in allowed))
    if near := did_you_mean(channel, fitting) or did_you_mean(channel, (name for _, name in channels)):
        return text + near
    known = f" (there is {quoted(fitting)})" if fitting else ""
    shown = channel if is_legal_name(channel) else "name"
    if allowed is STREAMS:
        return f"{text}{known}; declare it with [queues.{shown}]"
    return f"{text}{known}; declare it, for example with [values.{shown}]"


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
