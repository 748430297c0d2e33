"""A queue for platforms without message sockets: a byte pipe and record locks. It says which promises it cannot keep.

put() ── places (a byte each) ──▶ pipe, one writer at a time ──▶ one reader at a time ──▶ get()
         tally: a file with counts; its bytes are the locks, which a death frees       ended: readable at the end
"""

from __future__ import annotations

import _thread
import contextlib
import fcntl
import os
import select
import struct
import tempfile
import time
from queue import Empty, Full

from supervisor.channels.crossing import reduce_channel
from supervisor.channels.parcel import loads
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.standard import StandardQueue
from supervisor.channels.taking import EndOfStream

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from supervisor.channels.pages import DeadLetter, ItemCopies, QueueCensus, WaitingItem

_HEADER = struct.Struct("<II")
_MARK = 0x70644D31
_COUNTS = struct.Struct("<4Q")
_PUTS, _GETS, _DONE, _BYTES = range(4)
_READER, _WRITER, _TALLY = 100, 101, 102
_MOST_PLACES = 65536
_LOOK_EVERY_S = 0.05
_ENDS = {"read": {"write_end"}, "write": {"read_end"}, "both": set[str]()}


class _Lock:
    """A byte of a file that one thread of one process has; its death frees it."""

    def __init__(self, fd: int, at: int) -> None:
        self._fd = fd
        self._at = at
        self._inner = _thread.allocate_lock()
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self._inner = _thread.allocate_lock()

    def __enter__(self) -> None:
        self._inner.acquire()
        fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, self._at)

    def __exit__(self, *_: object) -> None:
        fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, self._at)
        self._inner.release()


class PortableQueue(StandardQueue):
    """`Queue` with what every POSIX system has; `Queue()` makes one where it must, or where it is told to.

    The arguments are Queue's; those that serve what `lacking` names are accepted and change nothing.
    """

    lacking = (
        "an item in the hands of a consumer that dies is lost: delivery is at most once, and there are no dead letters",
        "a process killed in the middle of a transfer may damage the stream: get() then says so",
        "a place taken by a process that dies is not given back",
        "readers of an ended queue do not wait for items in others' hands",
        "big items go through the pipe like small ones, copied",
        "who waits, who holds what and the oldest item's age are not known; join() looks twenty times a second",
    )
    pending = 0

    _is_closed = True

    def __init__(self, maxsize: int = 0, *, name: str = "", **_: Any) -> None:
        if maxsize > _MOST_PLACES:
            raise ValueError(f"maxsize {maxsize} is more than the {_MOST_PLACES} that this platform's queue can count")
        parts = dict(zip(("read_end", "write_end"), os.pipe(), strict=True))
        parts.update(zip(("ended_read", "ended_write"), os.pipe(), strict=True))
        if maxsize > 0:
            parts.update(zip(("places_read", "places_write"), os.pipe(), strict=True))
            os.write(parts["places_write"], b"." * maxsize)
        parts["tally"], path = tempfile.mkstemp(prefix="procdeck-tally-")
        os.unlink(path)
        os.pwrite(parts["tally"], _COUNTS.pack(0, 0, 0, 0), 0)
        self._assemble(parts, max(maxsize, 0), name)

    def _assemble(self, parts: dict[str, int], maxsize: int, name: str) -> None:
        self._parts = parts
        self._maxsize = maxsize
        self.name = name
        self._locks = {at: _Lock(parts["tally"], at) for at in (_READER, _WRITER, _TALLY)}
        self._is_closed = False
        for part in ("ended_read", "places_read"):
            if part in parts:
                os.set_blocking(parts[part], False)

    @property
    def maxsize(self) -> int:
        """The most items that may wait; 0 for no limit but the pipe's."""
        return self._maxsize

    def put(self, obj: Any, block: bool = True, timeout: float | None = None) -> None:
        """As `Queue.put`; a timeout does not cover the time that others write big items."""
        from multiprocessing.reduction import ForkingPickler

        write_end = self._part("write_end", "put")
        payload = bytes(ForkingPickler.dumps(obj, 5))
        deadline_s = None if timeout is None else time.monotonic() + timeout
        while True:
            if self._take_place():
                break
            if not block or not _wait(deadline_s, (self._parts["places_read"], INPUT)):
                raise Full
        if not _wait(deadline_s if block else 0.0, (write_end, OUTPUT)):
            self._free_place()
            raise Full
        with self._locks[_WRITER]:
            view = memoryview(_HEADER.pack(_MARK, len(payload)) + payload)
            while view:
                view = view[os.write(write_end, view) :]
            self._count({_PUTS: 1, _BYTES: len(payload)})

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """As `Queue.get`. OSError when a process was killed in the middle of a transfer, and the stream is damaged."""
        read_end = self._part("read_end", "get")
        deadline_s = time.monotonic() + (timeout or 0.0) if not block or timeout is not None else None
        while True:
            is_there = _wait(deadline_s if block else 0.0, (read_end, INPUT), (self._parts["ended_read"], INPUT))
            has_ended = self.is_ended
            with self._locks[_READER]:
                if _wait(0.0, (read_end, INPUT)):
                    payload = self._receive(read_end)
                    break
            if has_ended:
                raise EndOfStream(f"every writer of {self.name or 'queue'} has completed")
            if not is_there:
                raise Empty
        self._free_place()
        return loads(payload)

    def _receive(self, read_end: int) -> bytes:
        mark, length = _HEADER.unpack(_read_exactly(read_end, _HEADER.size))
        if mark != _MARK:
            raise OSError(
                f"{self.name or 'queue'} is damaged: a process was killed while it moved an item; make it anew"
            )
        payload = _read_exactly(read_end, length)
        self._count({_GETS: 1})
        return payload

    def qsize(self) -> int:
        """How many items wait."""
        counts = self._count({})
        return max(counts[_PUTS] - counts[_GETS], 0)

    def empty(self) -> bool:
        """Whether no item waits, at this instant."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether a put() would wait for a place."""
        self._check_open()
        return "places_read" in self._parts and not _wait(0.0, (self._parts["places_read"], INPUT))

    def task_done(self) -> None:
        """Say that the work on one item is finished. ValueError when called more often than items were put."""
        with self._locks[_TALLY]:
            counts = self._read_counts()
            if counts[_DONE] >= counts[_PUTS]:
                raise ValueError("task_done() called too many times")
            self._write_counts(counts, {_DONE: 1})

    def join(self) -> None:
        """Wait until task_done() was called for every item that was put."""
        while (counts := self._count({}))[_DONE] < counts[_PUTS]:
            time.sleep(_LOOK_EVERY_S)

    def close(self) -> None:
        """Let go of the queue in this process. Later calls raise ValueError."""
        if not self._is_closed:
            self._is_closed = True
            for fd in self._parts.values():
                os.close(fd)

    def end(self) -> None:
        """Say that every writer has completed. Readers end after the last item."""
        if not self.is_ended:
            os.write(self._parts["ended_write"], b".")

    def unend(self) -> None:
        """Take `end` back."""
        self._check_open()
        with contextlib.suppress(BlockingIOError):
            os.read(self._parts["ended_read"], 100)

    @property
    def is_ended(self) -> bool:
        """Whether every writer has completed; items may still wait."""
        self._check_open()
        return _wait(0.0, (self._parts["ended_read"], INPUT))

    def recover(self) -> int:
        """Nothing comes back on this platform."""
        return 0

    def settle(self, pid: int, is_clean: bool, cause: str = "") -> None:
        """Nothing is held on this platform."""

    def dead_letters(self) -> list[DeadLetter]:
        """There are none on this platform."""
        return []

    def requeue(self, letter_id: str | None = None) -> int:
        """There are none on this platform. KeyError for any id."""
        if letter_id is not None:
            raise KeyError(letter_id)
        return 0

    discard = requeue

    def peek(self) -> WaitingItem | None:
        """What waits cannot be seen on this platform."""
        return None

    def copies(self, most_items: int, most_bytes: int) -> ItemCopies:  # noqa: ARG002  # as a Queue's
        """What waits cannot be seen on this platform, but counted."""
        from supervisor.channels.pages import ItemCopies

        return ItemCopies((), self.qsize())

    def drain(self) -> int:
        """Throw away what waits now; returns how many items."""
        count = 0
        with contextlib.suppress(Empty):
            while True:
                try:
                    self.get_nowait()
                except Empty:
                    raise
                except Exception:  # noqa: BLE001, S110  # an item that cannot be rebuilt is thrown away like the rest
                    pass
                self.task_done()
                count += 1
        return count

    def census(self) -> QueueCensus:
        """One look at the queue's counters."""
        from supervisor.channels.pages import QueueCensus

        counts = self._count({})
        return QueueCensus(
            name=self.name,
            maxsize=self._maxsize,
            depth=max(counts[_PUTS] - counts[_GETS], 0),
            put_total=counts[_PUTS],
            got_total=counts[_GETS],
            bytes_in=counts[_BYTES],
            waiting_readers=(),
            waiting_writers=(),
            pids=(),
            unfinished=counts[_PUTS] - counts[_DONE],
            oldest_age_s=None,
            is_ended=self.is_ended,
        )

    def describe(self, mode: str = "both") -> dict[str, Any]:
        """What `from_description` needs besides the descriptors."""
        self._check_open()
        parts = {part: fd for part, fd in self._parts.items() if part not in _ENDS[mode]}
        description = {"kind": "queue", "transport": "portable", "name": self.name, "maxsize": self._maxsize}
        return {**description, "parts": list(parts), "fds": list(parts.values())}

    def fds(self, mode: str = "both") -> list[int]:
        """The descriptors to hand over beside `describe(mode)`."""
        fds: list[int] = self.describe(mode)["fds"]
        return fds

    @classmethod
    def from_description(cls, description: dict[str, Any], fds: Sequence[int], mode: str = "both") -> PortableQueue:
        """The queue that another process described; it owns `fds` from now on."""
        parts = dict(zip(description["parts"], fds, strict=True))
        for fd in fds:
            os.set_inheritable(fd, False)
        for part in _ENDS[mode] & parts.keys():
            os.close(parts.pop(part))
        queue = cls.__new__(cls)
        queue._assemble(parts, description["maxsize"], description["name"])  # noqa: SLF001  # its own class
        return queue

    def __reduce__(self) -> tuple[Any, ...]:
        return reduce_channel(PortableQueue.from_description, self.describe(), self.fds())

    def __repr__(self) -> str:
        return f"<PortableQueue {self.name!r} {'closed' if self._is_closed else f'maxsize={self._maxsize}'}>"

    def __del__(self) -> None:
        self.close()

    def _take_place(self) -> bool:
        self._check_open()
        if "places_read" not in self._parts:
            return True
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self._parts["places_read"], 1))
        return False

    def _free_place(self) -> None:
        if "places_write" in self._parts:
            os.write(self._parts["places_write"], b".")

    def _count(self, steps: dict[int, int]) -> list[int]:
        self._check_open()
        with self._locks[_TALLY]:
            return self._write_counts(self._read_counts(), steps)

    def _read_counts(self) -> list[int]:
        self._check_open()
        return list(_COUNTS.unpack(os.pread(self._parts["tally"], _COUNTS.size, 0)))

    def _write_counts(self, counts: list[int], steps: dict[int, int]) -> list[int]:
        for word, step in steps.items():
            counts[word] += step
        if steps:
            os.pwrite(self._parts["tally"], _COUNTS.pack(*counts), 0)
        return counts

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError(f"Queue {self!r} is closed")

    def _part(self, part: str, operation: str) -> int:
        self._check_open()
        if part not in self._parts:
            other = "writing" if part == "read_end" else "reading"
            raise OSError(f"queue {self.name!r} was given to this process for {other} only; it cannot {operation}()")
        return self._parts[part]


def _wait(deadline_s: float | None, *wanted: tuple[int, int]) -> bool:
    """Wait until one of these descriptors is ready; False when the time is over."""
    poller = select.poll()
    for fd, events in wanted:
        poller.register(fd, events)
    left_ms = None if deadline_s is None else max(deadline_s - time.monotonic(), 0.0) * 1000
    return bool(poller.poll(left_ms))


def _read_exactly(fd: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        piece = os.read(fd, size - len(data))
        if not piece:
            raise EOFError("every writing end of the queue is closed")
        data += piece
    return bytes(data)
