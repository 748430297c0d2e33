"""The messages of one channel: seals payloads into them, and opens them again, with a file beside what is big."""

from __future__ import annotations

import struct
import time

from supervisor.channels.parcel import BYTES, HEADER, HEADER_BYTES, OBJECT, SPILLED, SPILLED_BYTES, Pickled, loads
from supervisor.channels.spill import Spill

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any

_SEQUENCE_MASK = 0xFFFFFFFF
_SIZE = struct.Struct("<Q")
_pack_header = HEADER.pack
_monotonic_ns = time.monotonic_ns


class DamagedMessage(OSError):
    """A message that no version of this format sends."""


class Envelopes:
    """Seals and opens the messages of one channel.

    Args:
        spill: where big payloads go.
        inline_bytes: the largest payload that this channel's socket takes.
        prefix: how the names of the files that are written here begin.
    """

    def __init__(self, spill: Spill, inline_bytes: int, prefix: str = "") -> None:
        self.spill = spill
        self.inline_bytes = inline_bytes
        self._prefix = prefix

    @classmethod
    def from_description(cls, description: dict[str, Any], prefix: str = "") -> Envelopes:
        """The envelopes of a channel that another process described."""
        spill = Spill(description["spill_directory"], is_private=description["is_spill_private"])
        return cls(spill, description["inline_bytes"], prefix)

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs, as JSON can carry it."""
        return {
            "spill_directory": self.spill.directory,
            "is_spill_private": self.spill.is_private,
            "inline_bytes": self.inline_bytes,
        }

    def seal(self, payload: bytes | Pickled, sender: int = 0, sequence: int = 0, kind: int = OBJECT) -> bytes:
        """A message with this payload. OSError when a big one cannot be written, the disk being full say."""
        if type(payload) is not bytes or len(payload) > self.inline_bytes:
            kind = SPILLED if kind == OBJECT else SPILLED_BYTES
            pickled = Pickled([payload], []) if isinstance(payload, bytes) else payload
            name, size = self.spill.write(pickled, self._prefix)
            payload = _SIZE.pack(size) + name.encode()
        return _pack_header(kind, 0, sender, sequence & _SEQUENCE_MASK, _monotonic_ns()) + payload

    def discard(self, message: bytes) -> None:
        """Remove the file beside a message that was not sent."""
        if message and message[0] in (SPILLED, SPILLED_BYTES):
            self.spill.remove(_file_name(message))

    def sweep(self) -> None:
        """Remove the private files that were written from this side, when nobody can receive them any more."""
        self.spill.sweep(self._prefix)

    def open(self, message: bytes) -> Any:
        """The object in a message; raises what unpickling it raises."""
        kind = message[0]
        if kind == OBJECT:
            return loads(message[HEADER_BYTES:])
        if kind == SPILLED:
            pickle, buffers = self.spill.read(_file_name(message))
            return loads(pickle, buffers=buffers)
        return loads(self.open_bytes(message))

    def open_bytes(self, message: bytes) -> bytes:
        """The payload of a message as bytes: what send_bytes() sent, or the pickle of what send() sent."""
        kind = message[0]
        if kind in (OBJECT, BYTES):
            return message[HEADER_BYTES:]
        if kind not in (SPILLED, SPILLED_BYTES):
            raise DamagedMessage(f"a message of unknown kind {kind:#x} came; do both sides run the same version?")
        payload, buffers = self.spill.read(_file_name(message))
        if buffers:
            raise DamagedMessage("this message is an object with big buffers beside it; receive it with recv()")
        return bytes(payload)


def spilled_bytes(message: bytes) -> int:
    """How big the payload beside a message is."""
    size: int = _SIZE.unpack_from(message, HEADER_BYTES)[0]
    return size


def _file_name(message: bytes) -> str:
    return message[HEADER_BYTES + _SIZE.size :].decode()
