"""The engine's end of one worker's control pipe: frames in, wishes out. It trusts nothing that comes, and never blocks.

Each frame is one packet of a SOCK_SEQPACKET socket and holds one JSON object with an ``op``. What is no such frame is
counted; after GARBAGE_LIMIT of them the pipe is left unread, and the worker lives on without being heard.
"""

from __future__ import annotations

import fcntl
import json
import select
import socket
import sys
import termios
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import asyncio

FRAME_LIMIT_BYTES: Final = 60_000
GARBAGE_LIMIT: Final = 100
"""Frames that are none, before the pipe is given up."""

TURN_FRAMES: Final = 100
"""Frames read in one turn of the loop, so that a worker that only talks delays nobody."""

LAST_FRAMES: Final = 5000
"""Frames read once the worker is dead: more than the socket's buffer holds."""


class Hearer(Protocol):
    """Who is told what a worker says."""

    def on_frame(self, operation: str, message: dict[str, Any]) -> None: ...
    def on_pipe_closed(self) -> None:
        """No process has the other end any more. Said once."""

    def on_quarantined(self, frames: int) -> None:
        """Nothing is read any more after so many frames that were none. Said once."""


class ControlPipe:
    """One incarnation's control pipe, from before the launch to after the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop, hearer: Hearer) -> None:
        self._loop = loop
        self._hearer = hearer
        self._socket, self._child_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)
        self._is_read = False
        self.garbage_frames = 0
        """Frames that could not be understood."""

    @property
    def child_end(self) -> int:
        """The descriptor that the worker gets."""
        return self._child_end.fileno()

    def close_child_end(self) -> None:
        """Let go of the worker's end, once the worker has it."""
        self._child_end.close()

    def listen(self) -> None:
        """Begin to read."""
        self._is_read = True
        self._loop.add_reader(self._socket.fileno(), self._on_readable)

    def say(self, operation: str, **fields: object) -> bool:
        """Tell the worker something; False where the other end is closed or full of earlier wishes."""
        try:
            self._socket.send(json.dumps({"op": operation, **fields}, separators=(",", ":")).encode())
        except OSError:
            return False
        return True

    @property
    def unread_bytes(self) -> int:
        """What of our words is unread, the kernel's bookkeeping included (``SIOCOUTQ``); 0 where it does not tell."""
        try:
            told = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, bytes(4))
        except OSError:
            return 0
        return int.from_bytes(told, sys.byteorder)

    def read_rest(self) -> None:
        """Read what a dead worker has said before its end."""
        if self._is_read:
            self._read(LAST_FRAMES)

    def close(self) -> None:
        """Let go of both ends."""
        self._stop_reading()
        self._socket.close()
        self._child_end.close()

    def _stop_reading(self) -> None:
        if self._is_read:
            self._is_read = False
            self._loop.remove_reader(self._socket.fileno())

    def _on_readable(self) -> None:
        self._read(TURN_FRAMES)

    def _read(self, frames: int) -> None:
        for _ in range(frames):
            try:
                frame = self._socket.recv(FRAME_LIMIT_BYTES)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                frame = b""
            if not frame and self._is_hung_up():
                self._stop_reading()
                self._hearer.on_pipe_closed()
                return
            self._take(frame)
            if not self._is_read:
                return

    def _is_hung_up(self) -> bool:
        """Whether nothing was the end, and not an empty packet."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return any(events & (select.POLLHUP | select.POLLERR) for _, events in poll.poll(0))

    def _take(self, frame: bytes) -> None:
        try:
            message = json.loads(frame)
        except (ValueError, RecursionError):
            message = None
        operation = message.get("op") if isinstance(message, dict) else None
        if isinstance(operation, str):
            self._hearer.on_frame(operation, message)
            return
        self.count_garbage()

    def count_garbage(self) -> None:
        """Count a frame that could not be understood; the one too many is the last that was read."""
        self.garbage_frames += 1
        if self._is_read and self.garbage_frames >= GARBAGE_LIMIT:
            self._stop_reading()
            self._hearer.on_quarantined(self.garbage_frames)
