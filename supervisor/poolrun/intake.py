"""Gives items to a pool in chunks, and knows which are out; it makes whoever takes items wait while many are.

::

    add() ──► begun chunk ──(full, or old)──► pool.feed ──► out, by the pool's number ──► take()
    again() ─────────────────── alone ─────────────┘
"""

from __future__ import annotations

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.poolrun.chunking import AutoChunk, FixedChunk
    from supervisor.poolrun.outcomes import Outcomes
    from supervisor.pools import Pool
    from supervisor.pools.feeding import Work

LEAST_WINDOW = 64
MOST_BYTES = 128 * 1024 * 1024
"""How much of big items or results may wait at one stage."""
MOST_HELD = 1000
MOST_RESTING = 10_000
STALE_S = 0.05
"""A chunk that is not full does not wait longer than this for more items."""


def fitting(most: int, each_bytes: int, least: int) -> int:
    """How many may wait: `most`, or of big ones what `MOST_BYTES` take, `least` at least."""
    return most if not each_bytes else max(least, min(most, MOST_BYTES // each_bytes))


class Entry:
    """An item on its way.

    Attributes:
        index: the how-manieth item of the source, from 0.
        place: the how-manieth that this run does, from 0; -1 for one whose turn is over, because it failed before.
        attempts: how often it has failed.
        shown: its line for people, once somebody has asked for it.
        settled: set when its result is written, or it has failed for good; None where nobody waits for that.
        is_given_back: it is settled because nobody will do it: it goes back to its queue.
    """

    __slots__ = ("attempts", "index", "is_given_back", "item", "place", "settled", "shown", "wake_s")

    def __init__(self, index: int, item: Any, place: int, settled: threading.Event | None = None) -> None:
        self.index = index
        self.item = item
        self.place = place
        self.attempts = 0
        self.shown = ""
        self.settled = settled
        self.is_given_back = False
        self.wake_s = 0.0


class Intake:
    """What is given to one pool. Any thread may call it.

    Attributes:
        out: items that the pool has, by the number that it knows them by.
        open_items: items that are in the pool, or on their way to or from it.
        held: results that wait for one before them.
        resting: failed items that wait for another try.
        item_bytes, result_bytes: how big they are on average, as they travel; 0 while nobody knows.
    """

    def __init__(
        self, pool: Pool, work: Work, outcomes: Outcomes, chunk: AutoChunk | FixedChunk, timeout_s: float | None
    ) -> None:
        self._pool = pool
        self._work = work
        self._outcomes = outcomes
        self._chunk = chunk
        self._timeout_s = timeout_s
        self._feeding = threading.RLock()
        self._room = threading.Condition()
        self._begun: list[Entry] = []
        self._begun_s = 0.0
        self._number = 0
        self._is_closed = False
        self.processes = 1
        self.out: dict[int, Entry] = {}
        self.open_items = self.submitted = 0
        self.held = self.resting = 0
        self.item_bytes = self.result_bytes = 0

    # --- for who takes items ---

    def add(self, entry: Entry) -> bool:
        """An item is to be done; waits while there is no room. False when no more are wanted."""
        with self._room:
            while not self._is_closed and not self._has_room():
                self._room.wait()
            if self._is_closed:
                return False
            self.open_items += 1
            self.submitted += 1
        with self._feeding:
            if not self._begun:
                self._begun_s = time.monotonic()
                self._outcomes.ring()  # somebody must see to it that the chunk goes in time
            self._begun.append(entry)
            if len(self._begun) >= self._chunk.size:
                self.flush()
        return True

    def _has_room(self) -> bool:
        window = max(LEAST_WINDOW, 4 * self._chunk.size * self.processes)
        return (
            self.open_items < fitting(window, self.item_bytes, 2 * self.processes)
            and self.held < fitting(MOST_HELD, self.result_bytes, 2 * self.processes)
            and self.resting < fitting(MOST_RESTING, self.item_bytes, 2 * self.processes)
        )

    def flush(self) -> None:
        """Give out the chunk that is begun."""
        with self._feeding:
            begun, self._begun = self._begun, []
            if begun:
                self._feed(begun)

    # --- for who handles the outcomes ---

    def flush_stale(self) -> float | None:
        """Give out a chunk that has waited long enough; how many seconds one still may wait, None where none is."""
        with self._feeding:
            if not self._begun:
                return None
            left_s = self._begun_s + STALE_S - time.monotonic()
            if left_s > 0:
                return left_s
            self.flush()
        return None

    def again(self, entry: Entry) -> None:
        """Have an item done once more."""
        with self._room:
            self.open_items += 1
        with self._feeding:
            self._feed([entry])

    def take(self, number: int) -> Entry | None:
        """The item that the pool has told of; None when it is not out any more."""
        return self.out.pop(number, None)

    def finished(self, count: int = 1) -> None:
        """So many items are passed on, have failed, or wait for another try: others may come."""
        with self._room:
            self.open_items -= count
            self._room.notify_all()

    def number_of(self, index: int) -> int | None:
        """What the pool knows an item by; None when it does not have it."""
        return next((number for number, entry in list(self.out.items()) if entry.index == index), None)

    def close(self) -> None:
        """Want no more items."""
        with self._room:
            self._is_closed = True
            self._room.notify_all()

    @property
    def is_empty(self) -> bool:
        """Whether no item is begun, out, or on its way back."""
        with self._room:
            return not self.open_items

    def _feed(self, entries: list[Entry]) -> None:
        base = self._number
        self._number += len(entries)
        for number, entry in enumerate(entries, base):
            self.out[number] = entry
        self._pool.feed(self._outcomes, self._work, [entry.item for entry in entries], base, timeout=self._timeout_s)
