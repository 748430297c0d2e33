"""Environment files: KEY=VALUE lines, as shells and other supervisors read them. Standard library only.

Refuses to put a variable's value into another, to run anything, and to show what a file holds: a line that is wrong is
told by its number.

::

    # a comment            A=plain words # and a comment        B='as it is'        export C="with \\n escapes"
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from supervisor.errors import ProfileError

_LARGEST_BYTES: Final = 1024 * 1024
_BLANK: Final = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
_NAME: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*")
_SINGLE: Final = re.compile(r"'([^']*)'")
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_PLAIN: Final = re.compile(r"(?:[^\s#]|(?<=\S)#|[ \t](?![ \t]*(?:#|\n|\Z)))*")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"', "$": "$", "`": "`", "\n": ""}


def read_env_files(paths: Sequence[Path]) -> dict[str, str]:
    """The variables of all files; where two have the same, the later file wins.

    Raises:
        ProfileError: a file cannot be read or has a line that is wrong; holds every mistake, and no value.
    """
    found: dict[str, str] = {}
    mistakes: list[str] = []
    for path in paths:
        try:
            text = _read_text(path)
        except _Unreadable as error:
            mistakes.append(f"{path}{error}")
            continue
        for line, name, value in _entries(text):
            if name is None:
                mistakes.append(f"{path}:{line}: {value}")
            else:
                found[name] = value
    if mistakes:
        raise ProfileError(mistakes)
    return found


def digest_of(paths: Sequence[Path]) -> str:
    """Stands for the variables of all files: the same for the same variables; empty when they cannot be read."""
    try:
        variables = sorted(read_env_files(paths).items())
    except ProfileError:
        return ""
    return hashlib.sha256(repr(variables).encode("utf-8", "surrogatepass")).hexdigest() if paths else ""


class _Unreadable(Exception):
    """Why a file cannot be read, beginning with its line where it has one."""


def _read_text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _Unreadable(": is not a regular file; write the variables to a file")
        with path.open("rb") as file:
            content = file.read(_LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise _Unreadable(": there is no such file; make it, or correct env_file") from None
    except ValueError:
        raise _Unreadable(": cannot be read: no file's name holds a NUL character") from None
    except OSError as error:
        raise _Unreadable(f": cannot be read: {os.strerror(error.errno) if error.errno else error}") from None
    if len(content) > _LARGEST_BYTES:
        raise _Unreadable(": is larger than 1 MiB; this is hardly an environment")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _Unreadable(f":{line}: is not UTF-8 text; save it as UTF-8") from None


def _entries(text: str) -> Iterator[tuple[int, str | None, str]]:
    """Line, name and value of each variable; no name and what to do for each line that is wrong."""
    position, line = 0, 1
    while position < len(text):
        start = position
        if blank := _BLANK.match(text, position):
            position = blank.end()
        else:
            name, value, position = _entry(text, position)
            yield line, name, value
        line += text.count("\n", start, position)


def _entry(text: str, position: int) -> tuple[str | None, str, int]:
    """The name, the value, and where the next line begins. Without a name: what is wrong, and the next line."""
    end_of_line = text.find("\n", position) + 1 or len(text)
    named = _NAME.match(text, position)
    if named is None:
        return None, "must be NAME=VALUE, with a name of letters, digits and _, or a comment after #", end_of_line
    name, start = named[1], named.end()
    quote = text[start : start + 1]
    if quote not in {"'", '"'}:
        plain = _PLAIN.match(text, start)
        value, start = (plain[0], plain.end()) if plain else ("", start)
    elif quoted := (_SINGLE if quote == "'" else _DOUBLE).match(text, start):
        value, start = quoted[1] if quote == "'" else _ESCAPE.sub(_unescaped, quoted[1]), quoted.end()
    else:
        return None, _open_quote(name, quote), end_of_line
    rest = _BLANK.match(text, start)
    if rest is None and start > end_of_line:  # the quote that seemed to close it opens another value
        return None, _open_quote(name, quote), end_of_line
    if rest is None:
        return None, f"the value of {name} goes on after its closing quote; put all of it in quotes", end_of_line
    if "\0" in value:
        return None, f"the value of {name} has a zero character, which no environment can hold", rest.end()
    return name, value, rest.end()


def _open_quote(name: str, quote: str) -> str:
    return f"the value of {name} begins with {quote} and does not end with it; close it"


def _unescaped(match: re.Match[str]) -> str:
    return _ESCAPED.get(match[1], match[0])
