"""How an object becomes a message: its pickle, the header in front of it, and what stays beside it because it is big.

    message   kind and version 1 | attempts 1 | sender's slot 2 | payload's length 4 | put time, monotonic ns 8
              marks 1 | 1 empty | tray 2 | 4 empty | payload

`attempts` counts the deliveries whose consumer died. The length lets a message be found in memory that is larger. In a
queue every message is a record of 512 bytes, whatever its length: what many read and write in pieces of one size, the
kernel never tears.
"""

from __future__ import annotations

import copyreg
import struct
import sys
from _pickle import Pickler, loads

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any

    Piece = bytes | bytearray | memoryview

__all__ = [
    "BYTES",
    "HEADER",
    "INLINE_BYTES",
    "INTERRUPTED",
    "OBJECT",
    "PLACELESS",
    "RECEIVE_BYTES",
    "RECORD",
    "RECORD_BYTES",
    "SMALL_BYTES",
    "SPILLED",
    "SPILLED_BYTES",
    "TRAY",
    "TRAYED",
    "Pickled",
    "loads",
    "press",
]

HEADER = struct.Struct("<BBHIQBxH4x")
HEADER_BYTES = HEADER.size
ATTEMPTS_AT = 1
LENGTH_AT = 4
MARKS_AT = 16
OBJECT = 0x31
"""Kind of a message whose payload is a pickle. The upper four bits are the version of the format, 3; never 0."""
BYTES = 0x32
"""Kind of a message whose payload is the bytes themselves."""
SPILLED = 0x33
"""Kind of a message whose payload names the file that has the pickle and the buffers beside it."""
SPILLED_BYTES = 0x34
"""Kind of a message whose payload names the file that has the bytes themselves."""
TRAYED = 0x35
"""Kind of a message whose payload, a pickle, lies on a tray of its sender."""

PLACELESS = 1
"""Mark of a message that was sent without a place: who receives it frees none."""
INTERRUPTED = 2
"""Mark of a message in hand whose consumer was asked to stop: a clean exit does not mean that it is done."""

RECORD_BYTES = 512
"""What every message of a queue takes; a page of the kernel's pipe holds a whole number of them."""
SMALL_BYTES = RECORD_BYTES - HEADER_BYTES
"""The largest payload that fits a record."""
RECORD = struct.Struct(f"<IIQQ{SMALL_BYTES}s")
"""A new record in few pieces: kind and sender, length, put time, the tray's name times `TRAY`, payload."""
TRAY = 1 << 16

INLINE_BYTES = 65536
"""The largest payload that travels in a message or on a tray; an unprivileged user's socket buffer holds several."""
RECEIVE_BYTES = HEADER.size + INLINE_BYTES

_BESIDE_BYTES = 65536
_PROTOCOL = 5


class Pickled:
    """An object's pickle in pieces, and the big buffers that stayed out of it."""

    __slots__ = ("buffers", "pieces")

    def __init__(self, pieces: list[Piece], buffers: list[memoryview]) -> None:
        self.pieces = pieces
        self.buffers = buffers

    def __len__(self) -> int:
        """More than any message may have."""
        return sys.maxsize


class _Reducers(dict["type", "Any"]):
    """What multiprocessing registered for pickling between processes, where it is loaded, before copyreg's."""

    def __missing__(self, cls: type) -> Any:
        reduction = sys.modules.get("multiprocessing.reduction")
        if reduction is not None:
            reducer = reduction.ForkingPickler._extra_reducers.get(cls)  # noqa: SLF001  # it has no public way
            if reducer is not None:
                return reducer
        return copyreg.dispatch_table[cls]


class _Press:
    """A pickler that is used again and again, because making one costs more than a small pickle."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.buffers: list[memoryview] = []
        self.write = self.pieces.append
        pickler = Pickler(self, _PROTOCOL, buffer_callback=self._keep_beside)
        pickler.dispatch_table = _Reducers()
        self.dump = pickler.dump
        self.clear_memo = pickler.clear_memo

    def discard(self) -> None:
        """Break the cycle with the pickler, so that what was pickled is freed now and not at the next collection."""
        del self.dump, self.clear_memo, self.write

    def _keep_beside(self, buffer: Any) -> bool:
        raw: memoryview = buffer.raw()
        if raw.nbytes < _BESIDE_BYTES:
            return True
        self.buffers.append(raw)
        return False


_free: list[_Press] = []


def press(obj: object) -> bytes | Pickled:
    """Pickle an object; bytes when it came in one piece, which is seldom larger than a message may be.

    Raises what pickle raises. Threads, and pickling that pickles, are safe: each takes a press of its own.
    """
    try:
        tool = _free.pop()
    except IndexError:
        tool = _Press()
    try:
        tool.dump(obj)
    except BaseException:
        tool.discard()
        raise
    pieces = tool.pieces
    payload = pieces.pop()
    if not pieces and type(payload) is bytes and not tool.buffers:
        tool.clear_memo()
        _free.append(tool)
        return payload
    pieces.append(payload)
    pickled = Pickled(pieces, tool.buffers)
    tool.discard()
    return pickled
