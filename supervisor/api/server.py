"""The engine's HTTP and WebSocket server on its Unix socket.

It lets connections in, bounds them, hands requests to `routes`, and has the socket made anew when its file is gone; it
decides nothing about workers. Every error is an `ErrorReply`.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from loguru import logger

from supervisor.api.accepting import Acceptor
from supervisor.api.admission import FileIdentity, bind_socket, file_identity, is_welcome, peer_uid
from supervisor.api.exchange import Refusal, error_answer
from supervisor.api.messages import ErrorReply
from supervisor.api.port import EnginePort
from supervisor.api.routes import Handlers
from supervisor.api.table import find_route
from supervisor.errors import ProcdeckError
from supervisor.legible import encoded

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from aiohttp.web_request import BaseRequest

__all__ = ["EnginePort", "Server", "bind_socket", "serve"]

CONNECTION_LIMIT: Final = 100
IDLE_LIMIT_S: Final = 15.0
"""A connection that has sent no complete request head for so long is closed."""
LINGER_S: Final = 1.0
"""How long the rest of a refused body is read, so that the client gets to see the refusal."""
CLOSE_TIMEOUT_S: Final = 0.5
"""How long answers under way may take to finish. What they wait for has happened by then, or never will."""

LOOK_EVERY_S: Final = 2.0
"""How often the server looks whether its socket file is still there."""


class _Connection(RequestHandler):
    """One client's connection; says its errors in JSON, as everything else is said."""

    __slots__ = ()

    def handle_error(
        self,
        request: BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.opt(exception=exc).error("{} {} failed", request.method, request.path)
            text = "the engine met an error of its own; its log has the traceback"
        else:
            first_line = (message or "").strip().partition("\n")[0]
            text = f"this is not HTTP as the engine speaks it: {first_line}"
        if request.writer.output_size > 0:
            raise ConnectionError("half an answer was sent already")
        response = error_answer(status, text)
        response.force_close()
        return response


class _Gate(web.Server):
    """Lets connections in: those of the owner and root, and only so many."""

    def __call__(self) -> RequestHandler:
        return _Connection(
            self,
            loop=asyncio.get_running_loop(),
            keepalive_timeout=IDLE_LIMIT_S,
            tcp_keepalive=False,
            access_log=None,  # type: ignore[arg-type]  # a falsy one switches it off
            lingering_time=LINGER_S,
            auto_decompress=False,
        )

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        try:
            uid = peer_uid(transport.get_extra_info("socket"))
        except OSError as error:
            _turn_away(transport, HTTPStatus.FORBIDDEN, f"the kernel does not tell who you are: {error.strerror}")
            return
        if not is_welcome(uid):
            logger.warning("turned away a connection of user {}", uid)
            text = f"this engine belongs to another user, and you are user {uid}"
            _turn_away(transport, HTTPStatus.FORBIDDEN, text)
        elif len(self.connections) > CONNECTION_LIMIT:
            logger.warning("turned away a connection: {} are open", CONNECTION_LIMIT)
            text = f"{CONNECTION_LIMIT} clients are connected, which is the most; close some"
            _turn_away(transport, HTTPStatus.SERVICE_UNAVAILABLE, text)


def _turn_away(transport: asyncio.Transport, status: HTTPStatus, text: str) -> None:
    """Answer before a request was read, and hang up."""
    # Not at once: aiohttp's handler of this connection must have begun before it can be told that it is over.
    asyncio.get_running_loop().call_soon(_say_and_close, transport, status, text)


def _say_and_close(transport: asyncio.Transport, status: HTTPStatus, text: str) -> None:
    transport.write(_last_words(status, text))
    transport.close()


def _last_words(status: HTTPStatus, text: str) -> bytes:
    """A whole answer to whatever was asked, after which the connection ends."""
    body = encoded(ErrorReply(error=text))
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


class Server:
    """The server on the project's socket, from `serve` to `close`.

    Args:
        port: the engine.
        heal: gives a new listening socket when the file of the old one is gone; None leaves it gone.
    """

    def __init__(self, port: EnginePort, heal: Callable[[], socket.socket] | None = None) -> None:
        self._handlers = Handlers(port)
        self._gate = _Gate(self._handle)
        self._heal = heal
        self._trouble = ""
        self._path = ""
        self._bound: FileIdentity | None = None
        self._looking: asyncio.TimerHandle | None = None
        self._acceptor: Acceptor | None = None

    async def open(self, listener_socket: socket.socket) -> None:
        """Begin to accept connections on a socket of `bind_socket`, which belongs to the server from here on."""
        loop = asyncio.get_running_loop()
        refusal = _last_words(HTTPStatus.SERVICE_UNAVAILABLE, "the engine has no descriptor left; raise ulimit -n")
        self._acceptor = Acceptor(loop, self._gate, refusal)
        self._listen_on(listener_socket)
        self._looking = loop.call_later(LOOK_EVERY_S, self._look)

    def _listen_on(self, listener_socket: socket.socket) -> None:
        assert self._acceptor is not None
        self._path = listener_socket.getsockname()
        self._bound = file_identity(self._path)
        self._acceptor.open(listener_socket)

    def _look(self) -> None:
        """Have the socket made anew if its file is gone; connections that are open stay."""
        assert self._acceptor is not None
        self._acceptor.refill()
        if self._heal is not None and file_identity(self._path) != self._bound:
            try:
                self._listen_on(self._heal())
            except (ProcdeckError, OSError) as error:
                if str(error) != self._trouble:
                    self._trouble = str(error)
                    logger.error("the socket is gone and cannot be made anew: {}", error)
            else:
                self._trouble = ""
                logger.warning("{} was removed by somebody, and has been made anew", self._path)
        self._looking = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look)

    async def close(self) -> None:
        """Accept no more, end the streams, let answers under way finish for a moment, hang up.

        The socket's file stays: whoever bound it knows whether it is still theirs to remove.
        """
        if self._looking is not None:
            self._looking.cancel()
        if self._acceptor is not None:
            self._acceptor.close()
        self._handlers.end_streams()
        self._gate.pre_shutdown()
        await self._gate.shutdown(CLOSE_TIMEOUT_S)

    async def _handle(self, request: BaseRequest) -> web.StreamResponse:
        try:
            route, match = find_route(request.method, request.path)
            return await route.handler(self._handlers, request, match)
        except Refusal as refusal:
            response = error_answer(refusal.status, refusal.text, refusal.suggestions)
            if refusal.allow:
                response.headers["Allow"] = refusal.allow
            if not request.content.is_eof():
                response.force_close()
            return response


async def serve(
    port: EnginePort, listener_socket: socket.socket, heal: Callable[[], socket.socket] | None = None
) -> Server:
    """Serve the engine behind `port` on a socket of `bind_socket`, until `Server.close`."""
    server = Server(port, heal)
    await server.open(listener_socket)
    return server
