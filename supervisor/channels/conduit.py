"""The kernel's parts of one queue, as one process has them: makes, adopts, asks and closes them.

reader, writer   the two ends of a SOCK_SEQPACKET pair; a process may have one or both
space            a counter of free places, absent without a maxsize
ended            readable while every writer has completed
done             readable, and stepped at each task_done()
news             stepped when who uses the queue, or what they hold, has changed
ledger           who uses the queue, and each one's counters
"""

from __future__ import annotations

import os

from supervisor.channels import platform
from supervisor.channels.envelope import spilled_bytes
from supervisor.channels.ledger import (
    BYTES_IN,
    DONE,
    GETS,
    HOLD_NUMBER,
    PUTS,
    REDELIVERED,
    RETURNED,
    TOKENS,
    Ledger,
)
from supervisor.channels.parcel import HEADER, MARKS_AT, OBJECT, PLACELESS

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import _socket
    from collections.abc import Sequence
    from typing import Literal

    from supervisor.channels.desk import Desk

    Mode = Literal["read", "write", "both"]

_NO_SIGNAL = 0x4000  # MSG_NOSIGNAL: a queue without a reader raises, whatever the worker did with SIGPIPE
_PEEK = 0x2


class Conduit:
    """One process's descriptors of a queue."""

    __slots__ = ("done", "ended", "ledger", "news", "reader", "space", "writer")

    def __init__(
        self,
        reader: _socket.socket | None,
        writer: _socket.socket | None,
        counters: tuple[int, int, int, int],
        ledger: Ledger,
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.space, self.ended, self.done, self.news = counters
        self.ledger = ledger
        ledger.tell_news = self.tell_news

    @classmethod
    def create(cls, maxsize: int, buffer_bytes: int) -> Conduit:
        """The parts of a new queue; no limit of its own when `maxsize` is 0."""
        reader, writer = platform.message_pair(buffer_bytes)
        space = platform.counter(maxsize, counts_tokens=True) if maxsize else -1
        counters = (space, platform.counter(0), platform.counter(0), platform.counter(0))
        return cls(reader, writer, counters, Ledger.create())

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
            platform.open_socket(parts["read_end"]) if "read_end" in parts else None,
            platform.open_socket(parts["write_end"]) if "write_end" in parts else None,
            (parts.get("space", -1), parts["ended"], parts["done"], parts["news"]),
            ledger,
        )

    def parts(self, mode: Mode) -> dict[str, int]:
        """The name and descriptor of each part that a process of this mode needs."""
        parts = {}
        if self.reader is not None and mode != "write":
            parts["read_end"] = self.reader.fileno()
        if self.writer is not None and mode != "read":
            parts["write_end"] = self.writer.fileno()
        if self.space >= 0:
            parts["space"] = self.space
        return {**parts, "ended": self.ended, "done": self.done, "news": self.news, "ledger": self.ledger.fd}

    def close(self, *, is_clean: bool) -> bool:
        """Close everything; True when this was the last reading end there was, so that what is unread is lost.

        What this process holds is done if `is_clean`, and goes back into the queue if not.
        """
        is_orphaned = False
        if self.reader is not None:
            self.reader.close()
        if self.writer is not None:
            is_orphaned = platform.is_ready(self.writer.fileno(), 0)  # hung up, which poll reports unasked
            self.writer.close()
        self.ledger.release(is_clean=is_clean)
        self.tell_news()
        for fd in (self.space, self.ended, self.done, self.news):
            if fd >= 0:
                os.close(fd)
        self.news = -1
        return is_orphaned

    def join(self) -> Desk:
        """A desk for the calling thread, which has none yet."""
        desk = self.ledger.claim(self.give_back)
        if self.space >= 0:
            self.tell_news()  # the death of one that has taken a place concerns the others
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

    def take_place(self, slot: memoryview) -> bool:
        """Take a place for one item; False when none is free."""
        if self.space < 0:
            return True
        slot[TOKENS] += 1  # before the step: a place taken by a process that dies now is not forgotten
        try:
            os.eventfd_read(self.space)
        except BlockingIOError:
            slot[TOKENS] -= 1
            return False
        return True

    def give_up_place(self, slot: memoryview) -> None:
        """Give back a place that was taken and not filled."""
        if self.space >= 0:
            os.eventfd_write(self.space, 1)
            slot[TOKENS] -= 1

    def give_back(self, places: int) -> None:
        """Give back places that a dead process had taken."""
        if self.space >= 0:
            os.eventfd_write(self.space, places)

    def trim(self, maxsize: int) -> None:
        """Take away the free places beyond `maxsize`: so many can only be there because too many were given back."""
        if self.space >= 0:
            for _ in range(platform.counter_value(self.space) - maxsize):
                try:
                    os.eventfd_read(self.space)
                except BlockingIOError:  # producers were quicker; the surplus shows again when they are done
                    return

    def send(self, writer: _socket.socket, slot: memoryview, message: bytes) -> bool:
        """Send into the place that was taken; False when the kernel's buffer is full."""
        slot[PUTS] += 1
        try:
            writer.send(message, _NO_SIGNAL)
        except OSError as error:
            slot[PUTS] -= 1
            if isinstance(error, BlockingIOError):
                return False
            raise
        slot[BYTES_IN] += len(message) if message[0] == OBJECT else spilled_bytes(message)
        if self.space >= 0:
            slot[TOKENS] -= 1
        return True

    def receive(self, reader: _socket.socket, desk: Desk) -> int:
        """Receive a message into the hold, which is empty, and count it; its size. BlockingIOError when none waits.

        Whoever is killed in here leaves an untouched socket, or the message in the hold and the count in the slot.
        """
        slot, area = desk.slot, desk.area
        assert area is not None
        number = slot[GETS] + 1
        slot[HOLD_NUMBER] = number
        try:
            size: int = reader.recv_into(area)
        except BlockingIOError:
            slot[HOLD_NUMBER] = number - 1
            raise
        slot[GETS] = number
        if self.space >= 0:
            self.free_place(slot, area[MARKS_AT])
        return size

    def free_place(self, slot: memoryview, marks: int) -> None:
        """Free the place of a message that was received and counted, if it had one."""
        if not marks & PLACELESS:
            os.eventfd_write(self.space, 1)
        slot[RETURNED] += 1

    def is_empty(self) -> bool:
        """Whether no message waits, at this instant."""
        if self.reader is not None:
            return platform.unread_bytes(self.reader.fileno()) == 0
        return self.writer is None or platform.unsent_bytes(self.writer.fileno()) == 0

    def depth(self) -> int:
        """How many messages wait; exact when nobody is in the middle of a put or get."""
        if self.is_empty():
            return 0
        got = self.ledger.total(GETS)
        return max(self.ledger.total(PUTS) + self.ledger.total(REDELIVERED) - got, 1)

    def unfinished(self) -> int:
        """How many items were put for which no task_done() came."""
        done = self.ledger.total(DONE)  # before the puts: zero is then never seen too early
        return self.ledger.total(PUTS) - done

    def oldest_ns(self) -> int | None:
        """When the first waiting message was put, time.monotonic_ns; None when none waits or there is no reader."""
        if self.reader is None:
            return None
        try:
            header = self.reader.recv(HEADER.size, _PEEK)
        except BlockingIOError:
            return None
        put_ns: int = HEADER.unpack(header)[4] if header else 0
        return put_ns or None

    def peek(self, size: int) -> bytes:
        """The first waiting message, left where it is; b"" when none waits or there is no reader."""
        try:
            return self.reader.recv(size, _PEEK) if self.reader is not None else b""
        except BlockingIOError:
            return b""

    def has_ended(self) -> bool:
        """Whether every writer has completed; messages may still wait."""
        return platform.is_ready(self.ended, platform.INPUT)
