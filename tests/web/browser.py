"""A headless Chromium for tests, spoken to over its DevTools protocol, and what its terminal shows.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from tests.engines import PATIENCE_S

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--no-zygote", "--remote-debugging-port=0", "--window-size=900,600",
)  # fmt: skip


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Look until `look` gives something true."""
    seen = None
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (seen := await look()):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"waited {PATIENCE_S:g} s in vain for {what}; last seen: {seen!r}") from None
    return seen


class Page:
    """One tab. All that the browser complains of is kept in `complaints`."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Any]] = {}
        self.complaints: list[str] = []
        self.screen_bytes = b""
        self._reading = asyncio.create_task(self._read())

    async def ask(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol."""
        number = next(self._numbers)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENCE_S):
            return await reply

    async def evaluate(self, script: str) -> Any:
        """What `script` gives in the page; None where it fails, as it may while the page loads."""
        reply = await self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        return reply.get("result", {}).get("value")

    async def open(self, address: str) -> None:
        await self.ask("Page.navigate", url=address)

    async def type(self, text: str) -> None:
        """Give the focused element some keys."""
        await self.ask("Input.insertText", text=text)

    async def screenshot(self) -> bytes:
        """A PNG of what is to be seen."""
        return base64.b64decode((await self.ask("Page.captureScreenshot"))["data"])

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()

    async def _read(self) -> None:
        async for message in self._socket:
            said = json.loads(message.data)
            if "id" in said:
                self._replies.pop(said["id"]).set_result(said.get("result", said))
            elif said["method"] == "Log.entryAdded":
                self.complaints.append(said["params"]["entry"]["text"])
            elif said["method"] == "Runtime.exceptionThrown":
                self.complaints.append(str(said["params"]["exceptionDetails"]))
            elif said["method"] == "Network.webSocketFrameReceived" and said["params"]["response"]["opcode"] == 2:
                self.screen_bytes += base64.b64decode(said["params"]["response"]["payloadData"])


@asynccontextmanager
async def chromium(folder: Path) -> AsyncIterator[Page]:
    """A browser with an empty tab; nothing of it is left afterwards."""
    assert CHROMIUM is not None
    environment = os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env=environment, start_new_session=True,
    )  # fmt: skip
    note = folder / "profile" / "DevToolsActivePort"
    try:
        async with aiohttp.ClientSession() as session:

            async def port() -> str:
                return note.read_text().partition("\n")[0] if note.exists() else ""

            tools = f"http://127.0.0.1:{await until(port, 'Chromium')}"

            async def tab() -> str:
                async with session.get(f"{tools}/json/list") as reply:
                    tabs = [target for target in await reply.json() if target["type"] == "page"]
                    return tabs[0]["webSocketDebuggerUrl"] if tabs else ""

            async with session.ws_connect(await until(tab, "a tab"), max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Log", "Runtime", "Network"):
                    await page.ask(f"{domain}.enable")
                yield page
                await page.close()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
