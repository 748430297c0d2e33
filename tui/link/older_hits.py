"""Has a process of its own look through a long history for one `Hits`, so that no search delays a paint.

::

    Hits (new lines) ◄── deliver, in the source's own turn ── told so far ◄── LogSearch ◄── search process
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Final

from supervisor.logs.query import LogQuery
from supervisor.logs.reading import LogReader
from tui.link.hits import Hits
from tui.link.log_search import LogSearch

LONG_HISTORY_LINES: Final = 200_000
"""A shorter history is looked through at once; the process would take longer to start."""


class OlderHits:
    """One search at a time; the next one ends the one before."""

    def __init__(self) -> None:
        self._search = LogSearch(lambda: None)
        self._asking: asyncio.Task[None] | None = None
        self._hits: Hits | None = None
        self._asked: Hits | None = None
        self._reader: LogReader | None = None
        self._is_stubborn = False
        self._taken = 0

    def look(self, directory: str, reader: LogReader, query: LogQuery, hits: Hits) -> None:
        """Look through what `reader` knows of the store in `directory` already, where that is much."""
        self.forget()
        if reader.line_count < LONG_HISTORY_LINES:
            return
        hits.leave_older()
        self._hits, self._reader, self._taken = hits, reader, 0
        self._then(self._ask(directory, query, hits))

    def _then(self, work: Coroutine[None, None, None]) -> None:
        """Talk to the process when what was begun with it has ended."""
        before = self._asking

        async def in_turn() -> None:
            if before is not None:
                await before
            await work

        self._asking = asyncio.get_running_loop().create_task(in_turn())

    async def _ask(self, directory: str, query: LogQuery, hits: Hits) -> None:
        if self._hits is not hits:
            return
        if self._is_stubborn:
            await self._search.close()  # it hears nothing as long as a pattern keeps it busy with one line
        await self._search.search(directory, query)
        self._asked, self._is_stubborn = hits, query.is_regex

    def deliver(self) -> None:
        """Hand over what was found since the last call."""
        hits, reader, search = self._hits, self._reader, self._search
        if hits is None or reader is None or self._asked is not hits:
            return
        if search.trouble:
            hits.search_older_itself()
            self._hits = None
            return
        found = search.hits[self._taken :]
        self._taken += len(found)
        starts = {segment: reader.line_at(segment, 0) for segment in {segment for segment, _ in found}}
        numbers = [start + line for segment, line in found if (start := starts[segment]) is not None]
        hits.take_older(numbers, is_all=search.is_done)
        if search.is_done:
            self._hits, self._is_stubborn = None, False

    def forget(self) -> None:
        """What is still found is for nobody."""
        if self._hits is not None:
            self._hits = None
            self._then(self._search.close() if self._is_stubborn else self._search.stop())

    async def close(self) -> None:
        """End the process."""
        self._hits = None
        if self._asking is not None:
            await self._asking
        await self._search.close()
