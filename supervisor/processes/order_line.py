"""A line to a process of the engine's own that starts workers: orders go down it with descriptors, answers come up.

::

    send(frame, descriptors) ── SOCK_SEQPACKET, SCM_RIGHTS ──► forkserver or stage
    take(answer)             ◄─────────── JSON ───────────────     │ stderr
    ErrorOutput              ◄─────────────────────────────────────┘

It starts no process, and does not know what the frames mean.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from supervisor.processes.last_words import LastWords

if TYPE_CHECKING:
    import asyncio

ENTRY: Final = str(Path(__file__).resolve().parent.parent / "agent" / "entry.py")
"""What such a process runs."""

FRAME_LIMIT_BYTES: Final = 60_000


class OrderLine:
    """The engine's end.

    Attributes:
        theirs: the other end, for the process; close it once that has it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, take: Callable[[dict[str, Any]], None]) -> None:
        self._loop = loop
        self._take = take
        self._unsent: list[tuple[bytes, list[int]]] = []
        self._socket, self.theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setblocking(False)

    def listen(self) -> None:
        """Have answers taken as they come."""
        self._loop.add_reader(self._socket.fileno(), self.read)

    def send(self, frame: dict[str, Any], descriptors: list[int]) -> None:
        """Send a frame, now or when there is room, with descriptors that are closed here afterwards."""
        self._unsent.append((json.dumps(frame).encode(), descriptors))
        self._send()

    def _send(self) -> None:
        while self._unsent and self._is_open:
            frame, descriptors = self._unsent[0]
            try:
                socket.send_fds(self._socket, [frame], descriptors)
            except BlockingIOError:
                self._loop.add_writer(self._socket.fileno(), self._send)
                return
            except OSError:
                break  # it has died; its exit answers what is waiting
            close_all(descriptors)
            del self._unsent[0]
        if self._is_open:
            self._loop.remove_writer(self._socket.fileno())

    def read(self) -> None:
        """Take every answer that is there."""
        while self._is_open:
            try:
                frame = self._socket.recv(FRAME_LIMIT_BYTES)
            except BlockingIOError:
                return
            except OSError:
                frame = b""
            if not frame:
                self._loop.remove_reader(self._socket.fileno())
                return
            self._take(json.loads(frame))

    @property
    def _is_open(self) -> bool:
        return self._socket.fileno() >= 0

    def close(self) -> None:
        """Hang up, and let go of what was not sent."""
        if self._is_open:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
            self._socket.close()
        for _, descriptors in self._unsent:
            close_all(descriptors)
        self._unsent.clear()


class ErrorOutput:
    """The process's stderr: passed on to the engine's own, and its end remembered for when it dies."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._descriptor, self.child_end = os.pipe()
        os.set_blocking(self._descriptor, False)
        self._words = LastWords()
        loop.add_reader(self._descriptor, self.read)

    def read(self) -> None:
        """Take what there is."""
        while self._descriptor >= 0:
            try:
                chunk = os.read(self._descriptor, 65536)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            self._words.hear(chunk)
            try:
                os.write(2, chunk)
            except OSError:
                pass  # the disk is full; what matters is told elsewhere

    @property
    def last_line(self) -> str:
        return self._words.line

    def close(self) -> None:
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def copies_of(descriptors: Iterable[int]) -> list[int]:
    """A copy of each descriptor.

    Raises:
        OSError: there are no descriptors left; those that were made are closed.
    """
    copies: list[int] = []
    try:
        copies.extend(map(os.dup, descriptors))  # one at a time: those before a failure are in the list
    except OSError:
        close_all(copies)
        raise
    return copies


def close_all(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
