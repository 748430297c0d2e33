"""The place of one thread at a queue: its counters, and the hold into which it receives.

The kernel copies a record straight into the hold, so there is no instant at which a kill finds it nowhere: it is in
the pipe, or whole in the hold. The hold's first byte, 0 while it is empty, is the message's kind.
"""

from __future__ import annotations

from supervisor.channels import platform
from supervisor.channels.envelope import message_bytes
from supervisor.channels.parcel import HEADER_BYTES, INTERRUPTED, MARKS_AT, OBJECT, RECEIVE_BYTES, RECORD_BYTES

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import mmap
    import select
    from collections.abc import Callable

    from supervisor.channels.watching import Watch

_PAGE_BYTES = 4096
HOLD_BYTES = -(-RECEIVE_BYTES // _PAGE_BYTES) * _PAGE_BYTES


class Desk:
    """A slot of the ledger that this process owns, with its hold once the thread has received something.

    Attributes:
        index: the number of the slot.
        slot: its 32 words.
        puts, gets, bytes_in, tokens, returned: what its words of these names hold; quicker to count from here.
        area: the hold as bytes; None before `open_hold`.
        landing: the part of it that a record takes, as `Conduit.pull` wants it.
        payload: the part of it behind a message's header.
        kind_and_sender: the first word of a small item's message that is put from here.
        watch: what tells the thread, while it is blocked, of deaths and returned items.
        ear: what tells it, while it is blocked, of room.
        tray: what to free when the item in hand is done: the tags, the tray's name, the put time.
        is_trayless: whether its last item of a tray's size found none.
    """

    __slots__ = (
        "_map",
        "area",
        "bytes_in",
        "ear",
        "gets",
        "index",
        "is_trayless",
        "kind_and_sender",
        "landing",
        "payload",
        "puts",
        "returned",
        "slot",
        "tokens",
        "tray",
        "watch",
    )

    def __init__(self, index: int, slot: memoryview) -> None:
        self.index = index
        self.slot = slot
        self.puts = self.gets = self.bytes_in = self.tokens = self.returned = 0
        self.kind_and_sender = OBJECT | index << 16
        self.area: memoryview | None = None
        self.landing = memoryview(b"")
        self.payload = memoryview(b"")
        self.is_trayless = False
        self.tray: tuple[memoryview, int, int] | None = None
        self.watch: Watch | None = None
        self.ear: select.epoll | None = None
        self._map: mmap.mmap | None = None

    def open_hold(self, fd: int, offset: int) -> memoryview:
        """Map the hold and touch its first page.

        A page that is missing when the kernel copies a record there is the one thing that could make the copy fail,
        and lose the record, when a kill comes just then.
        """
        self._map = platform.map_shared(fd, HOLD_BYTES, offset)
        area = memoryview(self._map)
        area[0] = 0
        self.area = area[:RECEIVE_BYTES]
        self.landing = area[:RECORD_BYTES]
        self.payload = self.area[HEADER_BYTES:]
        return self.area

    def message(self) -> memoryview:
        """The message in the hold."""
        assert self.area is not None
        return self.area[: message_bytes(self.area)]

    def is_holding(self) -> bool:
        """Whether an item is in hand."""
        return self.area is not None and self.area[0] != 0

    def is_interrupted(self) -> bool:
        """Whether the process was asked to stop while it held the item."""
        return self.area is not None and bool(self.area[MARKS_AT] & INTERRUPTED)

    def mark_interrupted(self) -> None:
        """Note that the process was asked to stop while it holds this item, if any."""
        if self.area is not None and self.area[0]:
            self.area[MARKS_AT] |= INTERRUPTED

    def acknowledge(self, discard: Callable[[memoryview], None] | None) -> None:
        """The item in hand is done. The file beside it goes first: that it is gone says that the item is done."""
        area = self.area
        if area is not None and area[0]:
            if self.tray is not None:
                tags, name, put_ns = self.tray
                self.tray = None
                if tags[name] == put_ns:
                    tags[name] = 0
            elif area[0] != OBJECT and discard is not None:
                discard(self.message())
            area[0] = 0

    def abandon(self) -> None:
        """Let go of the mapping and the watch, as they are."""
        self.area = None
        self.landing = memoryview(b"")
        self.payload = memoryview(b"")
        self._map = None
        if self.watch is not None:
            self.watch.close()
            self.watch = None
        if self.ear is not None:
            self.ear.close()
            self.ear = None
