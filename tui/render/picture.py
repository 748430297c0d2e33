"""Mends a picture that Textual has drawn of a screen, so that it can stand anywhere: fetches nothing, is valid XML.

::

    Textual's SVG ──► fonts of the reader's own ──► text as wide as its cells ──► no character that XML forbids
"""

from __future__ import annotations

import re
from html import unescape
from typing import Final

from rich.cells import cell_len

FONTS: Final = '"Fira Code", "DejaVu Sans Mono", "Liberation Mono", Menlo, Consolas, monospace'
"""Of the one who looks at it; the first that is there is taken, and every text is stretched to its cells."""

CELL: Final = 12.2
"""How wide a cell is in Textual's pictures: 0.61 of a line's 20."""

_FONT_FACE: Final = re.compile(r"\s*@font-face\s*\{[^}]*\}")
_FONT_FAMILY: Final = re.compile(r"font-family: Fira Code, monospace;")
_TEXT: Final = re.compile(r'textLength="[0-9.e+]+"(?P<rest>[^>]*)>(?P<text>[^<]*)</text>')
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for, section 2.2."""


def self_contained(svg: str) -> str:
    """`svg`, as Textual exports it, without anything that a viewer would fetch or refuse."""
    svg = _FORBIDDEN.sub("\ufffd", svg)
    svg = _FONT_FAMILY.sub(f"font-family: {FONTS};", _FONT_FACE.sub("", svg))
    return _TEXT.sub(_as_wide_as_its_cells, svg)


def _as_wide_as_its_cells(found: re.Match[str]) -> str:
    """Textual counts characters, and a wide one has two cells."""
    cells = cell_len(unescape(found["text"]))
    return f'textLength="{cells * CELL:g}"{found["rest"]}>{found["text"]}</text>'
