"""The messages of one channel: seals payloads into them, and opens them again, with a file beside what is big.

In a queue there is something between: what is too big for a record lies on a tray, and in a file when none is free.
"""

from __future__ import annotations

import os
import struct
import time

from supervisor.channels.parcel import (
    BYTES,
    HEADER,
    HEADER_BYTES,
    LENGTH_AT,
    OBJECT,
    PLACELESS,
    SPILLED,
    SPILLED_BYTES,
    TRAYED,
    Pickled,
    loads,
)
from supervisor.channels.spill import Spill

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any

    from supervisor.channels.trays import Trays

    Message = bytes | memoryview

_PUT_NS_AT = 8
_SIZE = struct.Struct("<Q")
_LENGTH = struct.Struct("<I")
_pack_header = HEADER.pack
_monotonic_ns = time.monotonic_ns


class DamagedMessage(OSError):
    """A message that no version of this format sends."""


class Envelopes:
    """Seals and opens the messages of one channel.

    Args:
        spill: where big payloads go.
        inline_bytes: the largest payload that goes into a message of this channel.
        prefix: how the names of this channel's files begin; the directory may serve others too.
        side: what follows the prefix in the names of files that are written here.
        trays: where a queue's messages may leave what does not go into them.
    """

    trays: Trays | None = None

    def __init__(self, spill: Spill, inline_bytes: int, prefix: str, side: str = "") -> None:
        self.spill = spill
        self.inline_bytes = inline_bytes
        self.prefix = prefix
        self._side = side

    @classmethod
    def from_description(cls, description: dict[str, Any], side: str = "") -> Envelopes:
        """The envelopes of a channel that another process described."""
        spill = Spill(description["spill_directory"], is_private=description["is_spill_private"])
        return cls(spill, description["inline_bytes"], description["spill_prefix"], side)

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs, as JSON can carry it."""
        return {
            "spill_directory": self.spill.directory,
            "is_spill_private": self.spill.is_private,
            "spill_prefix": self.prefix,
            "inline_bytes": self.inline_bytes,
        }

    def seal(self, payload: bytes | Pickled, sender: int = 0, kind: int = OBJECT) -> bytes:
        """A message with this payload. OSError when a big one cannot be written, the disk being full say."""
        put_ns = _monotonic_ns()
        if isinstance(payload, bytes):
            if len(payload) <= self.inline_bytes:
                return _pack_header(kind, 0, sender, len(payload), put_ns, 0, 0) + payload
            if self.trays is not None and (tray := self.trays.lay(sender, payload, put_ns)):
                return _pack_header(TRAYED, 0, sender, len(payload), put_ns, 0, tray)
            payload = Pickled([payload], [])
        payload = self._put_beside(payload, sender)
        kind = SPILLED if kind == OBJECT else SPILLED_BYTES
        return _pack_header(kind, 0, sender, len(payload), put_ns, 0, 0) + payload

    def reseal(self, message: bytes, attempts: int, sender: int) -> bytes:
        """The message as it is sent another time, without a place; a file is made for what came by a tray.

        The message that was is good until its resealed form is sent. OSError as with `seal`.
        """
        payload: Message = message[HEADER_BYTES:]
        if message[0] == OBJECT and len(payload) > self.inline_bytes:
            payload = self._put_beside(Pickled([payload], []), sender)
            message = bytes((SPILLED,)) + message[1:LENGTH_AT] + _LENGTH.pack(len(payload)) + message[_PUT_NS_AT:]
        kind, _, first_sender, length, put_ns, _, _ = HEADER.unpack_from(message)
        return _pack_header(kind, attempts, first_sender, length, put_ns, PLACELESS, 0) + payload

    def _put_beside(self, pickled: Pickled, sender: int) -> bytes:
        """Write a file; the payload that names it."""
        name, size = self.spill.write(pickled, f"{self.prefix}{self._side}{sender}-")
        return _SIZE.pack(size) + name.encode()

    def discard(self, message: Message) -> None:
        """Remove the file beside a message that was not sent or is done with; free its tray."""
        if message and message[0] in (SPILLED, SPILLED_BYTES):
            self.spill.remove(file_name(message))
        elif message and self.trays is not None:
            self.trays.clear(message)

    def sweep(self, side: str | None = None) -> None:
        """Remove the files that were written from a side, ours if none is named, when nobody can receive them."""
        self.spill.sweep(self.prefix + (self._side if side is None else side))

    def open(self, message: Message) -> Any:
        """The object in a message; raises what unpickling it raises."""
        kind = message[0]
        if kind == OBJECT:
            return loads(message[HEADER_BYTES:])
        if kind == SPILLED:
            pickle, buffers = self.spill.read(file_name(message))
            return loads(pickle, buffers=buffers)
        return loads(self.open_bytes(message))

    def open_bytes(self, message: Message) -> bytes:
        """The payload of a message as bytes: what send_bytes() sent, or the pickle of what send() sent."""
        kind = message[0]
        if kind in (OBJECT, BYTES):
            return bytes(message[HEADER_BYTES:])
        if kind not in (SPILLED, SPILLED_BYTES):
            raise DamagedMessage(f"a message of unknown kind {kind:#x} came; do both sides run the same version?")
        payload, buffers = self.spill.read(file_name(message))
        if buffers:
            raise DamagedMessage("this message is an object with big buffers beside it; receive it with recv()")
        return bytes(payload)


def new_prefix() -> str:
    """A beginning for file names that no other channel has."""
    return f"{os.urandom(6).hex()}-"


def message_bytes(message: Message) -> int:
    """How long the message is that begins here."""
    length: int = _LENGTH.unpack_from(message, LENGTH_AT)[0]
    return HEADER_BYTES + length


def item_bytes(message: Message) -> int:
    """How big the item is that a message carries, itself or what is beside it."""
    if message[0] not in (SPILLED, SPILLED_BYTES):
        return message_bytes(message) - HEADER_BYTES
    size: int = _SIZE.unpack_from(message, HEADER_BYTES)[0]
    return size


def file_name(message: Message) -> str:
    """The name of the file beside a message."""
    return bytes(message[HEADER_BYTES + _SIZE.size : message_bytes(message)]).decode()


def writer_of(name: str, prefix: str) -> tuple[int, int]:
    """The sender's slot and its pid, out of the name of a file."""
    slot, pid = name[len(prefix) :].split("-")[:2]
    return int(slot), int(pid)
