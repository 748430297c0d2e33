"""Which lines a person wants to see: a query over stored lines, and the list of its hits in a store that grows.

Lines that cannot match are sorted out as bytes, most of them a block at a time; only the others are decoded.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from json.encoder import encode_basestring as quote
from typing import Protocol

from supervisor.logs.record import IDENTITY_MARK, Record, decode, severity

MOST_HITS = 100_000
"""Matches that a view keeps: the newest."""
BLOCK_LINES = 500
"""Lines that are looked at together."""

_LEVEL_MARK = b'Z","level":"'
_LEVEL_AT = 35  # ``{"time":"`` and 26 characters of the time before its Z


@dataclass(frozen=True)
class LogQuery:
    """What to show. All conditions must hold; an empty one always does.

    Attributes:
        text: looked for in message, worker, logger and exception, case ignored.
        workers: names of replicas, ``parse.2``, or of workers, ``parse``, for all their replicas.
        minimum_level: ``WARNING`` shows warnings, errors and critical records.
        is_inverted: shows the records in which `text` is not found.
        is_regex: `text` is a regular expression; raises ValueError here if it is not a valid one.
    """

    text: str = ""
    workers: frozenset[str] = frozenset()
    minimum_level: str = ""
    is_inverted: bool = False
    is_regex: bool = False
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)
    _needle: bytes = field(init=False, repr=False, compare=False)
    _severity: int = field(init=False, repr=False, compare=False)
    _worker_marks: tuple[bytes, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = None
        if self.text and self.is_regex:
            try:
                pattern = re.compile(self.text, re.IGNORECASE)
            except re.error as error:
                raise ValueError(f'"{self.text}" is not a regular expression: {error}') from None
        object.__setattr__(self, "_pattern", pattern)
        object.__setattr__(self, "_needle", _bytes_that_must_occur(self.text, is_regex=self.is_regex))
        object.__setattr__(self, "_severity", severity(self.minimum_level) if self.minimum_level else 0)
        marks = tuple(f'"worker":"{name}{end}'.encode() for name in sorted(self.workers) for end in ('"', "."))
        object.__setattr__(self, "_worker_marks", marks)

    @property
    def is_empty(self) -> bool:
        """True where every line matches."""
        return not (self.text or self.workers or self.minimum_level)

    def may_match(self, block: bytes) -> bool:
        """False where surely no line of `block` matches; a fast look at raw lines, many at a time."""
        if self.workers and not any(mark in block for mark in self._worker_marks):
            return False
        return not self._needle or self.is_inverted or self._needle in block.lower()

    def matches(self, line: bytes) -> bool:
        """Whether the stored `line` is to be shown. Never raises."""
        if self._severity and _line_severity(line) < self._severity:
            return False
        if self.workers and not self._is_of_workers(line):
            return False
        if not self.text:
            return True
        if self._needle and self._needle not in line.lower():
            return self.is_inverted
        return self._finds(decode(line)) is not self.is_inverted

    def _is_of_workers(self, line: bytes) -> bool:
        name = _line_worker(line)
        return name in self.workers or name.rpartition(".")[0] in self.workers

    def _finds(self, record: Record) -> bool:
        parts = [record.message, record.worker, record.logger]
        if record.exception is not None:
            parts += [record.exception.type, record.exception.message, record.exception.traceback]
        if self._pattern is not None:
            return any(map(self._pattern.search, parts))
        text = self.text.lower()
        return any(text in part.lower() for part in parts)


def parse_query(text: str) -> LogQuery:
    """The query that a person typed: ``x`` finds, ``!x`` hides, ``re:x`` is a regular expression, ``!re:x`` both.

    Raises ValueError where the regular expression is not valid; the message is for people.
    """
    is_inverted = text.startswith("!") and len(text) > 1
    text = text[1:] if is_inverted else text
    is_regex = text.startswith("re:")
    return LogQuery(text=text[3:] if is_regex else text, is_inverted=is_inverted, is_regex=is_regex)


def _bytes_that_must_occur(text: str, *, is_regex: bool) -> bytes:
    """Lower-case bytes that every stored line with `text` in it holds; empty where none are sure.

    The case of what is not ASCII cannot be told from bytes, so only the longest ASCII part of the text counts.
    """
    if is_regex:
        return b""
    parts = re.split(r"[^\x00-\x7f]+", text)
    return quote(max(parts, key=len))[1:-1].lower().encode()


def _line_severity(line: bytes) -> int:
    """The severity of a stored line, from its bytes where it is written as the agent and the engine do."""
    if line.startswith(_LEVEL_MARK, _LEVEL_AT):
        start = _LEVEL_AT + len(_LEVEL_MARK)
        end = line.find(b'"', start, start + 40)
        if end > 0:
            return severity(line[start:end].decode("ascii", "replace"))
    return decode(line).severity


def _line_worker(line: bytes) -> str:
    """The replica's name in the engine's part of a stored line."""
    start = line.find(b'"worker":"', max(line.rfind(IDENTITY_MARK), 0))
    if start < 0:
        return ""
    start += len(b'"worker":"')
    return line[start : line.find(b'"', start)].decode("utf-8", "replace")


class Lines(Protocol):
    """What a view needs of a reader; `LogReader` is one."""

    line_count: int

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` lines from number `first`, without newlines."""

    def block(self, first: int, count: int) -> bytes:
        """The same lines as one piece."""


class FilteredView:
    """The lines of `reader` that match `query`, oldest first, as far as they have been looked for.

    Looks at newly arrived lines first, then from the newest backwards. It holds numbers of lines, not lines, and at
    most `most_hits` of them: the newest.
    """

    def __init__(self, reader: Lines, query: LogQuery, most_hits: int = MOST_HITS) -> None:
        self.query = query
        self._reader = reader
        self._most_hits = most_hits
        self._older: deque[int] = deque()  # newest first, appended to while searching backwards
        self._newer: deque[int] = deque()  # oldest first, appended to while following
        self._backward_to = self._forward_to = reader.line_count

    @property
    def line_count(self) -> int:
        """Matching lines that are known and kept."""
        return len(self._older) + len(self._newer)

    @property
    def hits(self) -> int:
        """The same; how many matches a person is told of."""
        return self.line_count

    @property
    def is_complete(self) -> bool:
        """True once every line has been looked at, or as many matches are known as are kept."""
        return self._forward_to == self._reader.line_count and self._has_searched_back

    @property
    def is_cut(self) -> bool:
        """True where there may be older matches than those that are kept."""
        return self._backward_to > 0 and self.line_count >= self._most_hits

    @property
    def _has_searched_back(self) -> bool:
        return self._backward_to == 0 or self.line_count >= self._most_hits

    def advance(self, budget_lines: int = 2000) -> bool:
        """Look at up to `budget_lines` more lines; True while there are more. The reader must have been refreshed."""
        left = budget_lines
        while left > 0 and self._forward_to < self._reader.line_count:
            count = min(BLOCK_LINES, left, self._reader.line_count - self._forward_to)
            self._newer.extend(self._matching(self._forward_to, count))
            self._forward_to += count
            left -= count
            self._forget_oldest()
        while left > 0 and not self._has_searched_back:
            count = min(BLOCK_LINES, left, self._backward_to)
            self._backward_to -= count
            found = self._matching(self._backward_to, count)
            room = self._most_hits - self.line_count
            self._older.extend(islice(reversed(found), room))
            left -= count
        return not self.is_complete

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` matching lines from number `first` of those known, without newlines."""
        return self.read_numbers(self.numbers(first, count))

    def numbers(self, first: int, count: int) -> list[int]:
        """Where the same lines stand in the whole store."""
        first = max(first, 0)
        end = min(first + count, self.line_count)
        older = len(self._older)
        return [self._older[older - 1 - at] if at < older else self._newer[at - older] for at in range(first, end)]

    def read_numbers(self, numbers: Sequence[int]) -> list[bytes]:
        """The lines with these ascending numbers; neighbours are read together."""
        out: list[bytes] = []
        at = 0
        while at < len(numbers):
            end = at + 1
            while end < len(numbers) and numbers[end] - numbers[at] < BLOCK_LINES:
                end += 1
            start = numbers[at]
            block = self._reader.lines(start, numbers[end - 1] - start + 1)
            out += [block[number - start] for number in numbers[at:end] if number - start < len(block)]
            at = end
        return out

    def _matching(self, first: int, count: int) -> list[int]:
        """The numbers of the matching lines among `count` from `first`, ascending."""
        if self.query.is_empty:
            return list(range(first, first + count))
        if not self.query.may_match(self._reader.block(first, count)):
            return []
        matches = self.query.matches
        return [first + at for at, line in enumerate(self._reader.lines(first, count)) if matches(line)]

    def _forget_oldest(self) -> None:
        while self.line_count > self._most_hits:
            if self._older:
                self._older.pop()
            else:
                self._newer.popleft()
