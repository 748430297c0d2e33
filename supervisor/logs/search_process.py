"""The process in which a client searches, so that no search delays a paint: `search_command`.

::

    client ──a line: {"id", "directory", "query", "most"}──► stdin     another line, or the end, stops the one before
    client ◄──lines: {"id", "hits", "count", "searched_bytes", "total_bytes", "is_done", "trouble"}── stdout

``hits`` are new ones, newest first: ``[segment, [line, ...]]`` with the number of the line in that segment, which
another reader turns into its own with `LogReader.line_at`. With ``most`` of them the search is done: whoever looks for
what is in every line waits for no gigabytes. The first are told at once, the others some times a second.

What makes a long search fast takes a while to be imported. It is when a search turns out to be long, or nobody asks.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from supervisor.logs.query import FieldTest, LogQuery
from supervisor.logs.reading import LogReader
from supervisor.logs.scanning import LONG_BYTES, Fold, Found, fastest_fold, keep_freed_memory, scan

TELL_EVERY_S: Final = 0.05
IDLE_S: Final = 1.0
"""Nobody types any more."""
MOST_HITS: Final = 100_000


class SearchRequest(msgspec.Struct, frozen=True):
    """A search, or with an empty `directory` the wish to stop searching."""

    id: int
    directory: str = ""
    text: str = ""
    workers: list[str] = []
    minimum_level: str = ""
    is_inverted: bool = False
    is_regex: bool = False
    is_fuzzy: bool = False
    fields: list[tuple[list[str], str | None]] = []
    since: str = ""
    until: str = ""
    most: int = MOST_HITS


class SearchReply(msgspec.Struct, frozen=True):
    """How far a search has come."""

    id: int
    hits: list[tuple[int, list[int]]] = []
    count: int = 0
    searched_bytes: int = 0
    total_bytes: int = 0
    is_done: bool = False
    trouble: str = ""


def request_of(number: int, directory: str, query: LogQuery, most: int = MOST_HITS) -> bytes:
    """The line that asks for `query`."""
    request = SearchRequest(
        id=number,
        directory=directory,
        text=query.text,
        workers=sorted(query.workers),
        minimum_level=query.minimum_level,
        is_inverted=query.is_inverted,
        is_regex=query.is_regex,
        is_fuzzy=query.is_fuzzy,
        fields=[(list(test.path), test.value) for test in query.fields],
        since=query.since,
        until=query.until,
        most=most,
    )
    return msgspec.json.encode(request) + b"\n"


Tell = Callable[[SearchReply], None]
HasNews = Callable[[], bool]


def search_command() -> list[str]:
    """The words that start the process."""
    return [sys.executable, "-m", "supervisor.logs.search_process"]


class Searcher:
    """Answers requests. `has_news` is asked after each chunk whether the search is to stop; `tell` gets the replies."""

    def __init__(self, fastest: Callable[[], Fold], long_bytes: int = LONG_BYTES) -> None:
        """`fastest` gives what ignores case for a search of more than `long_bytes`. It may take a while."""
        self._fastest = fastest
        self._long_bytes = long_bytes
        self._fold: Fold = bytes.lower
        self.is_fast = False
        self._reader: LogReader | None = None
        self._directory = ""

    def run(self, request: SearchRequest, tell: Tell, has_news: HasNews) -> None:
        """Search until all is searched, or there is news."""
        if not request.directory:
            return
        try:
            query = _query_of(request)
        except ValueError as trouble:
            tell(SearchReply(id=request.id, is_done=True, trouble=str(trouble)))
            return
        reader = self._opened(request.directory)
        reader.refresh()
        total, searched, count, told_s = reader.stored_bytes, 0, 0, time.monotonic()
        hits: list[tuple[int, list[int]]] = []
        for found in self._found(reader, query):
            chunk = found.chunk
            searched += len(chunk.data)
            if some := [chunk.first + line for line in reversed(found.lines)][: request.most - count]:
                hits.append((chunk.segment, some))
                count += len(some)
            if has_news():
                return
            if count >= request.most:
                break
            if time.monotonic() - told_s >= TELL_EVERY_S or (hits and count == len(some)):
                tell(SearchReply(request.id, hits, count, searched, total))
                hits, told_s = [], time.monotonic()
        else:
            searched = total
        tell(SearchReply(request.id, hits, count, searched, total, is_done=True))

    def hasten(self) -> None:
        """Make all searches fast from now on."""
        if not self.is_fast:
            self._fold, self.is_fast = self._fastest(), True

    def _found(self, reader: LogReader, query: LogQuery) -> Iterator[Found]:
        searched = 0
        for found in scan(reader, query, fold=self._fold):
            yield found
            searched += len(found.chunk.data)
            if searched >= self._long_bytes and not self.is_fast:
                break
        else:
            return
        self.hasten()
        yield from scan(reader, query, fold=self._fold, end_line=found.chunk.line)

    def _opened(self, directory: str) -> LogReader:
        if self._reader is None or directory != self._directory:
            if self._reader is not None:
                self._reader.close()
            self._reader, self._directory = LogReader(Path(directory)), directory
        return self._reader


def _query_of(request: SearchRequest) -> LogQuery:
    return LogQuery(
        text=request.text,
        workers=frozenset(request.workers),
        minimum_level=request.minimum_level,
        is_inverted=request.is_inverted,
        is_regex=request.is_regex,
        is_fuzzy=request.is_fuzzy,
        fields=tuple(FieldTest(tuple(path), value) for path, value in request.fields),
        since=request.since,
        until=request.until,
    )


def main() -> int:
    """Answer requests until the end of stdin."""
    keep_freed_memory()
    decoder = msgspec.json.Decoder(SearchRequest)
    searcher = Searcher(fastest_fold)
    out = sys.stdout.buffer

    def tell(reply: SearchReply) -> None:
        out.write(msgspec.json.encode(reply) + b"\n")
        out.flush()

    def has_news(within_s: float = 0.0) -> bool:
        return bool(select.select([0], [], [], within_s)[0])

    try:
        with open(0, "rb", buffering=0, closefd=False) as requests:  # what is read ahead would be no news to select
            while line := requests.readline():
                searcher.run(decoder.decode(line), tell, has_news)
                if not (searcher.is_fast or has_news(IDLE_S)):
                    searcher.hasten()
    except (BrokenPipeError, KeyboardInterrupt):
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
