"""Which changes of files count for whom, and when a burst of them is over. Pure: no file is looked at here.

A pattern is read part by part: ``*`` ``?`` ``[ab]`` stay within a part, ``**`` is any number of directories. Patterns
are relative to the profile's directory; one that ends in a plain name also means everything below it.
"""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

IGNORED_DIRECTORIES: Final = frozenset(
    {".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", ".tox", ".nox", ".idea", ".mypy_cache",
     ".pytest_cache", ".ruff_cache", ".hypothesis"}
)  # fmt: skip
"""Nothing below these counts, unless a pattern leads into them by name."""

IGNORED_FILES: Final = (
    "*~", "#*#", ".#*", "*.swp", "*.swo", "*.swx", "4913", "*.tmp", "*.bak", "*___jb_tmp___", "*___jb_old___",
    ".goutputstream-*", ".~lock.*#", "*.pyc", "*.pyo", ".DS_Store",
)  # fmt: skip
"""What editors and interpreters leave beside the files that people write."""

PATHS_LIMIT: Final = 50
"""Paths told of one burst."""

PATIENCE_BURSTS: Final = 20
"""A burst that does not end is over after so many times its quiet time."""

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WatchRule:
    """The files whose change concerns a worker."""

    paths: tuple[str, ...]
    ignore: tuple[str, ...] = ()
    debounce_s: float = 0.3
    """How long nothing may change before the burst is told."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A directory in which matching files may be."""

    path: str
    depth: int | None
    """How many levels below it; None for all."""

    def concerns(self, directory: str) -> bool:
        """Whether matching files may be in `directory`, or it leads here."""
        if directory == self.path or self.path.startswith(f"{directory.rstrip('/')}/"):
            return True
        here = self.path.rstrip("/")
        if not directory.startswith(f"{here}/"):
            return False
        names = split(directory[len(here) :])
        return (self.depth is None or len(names) <= self.depth) and not IGNORED_DIRECTORIES.intersection(names)


class Matcher:
    """A rule, ready to be asked, for one directory."""

    def __init__(self, rule: WatchRule, directory: str) -> None:
        """`directory` is absolute; patterns begin there."""
        self._here = split(directory)
        self._patterns = [self._whole(pattern) for pattern in rule.paths]
        self._ignored = [self._whole(pattern) for pattern in rule.ignore if "/" in pattern.rstrip("/")]
        self._ignored_names = [pattern.rstrip("/") for pattern in rule.ignore if "/" not in pattern.rstrip("/")]

    def _whole(self, pattern: str) -> Parts:
        """The parts of `pattern` from the root on; what it does not name itself stands for itself."""
        parts = [] if pattern.startswith("/") else [glob.escape(part) for part in self._here]
        for part in split(pattern):
            if part == "..":
                del parts[-1:]
            else:
                parts.append(part)
        return tuple(parts)

    def matches(self, path: str) -> bool:
        """Whether a change of the absolute `path` counts."""
        parts = split(path)
        return not self._is_ignored(parts) and any(
            fits(parts, pattern, with_below=_is_literal(pattern[-1])) and not _is_noise(parts, pattern)
            for pattern in self._patterns
            if pattern
        )

    def _is_ignored(self, parts: Parts) -> bool:
        below = parts[len(self._here) :] if parts[: len(self._here)] == self._here else parts
        return any(fnmatchcase(part, name) for part in below for name in self._ignored_names) or any(
            fits(parts, pattern, with_below=True) for pattern in self._ignored
        )

    def grounds(self) -> Iterable[Ground]:
        """Where to look for changes."""
        for pattern in self._patterns:
            fixed = _fixed_parts(pattern)
            rest = pattern[len(fixed) :]
            if not rest:  # a plain name: a file, or a directory and all below it
                yield Ground(join(fixed), None)
                yield Ground(join(fixed[:-1]), 0)
            else:
                is_deep = "**" in rest or _is_literal(rest[-1])
                yield Ground(join(fixed), None if is_deep else len(rest) - 1)

    def told(self, path: str) -> str:
        """`path` as people know it: relative to the profile where it is below it."""
        parts = split(path)
        is_below = parts[: len(self._here)] == self._here and len(parts) > len(self._here)
        return "/".join(parts[len(self._here) :]) if is_below else path


def split(path: str) -> Parts:
    """The names that `path` is made of."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


def join(parts: Parts) -> str:
    """The absolute path of literal pattern parts."""
    return "/" + "/".join(_unescaped(part) for part in parts)


def _unescaped(part: str) -> str:
    for character in "*?[":
        part = part.replace(f"[{character}]", character)
    return part


def _is_literal(part: str) -> bool:
    return not glob.has_magic(part) or glob.escape(_unescaped(part)) == part


def _fixed_parts(pattern: Parts) -> Parts:
    """What comes before the first wildcard."""
    for index, part in enumerate(pattern):
        if not _is_literal(part):
            return pattern[:index]
    return pattern


def fits(parts: Parts, pattern: Parts, *, with_below: bool = False) -> bool:
    """Whether the names fit the pattern, or (`with_below`) lie below something that does."""
    reached = _passed_stars({0}, pattern)
    for part in parts:
        if with_below and len(pattern) in reached:
            return True
        after = {at for at in reached if at < len(pattern) and pattern[at] == "**"}
        after |= {
            at + 1 for at in reached if at < len(pattern) and pattern[at] != "**" and fnmatchcase(part, pattern[at])
        }
        reached = _passed_stars(after, pattern)
    return len(pattern) in reached


def _passed_stars(reached: set[int], pattern: Parts) -> set[int]:
    """The positions that follow where ``**`` stands for no directory at all."""
    for start in tuple(reached):
        at = start
        while at < len(pattern) and pattern[at] == "**":
            at += 1
            reached.add(at)
    return reached


def _is_noise(parts: Parts, pattern: Parts) -> bool:
    """Whether what the wildcards of `pattern` stand for is nothing that people write."""
    below = parts[len(_fixed_parts(pattern)) :]
    in_noise = any(part in IGNORED_DIRECTORIES for part in below[:-1])
    return in_noise or any(fnmatchcase(part, name) for part in below[-1:] for name in IGNORED_FILES)


@dataclass
class _Burst:
    first_s: float
    last_s: float
    paths: dict[str, None] = field(default_factory=dict)


class Debouncer:
    """Gathers the changes of each worker until nothing has changed for a while."""

    def __init__(self, quiet_s: Mapping[str, float]) -> None:
        """`quiet_s`: how long that is, by worker."""
        self._quiet_s = dict(quiet_s)
        self._bursts: dict[str, _Burst] = {}

    def add(self, worker: str, path: str, now_s: float) -> None:
        """A file of `worker` has changed."""
        burst = self._bursts.setdefault(worker, _Burst(now_s, now_s))
        burst.last_s = now_s
        if len(burst.paths) < PATHS_LIMIT:
            burst.paths[path] = None

    def take_ripe(self, now_s: float) -> dict[str, tuple[str, ...]]:
        """The bursts that are over, by worker."""
        ripe = {}
        for worker, burst in list(self._bursts.items()):
            quiet_s = self._quiet_s[worker]
            if now_s - burst.last_s >= quiet_s or now_s - burst.first_s >= quiet_s * PATIENCE_BURSTS:
                ripe[worker] = tuple(sorted(burst.paths))
                del self._bursts[worker]
        return ripe
