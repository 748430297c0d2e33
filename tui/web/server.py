"""The server of `procdeck web`: two pages, their files, and a socket for each dashboard, behind the checks of `Door`.

::

    GET /            the dashboard's page with the cookie; without it the door, which exchanges the token
    POST /enter      token -> cookie
    GET /static/...  a fixed list of files
    GET /deck        WebSocket: one process each, at most so many, none that nobody uses

Host is checked for everything, Origin for whatever acts; all of that before a WebSocket is one.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import WSCloseCode, WSMsgType, web

from tui.render.figures import plural
from tui.web.door import ADDRESS, MISSING, WRONG, Door
from tui.web.pages import assets, content_policy, deck_page, door_page, safety_headers
from tui.web.session import DashboardFailed, Session, command_for, environment_for, opened
from tui.web.wire import screen_size, translate

HEARTBEAT_S: Final = 15.0
"""A browser that does not answer for so long, and half as long again, is gone."""
CLOSE_TIMEOUT_S: Final = 2.0
LARGEST_MESSAGE_BYTES: Final = 64 * 1024
"""What a browser may say at once: a paste has to fit."""
LARGEST_TOKEN_BYTES: Final = 256
_LONGEST_REASON_BYTES: Final = 120
"""A close frame has 125 bytes, two of them for its code (RFC 6455, 5.5)."""

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class WebWish:
    """What is served, and to how many."""

    project: str
    allows_control: bool = False
    max_sessions: int = 4
    idle_timeout_s: float = 1800.0
    idle_words: str = "30m"
    command: tuple[str, ...] = ()
    """What shows the dashboard; empty: procdeck's own."""


class WebServer:
    """Serves the dashboard of one project's engine at `port`, 0 for any that is free.

    Args:
        narrate: told who comes and goes; never the token.

    Raises:
        OSError: the port is taken, or may not be used.
        WebExtraMissing: textual-serve is not installed.
    """

    def __init__(self, wish: WebWish, port: int = 0, narrate: Callable[[str], None] = lambda _: None) -> None:
        self._wish = wish
        self._narrate = narrate
        self._assets = assets()
        self._listener = socket.create_server((ADDRESS, port))
        self.door: Final = Door(self._listener.getsockname()[1])
        self._page = deck_page(wish.project, self.door.origin, allows_control=wish.allows_control)
        self._sockets: set[web.WebSocketResponse] = set()
        self.session_count = 0
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Begin to answer."""
        app = web.Application(middlewares=[self._check], client_max_size=LARGEST_TOKEN_BYTES)
        app.add_routes(
            [
                web.get("/", self._index),
                web.post("/enter", self._enter),
                web.get("/static/{name:.+}", self._static),
                web.get("/favicon.ico", self._no_icon),
                web.get("/deck", self._deck),
            ]
        )
        headers = safety_headers(self.door.host)

        async def make_safe(_: web.Request, response: web.StreamResponse) -> None:
            for name, value in headers.items():
                response.headers.setdefault(name, value)
            response.headers["Server"] = "procdeck"

        app.on_response_prepare.append(make_safe)
        app.on_shutdown.append(self._close_sockets)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=2 * CLOSE_TIMEOUT_S)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def stop(self) -> None:
        """Close every socket, end every dashboard, and let go of the port."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._listener.close()

    # --- checks ---

    @web.middleware
    async def _check(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        trouble = self.door.foreign_host(request.headers.get("Host", ""))
        if not trouble and (request.method != "GET" or "Origin" in request.headers or request.path == "/deck"):
            trouble = self.door.foreign_origin(request.headers.get("Origin"))
        return _refused(trouble) if trouble else await handler(request)

    async def _index(self, request: web.Request) -> web.StreamResponse:
        if not self.door.has_cookie(request.cookies):
            return _page(door_page(f"Refused: {MISSING}."), status=403)
        page = _page(self._page)
        if "plain" in request.query:
            page.headers["Content-Security-Policy"] = content_policy(self.door.host, is_plain=True)
        return page

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        if not self.door.is_token(await request.read()):
            return _refused(WRONG)
        response = web.Response(status=204)
        response.set_cookie(self.door.cookie_name, self.door.cookie, httponly=True, samesite="Strict", path="/")
        return response

    async def _static(self, request: web.Request) -> web.StreamResponse:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="404: there is no such file\n")
        return web.Response(body=asset.content, content_type=asset.content_type, headers={"Cache-Control": "no-cache"})

    async def _no_icon(self, _: web.Request) -> web.StreamResponse:
        return web.Response(status=204)

    # --- dashboards ---

    async def _deck(self, request: web.Request) -> web.StreamResponse:
        if not self.door.has_cookie(request.cookies):
            return _refused(MISSING)
        try:
            width, height = screen_size(int(request.query.get("width", "80")), int(request.query.get("height", "24")))
        except ValueError:
            return web.Response(status=400, text="400: width and height are whole numbers\n")
        browser = web.WebSocketResponse(
            heartbeat=HEARTBEAT_S, max_msg_size=LARGEST_MESSAGE_BYTES, timeout=CLOSE_TIMEOUT_S, compress=False
        )
        await browser.prepare(request)
        if self.session_count >= self._wish.max_sessions:
            # A page cannot read why a WebSocket was refused; of one that is closed it can.
            full = f"{plural(self.session_count, 'dashboard')} open already, and --max-sessions allows no more"
            self._narrate(f"a browser was refused: {full}")
            await _close(browser, WSCloseCode.TRY_AGAIN_LATER, f"Refused: {full}; close one first.")
            return browser
        self.session_count += 1
        self._sockets.add(browser)
        try:
            await self._serve(browser, width, height)
        finally:
            self._sockets.discard(browser)
            self.session_count -= 1
            self._narrate(f"a dashboard was closed; {self.session_count} open")
        return browser

    async def _serve(self, browser: web.WebSocketResponse, width: int, height: int) -> None:
        """One dashboard, from its start to its end."""
        command = self._wish.command or command_for(self._wish.project)
        environment = environment_for(os.environ, width, height, allows_control=self._wish.allows_control)
        self._narrate(f"a dashboard was opened; {self.session_count} open")
        try:
            async with opened(command, environment) as session:
                await _close(browser, *await self._talk(session, browser))
        except OSError as error:
            self._narrate(f"a dashboard cannot be started: {error}")
            await _close(browser, WSCloseCode.INTERNAL_ERROR, "the dashboard cannot be started; see where it is served")

    async def _talk(self, session: Session, browser: web.WebSocketResponse) -> tuple[int, str]:
        """Carry keys and screens until one of both ends; how the socket is to be closed."""
        showing = asyncio.create_task(session.show(browser.send_bytes))
        listening = asyncio.create_task(self._listen(session, browser))
        try:
            await asyncio.wait((showing, listening), return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                return listening.result()
            showing.result()
        except DashboardFailed as failure:
            self._narrate(f"a dashboard failed: {failure}")
            return WSCloseCode.INTERNAL_ERROR, "The dashboard failed; `procdeck web` says why where it runs."
        except ConnectionError:
            return WSCloseCode.GOING_AWAY, ""
        else:
            return WSCloseCode.OK, "This dashboard was left."
        finally:
            showing.cancel()
            listening.cancel()
            await asyncio.gather(showing, listening, return_exceptions=True)

    async def _listen(self, session: Session, browser: web.WebSocketResponse) -> tuple[int, str]:
        """Hand on what the browser says, until it goes, says nothing for too long, or nothing that is known."""
        loop = asyncio.get_running_loop()
        used_s = loop.time()
        while True:
            try:
                async with asyncio.timeout_at(used_s + self._wish.idle_timeout_s):
                    message = await browser.receive()
            except TimeoutError:
                return WSCloseCode.GOING_AWAY, f"Closed: nothing was pressed for {self._wish.idle_words}."
            if message.type is not WSMsgType.TEXT:
                return WSCloseCode.OK, ""
            try:
                data, answer = translate(message.data)
            except ValueError:
                return WSCloseCode.POLICY_VIOLATION, "Closed: this is no terminal that procdeck knows."
            if answer is not None:
                await browser.send_str(answer)
            else:
                used_s = loop.time()
                await session.give(data)

    async def _close_sockets(self, _: web.Application) -> None:
        going = [_close(browser, WSCloseCode.GOING_AWAY, "`procdeck web` was ended.") for browser in self._sockets]
        await asyncio.gather(*going)


def _refused(why: str) -> web.Response:
    return web.Response(status=403, text=f"403 refused: {why}\n")


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html", headers={"Cache-Control": "no-store"})


async def _close(browser: web.WebSocketResponse, code: int, why: str) -> None:
    await browser.close(code=code, message=why.encode()[:_LONGEST_REASON_BYTES])
