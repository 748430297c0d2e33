"""Puts what pydantic found into sentences that state the rule and show a right value.

Refuses to repeat values, except durations and sizes: an environment variable or an argument may be a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic.fields import FieldInfo

from supervisor.profile.channels import CHANNEL_TABLES
from supervisor.profile.checks import ROLES, HttpTable, ProbeTable
from supervisor.profile.formats.toml_lines import KeyPath
from supervisor.profile.kinds import CONNECTIONS
from supervisor.profile.limits import LimitsTable
from supervisor.profile.merging import HIDDEN
from supervisor.profile.model import KINDS, DefaultsSpec, LogSpec, Profile, WorkerSpec
from supervisor.profile.names import did_you_mean, quoted
from supervisor.profile.placing import Mistake
from supervisor.profile.pools import ItemsSpec, PoolSpec, ResultsSpec, RetriesSpec
from supervisor.profile.running import GroupSpec, LogTable, RestartSpec, ScheduleSpec, WatchSpec
from supervisor.profile.sinks import SinkSpec
from supervisor.profile.table import Table

_TABLES: Final[Mapping[str, type[Table]]] = {
    "workers": WorkerSpec,
    "pools": PoolSpec,
    "groups": GroupSpec,
    **CHANNEL_TABLES,
}
_INNER: Final[Mapping[tuple[str, ...], type[Table]]] = {
    ("restart",): RestartSpec,
    ("schedule",): ScheduleSpec,
    ("watch",): WatchSpec,
    ("limits",): LimitsTable,
    ("items",): ItemsSpec,
    ("results",): ResultsSpec,
    ("retries",): RetriesSpec,
    **{(role,): ProbeTable for role in ROLES},
    **{(role, "http"): HttpTable for role in ROLES},
}
"""The tables inside the table of a worker or pool, by the keys that lead there."""
_SHAPES: Final = {
    "restart": 'must be "never", "on-failure", "always" or a table',
    "schedule": "must be a cron expression in quotes or a table",
    "watch": "must be a list of patterns or a table",
    "http": "must be a URL in quotes or a table",
    "depends_on": "must be a list of workers or a table",
    "items": "must be a function in quotes, a number, a list or a table",
    "results": "must be a file in quotes or a table",
    "retries": "must be a whole number or a table",
}
"""What a key of a worker or pool must be where a table is only one way to write it."""
_EXPECTED: Final = {
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "float_type": "must be a number",
    "too_short": "is empty",
    "missing": "is missing",
}
_OF_POOLS: Final = {
    "target": 'did you mean "function"?',
    "replicas": 'did you mean "processes"?',
    "workers": 'did you mean "processes"?',
    "reads": 'a pool takes its items from one queue: items = { queue = "paths" }',
    "writes": 'a pool puts its results into one queue: results = { queue = "hashes" }',
    "kwargs": 'did you mean "args"?',
}
"""What to do instead of a key that others have and pools have not."""
_ONLY_OF_POOLS: Final = frozenset({"function", "items", "processes", "method", "chunksize", "maxtasksperchild"})
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_TEXT_TABLES: Final = frozenset({"env", *CONNECTIONS})


def mistakes_of(errors: Iterable[Mapping[str, Any]], tables: dict[str, Any], prefix: KeyPath) -> list[Mistake]:
    """One mistake for each error of a pydantic ValidationError.

    Args:
        errors: the error's own list, with paths from the top of the profile.
        tables: the profile as parsed, before defaults were merged.
        prefix: the tables above the profile, shown in front of table names.
    """
    return [_mistake(error, tables, prefix) for error in errors if not _is_nearly_there(error, tables)]


def table_name(path: KeyPath) -> str:
    """``[workers.parse]``, with quotes where a key needs them."""
    parts = (part if isinstance(part, str) and _BARE_KEY.fullmatch(part) else json.dumps(part) for part in path)
    return f"[{'.'.join(parts)}]"


def known_keys(model: type[Table]) -> dict[str, FieldInfo]:
    """The keys a person may write in a table, and what is known of each."""
    keys: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        key = field.validation_alias if isinstance(field.validation_alias, str) else name
        if not key.startswith(HIDDEN):
            keys.setdefault(key, field)
    return keys


def _mistake(error: Mapping[str, Any], tables: dict[str, Any], prefix: KeyPath) -> Mistake:
    full: KeyPath = tuple(error["loc"])
    path = _as_written(full, tables)
    if error["type"] == "extra_forbidden":
        return Mistake(path, _unknown_key(path, error["input"], prefix))
    return Mistake(path, f"{_label(path, prefix)} {_rule(error)}{_example(path, error['type'])}")


def _as_written(path: KeyPath, tables: Any) -> KeyPath:
    """`path` without the keys that a short form leaves out: ``restart = "never"`` has no `policy` in it."""
    written: list[str | int] = []
    for key in path:
        if isinstance(tables, dict):
            tables = tables.get(key)
        elif isinstance(tables, list) and isinstance(key, int) and key < len(tables):
            tables = tables[key]
        else:
            continue
        written.append(key)
    return tuple(written)


def _rule(error: Mapping[str, Any]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        wrong = error["input"]
        near = did_you_mean(wrong, choices) if isinstance(wrong, str) else ""
        return f"must be {quoted(choices, 'or')}{near}"
    if kind in {"model_type", "dict_type"} and (shape := _shape_of(tuple(error["loc"]))):
        return shape
    if kind in {"greater_than", "greater_than_equal", "less_than_equal"}:
        bound = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}[kind]
        return f"must be {bound} {next(iter(context.values())):g}"
    return _EXPECTED.get(kind) or str(error["msg"]).lower()


def _shape_of(path: KeyPath) -> str | None:
    inside = _inside_worker(path)
    return _SHAPES.get(inside[-1]) if inside and (len(inside) == 1 or inside in _INNER) else None


def _example(path: KeyPath, kind: str) -> str:
    """``; for example stop_timeout = "5s"`` for errors of type; sentences of our own have theirs already."""
    if kind in {"value_error", "literal_error", "greater_than", "less_than_equal"}:
        return ""
    if len(path) == 1 and path[0] in _TABLES:
        return f"; write a table for each, such as [{path[0]}.name]"
    if len(path) == (3 if path[0] == "defaults" else 4) and path[-2] in _TEXT_TABLES:
        return f"; for example {as_toml({path[-1]: '...'})[2:-2]}"
    model = _model_at(path[:-1])
    field = known_keys(model).get(str(path[-1])) if model else None
    return f"; for example {path[-1]} = {as_toml(field.examples[0])}" if field and field.examples else ""


def _unknown_key(path: KeyPath, value: object, prefix: KeyPath) -> str:
    key, model = str(path[-1]), _model_at(path[:-1]) or Profile
    keys = list(known_keys(model))
    table = path[:-1]
    where = f"in {_table_label(table, prefix)}" if prefix + table else "at the top of the profile"
    text = f"unknown key {json.dumps(key, ensure_ascii=False)} {where}"
    if path[:-1] == ("defaults",) and key in known_keys(WorkerSpec):
        return f"{text}; it is for one worker alone: put it in {table_name((*prefix, 'workers', 'NAME'))}"
    if model is PoolSpec and key in _OF_POOLS:
        return f"{text}; {_OF_POOLS[key]}"
    if model is WorkerSpec and key in _ONLY_OF_POOLS:
        return f"{text}; it is for a pool: {table_name((*prefix, 'pools', str(path[1])))}"
    if near := did_you_mean(key, keys):
        return text + near
    if len(path) == 1 and isinstance(value, dict) and ("function" in value or "items" in value):
        return f"{text}; did you mean {table_name((*prefix, 'pools', key))}?"
    if len(path) == 1 and isinstance(value, dict) and any(kind in value for kind in KINDS):
        return f"{text}; did you mean {table_name((*prefix, 'workers', key))}?"
    return f"{text}; it may have {', '.join(keys)}"


def _model_at(path: KeyPath) -> type[Table] | None:
    """The model of the table at `path`."""
    fixed: dict[KeyPath, type[Table]] = {(): Profile, ("defaults",): DefaultsSpec, ("logs",): LogSpec}
    if path in fixed:
        return fixed[path]
    if len(path) == 3 and path[:2] == ("logs", "sinks"):
        return SinkSpec
    inside = _inside_worker(path)
    if inside[:1] == ("depends_on",):
        return LogTable if len(inside) == 2 else None
    return _INNER.get(inside) if inside else _TABLES.get(str(path[0])) if len(path) == 2 else None


def _inside_worker(path: KeyPath) -> tuple[str, ...]:
    """The keys below a worker's or pool's table or `[defaults]`, without places in lists; nothing for other paths."""
    above = {"defaults": 1, "workers": 2, "pools": 2}.get(str(path[0]), len(path)) if path else 0
    return tuple(key for key in path[above:] if isinstance(key, str))


def _is_nearly_there(error: Mapping[str, Any], tables: dict[str, Any]) -> bool:
    """Whether a key is missing only because it is misspelt; the misspelling is an error of its own."""
    path: KeyPath = tuple(error["loc"])
    table, model = _at(tables, path[:-1]), _model_at(path[:-1])
    if error["type"] != "missing" or model is None or not isinstance(table, dict):
        return False
    known = known_keys(model)
    return any(did_you_mean(str(given), (str(path[-1]),)) for given in table if given not in known)


def _label(path: KeyPath, prefix: KeyPath) -> str:
    """What a sentence about `path` begins with."""
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_label(path[:-1], prefix)}"
    if len(path) == 2 and path[0] in _TABLES:
        return table_name(prefix + path)
    table = prefix + path[:-1]
    if any(isinstance(key, int) for key in table):
        return f"{path[-1]} of {_label(path[:-1], prefix)}"
    return f"{path[-1]} in {table_name(table)}" if table else str(path[-1])


def _table_label(path: KeyPath, prefix: KeyPath) -> str:
    """The name of a table, or of where in a list it stands."""
    return _label(path, prefix) if any(isinstance(key, int) for key in path) else table_name(prefix + path)


def _at(tables: Any, path: KeyPath) -> object:
    for key in path:
        if isinstance(tables, dict):
            tables = tables.get(key)
        elif isinstance(tables, list) and isinstance(key, int) and key < len(tables):
            tables = tables[key]
        else:
            return None
    return tables


def as_toml(value: object) -> str:
    """`value` as one would write it behind a key."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
