"""The tables in ``docs/profile.md``, made of the models; ``python -m supervisor.profile.reference`` rewrites them.

The words around them are written by hand and left alone::

    <!-- keys: worker -->
    | key | example | without it | what it says |
    <!-- end -->
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from supervisor.profile.changes import LIVE_KEYS, NEXT_START_KEYS
from supervisor.profile.channels import CHANNEL_TABLES
from supervisor.profile.checks import HttpTable, ProbeTable
from supervisor.profile.describing import describe_all
from supervisor.profile.limits import LimitsTable
from supervisor.profile.model import DefaultsSpec, LogSpec, Profile, WorkerSpec
from supervisor.profile.pools import ItemsSpec, PoolSpec, ResultsSpec, RetriesSpec
from supervisor.profile.running import GroupSpec, RestartSpec, ScheduleSpec, WatchSpec
from supervisor.profile.sinks import SinkSpec
from supervisor.profile.table import Table
from supervisor.profile.wording import as_toml, known_keys

TABLES: Final[Mapping[str, type[Table]]] = {
    "profile": Profile,
    "defaults": DefaultsSpec,
    "worker": WorkerSpec,
    "pool": PoolSpec,
    "items": ItemsSpec,
    "results": ResultsSpec,
    "retries": RetriesSpec,
    "restart": RestartSpec,
    "schedule": ScheduleSpec,
    "watch": WatchSpec,
    "check": ProbeTable,
    "http": HttpTable,
    "limits": LimitsTable,
    "group": GroupSpec,
    "logs": LogSpec,
    "sink": SinkSpec,
    **CHANNEL_TABLES,
}
"""Every table that the reference shows, by the name that the document calls it."""

_MARKED: Final = re.compile(r"(<!-- (?:keys|live): ?([\w-]*) -->\n).*?(<!-- end -->)", re.DOTALL)
_SIZES: Final = (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10))
_DURATIONS: Final = (("h", 3600), ("s", 1))


def filled(document: str) -> str:
    """`document` with the text between its marks made anew.

    Raises:
        KeyError: a mark names a table that there is not.
    """
    describe_all()
    return _MARKED.sub(lambda mark: f"{mark[1]}\n{_section(mark[2])}\n{mark[3]}", document)


def marks_in(document: str) -> list[str]:
    """The tables that a document shows."""
    return [mark[2] for mark in _MARKED.finditer(document)]


def _section(name: str) -> str:
    return "\n".join(_live_lines() if name == "live-keys" else _table_lines(TABLES[name])) + "\n"


def _table_lines(model: type[Table]) -> Iterator[str]:
    inherited = known_keys(DefaultsSpec) if model in (WorkerSpec, PoolSpec) else {}
    yield "| key | example | without it | what it says |"
    yield "| --- | --- | --- | --- |"
    attributes = {id(field): name for name, field in model.model_fields.items()}
    for key, field in known_keys(model).items():
        if key not in inherited:
            cells = (f"`{key}`", _example(key, field), _without(attributes[id(field)], field), _description(field))
            yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _live_lines() -> Iterator[str]:
    keys = known_keys(WorkerSpec)
    now = [key for key in keys if key in LIVE_KEYS - NEXT_START_KEYS]
    later = [key for key in keys if key in NEXT_START_KEYS]
    new = [key for key in keys if key not in LIVE_KEYS and key != "replicas"]
    for what, listed in (
        ("count at once", now),
        ("count from the next start of a replica", later),
        ("scale the worker", ["replicas"]),
        ("restart the worker, and no other", new),
    ):
        yield f"- {what}: {', '.join(f'`{key}`' for key in listed)}"


def _example(key: str, field: FieldInfo) -> str:
    if field.examples:
        return f"`{key} = {as_toml(field.examples[0])}`"
    return f"`[{key}]`" if key in {"defaults", "logs"} else f"`[{key}.NAME]`"


def _without(attribute: str, field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    extra = field.json_schema_extra
    default = (
        extra["default"]
        if isinstance(extra, dict) and "default" in extra
        else field.get_default(call_default_factory=True)
    )
    if default is None or default in ("", (), [], {}) or isinstance(default, BaseModel):
        return ""
    return f"`{as_toml(_as_written(attribute, default))}`"


def _as_written(attribute: str, value: Any) -> Any:
    """A default with the unit that a person would write."""
    if attribute.endswith("_s") and isinstance(value, int | float):
        for unit, seconds in _DURATIONS:
            if value and value % seconds == 0:
                return f"{value / seconds:g}{unit}"
        return f"{value * 1000:g}ms" if value else "0s"
    if attribute.endswith("_bytes"):
        return next((f"{value // size}{unit}" for unit, size in _SIZES if value % size == 0), value)
    return list(value) if isinstance(value, tuple) else value


def _description(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def main() -> None:
    """Rewrite ``docs/profile.md`` of this source tree."""
    path = Path(__file__).parents[2] / "docs" / "profile.md"
    path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
