"""Which lines match a query: the list of its hits in a store that grows, searched a little at a time.

Lines that cannot match are sorted out as bytes, most of them a block at a time; only the others are decoded. Searching
the whole of a large store at once is for `supervisor.logs.scanning`, in a process of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Protocol

from supervisor.logs.query import FieldTest, LogQuery, field_test, parse_query

__all__ = ["BLOCK_LINES", "MOST_HITS", "FieldTest", "FilteredView", "Lines", "LogQuery", "field_test", "parse_query"]

MOST_HITS = 100_000
"""Matches that a view keeps: the newest."""
BLOCK_LINES = 500
"""Lines that are looked at together."""


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
