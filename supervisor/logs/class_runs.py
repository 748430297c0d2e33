"""Which bytes a line must hold to match a pattern of character classes, once all of one class are taken for the same.

::

    \\d{3}-\\d{4}, and digits are all \\x01 ──► "\\x01\\x01\\x01-\\x01\\x01\\x01\\x01" must occur

Pure. It speaks of lines in ASCII without ``\\u``; what such a class means for other letters is not told by bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from re import _parser  # type: ignore[attr-defined]  # the one that compiles patterns; there is no public way to its result
from typing import Any, Final

MARKER: Final = 1
"""Stands for every byte of the class; no stored line has it, as JSON spells control characters."""

_PLAIN: Final = frozenset(range(0x20, 0x7F)) - set(b'"\\')
"""What JSON strings hold as it is."""
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": frozenset(b"0123456789"),
    "CATEGORY_WORD": frozenset(code for code in _PLAIN if chr(code).isalnum()) | {ord("_")},
}
_LOWER: Final = bytes(range(256)).lower()
_MOST_PARTS: Final = 64
_USUAL_FLAGS: Final = re.IGNORECASE | re.UNICODE

Part = frozenset[int] | None
"""The codes that one character may have; None where that is not sure, or where there may be any number of others."""


@dataclass(frozen=True, slots=True)
class ClassNeedles:
    """One of `needles` occurs in every matching line after ``translate(table)``."""

    table: bytes
    needles: tuple[bytes, ...]


def class_needles(pattern: str) -> ClassNeedles | None:
    """What a valid regular expression, case ignored, is looked for with; None where no class of it tells anything."""
    parsed = _parser.parse(pattern, re.IGNORECASE)
    if parsed.state.flags & ~_USUAL_FLAGS:
        return None
    tops = parsed[0][1][1] if len(parsed) == 1 and str(parsed[0][0]) == "BRANCH" else [parsed]
    alternatives = [list(islice(_parts(top), _MOST_PARTS)) for top in tops]
    classes = dict.fromkeys(part for parts in alternatives for part in parts if part and not _is_letter(part))
    found = [_needles(alternatives, one) for one in classes]
    best = max(found, key=lambda each: min(map(len, each.needles)), default=None)
    return best if best is not None and all(best.needles) else None


def _needles(alternatives: list[list[Part]], marked: frozenset[int]) -> ClassNeedles:
    """What to look for when the bytes of `marked` are taken for the same: the longest of each alternative."""
    table = bytes(MARKER if code in marked else lower for code, lower in enumerate(_LOWER))
    needles = (max(_runs(parts, marked), key=len) for parts in alternatives)
    return ClassNeedles(table, tuple(dict.fromkeys(needles)))


def _runs(parts: list[Part], marked: frozenset[int]) -> Iterator[bytes]:
    run = bytearray()
    for part in parts:
        if part is not None and part <= marked:
            run.append(MARKER)
        elif part is not None and _is_letter(part):
            run.append(_LOWER[min(part)])
        else:
            yield bytes(run)
            run.clear()
    yield bytes(run)


def _is_letter(part: frozenset[int]) -> bool:
    """One character, in whatever case."""
    return len({_LOWER[code] for code in part}) == 1


def _parts(sequence: Iterable[tuple[Any, Any]]) -> Iterator[Part]:
    """What follows one on the other in every match. A repeated part ends what was before, and begins what comes."""
    for kind, value in sequence:
        match str(kind):
            case "LITERAL":
                yield _in_any_case({value})
            case "IN":
                yield _of_class(value)
            case "SUBPATTERN" if not (value[1] or value[2]):
                yield from _parts(value[3])
            case "MAX_REPEAT" | "MIN_REPEAT":
                least, most, inner = value
                for _ in range(least):
                    yield from _parts(inner)
                if least != most:
                    yield None
                    for _ in range(least):
                        yield from _parts(inner)
            case "AT" | "ASSERT" | "ASSERT_NOT":
                pass
            case _:
                yield None


def _of_class(items: list[tuple[Any, Any]]) -> Part:
    codes: set[int] = set()
    for kind, value in items:
        name = str(kind)
        if name == "LITERAL":
            codes.add(value)
        elif name == "RANGE":
            codes.update(range(value[0], min(value[1], 0x80) + 1))
        elif name == "CATEGORY" and str(value) in _CATEGORIES:
            codes |= _CATEGORIES[str(value)]
        else:
            return None
    return _in_any_case(codes)


def _in_any_case(codes: set[int]) -> Part:
    if not codes or not codes <= _PLAIN:
        return None
    text = bytes(codes)
    return frozenset(text + text.lower() + text.upper())
