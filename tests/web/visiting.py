"""A server of dashboards for tests, and somebody who visits it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pyte

from tests.engines import PATIENCE_S
from tui.web.server import WebServer, WebWish

FAKE = (sys.executable, "-S", "-E", str(Path(__file__).with_name("fake_dashboard.py")))


class Visitor:
    """A browser without a screen."""

    def __init__(self, server: WebServer, session: aiohttp.ClientSession, narrated: list[str]) -> None:
        self.server = server
        self.session = session
        self.narrated = narrated
        self.origin = server.door.origin

    @property
    def token(self) -> str:
        """As a person finds it in the address."""
        return self.server.door.address.partition("#token=")[2]

    async def get(self, path: str, **headers: str) -> tuple[int, str]:
        """The status and the text of what is there."""
        async with self.session.get(self.origin + path, headers=headers) as reply:
            return reply.status, await reply.text()

    async def enter(self, token: str, **headers: str) -> tuple[int, str]:
        """Exchange a token for the cookie."""
        headers = {"Origin": self.origin} | headers
        async with self.session.post(f"{self.origin}/enter", data=token.encode(), headers=headers) as reply:
            return reply.status, await reply.text()

    @asynccontextmanager
    async def deck(self, **headers: str) -> AsyncIterator[Deck]:
        """A dashboard of one's own; closed afterwards."""
        headers = {"Origin": self.origin} | headers
        address = f"{self.origin}/deck?width=120&height=30"
        async with self.session.ws_connect(address, headers=headers, max_msg_size=0) as socket:
            yield Deck(socket)


class Deck:
    """The browser's end of one dashboard."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._screen = pyte.Screen(120, 30)
        self._stream = pyte.ByteStream(self._screen)

    async def type(self, text: str) -> None:
        await self.socket.send_json(["stdin", text])

    async def painted(self) -> bytes:
        """What comes next."""
        message = await self.socket.receive(timeout=PATIENCE_S)
        assert message.type is aiohttp.WSMsgType.BINARY, message
        assert isinstance(message.data, bytes)
        return message.data

    async def introduction(self) -> dict[str, Any]:
        """What the fake says first."""
        said = json.loads(await self.painted())
        assert isinstance(said, dict)
        return said

    async def shown(self, text: str) -> None:
        """Wait until `text` is on the screen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not any(text in line for line in self._screen.display):
                    self._stream.feed(await self.painted())
        except TimeoutError:
            raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(self._screen.display)) from None

    async def closed(self) -> tuple[int | None, str]:
        """Wait until the server closes the socket; its code and its words."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE_S)
            if message.type is aiohttp.WSMsgType.CLOSE:
                return message.data, message.extra or ""
            assert message.type is aiohttp.WSMsgType.BINARY, message


@asynccontextmanager
async def visited(project: str = "deck", command: tuple[str, ...] = FAKE, **wish: Any) -> AsyncIterator[Visitor]:
    """A server and a visitor who has not come in yet."""
    narrated: list[str] = []
    server = WebServer(WebWish(project, command=command, **wish), narrate=narrated.append)
    await server.start()
    try:
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            yield Visitor(server, session, narrated)
    finally:
        await server.stop()
    assert server.session_count == 0
