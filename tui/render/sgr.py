"""Worker text with its colours: SGR sequences become looks, every other control sequence is taken away. Pure.

::

    "\\x1b[31mred\\x1b[0m \\x1b[2Jtext" ──coloured──► (("red", Ink("color(1)")), (" text", Tone.PLAIN))

Text that is hidden (8) or that blinks (5) is shown as it is: a log must not have words that nobody sees.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from tui.render.pieces import MAX_CHARACTERS, Hue, Ink, Line, Piece, Tone, plain

MAX_RAW_CHARACTERS = 4 * MAX_CHARACTERS
"""Of one line with its sequences; what comes after is beyond every screen."""

_SGR = re.compile("(?:\x1b\\[|\x9b)([0-9;:]*)m")
_NOTHING = Ink()
_SWITCHES: dict[int, dict[str, Any]] = {
    1: {"is_bold": True},
    2: {"is_dim": True},
    3: {"is_italic": True},
    4: {"is_underlined": True},
    7: {"is_reversed": True},
    9: {"is_struck": True},
    21: {"is_underlined": True},
    22: {"is_bold": False, "is_dim": False},
    23: {"is_italic": False},
    24: {"is_underlined": False},
    27: {"is_reversed": False},
    29: {"is_struck": False},
}


def coloured(text: str, look: Tone | Hue | Ink = Tone.PLAIN) -> Line:
    """One line of worker text in its own colours; what it does not colour is said in `look`."""
    if "\x1b" not in text and "\x9b" not in text:
        return ((plain(text), look),)
    pieces: list[Piece] = []
    ink, start, columns = _NOTHING, 0, 0
    text = text[:MAX_RAW_CHARACTERS]
    for sequence in (*_SGR.finditer(text), None):
        words = _words(text[start : sequence.start() if sequence else len(text)], columns)
        if words:
            pieces.append((words, look if ink == _NOTHING else ink))
            columns += len(words)
        if sequence is None or columns >= MAX_CHARACTERS:
            break
        ink, start = _after(ink, sequence[1]), sequence.end()
    return tuple(pieces)


def _words(text: str, columns: int) -> str:
    """`text`, which begins in column `columns`, harmless and with its tabs expanded."""
    if "\t" in text:
        lead = columns % 8
        text = (" " * lead + text).expandtabs(8)[lead:]
    return plain(text)


def _after(ink: Ink, parameters: str) -> Ink:
    """The look after one SGR sequence; parameters that nobody knows change nothing."""
    codes = parameters.split(";")
    at = 0
    while at < len(codes):
        code, *details = codes[at].split(":")
        number = _number(code)
        at += 1
        if number in (38, 48, 58):
            if not details:
                taken = {5: 2, 2: 4}.get(_number(codes[at]) if at < len(codes) else -1, 1)
                details = codes[at : at + taken]
                at += taken
            colour = _extended(details)
            if colour and number != 58:
                ink = replace(ink, colour=colour) if number == 38 else replace(ink, ground=colour)
        elif number == 4 and details:
            ink = replace(ink, is_underlined=details[0] != "0")
        else:
            ink = _simple(ink, number)
    return ink


def _simple(ink: Ink, number: int) -> Ink:
    """The look after a parameter that stands alone."""
    if number == 0:
        return _NOTHING
    if number in _SWITCHES:
        return replace(ink, **_SWITCHES[number])
    tens, unit = divmod(number, 10)
    if tens in (3, 9, 4, 10) and (unit < 8 or (unit == 9 and tens in (3, 4))):
        index = unit + (8 if tens >= 9 else 0)
        colour = "" if unit == 9 else f"color({index})"
        return replace(ink, colour=colour) if tens in (3, 9) else replace(ink, ground=colour)
    return ink


def _extended(details: list[str]) -> str:
    """The colour of ``5:n`` or ``2:r:g:b``, with or without a colour space before the red; empty where it is none."""
    numbers = [_number(each) for each in details]
    if numbers[:1] == [5] and len(numbers) == 2 and 0 <= numbers[1] < 256:
        return f"color({numbers[1]})"
    if numbers[:1] == [2] and len(numbers) >= 4:
        red, green, blue = numbers[-3:] if len(numbers) <= 5 else numbers[2:5]
        if all(0 <= each < 256 for each in (red, green, blue)):
            return f"#{red:02x}{green:02x}{blue:02x}"
    return ""


def _number(text: str) -> int:
    """A parameter as a number, 0 for one that is left out, -1 for one that no sequence has."""
    if not text:
        return 0
    return int(text) if len(text) <= 4 else -1
