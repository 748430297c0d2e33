"""The lines of the log pane: the run's store, all of it or what a filter lets through, searched a little at a time.

::

    LogReader ──┬─► Hits of the filter ──► the lines that are shown
                ├─► Hits of the search ──► next and previous match, "12 of 340"
                └─► Timeline ──► the histogram, a time as a line, next and previous error
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from supervisor.logs.query import LogQuery, parse_query
from supervisor.logs.reading import LogReader
from supervisor.logs.record import severity
from tui.link.hits import Hits
from tui.link.older_hits import OlderHits
from tui.link.patience import TooSlow
from tui.link.timeline import Timeline
from tui.render.moments import end_of_span

BYTES_PER_STEP: Final = 8 * 1024 * 1024
"""How much of a store is taken in at once: some 3 ms."""

LEVEL_STEPS: Final = ("", "WARNING", "ERROR", "INFO")
"""The minimum levels that a person goes through; empty shows all."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What of the log is shown."""

    text: str = ""
    """As a person typed it; `parse_query` says what it means."""
    worker: str = ""
    """Of this replica only; empty: of all."""
    level: str = ""
    """Of this level or worse only; empty: of any."""

    def __bool__(self) -> bool:
        return bool(self.text or self.worker or self.level)


class LogSource:
    """One run's log. Reads files; every call is bounded and cheap.

    Args:
        moment: the time that a person means by ``5m ago``, as the store writes times; raises ValueError.
        helpers: look through long histories for the filter and for the search; without them that is done here.

    Attributes:
        narrowing: what of the log is shown.
        sought: what is searched for, as a person typed it; empty: nothing.
        trouble: why the filter cannot be used (a broken pattern); empty where it can.
        search_trouble: the same of the search.
    """

    def __init__(self, moment: Callable[[str], str] = str, helpers: tuple[OlderHits, OlderHits] | None = None) -> None:
        self._moment = moment
        self._helpers = helpers or ()
        self._directory = ""
        self._reader: LogReader | None = None
        self._view: Hits | None = None
        self._found: Hits | None = None
        self._timeline: Timeline | None = None
        self._is_behind = False
        self._query = LogQuery()
        self._search = LogQuery()
        self.narrowing = Narrowing()
        self.sought = ""
        self.trouble = ""
        self.search_trouble = ""

    def open(self, directory: str) -> bool:
        """Read the store in `directory` from now on; whether that is another one than before."""
        if directory == self._directory:
            return False
        self.close()
        self._directory = directory
        if directory:
            self._reader = LogReader(Path(directory))
            self._timeline = Timeline(self._reader)
        self._begin_view()
        return True

    def twin(self) -> LogSource:
        """Another source of the same store, with everything let through."""
        other = LogSource(self._moment, (OlderHits(), OlderHits()) if self._helpers else None)
        other.open(self._directory)
        return other

    @property
    def directory(self) -> str:
        """Where the store is."""
        return self._directory

    @property
    def reader(self) -> LogReader | None:
        """Who else reads the store counts its lines as they are counted here."""
        return self._reader

    # --- what is shown ---

    def narrow(self, text: str, worker: str, level: str = "") -> bool:
        """Let through only what `text` finds, of `worker` only where one is named; whether that is a change."""
        narrowing = Narrowing(text, worker, level)
        if narrowing == self.narrowing:
            return False
        self.narrowing = narrowing
        self._begin_view()
        return True

    def _begin_view(self) -> None:
        self._view, self._query, self.trouble = None, LogQuery(), ""
        self._end_help(0)
        narrowing = self.narrowing
        try:
            query = self._parsed(narrowing.text)
            if narrowing.worker:
                query = replace(query, workers=frozenset({narrowing.worker}))
            if severity(narrowing.level or "TRACE") > severity(query.minimum_level or "TRACE"):
                query = replace(query, minimum_level=narrowing.level)
            self._query = query
            if self._reader is not None and not query.is_empty:
                self._view = Hits(self._reader, [query])
                self._have_helped(0, query, self._view)
        except ValueError as trouble:
            self.trouble = str(trouble)
        self._begin_search()

    def _end_help(self, place: int) -> None:
        if self._helpers:
            self._helpers[place].forget()

    def _have_helped(self, place: int, query: LogQuery, hits: Hits) -> None:
        if self._helpers and self._reader is not None:
            self._helpers[place].look(self._directory, self._reader, query, hits)

    def _parsed(self, text: str) -> LogQuery:
        """The query that `text` is, its times in the store's own words. Raises ValueError."""
        query = parse_query(text) if text else LogQuery()
        since, until = (self._moment(time) if time else "" for time in (query.since, query.until))
        return replace(query, since=since, until=end_of_span(since, until, query.until))

    @property
    def query(self) -> LogQuery:
        """What is let through."""
        return self._query

    @property
    def is_narrowed(self) -> bool:
        """Only some of the lines are let through."""
        return self._view is not None

    @property
    def is_scanning(self) -> bool:
        """There is more to take in or to search than the last turn had time for."""
        return self._is_behind

    @property
    def is_filtering(self) -> bool:
        """More lines may be let through than are known."""
        return self._view is not None and not self._view.has_searched_back

    @property
    def line_count(self) -> int:
        """Lines that are let through, as far as they were searched."""
        if self._view is not None:
            return self._view.line_count
        return self.total_count

    @property
    def total_count(self) -> int:
        """Lines in the store."""
        return self._reader.line_count if self._reader is not None else 0

    def advance(self, budget_s: float) -> bool:
        """Take in what was written, and search on for at most about `budget_s`; whether anything changed."""
        if self._reader is None:
            return False
        before = self.line_count, self.hit_count
        until_s = time.monotonic() + budget_s
        is_more = has_news = self._reader.refresh(BYTES_PER_STEP)
        while is_more and time.monotonic() < until_s:
            is_more = self._reader.refresh(BYTES_PER_STEP)
        was_behind, self._is_behind = self._is_behind, is_more
        for helper in self._helpers:
            helper.deliver()
        for each in (self._view, self._found, self._timeline):
            try:
                while each is not None and (is_more := each.advance()) and time.monotonic() < until_s:
                    pass
                self._is_behind |= is_more
            except TooSlow:
                self._give_up(each)
        self._is_behind |= self.is_filtering or self.is_seeking
        return has_news or (self.line_count, self.hit_count) != before or was_behind != self._is_behind

    def _give_up(self, hits: Hits | Timeline | None) -> None:
        """Show all lines, or search no more: the pattern takes for ever."""
        trouble = "it takes for ever to look at some of the lines"
        if hits is self._view:
            self._end_help(0)
            self._view, self._query, self.trouble = None, LogQuery(), trouble
        if hits is self._found:
            self._end_help(1)
            self._found, self._search, self.search_trouble = None, LogQuery(), trouble

    def stop_searching(self) -> bool:
        """Look no further back, for the filter and for the search; whether there was more to look at."""
        for helper in self._helpers:
            helper.forget()
        unfinished = [each for each in (self._view, self._found) if each is not None and not each.has_searched_back]
        for each in unfinished:
            each.stop()
        return bool(unfinished)

    # --- lines and their numbers ---

    def number(self, index: int) -> int:
        """Where the line shown at `index` stands in the store: a name that stays while older matches are found."""
        if self._view is None:
            return index
        numbers = self._view.numbers(index, 1)
        return numbers[0] if numbers else 0

    def index(self, number: int) -> int:
        """Where the line `number` is shown now; the next one's place where it is not let through."""
        return number if self._view is None else self._view.index(number)

    def numbers(self, first: int, count: int) -> list[int]:
        """Where `count` lines from `first` stand in the store."""
        if self._view is not None:
            return self._view.numbers(first, count)
        first = max(first, 0)
        return list(range(first, min(first + count, self.total_count)))

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """The lines with these ascending numbers of the store; neighbours are read together."""
        out: list[bytes] = []
        at = 0
        while self._reader is not None and at < len(numbers):
            end = at + 1
            while end < len(numbers) and numbers[end] - numbers[at] < _READ_TOGETHER:
                end += 1
            start = numbers[at]
            block = self._reader.lines(start, numbers[end - 1] - start + 1)
            out += [block[number - start] for number in numbers[at:end] if number - start < len(block)]
            at = end
        return out

    def knows(self, number: int) -> bool:
        """Whether it is known what is let through around line `number` of the store."""
        return self._view is None or self._view.searched_from <= number or self._view.has_searched_back

    def lines(self, first: int, count: int) -> list[bytes]:
        """`count` lines from `first`, oldest first."""
        return self.read(self.numbers(first, count))

    # --- searching without hiding ---

    def seek(self, text: str) -> None:
        """Look for `text` in the lines that are shown; empty ends the search."""
        if text != self.sought:
            self.sought = text
            self._begin_search()

    def _begin_search(self) -> None:
        self._found, self._search, self.search_trouble = None, LogQuery(), ""
        self._end_help(1)
        if not self.sought:
            return
        try:
            self._search = self._parsed(self.sought)
            if self._reader is not None:
                self._found = Hits(self._reader, [self._query, self._search])
                both = _both(self._query, self._search)
                if both is not None:
                    self._have_helped(1, both, self._found)
        except ValueError as trouble:
            self.search_trouble = str(trouble)

    @property
    def hit_count(self) -> int:
        """Lines that the search has found so far."""
        return self._found.line_count if self._found is not None else 0

    @property
    def is_seeking(self) -> bool:
        """The search may find more."""
        return self._found is not None and not self._found.has_searched_back

    @property
    def has_older_hits(self) -> bool:
        """There may be older hits than those that are known, and nobody looks for them."""
        return self._found is not None and self._found.is_cut

    def hit_place(self, number: int | None) -> int | None:
        """Which hit line `number` is, counted from 1, the oldest first; None where it is none."""
        if self._found is None or number is None or not self._found.holds(number):
            return None
        return self._found.index(number) + 1

    def next_hit(self, number: int, step: int) -> int | None:
        """The nearest hit after line `number`, or with a negative `step` before it; None: none, or none sure yet."""
        return self._found.nearest(number, step) if self._found is not None else None

    @property
    def highlighted(self) -> re.Pattern[str] | None:
        """What is to be shown wherever it stands: what is searched for, else what the filter asks for."""
        query = self._search if self.sought and not self.search_trouble else self._query
        return query.shown

    # --- times and levels ---

    @property
    def timeline(self) -> Timeline | None:
        """When what was logged; None where there is no store."""
        return self._timeline

    def seek_level(self, number: int, step: int, minimum: str) -> Iterator[int | None]:
        """The nearest line of level `minimum` or worse that is shown; see `Timeline.seek`."""
        if self._timeline is None:
            return iter(())
        return self._timeline.seek(number, step, minimum, self._query.matches)

    async def end_helpers(self) -> None:
        """End the processes that help."""
        for helper in self._helpers:
            await helper.close()

    def close(self) -> None:
        """Let go of the files."""
        for helper in self._helpers:
            helper.forget()
        if self._reader is not None:
            self._reader.close()
        self._reader = self._view = self._found = self._timeline = None
        self._directory = ""


def _both(one: LogQuery, other: LogQuery) -> LogQuery | None:
    """A query for the lines that both find; None where no single one can say that."""
    if one.text and other.text:
        return None
    if one.workers and other.workers:
        return None
    return LogQuery(
        text=one.text or other.text,
        is_inverted=one.is_inverted if one.text else other.is_inverted,
        is_regex=one.is_regex if one.text else other.is_regex,
        is_fuzzy=one.is_fuzzy if one.text else other.is_fuzzy,
        workers=one.workers or other.workers,
        minimum_level=max(one.minimum_level, other.minimum_level, key=lambda level: severity(level or "TRACE")),
        fields=(*one.fields, *other.fields),
        since=max(one.since, other.since),
        until=min(filter(None, (one.until, other.until)), default=""),
    )


_READ_TOGETHER: Final = 500
"""Lines so near to each other are read at once."""
