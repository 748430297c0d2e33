"""A real server on a real Unix socket, with a fake engine behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from loguru import logger

from supervisor.api.server import Server, bind_socket, serve
from tests.api.fake_port import FakePort

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _quiet_api() -> Iterator[None]:
    logger.disable("supervisor.api")
    yield
    logger.enable("supervisor.api")


@pytest.fixture
def socket_file(place: Path) -> Path:
    """Where to bind; short, for a socket's path has 107 bytes."""
    return place / "engine.sock"


@pytest.fixture
def port() -> FakePort:
    return FakePort()


@pytest.fixture
async def server(port: FakePort, socket_file: Path) -> AsyncIterator[Server]:
    server = await serve(port, bind_socket(socket_file))
    yield server
    await server.close()


@pytest.fixture
async def session(server: Server, socket_file: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client whose requests go to the server, whatever host they name."""
    connector = aiohttp.UnixConnector(str(socket_file))
    async with aiohttp.ClientSession("http://engine", connector=connector) as session:
        yield session
