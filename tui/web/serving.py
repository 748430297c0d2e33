"""Runs the server of `procdeck web` until SIGINT or SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

from supervisor.errors import ProcdeckError
from tui.web.server import WebServer, WebWish


def serve(wish: WebWish, port: int, tell_address: Callable[[str], None], narrate: Callable[[str], None]) -> None:
    """Serve until a signal says to end; returns when all is closed.

    Raises:
        WebExtraMissing: textual-serve is not installed.
        ProcdeckError: the port cannot be used.
    """
    asyncio.run(_serve(wish, port, tell_address, narrate))


async def _serve(wish: WebWish, port: int, tell_address: Callable[[str], None], narrate: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        server = WebServer(wish, port, narrate)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else error
        raise ProcdeckError(f"port {port} cannot be used: {why}; without --port, one that is free is taken") from error
    try:
        await server.start()
        tell_address(server.door.address)
        await ended.wait()
    finally:
        await server.stop()
