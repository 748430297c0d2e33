"""Which profile is meant: a path, a directory's own, or one of those that come with procdeck. Validates nothing."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.paths import shipped_profiles
from supervisor.profile.finding import find_profile
from tui.cli.exits import UsageError
from tui.cli.telling import did_you_mean


def profile_named(name: str) -> Path:
    """The profile at the path `name`, or of the directory `name`.

    Raises:
        UsageError: there is none; the message says what comes close.
    """
    path = Path(name)
    if path.is_dir():
        inside = find_profile(path.absolute())
        if inside is None:
            others = ", ".join(sorted(str(other) for other in path.glob("*.toml"))[:5])
            hint = f"; name the file: {others}" if others else ""
            raise UsageError(f"{name} has neither procdeck.toml nor pyproject.toml with [tool.procdeck]{hint}")
        return inside
    if path.exists():
        return path.absolute()
    if name in shipped_by_name():
        raise UsageError(f"no such profile: {name}; the one that comes with procdeck is `procdeck demo {name}`")
    try:
        beside = [entry.name for entry in os.scandir(path.parent) if entry.name.endswith(".toml")]
    except OSError:
        raise UsageError(f"no such profile: {name}; there is no directory {path.parent}") from None
    hint = did_you_mean(path.with_suffix(".toml").name, beside)
    raise UsageError(f"no such profile: {name}{hint or '; `procdeck --help` lists the commands'}")


def profile_of_directory() -> Path | None:
    """The profile of the current directory, if it has one."""
    return find_profile(Path.cwd())


def shipped_by_name() -> dict[str, Path]:
    """The profiles that come with procdeck, by the name of the folder they have for themselves."""
    return {path.parent.name: path for path in shipped_profiles()}


def shipped_named(name: str) -> Path:
    """One of the profiles that come with procdeck.

    Raises:
        UsageError: there is none of that name.
    """
    shipped = shipped_by_name()
    if name not in shipped:
        there_are = f"; there are {', '.join(shipped)}" if shipped else "; this installation has none"
        raise UsageError(f"no demo {name!r}{did_you_mean(name, shipped)}{there_are}")
    return shipped[name]
