"""Puts `[defaults]` into every worker's table before it is validated, and names who chose the start method."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import Any, Final

from supervisor.profile.kinds import NOUNS
from supervisor.profile.supervised import SUPERVISED

HIDDEN: Final = "\0"
"""Starts the key of a value that the loader fills in and nobody can write by mistake."""
PYTHON_ONLY: Final = ("start_method", "preload", "python", "python_path", "heartbeat", "log_level", "traceback_locals")
"""Keys that mean something only where code of ours runs inside the worker."""


def prepared(
    tables: dict[str, Any], *, name: str, path: Path, project: str | None, faulty_defaults: Collection[str]
) -> dict[str, Any]:
    """A copy of the profile's tables with all that the loader knows and the user does not write.

    Args:
        tables: the profile as parsed; values of a wrong type are left for validation to report.
        name: the name of a profile that gives none.
        path: the file, absolute.
        project: a project name that replaces the profile's own.
        faulty_defaults: keys of `[defaults]` that are mistakes; they are reported once there, not again in each worker.
    """
    defaults = tables.get("defaults")
    usable = {
        key: value
        for key, value in (defaults.items() if isinstance(defaults, dict) else ())
        if key not in faulty_defaults
    }
    result = {"name": name, **tables, f"{HIDDEN}path": path, f"{HIDDEN}project": project}
    for kind in (*NOUNS, "groups"):
        result[kind] = _each(tables.get(kind, {}), lambda key, table: {**table, f"{HIDDEN}name": key})
    for kind in SUPERVISED:
        result[kind] = _each(tables.get(kind, {}), partial(_worker, kind, defaults=usable))
    return result


def _each(tables: Any, change: Any) -> Any:
    if not isinstance(tables, dict):
        return tables
    return {key: change(key, table) if isinstance(table, dict) else table for key, table in tables.items()}


def _worker(kind: str, name: str, table: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    if "command" in table and kind == "workers":
        defaults = {key: value for key, value in defaults.items() if key not in PYTHON_ONLY}
        reason = "not used: a command is executed directly"
    elif "start_method" in table:
        reason = f"named in [{kind}.{name}]"
    elif "start_method" in defaults:
        reason = "from [defaults]"
    else:
        reason = "procdeck's default"
    merged = {**defaults, **table, f"{HIDDEN}name": name, f"{HIDDEN}start_method_reason": reason}
    own_env = table.get("env", {})
    if "env" in defaults and isinstance(own_env, dict):
        merged["env"] = {**defaults["env"], **own_env}
    return merged
