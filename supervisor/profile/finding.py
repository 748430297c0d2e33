"""Which profile belongs to a directory, and its project name, told without validating it.

Standard library only: the command line asks this before every one-shot command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from supervisor.profile.names import is_legal_name, name_from_path


def find_profile(directory: Path) -> Path | None:
    """The profile of `directory`: its ``procdeck.toml``, else its ``pyproject.toml`` if that has ``[tool.procdeck]``.

    A ``pyproject.toml`` that mentions ``tool.procdeck`` but is not valid TOML is found too, so that loading it can say
    what is wrong. Parent directories are not searched.
    """
    native = directory / "procdeck.toml"
    if native.is_file():
        return native
    shared = directory / "pyproject.toml"
    try:
        content = shared.read_bytes()
    except OSError:
        return None
    if b"procdeck" not in content:
        return None
    tables = _parsed(content)
    if tables is None:
        return shared if b"tool.procdeck" in content else None
    return shared if _section(shared, tables) is not None else None


def read_project_name(path: Path) -> str | None:
    """The project name of the profile at `path`, or None if there is no readable profile or its name is not legal."""
    try:
        tables = _parsed(path.read_bytes())
    except OSError:
        return None
    section = None if tables is None else _section(path, tables)
    if section is None:
        return None
    name = section.get("name", name_from_path(path))
    return name if isinstance(name, str) and is_legal_name(name) else None


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
