"""Callers are let in, or told why not, also when the engine has no descriptor left."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from loguru import logger

from supervisor.api import accepting
from supervisor.api.accepting import Acceptor


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logger.disable("supervisor.api")
    yield
    logger.enable("supervisor.api")


class Greeter(asyncio.Protocol):
    """Says hello and hangs up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")
        transport.close()


class Door:
    """A listening socket that has no descriptor for a connection as long as `exhausted` counts down."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self.exhausted = 0
        self.refused = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._listener, name)

    def accept(self) -> tuple[socket.socket, object]:
        if self.exhausted:
            self.exhausted -= 1
            self.refused += 1
            raise OSError(errno.EMFILE, "Too many open files")
        return self._listener.accept()


@pytest.fixture
async def acceptor() -> AsyncIterator[Acceptor]:
    acceptor = Acceptor(asyncio.get_running_loop(), Greeter, b"sorry")
    yield acceptor
    acceptor.close()


async def said_at(path: Path) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        async with asyncio.timeout(60):
            return await reader.read()
    finally:
        writer.close()


async def test_caller_is_let_in(acceptor: Acceptor, socket_file: Path) -> None:
    """The ordinary case."""
    acceptor.open(Door(socket_file))  # type: ignore[arg-type]
    assert await said_at(socket_file) == b"hello"


async def test_reserve_lets_callers_in_when_there_are_no_descriptors(acceptor: Acceptor, socket_file: Path) -> None:
    """Somebody must be able to ask what is wrong, and to end it. A refill gives the reserve back."""
    door = Door(socket_file)
    acceptor.open(door)  # type: ignore[arg-type]
    for _ in range(3):
        door.exhausted = 1
        assert await said_at(socket_file) == b"hello"
    assert len(acceptor._reserve) == accepting.RESERVE - 3
    acceptor.refill()
    assert len(acceptor._reserve) == accepting.RESERVE


async def test_without_any_reserve_callers_are_told_and_the_loop_does_not_spin(
    acceptor: Acceptor, socket_file: Path
) -> None:
    """Each gets an answer and the end of its connection; nobody hangs, and nothing is tried again and again."""
    door = Door(socket_file)
    acceptor.open(door)  # type: ignore[arg-type]
    for _ in range(3):
        door.exhausted = accepting.RESERVE
        assert await said_at(socket_file) == b"sorry"
    assert door.refused == 3 * accepting.RESERVE


async def test_another_listener_takes_over_without_losing_a_caller(acceptor: Acceptor, socket_file: Path) -> None:
    """Whoever waits at the old door when it closes is still let in."""
    other = socket_file.with_name("other.sock")
    acceptor.open(Door(socket_file))  # type: ignore[arg-type]
    with socket.socket(socket.AF_UNIX) as waiting:
        waiting.connect(str(socket_file))
        acceptor.open(Door(other))  # type: ignore[arg-type]
        assert await said_at(other) == b"hello"
        waiting.settimeout(60)
        assert waiting.recv(10) == b"hello"


async def test_closing_gives_every_descriptor_back(socket_file: Path) -> None:
    """Listener and reserve."""
    before = set(os.listdir("/proc/self/fd"))
    acceptor = Acceptor(asyncio.get_running_loop(), Greeter, b"sorry")
    acceptor.open(Door(socket_file))  # type: ignore[arg-type]
    acceptor.close()
    assert set(os.listdir("/proc/self/fd")) == before
