"""What has failed in a run, grouped by type and place: looked for in slices, and only once somebody wants to see it.

::

    LogSource's reader ──► ErrorScan ──┐
    journal.ndjson ──► exits ──────────┴─► ErrorBook ──► groups
"""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path
from typing import Final

from supervisor.api.messages import Event
from supervisor.journal import JOURNAL_NAME
from supervisor.logs.errors import ErrorGroup, ErrorScan
from supervisor.logs.reading import LogReader
from tui.link.journal_tail import JournalTail

LINES_PER_STEP: Final = 500
AGAIN_S: Final = 0.5
"""Groups are made anew at most so often: with a thousand of them that takes 20 ms."""
_NO_FAILURES: Final = frozenset({"skipped"})


class _FirstLines:
    """The first `most` lines of a store, as an `ErrorScan` reads them."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self.most: int | None = None
        """None: all."""
        self.line_count = 0

    def refresh(self) -> None:
        """The store may have grown, or `most`."""
        count = self._reader.line_count
        self.line_count = count if self.most is None else min(count, self.most)

    def lines(self, first: int, count: int) -> list[bytes]:
        return self._reader.lines(first, count)

    def block(self, first: int, count: int) -> bytes:
        return self._reader.block(first, count)


class ErrorSource:
    """The failures of one store.

    Attributes:
        groups: the ones that happened last first.
    """

    def __init__(self) -> None:
        self._directory = ""
        self._reader: LogReader | None = None
        self._lines: _FirstLines | None = None
        self._scan: ErrorScan | None = None
        self._journal: JournalTail | None = None
        self._exits: deque[Event] = deque()
        """Read, and not yet told of."""
        self._until: tuple[int, float] | None = None
        """How many lines of the store are looked at, and up to when exits are told of; None: all."""
        self._told_s = 0.0
        self._is_outdated = False
        self.groups: tuple[ErrorGroup, ...] = ()

    def open(self, directory: str, reader: LogReader | None) -> None:
        """Look through the store in `directory`, which `reader` has opened and refreshes."""
        if reader is self._reader:
            return
        self.close()
        self._directory, self._reader = directory, reader
        if reader is not None:
            self._lines = _FirstLines(reader)
            self._scan = ErrorScan(self._lines)
            self._limit()
            self._journal = JournalTail(Path(directory).parent / JOURNAL_NAME)

    def look_until(self, lines: int, at: float) -> None:
        """Tell only of what failed in the first `lines` of the store, and of exits up to `at`, a Unix time.

        Where that is less than before, all is looked through anew.
        """
        before, self._until = self._until, (lines, at)
        if before is not None and (lines < before[0] or at < before[1]):
            directory, reader = self._directory, self._reader
            self.close()
            self.open(directory, reader)
        self._limit()

    def _limit(self) -> None:
        if self._lines is not None:
            self._lines.most = self._until[0] if self._until is not None else None
            self._lines.refresh()

    @property
    def is_scanning(self) -> bool:
        """There is more to look through."""
        return self._scan is not None and self._lines is not None and self._scan.position < self._lines.line_count

    @property
    def share(self) -> float:
        """How much of the store has been looked through, 0 to 1."""
        if self._scan is None or self._lines is None or not self._lines.line_count:
            return 1.0
        return self._scan.position / self._lines.line_count

    @property
    def forgotten(self) -> int:
        """Groups that were dropped because there were too many."""
        return self._scan.book.forgotten if self._scan is not None else 0

    def advance(self, budget_s: float) -> bool:
        """Look on for at most about `budget_s`; whether `groups` are others now."""
        scan, lines = self._scan, self._lines
        if scan is None or lines is None:
            return False
        lines.refresh()
        until_s = time.monotonic() + budget_s
        self._is_outdated |= self.is_scanning
        while (is_more := scan.advance(LINES_PER_STEP)) and time.monotonic() < until_s:
            pass
        if not is_more:
            self._take_exits(until_s)
        if not self._is_outdated or (time.monotonic() < self._told_s + AGAIN_S and self.groups):
            return False
        before, self.groups = self.groups, scan.book.groups()
        self._is_outdated, self._told_s = False, time.monotonic()
        return self.groups != before

    def _take_exits(self, until_s: float) -> None:
        """What led to an exit is in the store before the exit is in the journal, so the store comes first."""
        assert self._journal is not None
        assert self._scan is not None
        while events := self._journal.read():
            self._exits.extend(filter(_is_failure, events))
            if time.monotonic() >= until_s:
                break
        while self._exits and (self._until is None or self._exits[0].at <= self._until[1]):
            event = self._exits.popleft()
            self._scan.book.add_exit(event.subject, event.ended_incarnation, event.at, event.cause or "")
            self._is_outdated = True

    def close(self) -> None:
        """Forget everything."""
        if self._journal is not None:
            self._journal.close()
        self._reader = self._lines = self._scan = self._journal = None
        self._exits.clear()
        self.groups = ()


def _is_failure(event: Event) -> bool:
    return bool(event.cause) and event.level != "INFO" and event.to_state not in _NO_FAILURES
