"""The grammar of names, and the near name that a person probably meant. Standard library only."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

NAME_PATTERN: Final = r"[A-Za-z][A-Za-z0-9_-]{0,39}"
"""What workers, channels and projects may be called; a replica adds a dot and its number."""

NAME_RULE: Final = 'names start with a letter, then letters, digits, "-" and "_", 40 characters at most'

RESERVED_NAMES: Final = frozenset({"engine", "shared-state"})
"""Names of procdeck's own writers in the log queue: the engine, and the worker that keeps dicts and lists."""

_LEGAL: Final = re.compile(NAME_PATTERN)


def is_legal_name(name: str) -> bool:
    """Whether `name` fits the grammar (reserved names included)."""
    return _LEGAL.fullmatch(name) is not None


def legal_name_from(text: str, otherwise: str = "project") -> str:
    """The nearest legal name to `text`: runs of other characters become one "-". Falls back to `otherwise`."""
    candidate = re.sub(r"[^A-Za-z0-9_-]+", "-", text)
    candidate = re.sub(r"^[^A-Za-z]+", "", candidate)[:40].rstrip("-")
    return candidate or otherwise


def name_from_path(path: Path) -> str:
    """The name of a profile that gives none: its directory's, or its file's when the file has a name to tell."""
    if path.name in {"procdeck.toml", "pyproject.toml"}:
        return legal_name_from(path.absolute().parent.name)
    return legal_name_from(path.stem)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean "x"?`` for the nearest of `known`, or an empty string when none is near."""
    choices = {choice.lower(): choice for choice in known}
    near = difflib.get_close_matches(word.lower(), choices, n=1, cutoff=0.6)
    return f'; did you mean "{choices[near[0]]}"?' if near else ""


def quoted(words: Iterable[str], last: str = "and") -> str:
    """``"a", "b" and "c"``."""
    items = [f'"{word}"' for word in words]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}" if items else "none"
