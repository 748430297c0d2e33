"""The profiles that this user has opened, newest first, in one small file of the state directory.

It is a convenience: where it cannot be read it is empty, and where it cannot be written nothing is remembered.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from supervisor.paths import state_root

MOST: Final = 30
"""So many are remembered."""
_LARGEST_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Recent:
    """A profile that was opened.

    Attributes:
        opened_at: when it was last, in seconds since the epoch.
    """

    path: Path
    opened_at: float


def recent_profiles() -> list[Recent]:
    """What was opened last comes first; files that are gone by now are in it too."""
    try:
        with open(_file(), encoding="utf-8") as file:
            entries = json.loads(file.read(_LARGEST_BYTES))
    except (OSError, ValueError, RecursionError):
        return []
    found = [one for entry in entries if (one := _recent(entry))] if isinstance(entries, list) else []
    return sorted(found, key=lambda one: one.opened_at, reverse=True)[:MOST]


def remember_profile(path: Path, now_at: float) -> None:
    """`path` was opened at `now_at`."""
    path = path.absolute()
    kept = [Recent(path, now_at), *(one for one in recent_profiles() if one.path != path)][:MOST]
    entries = [{"path": os.fspath(one.path), "opened_at": one.opened_at} for one in kept]
    where = _file()
    draft = where.with_name(f"{where.name}.{os.getpid()}")
    try:
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft.write_text(json.dumps(entries, indent=1) + "\n", encoding="utf-8")
        draft.replace(where)
    except (OSError, ValueError):
        with suppress(OSError):
            draft.unlink()


def _file() -> Path:
    """A name that no project can have: beside it are the projects' own directories."""
    return state_root() / "recent.json"


def _recent(entry: Any) -> Recent | None:
    try:
        path, opened_at = entry["path"], float(entry["opened_at"])
    except (TypeError, KeyError, ValueError, OverflowError):
        return None
    is_path = isinstance(path, str) and os.path.isabs(path) and "\0" not in path
    return Recent(Path(path), opened_at) if is_path and math.isfinite(opened_at) else None
