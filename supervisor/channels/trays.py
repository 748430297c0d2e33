"""Trays: where a queue's payloads lie that are too big for a record and too small for a file of their own.

    put()   lay the payload on a tray ── send a record that names it ──▶ fetch it into the hold, free the tray   get()

A tray belongs to the slot of its sender. The word of a tray holds the put time of the item on it, which tells one item
from the next, so that freeing twice does no harm.
"""

from __future__ import annotations

import os

from supervisor.channels.ledger import CLAIMED_NS, TRAY, TRAY_COUNT
from supervisor.channels.parcel import HEADER, HEADER_BYTES, INLINE_BYTES, OBJECT, TRAY_AT

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from supervisor.channels.ledger import Ledger

    Message = bytes | memoryview


class Trays:
    """The trays of one queue, as one process sees them. A message names a tray by its number plus one, 0 for none."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def lay(self, index: int, payload: bytes, put_ns: int) -> int:
        """Lay a payload on a free tray of slot `index`; the tray's name, 0 when there is none or no memory."""
        if len(payload) > INLINE_BYTES:
            return 0
        ledger = self._ledger
        slot = ledger.slot(index)
        for number in range(TRAY_COUNT):
            if not slot[TRAY + number]:
                slot[TRAY + number] = put_ns
                try:
                    if os.pwrite(ledger.fd, payload, ledger.tray_at(index, number)) == len(payload):
                        return number + 1
                except OSError:
                    pass
                slot[TRAY + number] = 0
                return 0
        return 0

    def fetch(self, area: memoryview) -> None:
        """Bring the payload of the message in a hold there. Killed in here, either the tray has it or the hold."""
        _, _, index, length, _, _, name = HEADER.unpack_from(area)
        ledger = self._ledger
        os.preadv(ledger.fd, [area[HEADER_BYTES : HEADER_BYTES + length]], ledger.tray_at(index, name - 1))
        area[0] = OBJECT
        self.clear(area)

    def whole(self, message: Message) -> bytes:
        """The message with its payload in it; b"" when that has been freed."""
        _, _, index, length, put_ns, _, name = HEADER.unpack_from(message)
        ledger = self._ledger
        payload = os.pread(ledger.fd, length, ledger.tray_at(index, name - 1))
        if ledger.slot(index)[TRAY + name - 1] != put_ns:
            return b""
        return bytes((OBJECT,)) + bytes(message[1:HEADER_BYTES]) + payload

    def clear(self, message: Message) -> None:
        """Free the tray that a message names, if its item is still there."""
        name = message[TRAY_AT]
        if name:
            _, _, index, _, put_ns, _, _ = HEADER.unpack_from(message)
            slot = self._ledger.slot(index)
            if slot[TRAY + name - 1] == put_ns:
                slot[TRAY + name - 1] = 0

    def strays(self) -> Iterator[tuple[int, int, int]]:
        """Slot, number and put time of what lies on trays of dead senders."""
        for index, slot in self._ledger.used_slots():
            for number in range(TRAY_COUNT):
                put_ns = slot[TRAY + number]
                if put_ns and (put_ns < slot[CLAIMED_NS] or not self._ledger.is_alive(index)):
                    yield index, number, put_ns

    def sweep(self, named: Container[tuple[int, int]]) -> None:
        """Free the trays of dead senders, but for those items, by slot and put time, that messages name."""
        for index, number, put_ns in self.strays():
            slot = self._ledger.slot(index)
            if (index, put_ns) not in named and slot[TRAY + number] == put_ns:
                slot[TRAY + number] = 0
