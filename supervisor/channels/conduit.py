"""The kernel's parts of one queue, as one process has them: makes, adopts, asks and closes them.

reader, writer   the two ends of a pipe of records; a process may have one or both, -1 is none
places           the free places, with the bell for who waits for one; None without a maxsize
ended            readable while every writer has completed
done             readable, and stepped at each task_done()
news             stepped when who uses the queue, or what they hold, has changed
ledger           who uses the queue, and each one's counters
"""

from __future__ import annotations

import os
import sys
from _io import FileIO
from errno import EPIPE

from supervisor.channels import platform
from supervisor.channels.envelope import message_bytes
from supervisor.channels.ledger import Ledger
from supervisor.channels.parcel import HEADER, MARKS_AT, RECORD_BYTES
from supervisor.channels.places import Places
from supervisor.channels.trays import Trays
from supervisor.channels.words import BYTES_IN, DONE, GETS, HOLD_NUMBER, PUTS, PUTS_ENDED

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from supervisor.channels.desk import Desk

    Mode = Literal["read", "write", "both"]

_PAGE_BYTES = 4096
_MOST_PIPE_BYTES = 1 << 20
"""fs.pipe-max-size, as an ordinary user has it."""
_UNBOUNDED_ITEMS = 1024


def _room_bytes(maxsize: int) -> int:
    """The size of a pipe that has room for so many records, wherever in a page the first of them is."""
    if maxsize == 0:
        return _UNBOUNDED_ITEMS * RECORD_BYTES
    return min((maxsize * RECORD_BYTES // _PAGE_BYTES + 2) * _PAGE_BYTES, _MOST_PIPE_BYTES)


def nothing(_: memoryview) -> int | None:
    """What a process receives that has no reading end."""
    return None


class Conduit:
    """One process's descriptors of a queue.

    Attributes:
        pull: receives a record into the memory that it is given; the bytes received, None when none waits, 0 at the
            end of the stream.
        is_fragile: whether a write without a reader would end this process, so that it has to be asked for before.
    """

    __slots__ = ("done", "ended", "is_fragile", "ledger", "news", "places", "pull", "reader", "trays", "writer")

    def __init__(
        self,
        reader: int,
        writer: int,
        counters: tuple[int, int, int],
        ledger: Ledger,
        places: Places | None,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.ended, self.done, self.news = counters
        self.places = places
        if not isinstance(ledger.trays, Trays):
            ledger.trays = Trays(ledger)
        self.trays = ledger.trays
        self.ledger = ledger
        self.is_fragile = False
        self.pull = FileIO(reader, closefd=False).readinto if reader >= 0 else nothing
        ledger.tell_news = self.tell_news

    @classmethod
    def create(cls, maxsize: int, buffer_bytes: int | None = None) -> Conduit:
        """The parts of a new queue; no limit of its own when `maxsize` is 0."""
        reader, writer = platform.record_pipe(buffer_bytes or _room_bytes(maxsize))
        counters = (platform.counter(0), platform.counter(0), platform.counter(0))
        ledger = Ledger.create()
        return cls(reader, writer, counters, ledger, Places.create(ledger, maxsize) if maxsize else None)

    @classmethod
    def adopt(cls, names: Sequence[str], fds: Sequence[int], mode: Mode) -> Conduit:
        """The parts that `parts()` named in another process; owns `fds`, and closes the end that `mode` forbids."""
        parts = dict(zip(names, fds, strict=True))
        for fd in fds:
            os.set_inheritable(fd, False)  # a shell command that the worker runs is no user of the queue
        try:
            ledger = Ledger.attach(parts["ledger"])
        except ValueError:
            for fd in fds:
                os.close(fd)
            raise
        unwanted = {"read": "write_end", "write": "read_end"}.get(mode, "")
        if unwanted in parts:
            os.close(parts.pop(unwanted))
        return cls(
            parts.get("read_end", -1),
            parts.get("write_end", -1),
            (parts["ended"], parts["done"], parts["news"]),
            ledger,
            Places(ledger, parts["bell"]) if "bell" in parts else None,
        )

    def parts(self, mode: Mode) -> dict[str, int]:
        """The name and descriptor of each part that a process of this mode needs."""
        parts = {}
        if self.reader >= 0 and mode != "write":
            parts["read_end"] = self.reader
        if self.writer >= 0 and mode != "read":
            parts["write_end"] = self.writer
        if self.places is not None:
            parts["bell"] = self.places.bell
        return {**parts, "ended": self.ended, "done": self.done, "news": self.news, "ledger": self.ledger.fd}

    def close(self, *, is_clean: bool) -> bool:
        """Close everything; True when this was the last reading end there was, so that what is unread is lost.

        What this process holds is done if `is_clean`, and goes back into the queue if not.
        """
        is_orphaned = False
        if self.reader >= 0:
            os.close(self.reader)
        if self.writer >= 0:
            is_orphaned = not self.has_reader()
            os.close(self.writer)
        self.reader = self.writer = -1
        self.pull = nothing
        if sys.is_finalizing():
            return is_orphaned  # all else is settled, and who has a lock may be a thread that never goes on
        with self.ledger.lock:  # a thread that ends tells news
            self.ledger.release(is_clean=is_clean)
            self.tell_news()
            if self.places is not None:
                self.places.close()
            for fd in (self.ended, self.done, self.news):
                os.close(fd)
            self.news = -1
        return is_orphaned

    def join(self) -> Desk:
        """A desk for the calling thread, which has none yet."""
        desk = self.ledger.claim(self.give_back)
        self.is_fragile = platform.dies_of_broken_pipes()
        self.tell_news()  # its death concerns the others
        return desk

    def open_hold(self, desk: Desk) -> memoryview:
        """Make the calling thread a consumer."""
        from supervisor.channels import leaving

        leaving.settle_at_exit()
        area = self.ledger.open_hold(desk)
        self.tell_news()
        return area

    def tell_news(self) -> None:
        """Wake those who wait for a change among the users."""
        if self.news >= 0:
            os.eventfd_write(self.news, 1)

    def give_back(self, places: int) -> None:
        """Give back places that a dead process had taken."""
        if self.places is not None:
            self.places.give_back(places)

    def has_reader(self) -> bool:
        """Whether any process has a reading end; asked where there is a writing one."""
        return not platform.is_ready(self.writer, 0)  # an error, which poll reports unasked

    def send(self, desk: Desk, message: bytes, size_bytes: int) -> bool:
        """Send an item of this size into the place that was taken; False when the kernel's buffer is full.

        Raises BrokenPipeError when nobody has a reading end, whatever this process does with SIGPIPE.
        """
        if self.is_fragile and not self.has_reader():
            raise BrokenPipeError(EPIPE, "no process reads this queue any more")
        slot = desk.slot
        desk.puts = slot[PUTS] = desk.puts + 1
        try:
            os.write(self.writer, message.ljust(RECORD_BYTES, b"\0"))
        except OSError as error:
            desk.puts = slot[PUTS] = desk.puts - 1
            if isinstance(error, BlockingIOError):
                return False
            raise
        slot[PUTS_ENDED] = desk.puts
        desk.bytes_in = slot[BYTES_IN] = desk.bytes_in + size_bytes
        if self.places is not None:
            self.places.fill(desk)
        return True

    def send_back(self, message: bytes) -> bool:
        """Send a message that needs no place, uncounted; False when there is no room, or no reader any more."""
        try:
            return self.has_reader() and os.write(self.writer, message.ljust(RECORD_BYTES, b"\0")) > 0
        except OSError:
            return False

    def receive(self, desk: Desk) -> bool:
        """Receive a record into the hold, which is empty, and count it; False at the end of the stream.

        BlockingIOError when none waits. Whoever is killed in here leaves an untouched pipe, or the record in the hold
        and the count in the slot.
        """
        slot = desk.slot
        number = desk.gets + 1
        slot[HOLD_NUMBER] = number
        try:
            size = self.pull(desk.landing)
        except BaseException:
            slot[HOLD_NUMBER] = desk.gets
            raise
        if not size:
            slot[HOLD_NUMBER] = desk.gets
            if size is None:
                raise BlockingIOError
            return False
        desk.gets = slot[GETS] = number
        if self.places is not None:
            self.places.free(desk, desk.landing[MARKS_AT])
        return True

    def is_empty(self) -> bool:
        """Whether no message waits, at this instant."""
        return self.depth() == 0

    def depth(self) -> int:
        """How many messages wait, at this instant."""
        return platform.unread_bytes(self.reader if self.reader >= 0 else self.writer) // RECORD_BYTES

    def unfinished(self) -> int:
        """How many items were put for which no task_done() came."""
        done = self.ledger.total(DONE)  # before the puts: zero is then never seen too early
        return self.ledger.total(PUTS) - done

    def oldest_ns(self) -> int | None:
        """When the first waiting message was put, time.monotonic_ns; None when none waits or there is no reader."""
        message = self.peek()
        put_ns: int = HEADER.unpack_from(message)[4] if message else 0
        return put_ns or None

    def peek(self) -> bytes:
        """The first waiting message, left where it is; b"" when none waits or there is no reader."""
        if self.reader < 0 or self.is_empty():
            return b""
        record = platform.glance(self.reader, RECORD_BYTES)
        return record[: message_bytes(record)] if record else b""

    def glance_all(self) -> list[bytes]:
        """Every waiting message, left where it is; fewer where the kernel gives no room for the copy."""
        if self.reader < 0 or self.is_empty():
            return []
        copy = memoryview(platform.glance(self.reader, self.depth() * RECORD_BYTES))
        records = [copy[at : at + RECORD_BYTES] for at in range(0, len(copy), RECORD_BYTES)]
        return [bytes(record[: message_bytes(record)]) for record in records]

    def has_ended(self) -> bool:
        """Whether every writer has completed; messages may still wait."""
        return platform.is_ready(self.ended, platform.INPUT)
