"""Reads TOML into plain tables and the line of every key. Refuses what the standard library's parser refuses."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any, Final

from supervisor.profile.formats.toml_lines import KeyPath, key_lines

_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_TWICE: Final = re.compile(r"Cannot declare \((.*?),?\) twice$")


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its tables as plain values, and the line (from 1) of every key path."""

    tables: dict[str, Any]
    lines: dict[KeyPath, int]


class MalformedDocument(ValueError):
    """The text is not in the format it claims to be.

    Attributes:
        line: where the parser gave up, from 1.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


def read_toml(text: str) -> Document:
    """Parse `text`.

    Raises:
        MalformedDocument: it is not valid TOML; the first trouble only, because the parser knows no more.
    """
    text = text.replace("\r\n", "\n")
    try:
        return Document(tomllib.loads(text), key_lines(text))
    except tomllib.TOMLDecodeError as error:
        raise _malformed(str(error), text) from None
    except RecursionError:
        raise MalformedDocument(1, "tables or lists are nested too deep to be read") from None
    except ValueError as error:  # a number with thousands of digits, a date that no calendar has
        raise MalformedDocument(1, f"not valid TOML: {error}") from None


def _malformed(message: str, text: str) -> MalformedDocument:
    place = _PLACE.search(message)
    reason = message[: place.start()] if place else message
    line = int(place[1]) if place and place[1] else text.rstrip("\n").count("\n") + 1
    if twice := _TWICE.match(reason):
        table = ".".join(part.strip().strip("'\"") for part in twice[1].split(","))
        return MalformedDocument(line, f"the table [{table}] is written twice; rename one or join them")
    if reason == "Cannot overwrite a value":
        return MalformedDocument(line, "a key is written twice in the same table; keep one of them")
    column = f" at column {place[2]}" if place and place[2] else " at the end of the file"
    return MalformedDocument(line, f"not valid TOML: {reason[:1].lower()}{reason[1:]}{column}")
