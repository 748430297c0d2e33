"""Asks a worker from outside whether it serves: a TCP connection, an HTTP request, the exit code of a program.

::

    Prober: start ─► try ─► answer ─► 0.05, 0.1, 0.2 ... s up to the interval until the first good one,
                     └─ one at a time, at most timeout_s        then one every interval

The HTTP is a single request on asyncio's streams: aiohttp's client resolves names in a thread, and the engine has none.
"""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import socket
import sys
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from supervisor.processes.overhearing import error_text, one_line
from supervisor.processes.probe_programs import run_once

if TYPE_CHECKING:
    import ssl

QUICK_S: Final = 0.05
"""The first pause between two tries while nothing has answered; each is twice the one before."""

SLICE_S: Final = 0.25
"""How finely the time of a try is counted; a slice in which the engine stood still counts once."""

HEAD_LIMIT_BYTES: Final = 64 * 1024
BODY_LIMIT_BYTES: Final = 64 * 1024
"""What is read of an HTTP answer, so that the server can end it in order."""

BODY_PATIENCE_S: Final = 0.5
"""How long the rest of an HTTP answer may take once its status is known, or a quarter of the timeout if it is less."""

_INTERIM_ANSWERS: Final = 8
_RESOLVE: Final = (
    "import socket,sys\n"
    "try: found = socket.getaddrinfo(sys.argv[1], None, type=socket.SOCK_STREAM)\n"
    "except OSError as error: sys.exit(f'cannot find {sys.argv[1]}: {error.strerror}')\n"
    "print(*dict.fromkeys(entry[4][0] for entry in found), sep='\\n')\n"
)

Answer = tuple[bool, str]
"""Whether it is good, and what was said: ``connection refused``."""


@dataclass(frozen=True, slots=True)
class Timing:
    """When a check is tried."""

    interval_s: float = 1.0
    timeout_s: float = 2.0
    is_quick: bool = True
    """Whether the pauses before the first good answer are short."""


class Prober:
    """Tries one check again and again, one try at a time, until it is stopped."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        ask: Callable[[], Awaitable[Answer]],
        timing: Timing,
        when_answered: Callable[[bool, str], None],
    ) -> None:
        self._loop = loop
        self._ask = ask
        self._timing = timing
        self._when_answered = when_answered
        self._pause_s = QUICK_S if timing.is_quick else timing.interval_s
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[Answer] | None = None
        self._left_s = 0.0
        self._has_run_out = False
        self.is_on = False

    def start(self, after_s: float = 0.0) -> None:
        """Begin with a try in `after_s` seconds; does nothing when it has begun."""
        if not self.is_on:
            self.is_on = True
            self._timer = self._loop.call_later(after_s, self._try)

    def stop(self) -> None:
        """Try no more; a try under way is given up and answers nothing."""
        self.is_on = False
        self._disarm()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _try(self) -> None:
        self._task = self._loop.create_task(_guarded(self._ask))
        self._task.add_done_callback(self._on_done)
        self._left_s, self._has_run_out = self._timing.timeout_s, False
        self._arm_slice()

    def _arm_slice(self) -> None:
        slice_s = min(SLICE_S, self._left_s)
        due_s = self._loop.time() + slice_s
        self._timer = self._loop.call_at(due_s, self._on_slice, slice_s, due_s)

    def _on_slice(self, slice_s: float, due_s: float) -> None:
        """Count a slice. One that comes late is followed by another, in which an answer that waits can be read."""
        is_late = self._loop.time() - due_s > SLICE_S
        self._left_s -= slice_s
        if self._left_s > 0 or is_late:
            self._left_s = max(self._left_s, SLICE_S if is_late else 0.0)
            self._arm_slice()
        elif self._task is not None:
            self._has_run_out = True
            self._task.cancel()

    def _on_done(self, task: asyncio.Task[Answer]) -> None:
        if task is not self._task:
            return
        self._task = None
        self._disarm()
        if not task.cancelled():
            is_good, text = task.result()
        elif self._has_run_out:
            is_good, text = False, f"no answer within {self._timing.timeout_s:g} s"
        else:
            return  # somebody ends the loop
        pause_s = min(self._pause_s, self._timing.interval_s)
        self._pause_s = self._timing.interval_s if is_good else 2 * pause_s
        self._timer = self._loop.call_later(self._timing.interval_s if is_good else pause_s, self._try)
        self._when_answered(is_good, text)


async def _guarded(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """An answer in any case: what goes wrong with asking is a bad one."""
    try:
        return await ask()
    except Exception as error:
        return False, error_text(error)


class TcpProbe:
    """A connection is accepted."""

    def __init__(self, host: str, port: int) -> None:
        self._host = Host(host)
        self._port = port

    async def ask(self) -> Answer:
        """Connect to one address after the other, and hang up at once."""
        loop = asyncio.get_running_loop()
        trouble = OSError("no address")
        for address in await self._host.addresses():
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            with socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as connection:
                try:
                    await loop.sock_connect(connection, (address, self._port))
                    if connection.getsockname() != connection.getpeername():
                        return True, "connected"
                    trouble = ConnectionRefusedError("connection refused")  # it met itself: nobody listens there
                except OSError as error:
                    trouble = error
        return False, error_text(trouble)


class HttpProbe:
    """A GET is answered with a status in a range. Redirects are not followed; certificates are verified.

    One request on a connection of its own (RFC 9112), with ``Connection: close``.
    """

    def __init__(self, url: str, status_min: int, status_max: int, timeout_s: float = 2.0) -> None:
        parts = urllib.parse.urlsplit(url)
        self._parts = parts
        self._body_patience_s = min(BODY_PATIENCE_S, timeout_s / 4)
        self._is_secure = parts.scheme == "https"
        self._name = parts.hostname or "localhost"
        self._host = Host(self._name)
        self._port = parts.port or (443 if self._is_secure else 80)
        self._good = range(status_min, status_max + 1)

    async def ask(self) -> Answer:
        """Send the request to the first address that accepts a connection."""
        trouble = OSError("no address")
        for address in await self._host.addresses():
            try:
                reader, writer = await asyncio.open_connection(
                    address,
                    self._port,
                    limit=HEAD_LIMIT_BYTES,
                    ssl=_verifying() if self._is_secure else None,
                    server_hostname=self._name if self._is_secure else None,
                )
            except OSError as error:
                trouble = error
                continue
            try:
                return await self._talk(reader, writer)
            finally:
                writer.transport.abort()
        return False, error_text(trouble)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Answer:
        writer.write(_request(self._parts))
        for _ in range(_INTERIM_ANSWERS):
            head = await _head(reader)
            status = _status(head)
            if status is None:
                said = one_line(head)
                return False, f"no HTTP answer: {said}" if said else "closed without an answer"
            if status >= 200:
                body = await _body(reader, self._body_patience_s)
                is_good = status in self._good
                said = "" if is_good else one_line(body)
                return is_good, f"answered {status}{_phrase(status)}" + (f": {said}" if said else "")
        return False, "no end of interim answers"


class Host:
    """A host by name or address. Other names than localhost are looked up by a helper process: it may take long."""

    def __init__(self, name: str) -> None:
        self._name = name or "127.0.0.1"
        self._known: tuple[str, ...] = _obvious_addresses(self._name)

    async def addresses(self) -> tuple[str, ...]:
        """Its addresses, as found when it was first asked for.

        Raises:
            OSError: nobody knows the name.
        """
        if not self._known:
            found = await run_once([sys.executable, "-I", "-S", "-c", _RESOLVE, self._name])
            self._known = tuple(address for address in found.decode().split() if "%" not in address)
        return self._known


def _obvious_addresses(name: str) -> tuple[str, ...]:
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return ("127.0.0.1", "::1")
    try:
        return () if "%" in name else (str(ipaddress.ip_address(name)),)  # asyncio asks a thread about a scope
    except ValueError:
        return ()


def _request(parts: urllib.parse.SplitResult) -> bytes:
    target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    authority = parts.netloc.rpartition("@")[2]
    lines = [
        f"GET {target} HTTP/1.1",
        f"Host: {authority if authority.isascii() else authority.encode('idna').decode()}",
        "User-Agent: procdeck",
        "Accept: */*",
        "Connection: close",
    ]
    if parts.username is not None:
        pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        lines.append(f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}")
    return "\r\n".join((*lines, "", "")).encode()


@cache
def _verifying() -> ssl.SSLContext:
    """Loaded once: reading the machine's certificates takes tens of milliseconds."""
    import ssl

    return ssl.create_default_context()


async def _head(reader: asyncio.StreamReader) -> bytes:
    """An answer's status line and headers; what there is where they do not end as they should."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        return error.partial
    except asyncio.LimitOverrunError:
        return await reader.read(HEAD_LIMIT_BYTES)


def _status(head: bytes) -> int | None:
    words = head.split(b"\r\n", 1)[0].split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or len(words[1]) != 3 or not words[1].isdigit():
        return None
    return int(words[1])


async def _body(reader: asyncio.StreamReader, patience_s: float) -> bytes:
    """The beginning of the body, read so that the server is not cut off in the middle of a small one."""
    body = b""
    try:
        async with asyncio.timeout(patience_s):
            while len(body) < BODY_LIMIT_BYTES and (chunk := await reader.read(BODY_LIMIT_BYTES - len(body))):
                body += chunk
    except (TimeoutError, OSError):
        pass
    return body


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""
