"""The profiles that a person may want now: found here, opened lately, running, shipped; and what each contains.

All of it reads files, so it is for a thread; nothing of a profile is run, and no user code is imported.

::

    candidates() ──► Card without an outline, at once ──► Outlines.of(path), one after the other ──► Card with it
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from supervisor.paths import EngineNote, running_projects, shipped_profiles
from supervisor.profile.finding import profiles_below
from supervisor.profile.outline import Outline, outline_of
from tui.recent import recent_profiles

Group = Literal["here", "running", "recent", "shipped"]
GROUPS: Final[tuple[Group, ...]] = ("here", "running", "recent", "shipped")


@dataclass(frozen=True, slots=True)
class Card:
    """One profile that can be opened.

    Attributes:
        opened_at: when this user opened it last, in seconds since the epoch; None where that is not known.
        is_there: the file is there.
        engine: the engine that runs it.
        outline: what it contains; None until somebody has looked.
    """

    group: Group
    path: Path
    opened_at: float | None = None
    is_there: bool = True
    engine: EngineNote | None = None
    outline: Outline | None = None

    @property
    def name(self) -> str:
        """What it is called: as it runs, as it says itself, or as its file is called."""
        if self.engine is not None:
            return self.engine.project
        if self.outline is not None:
            return self.outline.name
        return self.path.parent.name if self.path.name in ("procdeck.toml", "pyproject.toml") else self.path.stem


def candidates(directory: Path) -> list[Card]:
    """Every profile once, in the order of `GROUPS`; what was opened lately is newest first."""
    engines = {_key(Path(note.profile_path)): note for note in running_projects()}
    recent = recent_profiles()
    opened = {_key(one.path): one.opened_at for one in recent}
    paths: list[tuple[Group, Path]] = [("here", path) for path in profiles_below(directory)]
    shipped = shipped_profiles()
    known = {_key(path) for path in (*(path for _, path in paths), *shipped)}
    paths += [("running", Path(note.profile_path)) for key, note in engines.items() if key not in known]
    paths += [("recent", one.path) for one in recent]
    paths += [("shipped", path) for path in shipped]
    cards: dict[str, Card] = {}
    for group, path in paths:
        key = _key(path)
        if key not in cards and not (group == "recent" and key in known):
            cards[key] = Card(group, path, opened.get(key), os.path.isfile(path), engines.get(key))
    return list(cards.values())


def has_shipped() -> bool:
    """Whether any profile came with this installation."""
    return bool(shipped_profiles())


def _key(path: Path) -> str:
    return os.path.realpath(path)


class Outlines:
    """Outlines by path, made again when a file has changed."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[tuple[int, int], Outline]] = {}

    def of(self, path: Path) -> Outline:
        """What the profile at `path` contains; one that is gone has that as its mistake."""
        stamp = stamp_of(path)
        known = self._known.get(path)
        if known is not None and stamp is not None and known[0] == stamp:
            return known[1]
        outline = outline_of(path)
        if stamp is not None:
            self._known[path] = (stamp, outline)
        return outline


def stamp_of(path: Path) -> tuple[int, int] | None:
    """What is another thing after each change of a file: when it was written, and how long it is; None: it is gone."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    return seen.st_mtime_ns, seen.st_size
