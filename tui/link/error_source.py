"""What has failed in a run, grouped by type and place: looked for in slices, and only once somebody wants to see it.

::

    LogSource's reader ──► ErrorScan ──┐
    journal.ndjson ──► exits ──────────┴─► ErrorBook ──► groups
"""

from __future__ import annotations

import time
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


class ErrorSource:
    """The failures of one store.

    Attributes:
        groups: the ones that happened last first.
    """

    def __init__(self) -> None:
        self._directory = ""
        self._reader: LogReader | None = None
        self._scan: ErrorScan | None = None
        self._journal: JournalTail | None = None
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
            self._scan = ErrorScan(reader)
            self._journal = JournalTail(Path(directory).parent / JOURNAL_NAME)

    @property
    def is_scanning(self) -> bool:
        """There is more to look through."""
        return self._scan is not None and self._reader is not None and self._scan.position < self._reader.line_count

    @property
    def share(self) -> float:
        """How much of the store has been looked through, 0 to 1."""
        if self._scan is None or self._reader is None or not self._reader.line_count:
            return 1.0
        return self._scan.position / self._reader.line_count

    @property
    def forgotten(self) -> int:
        """Groups that were dropped because there were too many."""
        return self._scan.book.forgotten if self._scan is not None else 0

    def advance(self, budget_s: float) -> bool:
        """Look on for at most about `budget_s`; whether `groups` are others now."""
        scan = self._scan
        if scan is None:
            return False
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
            for event in filter(_is_failure, events):
                self._scan.book.add_exit(event.subject, event.ended_incarnation, event.at, event.cause or "")
                self._is_outdated = True
            if time.monotonic() >= until_s:
                return

    def close(self) -> None:
        """Forget everything."""
        if self._journal is not None:
            self._journal.close()
        self._reader = self._scan = self._journal = None
        self.groups = ()


def _is_failure(event: Event) -> bool:
    return bool(event.cause) and event.level != "INFO" and event.to_state not in _NO_FAILURES
