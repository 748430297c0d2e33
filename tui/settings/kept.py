"""Keeps how a project's dashboard was left: read before the first paint, written now and then and on leaving.

What cannot be read is as if nothing had been kept; what cannot be written is lost, and nobody is troubled with it.

::

    view.json ──read──> Kept ──> the first screen ──every KEEP_EVERY_S, where it differs──> view.json.new ──> view.json
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from tui.layout import Layout

VERSION: Final = 1
KEEP_EVERY_S: Final = 3.0
"""A view that changes is written so often at most."""
LARGEST_BYTES: Final = 64 * 1024
"""Nothing that was kept by us is larger."""
LONGEST_CHARACTERS: Final = 2000
"""Of one text, such as a filter; a longer one is not kept."""

ValueT = TypeVar("ValueT")


@dataclass(frozen=True, slots=True)
class LogLook:
    """How one of the logs is shown. That it is followed is not kept: a new session begins at the newest line."""

    is_wrapped: bool = False
    has_histogram: bool = True
    worker: str = ""
    """Whose lines only are shown; empty: everybody's."""
    level: str = ""
    text: str = ""
    """The filter."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How a dashboard was left."""

    layout: Layout = field(default_factory=Layout)
    logs: tuple[LogLook, ...] = ()
    """The first log, and the second where there was one."""
    theme: str = ""
    """What was chosen in this project; empty: what the settings say."""


class KeptView:
    """The file of one project."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.kept = _read(path)
        """What the file holds."""

    def keep(self, kept: Kept) -> bool:
        """Write `kept` where it is not what the file holds already; whether the file holds it now."""
        if kept == self.kept:
            return True
        draft = self._path.with_name(f"{self._path.name}.{os.getpid()}.new")
        try:
            text = msgspec.json.format(msgspec.json.encode(_plain(kept)), indent=1)
            if len(text) > LARGEST_BYTES:
                return False
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write_private(draft, text)
            draft.replace(self._path)
        except (OSError, ValueError):  # a name or a text that no file can have
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            return False
        self.kept = kept
        return True


def forget(path: Path) -> bool:
    """Remove the file; whether there was one.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    return True


def _write_private(path: Path, text: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        file.write(text)


def _read(path: Path) -> Kept:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            text = file.read(LARGEST_BYTES + 1)
        stored = msgspec.json.decode(text) if len(text) <= LARGEST_BYTES else None
    except (OSError, ValueError, RecursionError, msgspec.DecodeError):
        return Kept()
    if not isinstance(stored, dict) or stored.get("version") != VERSION:
        return Kept()
    logs = stored.get("logs")
    looks = [_fitting(LogLook, look) for look in logs[:2]] if isinstance(logs, list) else []
    theme = stored.get("theme")
    return Kept(
        _fitting(Layout, stored.get("layout")),
        tuple(looks),
        theme if isinstance(theme, str) and len(theme) <= LONGEST_CHARACTERS else "",
    )


def _fitting(kind: type[ValueT], stored: object) -> ValueT:
    """A `kind` of what in `stored` fits its fields, one by one; an older or a newer procdeck may have written it."""
    hints = get_type_hints(kind)
    found: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]
        if isinstance(stored, dict) and one.name in stored and _is_short(stored[one.name]):
            with suppress(msgspec.ValidationError, ValueError, TypeError):
                found[one.name] = msgspec.convert(stored[one.name], hints[one.name])
    return kind(**found)


def _is_short(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_CHARACTERS
    if isinstance(value, dict):
        return all(map(_is_short, value.values()))
    return True


def _plain(kept: Kept) -> dict[str, object]:
    """What is written: only what is not as it is anyway, so that a later procdeck can choose better beginnings."""
    return {
        "version": VERSION,
        "layout": _said(kept.layout),
        "logs": [_said(look) for look in kept.logs],
        "theme": kept.theme,
    }


def _said(value: object) -> dict[str, object]:
    said: dict[str, object] = {}
    for one in fields(value):  # type: ignore[arg-type]
        now = getattr(value, one.name)
        own = one.default_factory() if one.default_factory is not MISSING else one.default
        if now != own and _is_short(now):
            said[one.name] = dict(now) if isinstance(now, Mapping) else now
    return said
