"""On which line each key of a TOML document stands.

The standard library's parser reports no positions. This scanner reads only the *shape* of a document that the parser
has already accepted (table headers, keys, where values end); it validates nothing and returns no values. Keys inside
an inline table are not listed: they stand where the key that holds the table stands.

::

    text ─ header [a.b] ─────────> the path that keys below it extend
         ─ key = value ──────────> path -> line ; the value is skipped, brackets and strings respected
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Final

KeyPath = tuple[str | int, ...]
"""Keys from the top of the document down; a number is the index in an array of tables."""

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES: Final = re.compile(r"[ \t]*")
_KEY_PART: Final = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:""|")?(?!")'
    r"|'''.*?'''(?:''|')?(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN: Final = re.compile(r"""[^"'\[\]{}#\n]+""")


def key_lines(text: str) -> dict[KeyPath, int]:
    """The line, counted from 1, on which each key and table first stands.

    Args:
        text: a document that `tomllib` accepts. Anything else gives lines for what could be read before the trouble.
    """
    return _Scanner(text).scan()


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of `path`, or of the nearest thing around it that has one; 1 when nothing has."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._counted_to = 0
        self._line = 1
        self._table: KeyPath = ()
        self._array_sizes: dict[KeyPath, int] = {}
        self._lines: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        self._skip(_BLANK)
        while self._position < len(self._text):
            before = self._position
            if self._text[self._position] == "[":
                self._read_header()
            else:
                self._read_entry()
            if self._position == before:  # not TOML: stop rather than loop
                break
            self._skip(_BLANK)
        return self._lines

    def _read_header(self) -> None:
        is_array = self._text.startswith("[[", self._position)
        line = self._current_line()
        self._position += 2 if is_array else 1
        parts = self._read_key()
        path = self._resolved(parts[:-1], line)
        if parts:
            path = (*path, parts[-1])
            self._lines.setdefault(path, line)
            if is_array:
                index = self._array_sizes.get(path, 0)
                self._array_sizes[path] = index + 1
                path = (*path, index)
                self._lines[path] = line
        self._table = path
        self._position += 2 if is_array else 1

    def _read_entry(self) -> None:
        line = self._current_line()
        path = self._table
        for part in self._read_key():
            path = (*path, part)
            self._lines.setdefault(path, line)
        if self._text.startswith("=", self._position):
            self._position += 1
            self._skip_value()

    def _resolved(self, parts: list[str], line: int) -> KeyPath:
        """The path of a header's parent tables: an array of tables stands for its last element."""
        path: KeyPath = ()
        for part in parts:
            path = (*path, part)
            self._lines.setdefault(path, line)
            if path in self._array_sizes:
                path = (*path, self._array_sizes[path] - 1)
        return path

    def _read_key(self) -> list[str]:
        parts: list[str] = []
        while True:
            self._skip(_SPACES)
            match = _KEY_PART.match(self._text, self._position)
            if match is None:
                return parts
            parts.append(_unquoted(match[0]))
            self._position = match.end()
            self._skip(_SPACES)
            if not self._text.startswith(".", self._position):
                return parts
            self._position += 1

    def _skip_value(self) -> None:
        depth = 0
        while self._position < len(self._text):
            character = self._text[self._position]
            if character in "#\n" and depth == 0:
                return
            if character in "#\n":
                self._skip(_BLANK)
            elif match := (_STRING.match(self._text, self._position) or _PLAIN.match(self._text, self._position)):
                self._position = match.end()
            else:
                depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(character, 0)
                self._position += 1

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._position)
        if match is not None:
            self._position = match.end()

    def _current_line(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._position)
        self._counted_to = self._position
        return self._line


def _unquoted(part: str) -> str:
    if part[0] == "'":
        return part[1:-1]
    if part[0] == '"':
        try:
            return str(tomllib.loads(f"key = {part}")["key"])
        except tomllib.TOMLDecodeError:  # no document that the parser accepted has such a key
            return part[1:-1]
    return part
