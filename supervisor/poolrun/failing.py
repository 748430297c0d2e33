"""What becomes of items that have failed for good: told, written down, and kept so that they can be tried again."""

from __future__ import annotations

import threading
import time
from collections import deque

from supervisor.poolrun.intake import fitting
from supervisor.poolrun.wording import counted, cut, error_text, kind_of, short, traceback_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.poolrun.host import Host
    from supervisor.poolrun.intake import Entry, Intake
    from supervisor.poolrun.journal import Journal

MOST_KEPT = 10_000
"""Failed items that are kept, the newest, so that they can be tried again while the run lasts; of big ones fewer."""
LEAST_KEPT = 100
MOST_RECORDS = 1000
"""Failures that are log records; the rest is counted."""
MOST_UNTOLD = 200
"""Failures that wait to be told to the engine; the oldest makes room."""


def failure_of(index: int, shown: str, error: BaseException, attempts: int) -> dict[str, Any]:
    """A failed item as the engine is told of it (`supervisor.api.pools.PoolFailure`)."""
    pid = getattr(error, "pid", None)
    return {
        "index": index,
        "item": shown,
        "kind": kind_of(error),
        "error": cut(error_text(error), 1000),
        "traceback": cut(traceback_text(error)),
        "attempts": max(1, attempts),
        "pid": pid if isinstance(pid, int) and pid > 0 else None,
        "at": time.time(),
    }


class Failures:
    """The failed items of one run.

    Attributes:
        kept: those that can be tried again, by index, the oldest first.
    """

    def __init__(self, pool: str, host: Host, journal: Journal | None, intake: Intake) -> None:
        self._intake = intake
        self._pool = pool
        self._host = host
        self._journal = journal
        self._records = 0
        self._door = threading.Lock()
        self._untold: deque[dict[str, Any]] = deque(maxlen=MOST_UNTOLD)
        self.kept: dict[int, Entry] = {}

    def add(self, entry: Entry, error: BaseException) -> None:
        """An item has failed for good, after `entry.attempts` tries."""
        kind, text, traceback = kind_of(error), error_text(error), traceback_text(error)
        if self._journal is not None:
            self._journal.write_error(entry.index, entry.item, text, kind, traceback, entry.attempts)
        shown = entry.shown = entry.shown or short(entry.item)
        self._say(entry, shown, error, text)
        with self._door:
            self._untold.append(failure_of(entry.index, shown, error, entry.attempts))
            self.kept[entry.index] = entry
            if len(self.kept) > fitting(MOST_KEPT, self._intake.item_bytes, LEAST_KEPT):
                del self.kept[next(iter(self.kept))]

    def _say(self, entry: Entry, shown: str, error: BaseException, text: str) -> None:
        self._records += 1
        if self._records > MOST_RECORDS:
            return
        tries = f" after {entry.attempts} tries"
        self._host.say(
            "ERROR",
            f"item {entry.index} of {self._pool} failed" + (tries if entry.attempts > 1 else "") + f": {text}",
            extra={"item": shown, "index": entry.index},
            error=error,
        )

    def say_rest(self) -> None:
        """Tell how many have no record."""
        if self._records > MOST_RECORDS:
            rest = counted(self._records - MOST_RECORDS, "item")
            self._host.say("ERROR", f"{rest} more of {self._pool} failed, without a record of their own", extra={})

    def take_back(self, index: int | None) -> list[Entry]:
        """The items that are to be tried again, no longer failed: one of them, or all."""
        with self._door:
            wanted = list(self.kept) if index is None else [index]
            return [self.kept.pop(one) for one in wanted if one in self.kept]

    def untold(self, most: int) -> list[dict[str, Any]]:
        """Failures that the engine has not been told of, the oldest first."""
        with self._door:
            return [self._untold.popleft() for _ in range(min(most, len(self._untold)))]
