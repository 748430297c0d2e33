"""The lines of a store that match a query: new ones as they arrive, then from the newest backwards, a little at a time.

It holds numbers of lines, not lines, and at most `MOST_HITS` of them: the newest. `searched_from` says how far back it
has looked, so that whoever asks for the nearest hit knows whether there may be a nearer one.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from supervisor.logs.query import BLOCK_LINES, MOST_HITS, LogQuery
from supervisor.logs.reading import LogReader
from tui.link.patience import patience

_FORGET_AT_ONCE = 4096


class Hits:
    """Lines of `reader` that match all of `queries`, numbered from 0, oldest first.

    Attributes:
        searched_from: every line from this number on has been looked at.
    """

    def __init__(self, reader: LogReader, queries: Sequence[LogQuery], most: int = MOST_HITS) -> None:
        self._reader = reader
        self._queries = [query for query in queries if not query.is_empty]
        self._most = most
        self._older = array("Q")  # newest first
        self._newer = array("Q")  # oldest first
        self._is_stopped = False
        self._is_left = False
        self._left_from = 0
        self.searched_from = self._forward_to = reader.line_count

    @property
    def line_count(self) -> int:
        """Matching lines that are known and kept."""
        return len(self._older) + len(self._newer)

    @property
    def is_complete(self) -> bool:
        """Every line has been looked at, or as many hits are known as are kept."""
        return self._forward_to == self._reader.line_count and self.has_searched_back

    @property
    def is_cut(self) -> bool:
        """There may be older hits than those that are kept."""
        return self.searched_from > 0 and self.has_searched_back

    @property
    def has_searched_back(self) -> bool:
        """No older hits will be found."""
        return self.searched_from == 0 or self.line_count >= self._most or self._is_stopped

    def advance(self) -> bool:
        """Look at some hundred lines more; True while there are more. The reader must have been refreshed.

        Raises TooSlow where a pattern takes for ever; it can look at nothing more then.
        """
        if self._forward_to < self._reader.line_count:
            count = min(BLOCK_LINES, self._reader.line_count - self._forward_to)
            self._newer.extend(self._matching(self._forward_to, count))
            self._forward_to += count
            self._forget_oldest()
        elif not (self.has_searched_back or self._is_left):
            count = min(BLOCK_LINES, self.searched_from)
            found = self._matching(self.searched_from - count, count)
            self.searched_from -= count
            self._older.extend(reversed(found))
            self._forget_oldest()
        return not (self.is_complete or (self._is_left and self._forward_to == self._reader.line_count))

    def leave_older(self) -> None:
        """Somebody else looks through the lines that there are already, and tells what it finds by `take_older`."""
        self._is_left = True
        self._left_from = self.searched_from

    def take_older(self, numbers: Sequence[int], *, is_all: bool) -> None:
        """These older lines match too, newest first, each older than those before.

        `is_all`: there are no others, or there are as many as are kept.
        """
        self._older.extend(number for number in numbers if number < self._left_from)
        if self._older:
            self.searched_from = min(self.searched_from, self._older[-1])
        if is_all:
            self._is_left = False
            if self.line_count < self._most:
                self.searched_from = 0
        self._forget_oldest()

    def search_older_itself(self) -> None:
        """Nobody else does it any more."""
        self._is_left = False

    def stop(self) -> None:
        """Look no further back; what has been found stays."""
        self._is_stopped = True

    def numbers(self, first: int, count: int) -> list[int]:
        """Where `count` hits from `first` stand in the store."""
        first = max(first, 0)
        return [self._number(at) for at in range(first, min(first + count, self.line_count))]

    def _number(self, index: int) -> int:
        older = len(self._older)
        return self._older[older - 1 - index] if index < older else self._newer[index - older]

    def index(self, number: int) -> int:
        """How many hits stand before line `number`: its own place where it is one."""
        return bisect_left(range(self.line_count), number, key=self._number)

    def holds(self, number: int) -> bool:
        """Whether line `number` is a hit that is known."""
        return self.numbers(self.index(number), 1) == [number]

    def nearest(self, number: int, step: int) -> int | None:
        """The next hit after line `number`, or with a negative `step` before it; None where none is sure yet."""
        places = range(self.line_count)
        if step > 0:
            if number + 1 < self.searched_from and not self.has_searched_back:
                return None
            at = bisect_right(places, number, key=self._number)
        else:
            at = bisect_left(places, number, key=self._number) - 1
        return self._number(at) if 0 <= at < self.line_count else None

    def _matching(self, first: int, count: int) -> list[int]:
        """The numbers of the matching lines among `count` from `first`, ascending."""
        if not self._queries:
            return list(range(first, first + count))
        block = self._reader.block(first, count)
        if not all(query.may_match(block) for query in self._queries):
            return []
        lines = self._reader.lines(first, count)
        if not any(query.is_regex for query in self._queries):
            return [first + at for at, line in enumerate(lines) if self._is_hit(line)]
        with patience():
            return [first + at for at, line in enumerate(lines) if self._is_hit(line)]

    def _is_hit(self, line: bytes) -> bool:
        return all(query.matches(line) for query in self._queries)

    def _forget_oldest(self) -> None:
        too_many = self.line_count - self._most
        if too_many <= 0:
            return
        if self._older:
            kept = max(len(self._older) - too_many, 0)
            too_many -= len(self._older) - kept
            del self._older[kept:]
        if too_many >= _FORGET_AT_ONCE:  # taking from the front of a list costs all of it, so it is not done often
            del self._newer[:too_many]
