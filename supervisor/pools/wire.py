"""How a pool and a member talk: frames on a stream socket, none of which is ever waited for by the pool.

    frame    length of the rest 4 | kind 1 | body

    to a spare      MODULES   names of modules to import, a line each
                    BEGIN     nothing: it is a member from now on, and runs its initializer
    to a member     FUNCTION  id 8, pickle       TASK  task 8, function 8, mode 1, start 4, stop 4, form 1, payload
                    END
    from a member   HELLO     pickle of its initializer's traceback, empty where that returned
                    RESULTS   task 8, first 4, count 4, form 1, payload
                    FAILED    task 8, index 4, pickle of an exception

A payload is a pickle, or the name of a file beside it when it is big (`supervisor.channels.spill`).
"""

from __future__ import annotations

import socket
import struct

HEADER = struct.Struct("<IB")
FUNCTION, TASK, END, HELLO, RESULTS, FAILED, BEGIN, MODULES = range(1, 9)
FUNCTION_HEAD = struct.Struct("<Q")
TASK_HEAD = struct.Struct("<QQBIIB")
"""Task, function, mode, start, stop, form of the payload."""
RESULTS_HEAD = struct.Struct("<QIIB")
"""Task, first index, count, form of the payload."""
FAILED_HEAD = struct.Struct("<QI")

CALL, EACH, STAR = range(3)
"""Modes of a task: one call of what is in the payload, with args and kwds; a call of a function that was taught, for
each item, or for each item's elements."""
TIMED = 0x80
"""Beside a mode: the items have a time limit, and each is told with the time at which it began."""
INLINE, BESIDE, SINGLY, BESIDE_SINGLE = range(4)
"""Forms of a payload: a pickle of the list, a file with it, a pickle of one pickle for each, a file with one result."""

READ_BYTES = 262_144
FUNCTIONS_KEPT = 16
"""Functions that a member remembers, and the pool knows that it does: the oldest makes room."""


def frame(kind: int, *parts: bytes) -> bytes:
    """One whole frame."""
    return b"".join((HEADER.pack(sum(map(len, parts)) + 1, kind), *parts))


class Stream:
    """One end of the socket, which never waits: what it cannot send at once it keeps.

    Attributes:
        is_over: the other end is gone.
    """

    __slots__ = ("_begun", "_unsent", "is_over", "socket")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self._begun = bytearray()
        self._unsent = bytearray()
        self.is_over = False

    @property
    def has_unsent(self) -> bool:
        return bool(self._unsent)

    def send(self, data: bytes) -> None:
        """Send, or keep for `send_on`."""
        if self._unsent:
            self._unsent += data
            return
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.is_over = True
            return
        if sent < len(data):
            self._unsent += memoryview(data)[sent:]

    def send_on(self) -> None:
        """Send more of what was kept: there is room again."""
        try:
            while self._unsent:
                sent = self.socket.send(memoryview(self._unsent)[:READ_BYTES])
                del self._unsent[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.is_over = True

    def frames(self) -> list[tuple[int, bytes]]:
        """The whole frames that have come, kind and body; sets `is_over` at the end of the stream."""
        pieces = [bytes(self._begun)] if self._begun else []
        while not self.is_over:
            try:
                piece = self.socket.recv(READ_BYTES)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            self.is_over = not piece
            pieces.append(piece)
            if len(piece) < READ_BYTES:
                break
        found, rest = split(b"".join(pieces))
        self._begun = bytearray(rest)
        return found

    def close(self) -> None:
        self.socket.close()


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames in `data`, and what is left."""
    found = []
    at, size = 0, len(data)
    while size - at >= HEADER.size:
        length, kind = HEADER.unpack_from(data, at)
        if size - at < 4 + length:
            break
        found.append((kind, data[at + HEADER.size : at + 4 + length]))
        at += 4 + length
    return found, data[at:]


class Reader:
    """The member's end, which waits for the next frame."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._ready: list[tuple[int, bytes]] = []
        self._rest = b""

    def next(self) -> tuple[int, bytes] | None:
        """The next frame; None at the end of the stream."""
        while not self._ready:
            piece = self._socket.recv(READ_BYTES)
            if not piece:
                return None
            found, self._rest = split(self._rest + piece)
            self._ready = found[::-1]
        return self._ready.pop()
