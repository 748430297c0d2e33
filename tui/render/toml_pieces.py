"""TOML with its parts told apart by colour: tables, keys, strings, other values, comments (toml.io/en/v1.0.0).

It reads one line after the other and validates nothing: what it does not know stays plain.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from tui.render.pieces import Hue, Line, Look, Piece, Tone, plain

KEY: Final = Hue(4)
STRING: Final = Hue(1)
VALUE: Final = Hue(7)

_HEADER: Final = re.compile(r"\s*\[\[?[^\[\]#]*\]?\]?(?=\s*(?:#|$))")
_LOOKS: Final[dict[str, Look]] = {
    "comment": Tone.DIM,
    "key": KEY,
    "string": STRING,
    "value": VALUE,
    "sign": Tone.DIM,
    "other": Tone.PLAIN,
}
_TOKEN: Final = re.compile(
    r"""(?P<comment>\#.*)
    |(?P<key>(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')(?=\s*(?:=|\.\s*[A-Za-z0-9_"'-]+\s*[.=])))
    |(?P<opening>\"{3}|'{3})
    |(?P<string>"(?:[^"\\]|\\.)*"?|'[^']*'?)
    |(?P<value>[+-]?(?:\d[\w.:+-]*|inf|nan)\b|true\b|false\b)
    |(?P<sign>[=\[\]{},.])
    |(?P<other>\s+|[^\s\#"'=\[\]{},.]+)""",
    re.VERBOSE,
)


def toml_lines(lines: Iterable[str]) -> list[Line]:
    """Each line of a document in its colours; a string may go on over several lines."""
    toned: list[Line] = []
    closing = ""
    for text in lines:
        line, closing = _toned(plain(text), closing)
        toned.append(line)
    return toned


def _toned(text: str, closing: str) -> tuple[Line, str]:
    """One line that begins inside of a string that ends with `closing`, or outside of any; and how it ends."""
    pieces: list[Piece] = []
    at = 0
    if not closing and (header := _HEADER.match(text)):
        pieces.append((header[0], Tone.STRONG))
        at = header.end()
    while at < len(text):
        if closing:
            end = text.find(closing, at)
            stop = len(text) if end < 0 else end + len(closing)
            pieces.append((text[at:stop], STRING))
            at, closing = stop, closing if end < 0 else ""
            continue
        token = _TOKEN.match(text, at)
        if token is None:
            pieces.append((text[at:], Tone.PLAIN))
            break
        if token.lastgroup == "opening":
            closing = token[0]
            pieces.append((closing, STRING))
        else:
            pieces.append((token[0], _LOOKS[token.lastgroup or "other"]))
        at = token.end()
    return tuple(pieces), closing
