"""Gives every mistake its file and line, in the order of the file. Knows nothing of what a mistake means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from supervisor.profile.formats.toml_lines import KeyPath, line_of


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong.

    Attributes:
        path: the key it is about, from the top of the profile; for what is missing, the table it is missing from.
        text: what is wrong and what to do, without file and line.
    """

    path: KeyPath
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a profile stands in a file.

    Attributes:
        file: the path as the user gave it.
        prefix: the tables above the profile: ``("tool", "procdeck")`` in a pyproject.toml.
        lines: the line of every key of the file.
    """

    file: str
    prefix: KeyPath
    lines: Mapping[KeyPath, int]

    def sentences(self, mistakes: Iterable[Mistake]) -> list[str]:
        """``file:line: text`` for each, by line; the same sentence once, and nothing in it a terminal would obey."""
        placed = [(line_of(self.lines, self.prefix + mistake.path), mistake.text) for mistake in mistakes]
        placed.sort(key=lambda pair: pair[0])
        return list(dict.fromkeys(f"{self.file}:{line}: {_inert(text)}" for line, text in placed))


def _inert(text: str) -> str:
    return "".join(character if character.isprintable() else f"\\u{ord(character):04x}" for character in text)
