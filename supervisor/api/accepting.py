"""Accepts connections on the control socket, also when the engine has no descriptors left.

A few descriptors are kept in reserve. When none is left otherwise, they are given to those who want in, so that an
engine in trouble can still be asked and ended; the last one serves to turn people away, since a connection that is not
accepted would wake the loop again and again.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

RESERVE: Final = 8
"""Descriptors kept for connections when there are no others."""

ACCEPTED_PER_TURN: Final = 64

WARN_EVERY_S: Final = 10.0

_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Acceptor:
    """Listens on one socket after another, and makes a connection of every caller.

    Args:
        loop: the engine's.
        make_protocol: called for each connection.
        refusal: what a caller is told whom no descriptor is left for.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, make_protocol: Callable[[], asyncio.Protocol], refusal: bytes
    ) -> None:
        self._loop = loop
        self._make_protocol = make_protocol
        self._refusal = refusal
        self._listener: socket.socket | None = None
        self._reserve: list[int] = []
        self._beginning: set[asyncio.Task[Any]] = set()
        self._warned_s = -WARN_EVERY_S
        self.refill()

    def open(self, listener: socket.socket) -> None:
        """Listen on `listener` from here on, and no more on the socket before it. It belongs to the acceptor now."""
        self.close()
        self._listener = listener
        listener.setblocking(False)
        if not self._reserve:
            self.refill()
        self._loop.add_reader(listener.fileno(), self._on_readable)

    def close(self) -> None:
        """Accept no more than those who wait already."""
        if self._listener is not None:
            self._on_readable()
            self._loop.remove_reader(self._listener.fileno())
            self._listener.close()
            self._listener = None
        while self._reserve:
            os.close(self._reserve.pop())

    def refill(self) -> None:
        """Fill the reserve again, as far as there are descriptors. To be called every few seconds."""
        try:
            while len(self._reserve) < RESERVE:
                self._reserve.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            pass

    def _on_readable(self) -> None:
        assert self._listener is not None
        for _ in range(ACCEPTED_PER_TURN):
            try:
                connection, _address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                self._warn(error)
                if len(self._reserve) <= 1:
                    self._turn_away()
                    return
                os.close(self._reserve.pop())
                continue
            self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._make_protocol, connection))
        self._beginning.add(task)
        task.add_done_callback(self._has_begun)

    def _has_begun(self, task: asyncio.Task[Any]) -> None:
        self._beginning.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.warning("a connection could not be taken in: {}", task.exception())

    def _turn_away(self) -> None:
        """Take one connection with the last descriptor, say why it ends, and get the descriptor back."""
        assert self._listener is not None
        if self._reserve:
            os.close(self._reserve.pop())
        try:
            connection, _address = self._listener.accept()
            with connection:
                connection.setblocking(False)
                connection.send(self._refusal)
        except OSError:
            pass
        self.refill()

    def _warn(self, error: OSError) -> None:
        now_s = self._loop.time()
        if now_s - self._warned_s >= WARN_EVERY_S:
            self._warned_s = now_s
            logger.error("no descriptor left for a connection ({}); raise the limit with ulimit -n", error.strerror)
