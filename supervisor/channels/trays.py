"""Trays: where a queue's payloads lie that are too big for a record and too small for a file of their own.

    put()   lay the payload on a tray ── send a record that names it ──▶ read it there, free the tray when it is done

    a slot's 2 MiB   1023 tags: the put time of the item on each tray, 0 while it is free
                     1023 spans: where it begins and ends | the payloads

Only the slot's owner lays; whoever is done with an item frees its tray. The put time tells one item from the next, so
that freeing twice does no harm.
"""

from __future__ import annotations

from supervisor.channels import platform
from supervisor.channels.ledger import TRAYS_BYTES
from supervisor.channels.parcel import HEADER, HEADER_BYTES, OBJECT
from supervisor.channels.words import CLAIMED_NS, HAS_LAID

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from supervisor.channels.desk import Desk
    from supervisor.channels.ledger import Ledger

    Message = bytes | memoryview

MOST_TRAYS = 1023
"""As many as items fit a queue's pipe, by default."""
_TAGS_BYTES = 8192
_ROOM_AT = 2 * _TAGS_BYTES
_ROOM_BYTES = TRAYS_BYTES - _ROOM_AT
_NO_TAGS = bytes(_TAGS_BYTES)
_ALL = list(range(MOST_TRAYS, 0, -1))
_ENOUGH_TRAYS, _ENOUGH_BYTES = MOST_TRAYS // 4, _ROOM_BYTES // 4
"""What has to be free for one who waits, so that he need not wait again for the next item."""


class _Stand:
    """The trays of one slot, and for its owner a stretch of room that is free.

    Attributes:
        tags, spans: a word for each tray, by its name; names begin with 1.
        room: the bytes of the payloads.
        free: names of trays that are free.
        at, end: the stretch.
    """

    __slots__ = ("_tag_bytes", "at", "end", "free", "room", "spans", "tags")

    def __init__(self, whole: memoryview) -> None:
        self._tag_bytes = whole[:_TAGS_BYTES]
        self.tags = self._tag_bytes.cast("Q")
        self.spans = whole[_TAGS_BYTES:_ROOM_AT].cast("Q")
        self.room = whole[_ROOM_AT:]
        self.free: list[int] = []
        self.at = self.end = 0

    def taken(self) -> list[int]:
        """The names of the trays that have something on them."""
        return [] if self._tag_bytes == _NO_TAGS else [name for name, tag in enumerate(self.tags.tolist()) if tag]

    def look(self, size_bytes: int) -> bool:
        """Find the trays that are free, and the longest stretch of room; whether it has so much."""
        taken = self.taken()
        self.free = sorted(set(_ALL).difference(taken), reverse=True) if taken else _ALL.copy()
        if not self.free:
            return False
        at, longest = 0, (0, 0)
        for span in (*sorted(map(self.spans.__getitem__, taken)), _ROOM_BYTES << 32):
            longest = max(longest, ((span >> 32) - at, at))
            at = max(at, span & 0xFFFFFFFF)
        length, self.at = longest
        self.end = self.at + length
        return length >= size_bytes


class Trays:
    """The trays of one queue, as one process sees them. A message names its tray, 0 for none."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        # Mapped once for good: before Python 3.13 a mapping has a descriptor, and to close that would free all locks.
        self._stands: dict[int, _Stand] = {}

    def lay(self, index: int, payload: bytes, put_ns: int) -> int:
        """Lay a payload on a free tray of slot `index`, which is the caller's; the tray's name, 0 when none is free."""
        stand = self._stands.get(index) or self._set_up(index)
        at = stand.at
        end = at + len(payload)
        if end > stand.end or not stand.free:
            if not stand.look(len(payload)):
                return 0
            at = stand.at
            end = at + len(payload)
        name = stand.free.pop()
        stand.at = end
        stand.spans[name] = at << 32 | end
        stand.tags[name] = put_ns
        stand.room[at:end] = payload
        return name

    def has_room(self, index: int, size_bytes: int) -> bool:
        """Whether there is room for this payload, and then for several."""
        stand = self._stands.get(index) or self._set_up(index)
        if stand.free and stand.at + size_bytes <= stand.end:
            return True
        return stand.look(max(size_bytes, _ENOUGH_BYTES)) and len(stand.free) >= _ENOUGH_TRAYS

    def open(self, desk: Desk, area: memoryview) -> memoryview:
        """The payload of the message in a hold, where it lies; the desk knows then what to free."""
        _, _, index, length, put_ns, _, name = HEADER.unpack_from(area)
        stand = self._stands.get(index) or self._set_up(index)
        desk.tray = stand.tags, name, put_ns
        at = stand.spans[name] >> 32
        return stand.room[at : at + length]

    def whole(self, message: Message) -> bytes:
        """The message with its payload in it; b"" when that has been freed."""
        _, _, index, length, put_ns, _, name = HEADER.unpack_from(message)
        stand = self._stands.get(index) or self._set_up(index)
        at = stand.spans[name] >> 32
        payload = bytes(stand.room[at : at + length])
        if stand.tags[name] != put_ns:
            return b""
        return bytes((OBJECT,)) + bytes(message[1:HEADER_BYTES]) + payload

    def clear(self, message: Message) -> None:
        """Free the tray that a message names, if its item is still there."""
        _, _, index, _, put_ns, _, name = HEADER.unpack_from(message)
        if name:
            self.free(index, name, put_ns)

    def free(self, index: int, name: int, put_ns: int) -> None:
        """Free a tray of slot `index`, if the item of that time is still there."""
        tags = (self._stands.get(index) or self._set_up(index)).tags
        if tags[name] == put_ns:
            tags[name] = 0

    def strays(self) -> Iterator[tuple[int, int, int]]:
        """Slot, tray and put time of what lies on trays of dead senders."""
        for index, slot in self._ledger.used_slots():
            if slot[HAS_LAID]:
                stand = self._stands.get(index) or self._set_up(index)
                is_alive = self._ledger.is_alive(index)
                for name in stand.taken():
                    put_ns = stand.tags[name]
                    if put_ns and (put_ns < slot[CLAIMED_NS] or not is_alive):
                        yield index, name, put_ns

    def sweep(self, named: Container[tuple[int, int]]) -> None:
        """Free the trays of dead senders, but for those items, by slot and put time, that messages name."""
        for index, name, put_ns in self.strays():
            if (index, put_ns) not in named:
                self.free(index, name, put_ns)

    def taken(self) -> int:
        """How many trays have something on them."""
        indexes = [index for index, slot in self._ledger.used_slots() if slot[HAS_LAID]]
        return sum(len((self._stands.get(index) or self._set_up(index)).taken()) for index in indexes)

    def _set_up(self, index: int) -> _Stand:
        ledger = self._ledger
        ledger.slot(index)[HAS_LAID] = 1
        whole = memoryview(platform.map_shared(ledger.fd, TRAYS_BYTES, ledger.trays_at(index)))
        stand = self._stands[index] = _Stand(whole)
        return stand
