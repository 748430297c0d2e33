"""A queue between processes that survives the death of any of its users: the standard names, no lock to hold.

    put() ── space (places) ──▶ pipe of records ──▶ hold ──▶ get()      ended: every writer has completed
               │   ▲ ledger: each thread counts into its own slot │      done: a task_done() happened
               │   └──────── recovery ◀── death ──────────────────┤      news: users or holds have changed
               └── bigger: a tray in shared memory, or a file ────┘

The kernel moves whole records, so a process that is killed anywhere leaves neither half an item nor a lock.
"""

from __future__ import annotations

import os
import select
import time
from _thread import _local
from os import write
from queue import Empty, Full

from supervisor.channels import leaving, platform
from supervisor.channels.conduit import Conduit, nothing
from supervisor.channels.crossing import reduce_channel
from supervisor.channels.envelope import Envelopes, new_prefix
from supervisor.channels.giving import Giving
from supervisor.channels.letters import Letters
from supervisor.channels.parcel import MARKS_AT, OBJECT, RECORD, SMALL_BYTES, TRAYED, loads, press
from supervisor.channels.platform import INPUT
from supervisor.channels.recovery import Recovery
from supervisor.channels.spill import Spill
from supervisor.channels.standard import StandardQueue
from supervisor.channels.taking import EndOfStream
from supervisor.channels.upkeep import Upkeep
from supervisor.channels.waiting import Blocking
from supervisor.channels.words import BYTES_IN, DONE, GETS, HELD_NS, HOLD_NUMBER, PUTS, PUTS_ENDED

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, NoReturn, Self

    from supervisor.channels.conduit import Mode
    from supervisor.channels.desk import Desk

    Delivery = Literal["at-least-once", "at-most-once"]

__all__ = ["Empty", "EndOfStream", "Full", "Queue"]

_DELIVERIES = ("at-least-once", "at-most-once")
_RULES = ("maxsize", "name", "delivery", "max_attempts", "dead_letter_directory", "is_supervised")
_LOOK_EVERY = 0xFF
"""How often a busy consumer looks after the dead: every so many gets, a power of two less one."""

_record = RECORD.pack
_monotonic_ns = time.monotonic_ns


class Queue(StandardQueue, Giving, Upkeep):
    """A queue for any number of producers and consumers, in place of `multiprocessing.Queue` and `JoinableQueue`.

    An item is accepted when `put` returns: it is in the kernel's hands then, no thread has to bring it there.
    With `maxsize` 0 the limit is the kernel's pipe: 1,024 items, and as few as 16 for a user whose pipes have used up
    fs.pipe-user-pages-soft. A put() into a full one blocks, so one process cannot fill the queue with more and read it
    afterwards.

    Delivery is at least once: an item is done with its thread's next get() or task_done(), the thread's end, close(),
    or a clean end of the process. If its process dies before that, or ends by an exception, a signal or an exit code
    other than 0, the item comes back behind those already queued; so does an item in hand when the worker is asked to
    stop. With each death its attempts rise; after `max_attempts` it goes to the dead letters. Each thread has one item
    in hand. In a queue used alone the remaining users see to this, when they run out of items or every 256 items; in a
    supervised run the engine does.

    A redelivered item and one place of each producer may come on top of `maxsize`. Readers of an ended queue end when
    no other process holds an item that may come back.

    What pickles to 488 bytes travels in the pipe itself, what is larger through shared memory: items above 64 KiB wait
    in a file there, and numpy arrays arrive without a copy. In a queue used without an engine, what nobody received is
    removed when the process that made the queue exits, dead letters included.

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
        buffer_bytes: the wish for the pipe's size; by default what `maxsize` items take, 512 KiB without a maxsize.
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
        buffer_bytes: int | None = None,
    ) -> None:
        if delivery not in _DELIVERIES:
            raise ValueError(f"delivery {delivery!r} is none of {', '.join(map(repr, _DELIVERIES))}")
        conduit = Conduit.create(max(maxsize, 0), buffer_bytes)
        spill = Spill.private() if spill_directory is None else Spill(spill_directory, is_private=False)
        rules = {
            "maxsize": max(maxsize, 0),
            "name": name,
            "delivery": delivery,
            "max_attempts": max_attempts,
            "dead_letter_directory": dead_letter_directory,
            "is_supervised": is_supervised,
        }
        self._assemble(rules, conduit, Envelopes(spill, SMALL_BYTES, new_prefix()))

    def _assemble(self, rules: dict[str, Any], conduit: Conduit, envelopes: Envelopes) -> None:
        self._rules = rules
        self._maxsize: int = rules["maxsize"]
        self._name: str = rules["name"]
        self._is_alone = not rules["is_supervised"]
        self._returns_items = rules["delivery"] == _DELIVERIES[0]
        self._conduit = conduit
        self._envelopes = envelopes
        self._trays = envelopes.trays = conduit.trays
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
        self._places = conduit.places
        self._quick_bytes = -1  # until the first put has looked at what this process does with SIGPIPE
        self._local = conduit.ledger.local
        self._pull = conduit.pull
        self._simple_kind = OBJECT if self._returns_items else -1
        self._is_closed = False
        self._was_end_told = False

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """Put an item; what pickle raises for it is raised here, with nothing sent.

        Raises Full when there is no room at once (`block` false) or within `timeout` seconds, ValueError after
        close(), BrokenPipeError when no reading end exists any more.
        """
        payload = press(obj)
        try:
            desk = self._local.desk
        except AttributeError:
            desk = self._my_desk()
        size = len(payload)
        if size > self._quick_bytes:
            if not self._is_sent_by_tray(desk, payload, size):
                self._send(desk, payload, block, timeout)
            return
        # What conduit.send() does, in line: here a call counts.
        places = self._places
        if places is not None and not places.take(desk):
            self._send(desk, payload, block, timeout)
            return
        slot = desk.slot
        desk.puts = slot[PUTS] = desk.puts + 1
        try:
            write(self._writer, _record(desk.kind_and_sender, size, _monotonic_ns(), 0, payload))
        except OSError as error:
            desk.puts = slot[PUTS] = desk.puts - 1
            if not isinstance(error, BlockingIOError):
                raise
            self._send(desk, payload, block, timeout, has_place=True)
        else:
            slot[PUTS_ENDED] = desk.puts
            desk.bytes_in = slot[BYTES_IN] = desk.bytes_in + size
            if places is not None:
                places.fill(desk)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Take the next item; what unpickling it raises is raised here, and the next get() goes on behind it.

        Raises Empty when none is there at once (`block` false) or within `timeout` seconds, ValueError after close().
        When every writer has completed and the queue is empty it raises EndOfStream, an Empty, without waiting;
        later calls with a timeout wait it out first, so that a loop which asks again and again costs no CPU.
        """
        try:
            desk = self._local.desk
        except AttributeError:
            desk = self._my_desk()
        area = desk.area
        if area is None:
            area = self._conduit.open_hold(desk)
        elif (kind := area[0]) == OBJECT:
            area[0] = 0
        elif kind:
            desk.acknowledge(self._envelopes.discard)
        # What conduit.receive() does, in line: here a call counts.
        slot = desk.slot
        number = desk.gets + 1
        slot[HOLD_NUMBER] = number
        if self._pull(desk.landing):
            desk.gets = slot[GETS] = number
            if self._places is not None:
                self._places.free(desk, area[MARKS_AT])
        else:
            self._receive_slowly(desk, block, timeout)
        slot[HELD_NS] = _monotonic_ns()
        if not number & _LOOK_EVERY and self._is_alone:
            self._look_after_the_dead(desk)
        if area[0] == self._simple_kind:
            return loads(desk.payload)
        return self._open(desk, area)

    def _receive_slowly(self, desk: Desk, block: bool, timeout: float | None) -> None:
        desk.slot[HOLD_NUMBER] = desk.gets
        if self._reader < 0:
            self._missing_reader()
        if block:
            self._receive_later(desk, timeout)
        else:
            self._receive_last(desk)

    def _open(self, desk: Desk, area: memoryview) -> Any:
        """The item in hand, where it is not a small one that may come back."""
        try:
            if area[0] == TRAYED:
                return loads(self._trays.open(desk, area))
            return loads(desk.payload) if area[0] == OBJECT else self._envelopes.open(desk.message())
        finally:
            if not self._returns_items:
                desk.acknowledge(self._envelopes.discard)

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

        An item that comes back is not done; one that became a dead letter is. In a queue used alone who joins sees to
        deaths as well, so it needs no other user for that. With delivery at most once, an item whose consumer died is
        never done, and join() waits for ever, as in the standard library.
        """
        self._check_open()
        conduit = self._conduit
        if conduit.unfinished() <= 0:
            return
        desk = self._my_desk()
        watched = ((self._watch(desk).fileno(), INPUT),) if self._is_alone else ()
        # An edge-triggered look at a counter that nobody resets: each task_done() wakes every joiner.
        with select.epoll() as edges, Blocking(self._label, "join", None) as blocking:
            edges.register(conduit.done, select.EPOLLIN | select.EPOLLET)
            while conduit.unfinished() > 0:
                blocking.wait((edges.fileno(), INPUT), *watched)
                edges.poll(0)
                if watched:
                    self._look_after_the_dead(desk)

    def close(self) -> None:
        """Let go of the queue in this process; what was put stays for the others. Later calls raise ValueError.

        What the process holds is done, unless an exception is being handled just now.
        """
        self._let_go(is_clean=leaving.is_clean())

    def _let_go(self, *, is_clean: bool) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._reader = self._writer = self._quick_bytes = -1
            self._pull = nothing
            self._local = _local()
            if self._conduit.close(is_clean=is_clean):
                self._envelopes.sweep()

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
