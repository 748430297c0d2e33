"""The lines of the log pane: the run's store, all of it or what a filter lets through, searched a little at a time."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from supervisor.logs.reading import LogReader
from supervisor.logs.searching import FilteredView, LogQuery, parse_query

LINES_PER_STEP = 500
"""How many lines are searched between two looks at the clock."""

BYTES_PER_STEP = 8 * 1024 * 1024
"""How much of a store is taken in at once: some 3 ms."""


class LogSource:
    """One run's log. Reads files; every call is bounded and cheap."""

    def __init__(self) -> None:
        self._directory = ""
        self._reader: LogReader | None = None
        self._view: FilteredView | None = None
        self._text = ""
        self._worker = ""
        self._is_behind = False
        self.trouble = ""
        """Why the filter cannot be used (a broken pattern); empty where it can."""

    def open(self, directory: str) -> bool:
        """Read the store in `directory` from now on; whether that is another one than before."""
        if directory == self._directory:
            return False
        self.close()
        self._directory = directory
        self._reader = LogReader(Path(directory)) if directory else None
        self._narrow()
        return True

    def narrow(self, text: str, worker: str) -> None:
        """Let through only what `text` finds, of `worker` only where one is named."""
        if (text, worker) != (self._text, self._worker):
            self._text, self._worker = text, worker
            self._narrow()

    def _narrow(self) -> None:
        self._view = None
        self.trouble = ""
        if self._reader is None or not (self._text or self._worker):
            return
        try:
            query = parse_query(self._text) if self._text else LogQuery()
            if self._worker:
                query = replace(query, workers=frozenset({self._worker}))
            self._view = FilteredView(self._reader, query)
        except ValueError as trouble:
            self.trouble = str(trouble)

    @property
    def is_narrowed(self) -> bool:
        """Only some of the lines are let through."""
        return bool(self._text or self._worker)

    @property
    def is_scanning(self) -> bool:
        """There is more to take in or to search than the last turn had time for."""
        return self._is_behind

    @property
    def line_count(self) -> int:
        """Lines that are let through, as far as they were searched."""
        if self._view is not None:
            return self._view.line_count
        return self._reader.line_count if self._reader is not None else 0

    @property
    def total_count(self) -> int:
        """Lines in the store."""
        return self._reader.line_count if self._reader is not None else 0

    def advance(self, budget_s: float) -> bool:
        """Take in what was written, and search on for at most about `budget_s`; whether anything changed."""
        if self._reader is None:
            return False
        before = self.line_count
        until_s = time.monotonic() + budget_s
        is_more = has_news = self._reader.refresh(BYTES_PER_STEP)
        while is_more and time.monotonic() < until_s:
            is_more = self._reader.refresh(BYTES_PER_STEP)
        was_behind, self._is_behind = self._is_behind, is_more
        if self._view is not None:
            while (is_more := self._view.advance(LINES_PER_STEP)) and time.monotonic() < until_s:
                pass
            self._is_behind |= is_more
        return has_news or self.line_count != before or was_behind != self._is_behind

    def number(self, index: int) -> int:
        """Where the line shown at `index` stands in the store: a name that stays while older matches are found."""
        if self._view is None:
            return index
        numbers = self._view.numbers(index, 1)
        return numbers[0] if numbers else 0

    def index(self, number: int) -> int:
        """Where the line `number` is shown now; the next one's place where it is not let through."""
        if self._view is None:
            return number
        return bisect_left(range(self.line_count), number, key=self.number)

    def lines(self, first: int, count: int) -> list[bytes]:
        """`count` lines from `first`, oldest first."""
        if self._view is not None:
            return self._view.lines(first, count)
        return self._reader.lines(first, count) if self._reader is not None else []

    def numbers(self, first: int, count: int) -> list[int]:
        """Where the same lines stand in the store."""
        if self._view is not None:
            return self._view.numbers(first, count)
        first = max(first, 0)
        return list(range(first, min(first + count, self.line_count)))

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """The lines with these ascending numbers of the store."""
        if self._view is not None:
            return self._view.read_numbers(numbers)
        if self._reader is None or not numbers:
            return []
        return self._reader.lines(numbers[0], numbers[-1] - numbers[0] + 1)

    def close(self) -> None:
        """Let go of the files."""
        if self._reader is not None:
            self._reader.close()
        self._reader, self._view, self._directory = None, None, ""
