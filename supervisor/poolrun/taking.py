"""Takes items from their source in threads of its own, because user code may take its time, or never come back.

The items of an iterable are taken by one thread, some ahead of what is done. Those of a queue are taken by several,
each of which holds its item until the result is written: what a killed run has not written goes back to the queue.
"""

from __future__ import annotations

import threading
import time

from supervisor.channels.interrupt import StopRequested, announce_stop
from supervisor.channels.queue import Empty, EndOfStream
from supervisor.poolrun.advice import RepeatWatch
from supervisor.poolrun.intake import Entry
from supervisor.poolrun.journal import Done, digest_of, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from supervisor.poolrun.intake import Intake
    from supervisor.poolrun.sources import Source

GIVE_BACK_S = 2.0
"""How long the end of a run waits for the threads that hold items of a queue."""
MOST_HOLDERS = 64
"""Threads that hold items of a queue."""


class Taking:
    """What both kinds have in common.

    Attributes:
        is_over: no more items come.
        has_heard_stop: a thread of its has been told to stop, while it waited for an item.
        error: what the source raised.
        total: how many items there are; None while nobody knows.
        skipped: items that an earlier run has done.
        changed: items that are others than those an earlier run has done, the first of them in `first_changed`.
        repeats: looks for what is in each item.
    """

    def __init__(self, intake: Intake, ring: Callable[[], None]) -> None:
        self._intake = intake
        self._ring = ring
        self.is_over = False
        self.is_stopped = self.has_heard_stop = False
        self.error: BaseException | None = None
        self.total: int | None = None
        self.skipped = self.changed = 0
        self.first_changed: int | None = None
        self.repeats = RepeatWatch()

    def stop(self) -> None:
        """Take no more."""
        self.is_stopped = True
        self._intake.close()

    def give_back(self) -> None:
        """Nobody will do what is not done yet."""

    def _end(self, error: BaseException | None) -> None:
        self.error = self.error or error
        self._intake.flush()
        self.is_over = True
        self._ring()


class IterableTaking(Taking):
    """Takes items from an iterable.

    Args:
        takes_all_first: gives none out before it has all.
        done: what an earlier run has done.
    """

    def __init__(
        self, source: Source, intake: Intake, ring: Callable[[], None], *, takes_all_first: bool, done: Done
    ) -> None:
        super().__init__(intake, ring)
        self._source = source
        self._takes_all_first = takes_all_first
        self._done = done
        self._places = 0
        self.total = source.total

    def start(self) -> None:
        threading.Thread(target=self._take, name="pool-items", daemon=True).start()

    def _take(self) -> None:
        error: BaseException | None = None
        count = 0
        try:
            items: Any = self._source.open()
            self.total = self._source.total
            if self._takes_all_first:
                items = list(items)
                self.total = len(items)
            for item in items:
                if self.is_stopped or not self._give(count, item):
                    break
                count += 1
            else:
                self.total = count
        except StopRequested:
            self.is_stopped = self.has_heard_stop = True
        except BaseException as trouble:  # the iterable's own: the run ends with it, once what is out is done
            error = trouble
        self._end(error)

    def _give(self, index: int, item: Any) -> bool:
        """Have an item done, unless it is done; False when no more are wanted."""
        digest = self._done.digest(index)
        if digest:
            if digest == digest_of(told(item)):
                self.skipped += 1
                return True
            self.changed += 1
            self.first_changed = index if self.first_changed is None else self.first_changed
        self.repeats.look(item)
        entry = Entry(index, item, self._places)
        self._places += 1
        return self._intake.add(entry)


class QueueTaking(Taking):
    """Takes items from a queue, each held by a thread until it is settled.

    Args:
        holders: how many items may be held.
    """

    def __init__(self, queue: Any, intake: Intake, ring: Callable[[], None], *, holders: int) -> None:
        super().__init__(intake, ring)
        self._queue = queue
        self._holders = min(holders, MOST_HOLDERS)
        self._left = self._holders
        self._count = 0
        self._door = threading.Lock()
        self._held: dict[threading.Thread, Entry] = {}
        self._is_giving_back = False
        self._threads = [
            threading.Thread(target=self._take, name=f"pool-items-{number + 1}", daemon=True)
            for number in range(self._holders)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def _take(self) -> None:
        error: BaseException | None = None
        try:
            while not self.is_stopped and self._take_one():
                pass
        except StopRequested:
            self.is_stopped = self.has_heard_stop = True
        except BaseException as trouble:  # an item that cannot be rebuilt: it comes back, as it would to a target
            error = trouble
        with self._door:
            self._left -= 1
            is_last = not self._left
        if is_last and not self.is_stopped:
            self.total = self._count
        if error is not None:
            self.stop()
        if is_last or error is not None:
            self._end(error)

    def _take_one(self) -> bool:
        """Take an item and hold it until it is settled; False at the end of the queue."""
        try:
            item = self._queue.get()
        except EndOfStream:
            return False
        except Empty:
            return True
        with self._door:
            index, self._count = self._count, self._count + 1
            self.repeats.look(item)
            settled = threading.Event()
            entry = Entry(index, item, index, settled)
            if not self._is_giving_back:
                self._held[threading.current_thread()] = entry
                self._intake.add(entry)
                self._intake.flush()
        if not self._is_giving_back:
            settled.wait()
        if not settled.is_set() or entry.is_given_back:
            raise StopRequested  # which marks what this thread has in hand
        self._queue.task_done()
        self._held.pop(threading.current_thread(), None)
        return True

    def give_back(self) -> None:
        """Nobody will do what is not settled: it goes back to the queue, with the end of the thread that holds it."""
        if not self._left:
            return
        with self._door:
            self._is_giving_back = True
            held = list(self._held.values())
        announce_stop()
        for entry in held:
            if entry.settled is not None and not entry.settled.is_set():
                entry.is_given_back = True
                entry.settled.set()
        deadline_s = time.monotonic() + GIVE_BACK_S
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
