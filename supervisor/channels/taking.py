"""How a thread waits for an item: blocked at zero CPU, it hears of items, of deaths, and of the end of the stream."""

from __future__ import annotations

import os
from queue import Empty

from supervisor.channels.parcel import SMALL_BYTES
from supervisor.channels.platform import INPUT
from supervisor.channels.waiting import Blocking, nap
from supervisor.channels.watching import Watch
from supervisor.channels.words import GET_WAIT_NS

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.conduit import Conduit
    from supervisor.channels.desk import Desk
    from supervisor.channels.ledger import Ledger
    from supervisor.channels.recovery import Recovery


class EndOfStream(Empty):
    """Every writer of the queue has completed and the queue is empty: nothing more will come."""


class Taking:
    """The part of a queue that takes items out when none is there at once."""

    _name: str
    _conduit: Conduit
    _ledger: Ledger
    _recovery: Recovery
    _is_alone: bool
    _quick_bytes: int
    _was_end_told: bool

    def _check_open(self) -> None:
        raise NotImplementedError

    @property
    def _label(self) -> str:
        return self._name or "queue"

    def _my_desk(self) -> Desk:
        try:
            desk: Desk = self._ledger.local.desk
        except AttributeError:
            self._check_open()
            desk = self._conduit.join()
            is_quick = self._conduit.writer >= 0 and not self._conduit.is_fragile
            self._quick_bytes = SMALL_BYTES if is_quick else -1
            if self._is_alone:
                self._recovery.recover()
        return desk

    def _watch(self, desk: Desk) -> Watch:
        """What wakes this thread while it is blocked; when it is first asked for, it has a look around."""
        if desk.watch is None:
            desk.watch = Watch(self._ledger, (self._conduit.news,), is_watching_deaths=self._is_alone)
            if desk.watch.enrol():
                self._recovery.recover()
        elif self._recovery.pending or self._recovery.is_sweep_due():
            self._look_after_the_dead(desk)
        return desk.watch

    def _look_after_the_dead(self, desk: Desk) -> None:
        is_death = desk.watch is not None and desk.watch.attend()
        if is_death or (self._is_alone and (self._recovery.pending or self._recovery.is_sweep_due())):
            self._recovery.recover()

    def _receive(self, desk: Desk) -> None:
        """Receive what waits. BlockingIOError when nothing does, EndOfStream when nobody can ever put anything."""
        if not self._conduit.receive(desk):
            raise self._closed()

    def _is_received(self, desk: Desk) -> bool:
        try:
            self._receive(desk)
        except BlockingIOError:
            return False
        return True

    def _receive_last(self, desk: Desk) -> None:
        """What a get() without waiting finds after an empty look: the end, or something that came meanwhile."""
        if self._is_alone:
            self._watch(desk)
        moves = self._recovery.moves
        has_ended = self._conduit.has_ended()
        if not self._is_received(desk):
            raise self._end() if has_ended and self._is_over(moves) else Empty

    def _receive_later(self, desk: Desk, timeout: float | None) -> None:
        os.sched_yield()  # the writers' turn: several items are there afterwards, not one for each waking
        if self._is_received(desk):
            return
        timeout = nap(self._conduit.reader, INPUT, timeout)
        if not self._is_received(desk):
            self._receive_asleep(desk, timeout)

    def _receive_asleep(self, desk: Desk, timeout: float | None) -> None:
        conduit = self._conduit
        watch = self._watch(desk) if self._is_alone else None
        is_end_seen = False
        with Blocking(self._label, "get", timeout, desk.slot, GET_WAIT_NS) as blocking:
            is_end_news = timeout is None or not self._was_end_told
            while True:
                wanted = [(conduit.reader, INPUT)]
                if is_end_news and not is_end_seen:
                    wanted.append((conduit.ended, INPUT))
                if watch is not None:
                    wanted.append((watch.fileno(), INPUT))
                is_in_time = blocking.wait(*wanted)
                if self._is_received(desk):
                    return
                if watch is not None:
                    self._look_after_the_dead(desk)
                if (is_end_news or not is_in_time) and conduit.has_ended():
                    # Asked before the last receive: an end, then nothing to receive or to come back, is the end.
                    moves = self._recovery.moves
                    if self._is_received(desk):
                        return
                    if self._is_over(moves):
                        self._was_end_told = True
                        conduit.tell_news()
                        raise self._end()
                    if not is_end_seen:
                        is_end_seen = True
                        watch = self._watch(desk)
                        conduit.tell_news()  # this thread's hands are empty: others may wait for that
                if not is_in_time:
                    raise Empty

    def _is_over(self, moves: int) -> bool:
        """Whether an ended queue in which nothing waits stays empty. `moves` is from before it was found empty."""
        return not self._recovery.is_return_possible() and self._recovery.moves == moves

    def _closed(self) -> EndOfStream:
        return EndOfStream(f"every writing end of {self._label} is closed")

    def _end(self) -> EndOfStream:
        return EndOfStream(f"every writer of {self._label} has completed")
