"""How a worker tells by itself that it is ready or alive: systemd's notification socket and s6's notification pipe.

::

    sendmsg to $NOTIFY_SOCKET ──► NotifySocket (one for each incarnation, so nobody's pid is looked up) ──► fields
    "\\n" to descriptor n      ──► ReadyPipe                                                            ──► ready

Both only listen: neither ever blocks, answers, or fails a worker for what it sends.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import secrets
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

MESSAGE_LIMIT_BYTES: Final = 4096
"""The longest message; a longer one is dropped whole (systemd's own limit is a page)."""

MESSAGES_A_TURN: Final = 256
"""How many messages are read before others have their turn."""

DESCRIPTORS_LIMIT: Final = 253
"""The kernel's own limit for one message (SCM_MAX_FD)."""

SOCKET_PREFIX: Final = "n."
"""What the names of the sockets begin with; short, because a socket's path has 107 bytes at most."""

_CREDENTIALS: Final = struct.Struct("3i")
_ANCILLARY_BYTES: Final = socket.CMSG_SPACE(_CREDENTIALS.size) + socket.CMSG_SPACE(4 * DESCRIPTORS_LIMIT)
_numbers = itertools.count(1)

Fields = Mapping[str, str]
"""One message: ``{"READY": "1", "STATUS": "loading"}``; of a key that comes twice, the last value."""


class NotifySocket:
    """A datagram socket that speaks sd_notify(3), for one incarnation.

    The socket is the worker's own, so whoever is told its address, grandchildren and helper programs included, speaks
    in the worker's name; systemd calls that ``NotifyAccess=all``. What another user sends is dropped. Descriptors that
    come along are closed at once, as nothing is stored; for ``BARRIER=1`` that is the answer, since everything sent
    earlier has been taken by then.

    Args:
        directory: 0700; the socket is made in it, and removed by `close`.
        take: called with each message, in their order.
        uid: the user that the worker runs as, where it is not the engine's: that user cannot enter `directory`, and
            the socket gets an address without a file (unix(7), abstract).
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        directory: Path,
        take: Callable[[Fields], None],
        uid: int | None = None,
    ) -> None:
        self._loop = loop
        self._take = take
        self._users = frozenset((os.geteuid(), os.geteuid() if uid is None else uid))
        self.dropped = 0
        """Messages that were too long, or another user's."""
        has_file = len(self._users) == 1
        self._path = directory / f"{SOCKET_PREFIX}{next(_numbers):x}" if has_file else None
        name = f"\0procdeck-{os.getpid()}-{secrets.token_hex(8)}"
        self._socket = self._bind(str(self._path) if self._path else name)
        self.address = str(self._path) if self._path else "@" + name[1:]
        """What ``NOTIFY_SOCKET`` says."""

    def heal(self) -> bool:
        """Bind again where somebody has removed the socket's file; True when that was needed."""
        if self._path is None or self._socket.fileno() < 0 or self._path.exists():
            return False
        try:
            fresh = self._bind(str(self._path))
        except OSError:
            return False  # the directory is gone as well
        self._read_all()
        self._release()
        self._socket = fresh
        self._loop.add_reader(fresh.fileno(), self._read_all)
        return True

    def drain(self) -> None:
        """Take what has come so far."""
        if self._socket.fileno() >= 0:
            self._read_all()

    def close(self) -> None:
        """Listen no more and remove the socket's file."""
        if self._socket.fileno() >= 0:
            self._release()
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _bind(self, address: str) -> socket.socket:
        if self._path is not None:
            self._path.unlink(missing_ok=True)  # an earlier engine that was killed may have left one
        bound = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
            bound.bind(address)
            if self._path is not None:
                os.chmod(self._path, 0o600)
        except OSError:
            bound.close()
            raise
        self._loop.add_reader(bound.fileno(), self._read_all)
        return bound

    def _release(self) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()

    def _read_all(self) -> None:
        for _ in range(MESSAGES_A_TURN):
            if self._socket.fileno() < 0:  # what a message led to was the end of this socket
                return
            try:
                message, ancillary, flags, _ = self._socket.recvmsg(
                    MESSAGE_LIMIT_BYTES, _ANCILLARY_BYTES, socket.MSG_CMSG_CLOEXEC
                )
            except OSError:  # nothing more, for now
                return
            sender, descriptors = _sent_with(ancillary)
            if sender in self._users and not flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                self._take(_fields(message))
            else:
                self.dropped += 1
            for descriptor in descriptors:
                os.close(descriptor)


class ReadyPipe:
    """s6's notification descriptor: a newline means ready, the end without one that it never will be.

    Attributes:
        write_end: for the child; closed here by `launched`.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, when_ready: Callable[[], None], when_ended: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._when_ready = when_ready
        self._when_ended = when_ended
        self._read_end, self.write_end = os.pipe()
        os.set_blocking(self._read_end, False)

    def launched(self) -> None:
        """The child has its copy of the write end: from now on the pipe ends with it."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1
            self._loop.add_reader(self._read_end, self._read)

    def close(self) -> None:
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1
        if self._read_end >= 0:
            self._loop.remove_reader(self._read_end)
            os.close(self._read_end)
            self._read_end = -1

    def _read(self) -> None:
        try:
            chunk = os.read(self._read_end, MESSAGE_LIMIT_BYTES)
        except BlockingIOError:
            return
        if b"\n" in chunk:
            self.close()
            self._when_ready()
        elif not chunk:
            self.close()
            self._when_ended()


def forget_stale(directory: Path) -> None:
    """Remove the sockets that an engine which was killed has left in its runtime directory."""
    for path in directory.glob(f"{SOCKET_PREFIX}*"):
        if path.is_socket():
            path.unlink(missing_ok=True)


def take_inherited() -> dict[str, str]:
    """What a service manager told this process, removed from its environment.

    ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` are meant for the process that was given them: a worker
    that inherits them from the engine would speak in the engine's name. A worker gets them only as its own.
    """
    names = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
    return {name: value for name in names if (value := os.environ.pop(name, None)) is not None}


def _sent_with(ancillary: list[tuple[int, int, bytes]]) -> tuple[int | None, list[int]]:
    """The sender's user, as the kernel says, and the descriptors that came along."""
    sender: int | None = None
    descriptors: list[int] = []
    for level, kind, data in ancillary:
        if level != socket.SOL_SOCKET:
            continue
        if kind == socket.SCM_CREDENTIALS and len(data) >= _CREDENTIALS.size:
            sender = _CREDENTIALS.unpack_from(data)[1]
        elif kind == socket.SCM_RIGHTS:
            whole = len(data) - len(data) % 4
            descriptors += struct.unpack(f"{whole // 4}i", data[:whole])
    return sender, descriptors


def _fields(message: bytes) -> dict[str, str]:
    fields: dict[str, str] = {}
    for line in message.decode("utf-8", "replace").split("\n"):
        key, is_field, value = line.partition("=")
        if is_field:
            fields[key] = value
    return fields
