"""Which profile belongs to a directory, and its project name, told without validating it.

Standard library only: the command line asks this before every one-shot command.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from supervisor.profile.names import is_legal_name, name_from_path

SEARCHED_DEPTH: Final = 2
"""Directories below the one where a search for profiles begins."""
_MOST_DIRECTORIES: Final = 200
_MOST_ENTRIES: Final = 5_000
_MOST_FOUND: Final = 100
_LARGEST_BYTES: Final = 1024 * 1024
_NOT_SEARCHED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv", "build", "dist"})
_WORKER_TABLE: Final = re.compile(rb"^[ \t]*\[(?:workers|pools)\.", re.MULTILINE)


def find_profile(directory: Path) -> Path | None:
    """The profile of `directory`: its ``procdeck.toml``, else its ``pyproject.toml`` if that has ``[tool.procdeck]``.

    A ``pyproject.toml`` that mentions ``tool.procdeck`` but is not valid TOML is found too, so that loading it can say
    what is wrong. Parent directories are not searched.
    """
    native = directory / "procdeck.toml"
    if os.path.isfile(native):  # unlike pathlib's it takes a directory that may not be entered for one without it
        return native
    shared = directory / "pyproject.toml"
    try:
        content = _content(shared)
    except OSError:
        return None
    if b"procdeck" not in content:
        return None
    tables = _parsed(content)
    if tables is None:
        return shared if b"tool.procdeck" in content else None
    return shared if _section(shared, tables) is not None else None


def profiles_below(directory: Path) -> list[Path]:
    """The profiles in `directory` and a little below it: the directory's own first, then by path.

    A profile is what `find_profile` finds in each directory, and every other TOML file with workers or pools. The
    search is bounded in depth and in what it looks at, and enters no hidden directory and no link: it may be begun
    anywhere. It reads files, and runs nothing.
    """
    found: list[Path] = []
    entries = 0
    level = [directory]
    for depth in range(SEARCHED_DEPTH + 1):
        below: list[Path] = []
        for folder in level[:_MOST_DIRECTORIES]:
            files, folders = _listed(folder)
            entries += len(files) + len(folders)
            found += _profiles_among(folder, files)
            if len(found) >= _MOST_FOUND or entries >= _MOST_ENTRIES:
                return found[:_MOST_FOUND]
            below += folders if depth < SEARCHED_DEPTH else []
        level = below
    return found


def _listed(folder: Path) -> tuple[list[str], list[Path]]:
    """The names of the TOML files in `folder`, and the folders in it that are worth a look."""
    files, folders = [], []
    try:
        with os.scandir(folder) as entries:
            for _, entry in zip(range(_MOST_ENTRIES), entries, strict=False):
                if entry.is_dir(follow_symlinks=False):
                    if not entry.name.startswith(".") and entry.name not in _NOT_SEARCHED:
                        folders.append(Path(entry.path))
                elif entry.name.endswith(".toml") and entry.is_file():
                    files.append(entry.name)
    except OSError:
        pass  # one that may not be looked into has nothing to show
    return sorted(files), sorted(folders)


def _profiles_among(folder: Path, files: list[str]) -> Iterator[Path]:
    own = find_profile(folder) if {"procdeck.toml", "pyproject.toml"} & set(files) else None
    if own is not None:
        yield own
    for name in files:
        if name not in ("procdeck.toml", "pyproject.toml") and _has_workers(folder / name):
            yield folder / name


def _has_workers(path: Path) -> bool:
    """Whether a TOML file declares workers or pools; one that cannot be parsed is judged by its headings."""
    try:
        content = _content(path)
    except OSError:
        return False
    if b"workers" not in content and b"pools" not in content:
        return False
    tables = _parsed(content)
    if tables is None:
        return _WORKER_TABLE.search(content) is not None
    return any(isinstance(tables.get(kind), dict) and tables[kind] for kind in ("workers", "pools"))


def read_project_name(path: Path) -> str | None:
    """The project name of the profile at `path`, or None if there is no readable profile or its name is not legal."""
    try:
        content = _content(path)
    except OSError:
        return None
    tables = _parsed(content) if len(content) <= _LARGEST_BYTES else None
    section = None if tables is None else _section(path, tables)
    if section is None:
        return None
    name = section.get("name", name_from_path(path))
    return name if isinstance(name, str) and is_legal_name(name) else None


def _content(path: Path) -> bytes:
    """What is in a file, no more of it than a profile may have and one byte. Raises OSError."""
    with path.open("rb") as file:
        return file.read(_LARGEST_BYTES + 1)


def _parsed(content: bytes) -> dict[str, Any] | None:
    import tomllib

    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _section(path: Path, tables: dict[str, Any]) -> dict[str, Any] | None:
    """The profile's part of the file: all of it, or ``[tool.procdeck]`` of a pyproject.toml."""
    if path.name != "pyproject.toml":
        return tables
    tool = tables.get("tool")
    section = tool.get("procdeck") if isinstance(tool, dict) else None
    return section if isinstance(section, dict) else None
