"""A queue between processes that survives the death of any of its users: the standard names, no lock to hold.

    put() ── space (places) ──▶ SOCK_SEQPACKET pair ──▶ hold ──▶ get()      ended: every writer has completed
                 ▲ ledger: each thread counts into its own slot │            done: a task_done() happened
                 └──────────────── recovery ◀── death ──────────┘            news: users or holds have changed

The kernel moves whole messages, so a process that is killed anywhere leaves neither half a message nor a lock.
"""

from __future__ import annotations

import os
import select
import time
from queue import Empty, Full
from types import GenericAlias

from supervisor.channels import leaving, platform
from supervisor.channels.conduit import Conduit
from supervisor.channels.crossing import reduce_channel
from supervisor.channels.envelope import Envelopes, new_prefix
from supervisor.channels.giving import Giving
from supervisor.channels.ledger import BYTES_IN, DONE, GETS, HELD_NS, HOLD_NUMBER, PUTS
from supervisor.channels.letters import Letters
from supervisor.channels.parcel import FRONT, HEADER_BYTES, INLINE_BYTES, MARKS_AT, OBJECT, loads, press
from supervisor.channels.platform import INPUT
from supervisor.channels.recovery import Recovery
from supervisor.channels.spill import Spill
from supervisor.channels.taking import EndOfStream
from supervisor.channels.upkeep import Upkeep
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Literal, NoReturn, Self

    from supervisor.channels.conduit import Mode

    Delivery = Literal["at-least-once", "at-most-once"]

__all__ = ["Empty", "EndOfStream", "Full", "Queue"]

_BUFFER_BYTES = 1 << 20
_DELIVERIES = ("at-least-once", "at-most-once")
_RULES = ("maxsize", "name", "delivery", "max_attempts", "dead_letter_directory", "is_supervised")
_LOOK_EVERY = 0xFF
"""How often a busy consumer looks after the dead: every so many gets, a power of two less one."""

_NO_SIGNAL = 0x4000  # MSG_NOSIGNAL: a queue without a reader raises, whatever the worker did with SIGPIPE
_MASK = 0xFFFFFFFF

_front = FRONT.pack
_monotonic_ns = time.monotonic_ns


class Queue(Giving, Upkeep):
    """A queue for any number of producers and consumers, in place of `multiprocessing.Queue` and `JoinableQueue`.

    An item is accepted when `put` returns: it is in the kernel's hands then, no thread has to bring it there.
    With `maxsize` 0 the limit is the kernel's socket buffer, some 550 small items for an unprivileged user: a put()
    into a full one blocks, so one process cannot fill the queue with more and read it afterwards.

    Delivery is at least once: an item is done with its thread's next get() or task_done(), the thread's end, close(),
    or a clean end of the process. If its process dies before that, or ends by an exception, a signal or an exit code
    other than 0, the item comes back behind those already queued; so does an item in hand when the worker is asked to
    stop. With each death its attempts rise; after `max_attempts` it goes to the dead letters. Each thread has one item
    in hand. In a queue used alone the remaining users see to this, when they run out of items or every 256 items; in a
    supervised run the engine does.

    A redelivered item and one place of each producer may come on top of `maxsize`. Readers of an ended queue end when
    no other process holds an item that may come back.

    Items above 64 KiB wait in a file in shared memory; numpy arrays arrive without a copy. In a queue used without an
    engine, what nobody received is removed when the process that made the queue exits, dead letters included.

    A queue passes to other processes by fork, as an argument of a multiprocessing Process of any start method, or as
    `describe()` and `fds()`.

    Args:
        maxsize: the most items that may wait; 0 for no limit of our own.
        name: what the status board and error messages call the queue.
        delivery: "at-least-once", or "at-most-once" for items that are gone with the consumer that dies.
        max_attempts: how many consumers an item may lose before it becomes a dead letter, 1 to 255.
        spill_directory: where big items wait; without it a private directory is made when needed.
        dead_letter_directory: where dead letters go; without it they are beside the big items.
        is_supervised: whether an engine looks after the queue, with `settle` and `recover`.
        buffer_bytes: the wish for the socket's buffer; the kernel cuts it to net.core.wmem_max.
    """

    lacking: tuple[str, ...] = ()
    """The promises that this queue cannot keep; a portable one has some."""

    _is_closed = True  # until __init__ has got that far
    _is_alone = True

    def __new__(cls, maxsize: int = 0, **options: Any) -> Self:
        """Elsewhere than on Linux, or where the environment has PROCDECK_PORTABLE_QUEUES, a PortableQueue."""
        if platform.is_supported() and not os.environ.get("PROCDECK_PORTABLE_QUEUES"):
            return super().__new__(cls)
        from supervisor.channels.portable import PortableQueue

        return PortableQueue(maxsize, **options)  # type: ignore[return-value]

    def __init__(
        self,
        maxsize: int = 0,
        *,
        name: str = "",
        delivery: Delivery = "at-least-once",
        max_attempts: int = 3,
        spill_directory: str | None = None,
        dead_letter_directory: str | None = None,
        is_supervised: bool = False,
        buffer_bytes: int = _BUFFER_BYTES,
    ) -> None:
        if delivery not in _DELIVERIES:
            raise ValueError(f"delivery {delivery!r} is none of {', '.join(map(repr, _DELIVERIES))}")
        conduit = Conduit.create(max(maxsize, 0), buffer_bytes)
        assert conduit.writer is not None
        inline_bytes = min(INLINE_BYTES, platform.send_room_bytes(conduit.writer) // 4)
        spill = Spill.private() if spill_directory is None else Spill(spill_directory, is_private=False)
        rules = {
            "maxsize": max(maxsize, 0),
            "name": name,
            "delivery": delivery,
            "max_attempts": max_attempts,
            "dead_letter_directory": dead_letter_directory,
            "is_supervised": is_supervised,
        }
        self._assemble(rules, conduit, Envelopes(spill, inline_bytes, new_prefix()))

    def _assemble(self, rules: dict[str, Any], conduit: Conduit, envelopes: Envelopes) -> None:
        self._rules = rules
        self._maxsize: int = rules["maxsize"]
        self._name: str = rules["name"]
        self._is_alone = not rules["is_supervised"]
        self._returns_items = rules["delivery"] == _DELIVERIES[0]
        self._conduit = conduit
        self._envelopes = envelopes
        directory = rules["dead_letter_directory"]
        store = envelopes.spill if directory is None else Spill(directory, is_private=False)
        self._letters = Letters(store, envelopes.spill, envelopes.prefix)
        self._recovery = Recovery(
            conduit,
            envelopes,
            self._letters,
            max_attempts=rules["max_attempts"],
            returns_items=self._returns_items,
            maxsize=self._maxsize,
        )
        self._reader = conduit.reader
        self._writer = conduit.writer
        self._ledger = conduit.ledger
        self._ledger.discard = envelopes.discard
        self._inline_bytes = envelopes.inline_bytes
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
        try:
            desk = self._ledger.local.desk
        except AttributeError:
            desk = self._my_desk()
        slot = desk.slot
        if not self._is_unbounded or type(payload) is not bytes or len(payload) > self._inline_bytes:
            self._send(writer, desk, payload, block, timeout)
            return
        # What conduit.send() does, in line: here a call counts.
        number = slot[PUTS]
        slot[PUTS] = number + 1
        header = _front(desk.kind_and_sender, number & _MASK, _monotonic_ns(), len(payload))
        try:
            writer.send(header + payload, _NO_SIGNAL)
        except OSError as error:
            slot[PUTS] = number
            if not isinstance(error, BlockingIOError):
                raise
            self._send(writer, desk, payload, block, timeout)
        else:
            slot[BYTES_IN] += HEADER_BYTES + len(payload)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next item; what unpickling it raises is raised here, and the next get() goes on behind it.

        Raises Empty when none is there at once (`block` false) or within `timeout` seconds, ValueError after close().
        When every writer has completed and the queue is empty it raises EndOfStream, an Empty, without waiting;
        later calls with a timeout wait it out first, so that a loop which asks again and again costs no CPU.
        """
        reader = self._reader or self._missing_reader()
        try:
            desk = self._ledger.local.desk
        except AttributeError:
            desk = self._my_desk()
        area = desk.area
        if area is None:
            area = self._conduit.open_hold(desk)
        elif (kind := area[0]) == OBJECT:
            area[0] = 0
        elif kind:
            desk.acknowledge(self._envelopes.discard)
        slot = desk.slot
        # What conduit.receive() does, in line: here a call counts.
        number = slot[GETS] + 1
        slot[HOLD_NUMBER] = number
        try:
            size = reader.recv_into(area)
        except BlockingIOError:
            slot[HOLD_NUMBER] = number - 1
            size = self._receive_later(reader, desk, timeout) if block else self._receive_last(reader, desk)
        else:
            slot[GETS] = number
            if not self._is_unbounded:
                self._conduit.free_place(slot, area[MARKS_AT])
        if not size:
            raise EndOfStream(f"every writing end of {self._label} is closed")
        slot[HELD_NS] = _monotonic_ns()
        if not number & _LOOK_EVERY and self._is_alone:
            self._look_after_the_dead(desk)
        if self._returns_items and area[0] == OBJECT:
            return loads(desk.payload)
        try:
            return self._envelopes.open(area[:size])
        finally:
            if not self._returns_items:
                desk.acknowledge(self._envelopes.discard)

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

    def task_done(self) -> None:
        """Say that the work on one item is finished: the one in this thread's hands will not come back.

        ValueError when called more often than items were put.
        """
        self._check_open()
        conduit, desk = self._conduit, self._my_desk()
        if conduit.unfinished() <= 0:
            raise ValueError("task_done() called too many times")
        # Counted last: killed in between, the item is done and join() waits; the other way it could be done twice.
        desk.acknowledge(self._envelopes.discard)
        desk.slot[DONE] += 1
        os.eventfd_write(conduit.done, 1)
        if conduit.has_ended():
            conduit.tell_news()

    def join(self) -> None:
        """Wait until task_done() was called for every item that was put.

        An item that comes back is not done; one that became a dead letter is. With delivery at most once, an item
        whose consumer died is never done, and join() waits for ever, as in the standard library.
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
        """Let go of the queue in this process; what was put stays for the others. Later calls raise ValueError.

        What the process holds is done, unless an exception is being handled just now.
        """
        self._let_go(is_clean=leaving.is_clean())

    def _let_go(self, *, is_clean: bool) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._reader = self._writer = None
            if self._conduit.close(is_clean=is_clean):
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
            **self._rules,
            "is_judged_by_engine": not self._is_alone,
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
        if description.get("transport") == "portable":
            from supervisor.channels.portable import PortableQueue

            return PortableQueue.from_description(description, fds, mode)  # type: ignore[return-value]
        conduit = Conduit.adopt(description["parts"], fds, mode)
        queue: Queue = object.__new__(cls)
        rules = {name: description[name] for name in _RULES}
        queue._assemble(rules, conduit, Envelopes.from_description(description))
        conduit.ledger.is_judged_by_engine = description["is_judged_by_engine"]
        return queue

    def __reduce__(self) -> tuple[Any, ...]:
        # The engine does not know what a worker starts: such a process says itself how it ends.
        description = {**self.describe(), "is_judged_by_engine": False}
        return reduce_channel(Queue.from_description, description, self.fds())

    def __class_getitem__(cls, item: Any) -> GenericAlias:
        return GenericAlias(cls, item)

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else f"maxsize={self._maxsize}"
        return f"<Queue {self._name!r} {state}>" if self._name else f"<Queue {state}>"

    def __del__(self) -> None:
        # A worker whose target has raised forgets its queues as well: the engine knows how it ended.
        self._let_go(is_clean=self._is_alone and leaving.is_clean())

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"Queue {self!r} is closed")

    def _missing_reader(self) -> NoReturn:
        self._check_open()
        raise OSError(f"queue {self._label!r} was given to this process for writing only; it cannot get()")

    def _missing_writer(self) -> NoReturn:
        self._check_open()
        raise OSError(f"queue {self._label!r} was given to this process for reading only; it cannot put()")
