"""What a page of detail is made of: headings, and labels with values folded under themselves."""

from __future__ import annotations

from tui.render.pieces import Line, Tone, plain, wrap

LABEL = 11
"""Cells of the left column of facts."""


def heading(title: str, tone: Tone = Tone.STRONG) -> list[Line]:
    """A blank line and a title."""
    return [(), ((f" {title}", tone),)]


def fact(label: str, value: str, width: int, tone: Tone = Tone.PLAIN) -> list[Line]:
    """A label and its value, folded under itself; nothing where there is no value."""
    folded = wrap(plain(value), max(width - LABEL - 2, 8)) if value else []
    return [((f" {label if index == 0 else '':<{LABEL}}", Tone.DIM), (text, tone)) for index, text in enumerate(folded)]
