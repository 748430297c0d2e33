"""Whose turn it is, and what waiting means when nobody else can act: an answer at once, never a hang.

::

    a channel finds nothing ──► Turns.wait ──┬─ threads of the worker's own: waits for them
                                             ├─ a timeout: it is over
                                             └─ none: Standstill, which names who waits for whom

All channels of a run change under one condition, `Turns.change`.
"""

from __future__ import annotations

import os
import threading
import time

from supervisor.channels.interrupt import StopRequested

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Standstill", "Turns", "Wish"]

MOST_FRUITLESS = 1000
"""So many waits in a row that found nothing, and nothing has changed anywhere: they never will."""
MOST_ENDS = 3
"""So often a worker is told that a queue is at its end; one that goes on asking is asked to stop."""
_LOOK_EVERY_S = 0.05


class Standstill(BaseException):
    """A wait that can never end in this process; no Exception, so that a worker's ``except Exception`` lets it pass."""


class Wish:
    """Whether the worker whose turn it is shall stop; stands in for the control pipe of a supervised one."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        self.is_wished = False

    def fileno(self) -> int:
        """Readable once a stop is wished."""
        return self._reader

    def check(self) -> bool:
        """Whether a stop is wished."""
        return self.is_wished

    def send(self, operation: str, **fields: object) -> bool:  # the names of the control pipe's
        """There is nobody to tell anything."""
        return True

    def make(self) -> None:
        """Wish for a stop. Safe in a signal handler."""
        if not self.is_wished:
            self.is_wished = True
            os.write(self._writer, b"s")

    def forget(self) -> None:
        """The next worker shall not stop for that."""
        if self.is_wished:
            self.is_wished = False
            os.read(self._reader, 1)


class Turns:
    """Who runs now, who is over, who is yet to come.

    Args:
        coming: the names of all who will have a turn.
        is_patient: whether a wait with a timeout lasts as long as it says; else it is over at once, since nobody who
            runs later can end it.

    Attributes:
        change: held while any channel of the run changes.
        name: whose turn it is, a replica's name; "" between turns.
        wish: whether that one shall stop.
    """

    def __init__(self, coming: Iterable[str] = (), *, is_patient: bool = False) -> None:
        self.change = threading.Condition()
        self.wish = Wish()
        self.name = ""
        self.coming = list(coming)
        self.over: list[str] = []
        self._is_patient = is_patient
        self._fruitless = 0
        self._told_ends: dict[str, int] = {}
        self._owner_pid = os.getpid()
        self._at_end: list[Callable[[str, bool], None]] = []
        self._bystanders: set[threading.Thread] = set()
        """Threads that were there before the turn: they belong to those before, and do nothing for this one."""
        self._number = 0
        """How many turns have ended."""
        self._blocked: set[int] = set()
        """Threads that wait in a channel, without a timeout."""

    def begin(self, name: str) -> None:
        """It is the turn of `name`."""
        self.name = name
        self._fruitless = 0
        self._told_ends = {}
        self._bystanders = set(threading.enumerate()) - {threading.current_thread()}
        self.wish.forget()

    def join_threads(self) -> None:
        """Wait for the threads that the worker has left, as the end of its process would."""
        for thread in threading.enumerate():
            is_its_own = thread is not threading.current_thread() and thread not in self._bystanders
            if is_its_own and not thread.daemon:
                thread.join()

    def end(self, *, is_clean: bool) -> None:
        """The turn is over. What it held of channels comes back, unless `is_clean` says that it is done."""
        with self.change:
            name, self.name = self.name, ""
            self._number += 1
            self.pass_over(name)
            for tell in self._at_end:
                tell(name, is_clean)

    def pass_over(self, name: str) -> None:
        """Nothing comes of `name` any more, whether it had a turn or not."""
        with self.change:
            if name in self.coming:
                self.coming.remove(name)
            self.over.append(name)
            self.change.notify_all()

    def when_over(self, tell: Callable[[str, bool], None]) -> None:
        """Call `tell` with each one's name at the end of its turn, and whether that was clean."""
        self._at_end.append(tell)

    def is_anyone_left(self, names: Iterable[str]) -> bool:
        """Whether one of `names` can still do something."""
        return any(name not in self.over for name in names)

    def check_process(self, channel: str) -> None:
        """Raise RuntimeError in a child process: what it did to a channel in memory, nobody would see."""
        if os.getpid() != self._owner_pid:
            raise RuntimeError(
                f"{channel} is in the memory of one process here, and this is a child of it; run the profile for real, "
                f"with `procdeck run PROFILE`, where channels reach the children of a worker"
            )

    def changed(self) -> None:
        """A channel has changed. Call it with `change` held."""
        self._fruitless = 0
        self.change.notify_all()

    def told_end(self, channel: str) -> None:
        """A worker was told that a queue is at its end. StopRequested when it has been told that often enough."""
        told = self._told_ends[channel] = self._told_ends.get(channel, 0) + 1
        if told >= MOST_ENDS:
            self.wish.make()
            raise StopRequested

    def wait(self, is_there: Callable[[], bool], timeout_s: float | None, why: Callable[[], str]) -> bool:
        """Wait with `change` held until `is_there()`; False when the time is over.

        Args:
            is_there: looks for what is waited for.
            timeout_s: None for ever; 0 is a look.
            why: who waits for whom, in words, for the error.

        Raises:
            Standstill: nobody is there who could bring it.
            StopRequested: the worker shall stop.
        """
        end_s = None if timeout_s is None else time.monotonic() + max(timeout_s, 0.0)
        number = self._number
        if end_s is None:
            self._blocked.add(threading.get_ident())
        try:
            while not is_there():
                if self.wish.is_wished:
                    raise StopRequested
                if self._number != number:
                    raise Standstill(f"the turn of the worker that has waited here is over; {why()}")
                has_company = self._has_company()
                if end_s is not None and (time.monotonic() >= end_s or not (has_company or self._is_patient)):
                    self._note_fruitless(why)
                    return False
                if end_s is None and not has_company:
                    raise Standstill(why())
                self.change.wait(_LOOK_EVERY_S if end_s is None else min(_LOOK_EVERY_S, end_s - time.monotonic()))
            return True
        finally:
            self._blocked.discard(threading.get_ident())

    def _has_company(self) -> bool:
        """Whether another thread of the worker does something else than to wait for ever in a channel."""
        me = threading.current_thread()
        return any(
            thread is not me and thread not in self._bystanders and thread.ident not in self._blocked
            for thread in threading.enumerate()
        )

    def _note_fruitless(self, why: Callable[[], str]) -> None:
        self._fruitless += 1
        if self._fruitless >= MOST_FRUITLESS and not self._is_patient and not self._has_company():
            raise Standstill(f"{why()} (it has asked {MOST_FRUITLESS:,} times in a row)")
