"""A queue between processes that survives the death of any of its users: the standard names, no lock to hold.

    put() ── space (places) ──▶ SOCK_SEQPACKET pair ──▶ get()      ended: every writer has completed
                 ledger: each process counts into its own slot      done: a task_done() happened

The kernel moves whole messages, so a process that is killed anywhere leaves neither half a message nor a lock.
"""

from __future__ import annotations

import os
import select
from queue import Empty, Full
from types import GenericAlias

from supervisor.channels import platform
from supervisor.channels.conduit import Conduit
from supervisor.channels.crossing import reduce_channel
from supervisor.channels.envelope import Envelopes
from supervisor.channels.ledger import DONE, GET_WAIT_NS, GETS, PUT_WAIT_NS, PUTS
from supervisor.channels.parcel import HEADER_BYTES, INLINE_BYTES, OBJECT, RECEIVE_BYTES, loads, press
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.spill import Spill
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import _socket
    from collections.abc import Iterator, Sequence
    from typing import Any, NoReturn

    from supervisor.channels.conduit import Mode
    from supervisor.channels.pages import QueueCensus

__all__ = ["Empty", "EndOfStream", "Full", "Queue"]

_BUFFER_BYTES = 1 << 20


class EndOfStream(Empty):
    """Every writer of the queue has completed and the queue is empty: nothing more will come."""


class Queue:
    """A queue for any number of producers and consumers, in place of `multiprocessing.Queue` and `JoinableQueue`.

    An item is accepted when `put` returns: it is in the kernel's hands then, no thread has to bring it there.
    With `maxsize` 0 the limit is the kernel's socket buffer, some 550 small items for an unprivileged user: a put()
    into a full one blocks, so one process cannot fill the queue with more and read it afterwards.
    What a process that was killed within a put or get had taken comes back with `recover()`, or when the next process
    joins. Where it cannot be told whether it had sent, one place too many comes back; `recover()` takes such places
    away again when the queue is short of items.

    Items above 64 KiB wait in a file in shared memory; numpy arrays arrive without a copy. In a queue used without an
    engine, what nobody received is removed when the process that made the queue exits.

    A queue passes to other processes by fork, as an argument of a multiprocessing Process of any start method, or as
    `describe()` and `fds()`.

    Args:
        maxsize: the most items that may wait; 0 for no limit of our own.
        name: what the status board and error messages call the queue.
        spill_directory: where big items wait; without it a private directory is made when needed.
        buffer_bytes: the wish for the socket's buffer; the kernel cuts it to net.core.wmem_max.
    """

    _is_closed = True  # until __init__ has got that far

    def __init__(
        self,
        maxsize: int = 0,
        *,
        name: str = "",
        spill_directory: str | None = None,
        buffer_bytes: int = _BUFFER_BYTES,
    ) -> None:
        conduit = Conduit.create(max(maxsize, 0), buffer_bytes)
        assert conduit.writer is not None
        inline_bytes = min(INLINE_BYTES, platform.send_room_bytes(conduit.writer) // 4)
        spill = Spill.private() if spill_directory is None else Spill(spill_directory, is_private=False)
        self._assemble(max(maxsize, 0), name, conduit, Envelopes(spill, inline_bytes))

    def _assemble(self, maxsize: int, name: str, conduit: Conduit, envelopes: Envelopes) -> None:
        self._maxsize = maxsize
        self._name = name
        self._conduit = conduit
        self._envelopes = envelopes
        self._reader = conduit.reader
        self._writer = conduit.writer
        self._ledger = conduit.ledger
        self._is_unbounded = conduit.space < 0
        self._is_closed = False
        self._was_end_told = False

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item; what pickle raises for it is raised here, with nothing sent.

        Raises Full when there is no room at once (`block` false) or within `timeout` seconds, ValueError after
        close(), BrokenPipeError when no reading end exists any more.
        """
        writer = self._writer or self._missing_writer()
        payload = press(obj)
        conduit = self._conduit
        slot = self._ledger.mine or conduit.my_slot()
        message = b""
        is_sent = False
        has_place = self._is_unbounded or conduit.take_place(slot)
        try:
            if has_place:
                message = self._envelopes.seal(payload, self._ledger.my_index, slot[PUTS])
                is_sent = conduit.send(writer, slot, message)
            if block and not is_sent:
                os.sched_yield()  # the readers' turn: more is free afterwards than one place
                is_in_time = True
                with Blocking(self._label, "put", timeout, slot, PUT_WAIT_NS) as blocking:
                    while is_in_time and not is_sent:
                        is_in_time = blocking.wait((writer.fileno(), OUTPUT) if has_place else (conduit.space, INPUT))
                        has_place = has_place or conduit.take_place(slot)
                        if has_place:
                            message = message or self._envelopes.seal(payload, self._ledger.my_index, slot[PUTS])
                            is_sent = conduit.send(writer, slot, message)
        finally:
            if not is_sent:
                if has_place:
                    conduit.give_up_place(slot)
                self._envelopes.discard(message)
        if not is_sent:
            raise Full

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next item; what unpickling it raises is raised here, and the next get() goes on behind it.

        Raises Empty when none is there at once (`block` false) or within `timeout` seconds, ValueError after close().
        When every writer has completed and the queue is empty it raises EndOfStream, an Empty, without waiting;
        later calls with a timeout wait it out first, so that a loop which asks again and again costs no CPU.
        """
        reader = self._reader or self._missing_reader()
        slot = self._ledger.mine or self._conduit.my_slot()
        try:
            message = reader.recv(RECEIVE_BYTES)
        except BlockingIOError:
            message = self._receive_later(reader, slot, timeout) if block else self._receive_last(reader)
        if not message:
            raise EndOfStream(f"every writing end of {self._label} is closed")
        slot[GETS] += 1
        if not self._is_unbounded:
            self._conduit.free_place(slot)
        self._was_end_told = False
        if message[0] == OBJECT:
            return loads(message[HEADER_BYTES:])
        return self._envelopes.open(message)

    def put_nowait(self, obj: Any) -> None:
        """put() that raises Full instead of waiting."""
        self.put(obj, False)

    def get_nowait(self) -> Any:
        """get() that raises Empty instead of waiting."""
        return self.get(False)

    def __iter__(self) -> Iterator[Any]:
        """Every item until the end of the stream: the queue is empty and every writer has completed."""
        while True:
            try:
                item = self.get()
            except EndOfStream:
                return
            yield item

    def qsize(self) -> int:
        """How many items wait; exact when nobody is in the middle of a put or get."""
        self._check_open()
        return self._conduit.depth()

    def empty(self) -> bool:
        """Whether no item waits, at this instant."""
        self._check_open()
        return self._conduit.is_empty()

    def full(self) -> bool:
        """Whether a put() would wait for a place; False when there is no maxsize, as in the standard library."""
        self._check_open()
        return self._conduit.space >= 0 and not platform.is_ready(self._conduit.space, INPUT)

    def task_done(self) -> None:
        """Say that the work on one item is finished. ValueError when called more often than items were put."""
        self._check_open()
        slot = self._conduit.my_slot()
        if self._conduit.unfinished() <= 0:
            raise ValueError("task_done() called too many times")
        slot[DONE] += 1
        os.eventfd_write(self._conduit.done, 1)

    def join(self) -> None:
        """Wait until task_done() was called for every item that was put.

        An item whose consumer died before task_done() is never done: join() then waits for ever, as in the standard
        library.
        """
        self._check_open()
        conduit = self._conduit
        if conduit.unfinished() <= 0:
            return
        # An edge-triggered look at a counter that nobody resets: each task_done() wakes every joiner.
        with select.epoll() as edges, Blocking(self._label, "join", None) as blocking:
            edges.register(conduit.done, select.EPOLLIN | select.EPOLLET)
            while conduit.unfinished() > 0:
                blocking.wait((edges.fileno(), INPUT))
                edges.poll(0)

    def close(self) -> None:
        """Let go of the queue in this process; what was put stays for the others. Later calls raise ValueError."""
        if not self._is_closed:
            self._is_closed = True
            self._reader = self._writer = None
            if self._conduit.close():
                self._envelopes.sweep()

    def join_thread(self) -> None:
        """Nothing to wait for: put() has handed its item to the kernel when it returns."""

    def cancel_join_thread(self) -> None:
        """Nothing to cancel: no thread of this queue can hold up the process's exit."""

    def end(self) -> None:
        """Say that every writer has completed (the engine does). Readers end after the last item."""
        self._check_open()
        os.eventfd_write(self._conduit.ended, 1)

    def unend(self) -> None:
        """Take `end` back, because a writer was started again."""
        if self.is_ended:
            os.eventfd_read(self._conduit.ended)

    def recover(self) -> int:
        """Give back the places that dead processes had taken (the engine, after a death); returns how many had died."""
        self._check_open()
        found = self._conduit.ledger.recover(self._conduit.give_back)
        self._conduit.trim(self._maxsize)
        return found

    def census(self) -> QueueCensus:
        """One look at the queue's counters and users."""
        from supervisor.channels.counting import count_queue

        self._check_open()
        return count_queue(self._name, self._maxsize, self._conduit)

    @property
    def name(self) -> str:
        """What the status board and error messages call the queue."""
        return self._name

    @property
    def maxsize(self) -> int:
        """The most items that may wait; 0 for no limit but the kernel's."""
        return self._maxsize

    @property
    def is_ended(self) -> bool:
        """Whether every writer has completed; items may still wait."""
        self._check_open()
        return self._conduit.has_ended()

    def describe(self, mode: Mode = "both") -> dict[str, Any]:
        """What `from_description` needs besides the descriptors, as JSON can carry it.

        `mode` "read" leaves out the writing end and "write" the reading end; `fds(mode)` is in the same order.
        """
        self._check_open()
        parts = self._conduit.parts(mode)
        return {
            "kind": "queue",
            "name": self._name,
            "maxsize": self._maxsize,
            **self._envelopes.describe(),
            "parts": list(parts),
            "fds": list(parts.values()),
        }

    def fds(self, mode: Mode = "both") -> list[int]:
        """The descriptors to hand over beside `describe(mode)`. They stay this queue's own."""
        self._check_open()
        return list(self._conduit.parts(mode).values())

    @classmethod
    def from_description(cls, description: dict[str, Any], fds: Sequence[int], mode: Mode = "both") -> Queue:
        """The queue that another process described; it owns `fds` from now on.

        `fds` are in the order of the description's, whatever their numbers are here. `mode` says what this process
        may do; an end it may not use is closed.
        """
        conduit = Conduit.adopt(description["parts"], fds, mode)
        queue = cls.__new__(cls)
        queue._assemble(  # noqa: SLF001  # its own class
            description["maxsize"], description["name"], conduit, Envelopes.from_description(description)
        )
        return queue

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_channel(Queue.from_description, self.describe(), self.fds())

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"maxsize={self._maxsize}"
        return f"<Queue {self._name!r} {state}>" if self._name else f"<Queue {state}>"

    def __del__(self) -> None:
        self.close()

    @property
    def _label(self) -> str:
        return self._name or "queue"

    def _receive_last(self, reader: _socket.socket) -> bytes:
        """What a get() without waiting finds after an empty look: the end, or something that came meanwhile."""
        if not self._conduit.has_ended():
            raise Empty
        try:
            return reader.recv(RECEIVE_BYTES)
        except BlockingIOError:
            raise self._end() from None

    def _receive_later(self, reader: _socket.socket, slot: memoryview, timeout: float | None) -> bytes:
        os.sched_yield()  # the writers' turn: several items are there afterwards, not one for each waking
        try:
            return reader.recv(RECEIVE_BYTES)
        except BlockingIOError:
            pass
        with Blocking(self._label, "get", timeout, slot, GET_WAIT_NS) as blocking:
            source = (reader.fileno(), INPUT)
            is_end_news = timeout is None or not self._was_end_told
            wanted = (source, (self._conduit.ended, INPUT)) if is_end_news else (source,)
            while True:
                is_in_time = blocking.wait(*wanted)
                # Asked before the receive: an end seen now, and then nothing to receive, is the end.
                has_ended = self._conduit.has_ended()
                try:
                    return reader.recv(RECEIVE_BYTES)
                except BlockingIOError:
                    pass
                if has_ended and (is_end_news or not is_in_time):
                    self._was_end_told = True
                    raise self._end()
                if not is_in_time:
                    raise Empty

    def _end(self) -> EndOfStream:
        return EndOfStream(f"every writer of {self._label} has completed")

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"Queue {self!r} is closed")

    def _missing_reader(self) -> NoReturn:
        self._check_open()
        raise OSError(f"queue {self._label!r} was given to this process for writing only; it cannot get()")

    def _missing_writer(self) -> NoReturn:
        self._check_open()
        raise OSError(f"queue {self._label!r} was given to this process for reading only; it cannot put()")
