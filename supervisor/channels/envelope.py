"""The messages of one channel: seals payloads into them, and opens them again, with a file beside what is big."""

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
    SPILLED,
    SPILLED_BYTES,
    Pickled,
    loads,
)
from supervisor.channels.spill import Spill

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any

    Message = bytes | memoryview

_SEQUENCE_MASK = 0xFFFFFFFF
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
        inline_bytes: the largest payload that this channel's socket takes.
        prefix: how the names of this channel's files begin; the directory may serve others too.
        side: what follows the prefix in the names of files that are written here.
    """

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

    def seal(self, payload: bytes | Pickled, sender: int = 0, sequence: int = 0, kind: int = OBJECT) -> bytes:
        """A message with this payload. OSError when a big one cannot be written, the disk being full say."""
        if type(payload) is not bytes or len(payload) > self.inline_bytes:
            kind = SPILLED if kind == OBJECT else SPILLED_BYTES
            pickled = Pickled([payload], []) if isinstance(payload, bytes) else payload
            name, size = self.spill.write(pickled, f"{self.prefix}{self._side}{sender}-")
            payload = _SIZE.pack(size) + name.encode()
        return _pack_header(kind, 0, sender, sequence & _SEQUENCE_MASK, _monotonic_ns(), len(payload), 0) + payload

    def discard(self, message: Message) -> None:
        """Remove the file beside a message that was not sent, or that is done with."""
        if message and message[0] in (SPILLED, SPILLED_BYTES):
            self.spill.remove(file_name(message))

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


def spilled_bytes(message: Message) -> int:
    """How big the payload beside a message is."""
    size: int = _SIZE.unpack_from(message, HEADER_BYTES)[0]
    return size


def file_name(message: Message) -> str:
    """The name of the file beside a message."""
    return bytes(message[HEADER_BYTES + _SIZE.size :]).decode()


def writer_of(name: str, prefix: str) -> tuple[int, int]:
    """The sender's slot and its pid, out of the name of a file."""
    slot, pid = name[len(prefix) :].split("-")[:2]
    return int(slot), int(pid)
