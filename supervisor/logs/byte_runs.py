"""What a query looks for as runs of bytes, each of a class, where one such run is a match and nothing else is. Pure.

::

    [a-z]+ \\d+$  ──►  (letter) (blank) (digit) ("): what a match begins or ends with may be there more often, or not

It speaks of lines of ASCII in which nothing is escaped: a message begins behind a quotation mark, and ends before one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from re import _compiler, _parser  # type: ignore[attr-defined]  # there is no public way from a pattern to its parts
from typing import Any, Final

Part = frozenset[int]
"""The bytes of which there is one."""

QUOTE: Final[Part] = frozenset(b'"')
PLAIN: Final[Part] = frozenset(range(0x20, 0x80)) - frozenset(b'"\\')
"""What a message consists of where nothing in it is escaped."""
_MOST_PARTS: Final = 64
_MOST_RUNS: Final = 8
_USUAL_FLAGS: Final = re.IGNORECASE | re.UNICODE | re.ASCII
_BEGIN: Final[Part] = frozenset({-1})
_END: Final[Part] = frozenset({-2})
_SINGLE: Final = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN"})
_REPEATS: Final = frozenset({"MAX_REPEAT", "MIN_REPEAT"})
_BEGINNINGS: Final = frozenset({"AT_BEGINNING", "AT_BEGINNING_STRING"})
_ENDS: Final = frozenset({"AT_END", "AT_END_STRING"})
_WORD_EDGES: Final = {"AT_BOUNDARY": True, "AT_NON_BOUNDARY": False}

Item = tuple[Any, Any]
_Way = list[Part | bool]
"""Parts, and where a word has to begin or end (True), or must not."""


@dataclass(frozen=True, slots=True)
class Run:
    """Bytes one behind the other."""

    parts: tuple[Part, ...]
    edges: tuple[tuple[int, bool], ...] = ()
    """Between a part, by its number, and the one before a word begins or ends; or, with False, none does."""
    is_of_records: bool = False
    """In a line that is no record, and shown as a whole, there may be a match without the run, or a run without one."""

    @property
    def is_from_start(self) -> bool:
        """The first part is the quotation mark before a message."""
        return self.parts[0] == QUOTE


class _NoRuns(Exception):
    """A pattern finds more, or less, than runs can say."""


def text_runs(text: str) -> tuple[Run, ...]:
    """The run that is `text`, case ignored; none where it is not of plain ASCII."""
    if not text.isascii() or not PLAIN.issuperset(text.encode()):
        return ()
    return (Run(tuple(frozenset((sign.lower() + sign.upper()).encode()) for sign in text)),)


def regex_runs(pattern: str) -> tuple[Run, ...]:
    """Runs of which one is in each text that a valid regular expression, case ignored, matches, and in no other.

    None where there are no such runs.
    """
    parsed = _parser.parse(pattern, re.IGNORECASE)
    if parsed.state.flags & ~_USUAL_FLAGS:
        return ()
    try:
        runs = [_run(way) for way in _ways(_without_loose_ends(list(parsed)), parsed.state)]
    except _NoRuns:
        return ()
    return tuple(dict.fromkeys(runs))


def quick_pattern(pattern: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """Finds something in the same texts as the valid regular expression `pattern`, and looks no further than it must.

    ``\\d+x`` tries every digit of a long number again: for every one it goes through all that follow.
    """
    parsed = _parser.parse(pattern, flags)
    shorter: re.Pattern[str] = _compiler.compile(
        _parser.SubPattern(parsed.state, _without_loose_ends(list(parsed))), flags
    )
    return shorter


def _without_loose_ends(items: list[Item]) -> list[Item]:
    """With as few of what may be there more often as do, at the beginning and at the end of a pattern."""
    while items and (least := _least_repeat(items[0])) is not None:
        items = [*least, *items[1:]]
    while items and (least := _least_repeat(items[-1])) is not None:
        items = [*items[:-1], *least]
    return items


def _least_repeat(item: Item) -> list[Item] | None:
    """The fewest times that a character must be there; None where it is not that which is loose."""
    kind, value = item
    if str(kind) not in _REPEATS or len(value[2]) != 1 or str(value[2][0][0]) not in _SINGLE or value[0] == value[1]:
        return None
    if value[0] == 1:
        return list(value[2])
    return [(kind, (value[0], value[0], value[2]))] if value[0] else []


def _ways(items: Iterable[Item], state: Any) -> list[_Way]:
    ways: list[_Way] = [[]]
    for item in items:
        ways = [before + after for before, after in product(ways, _ways_of(item, state))]
        if len(ways) > _MOST_RUNS or max(map(len, ways)) > _MOST_PARTS:
            raise _NoRuns
    return ways


def _ways_of(item: Item, state: Any) -> list[_Way]:
    kind, value = str(item[0]), item[1]
    if kind in _SINGLE:
        return [[_class_of(item, state)]]
    if kind in _REPEATS and value[0] == value[1] <= _MOST_PARTS:
        return _ways(list(value[2]) * value[0], state)
    if kind == "SUBPATTERN" and not (value[1] or value[2]):
        return _ways(value[3], state)
    if kind == "BRANCH":
        return [way for inner in value[1] for way in _ways(inner, state)]
    if kind == "AT" and str(value) in _WORD_EDGES:
        return [[_WORD_EDGES[str(value)]]]
    if kind == "AT" and str(value) in _BEGINNINGS | _ENDS:
        return [[_BEGIN if str(value) in _BEGINNINGS else _END]]
    raise _NoRuns


def _class_of(item: Item, state: Any) -> Part:
    """The plain bytes that one character of a pattern stands for, and the quotation mark."""
    matches = _compiler.compile(_parser.SubPattern(state, [item]), re.IGNORECASE).fullmatch
    return frozenset(code for code in PLAIN | QUOTE if matches(chr(code)))


def _run(way: _Way) -> Run:
    if _BEGIN in way[1:] or _END in way[:-1]:
        raise _NoRuns
    parts = [part for part in way if not isinstance(part, bool)]
    plain = [part & PLAIN for part in parts]
    inner = [part for part, whole in zip(plain, parts, strict=True) if whole not in (_BEGIN, _END)]
    if not inner or not all(inner):
        raise _NoRuns
    edges, at = [], 0
    for part in way:
        if isinstance(part, bool):
            edges.append((at, part))
        else:
            at += 1
    is_of_records = len(inner) < len(parts) or any(part & QUOTE for part in parts)
    return Run(tuple(part or QUOTE for part in plain), tuple(edges), is_of_records)
