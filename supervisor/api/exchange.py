"""One request and its answer: reads bounded bodies and query values, tells who asks, and encodes what is said back.

What cannot be answered as asked is a `Refusal`. Nothing here knows what the engine can do.
"""

from __future__ import annotations

import asyncio
import functools
import math
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from aiohttp import web
from loguru import logger

from supervisor.api.admission import peer_uid
from supervisor.api.messages import ErrorReply
from supervisor.api.requests import CLIENT_HEADER, CLIENT_TOOLS
from supervisor.legible import encoded
from supervisor.logs.inert import inert

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aiohttp.web_request import BaseRequest

    from supervisor.errors import RequestRefused

BODY_LIMIT_BYTES: Final = 64 * 1024
BODY_TIMEOUT_S: Final = 5.0
WAIT_LIMIT_S: Final = 3600.0
AUDIT_LIMIT: Final = 500
"""Characters of a request that its line in the engine's log shows."""

_Body = TypeVar("_Body", bound=msgspec.Struct)


class Refusal(Exception):
    """An answer that is not the one asked for: an HTTP status and a sentence."""

    def __init__(self, status: int, text: str, suggestions: tuple[str, ...] = (), allow: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.suggestions = suggestions
        self.allow = allow


def answer(value: msgspec.Struct, status: int = 200) -> web.Response:
    """`value` as the JSON body of a response."""
    return web.Response(body=encoded(value), status=status, content_type="application/json")


def error_answer(status: int, text: str, suggestions: tuple[str, ...] = ()) -> web.Response:
    """An `ErrorReply` as a response."""
    return answer(ErrorReply(error=text, suggestions=suggestions), status)


async def read_body(request: BaseRequest, expected: type[_Body], without: _Body | None = None) -> _Body:
    """The request's body as `expected`, from at most `BODY_LIMIT_BYTES` of JSON; `without` stands for an empty one.

    Raises:
        Refusal: it is too large, too slow, or something else.
    """
    too_much = Refusal(413, f"the body is larger than {BODY_LIMIT_BYTES // 1024} KiB")
    if (request.content_length or 0) > BODY_LIMIT_BYTES:
        raise too_much
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_LIMIT_BYTES:
                    raise too_much
    except TimeoutError as error:
        raise Refusal(408, f"the body did not arrive within {BODY_TIMEOUT_S:g} s") from error
    if not body and without is not None:
        return without
    try:
        return msgspec.json.decode(body, type=expected)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(400, f"the body is not a {expected.__name__} in JSON: {error}") from error


def wait_of(request: BaseRequest) -> float:
    """The seconds of ``?wait=``, 0 without it.

    Raises:
        Refusal: it is no such number.
    """
    text = request.query.get("wait", "0")
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= WAIT_LIMIT_S:
        raise Refusal(400, f"wait is a number of seconds from 0 to {WAIT_LIMIT_S:g}, not {text[:40]!r}")
    return wait_s


def whole_of(request: BaseRequest, key: str, default: int, least: int, most: int) -> int:
    """The whole number of ``?key=``, `default` without it.

    Raises:
        Refusal: it is no whole number from `least` to `most`.
    """
    text = request.query.get(key)
    if text is None:
        return default
    if text.isascii() and text.isdecimal() and len(text) <= 19 and least <= int(text) <= most:
        return int(text)
    raise Refusal(400, f"{key} is a whole number from {least} to {most}, not {text[:40]!r}")


def asker_of(request: BaseRequest) -> str:
    """Who asks, as the kernel says, and with what, as the request says: ``uid 1000 (ada), dashboard``."""
    tool = request.headers.get(CLIENT_HEADER, "")
    return _peer(request) + (f", {tool}" if tool in CLIENT_TOOLS else "")


def _peer(request: BaseRequest) -> str:
    """Nothing that the request says about it counts."""
    transport = request.transport
    if transport is None:
        return "a client that went away"
    try:
        return _named(peer_uid(transport.get_extra_info("socket")))
    except OSError:
        return "an unknown user"


def audit(request: BaseRequest, asked: str) -> str:
    """Leave a line on who asks for what in the engine's log; the name of who asks."""
    by = asker_of(request)
    logger.info("{} asks: {}", by, inert(asked[:AUDIT_LIMIT], keeps_newlines=False))
    return by


def unknown(what: str, name: str, known: Iterable[str]) -> Refusal:
    """The answer to a name that is none, with those that come close."""
    import difflib

    close = tuple(difflib.get_close_matches(name, list(known), n=3))
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return Refusal(404, f"no {what} {name!r}{hint}", close)


def refused(refusal: RequestRefused, names: Iterable[str], known: Collection[str]) -> Refusal:
    """The answer to what the engine will not do: 404 where one of `names` is not `known`, 409 for all else."""
    is_unknown = not {*names} <= {"*", *known}
    return Refusal(404 if is_unknown else 409, str(refusal), refusal.suggestions)


@functools.lru_cache(maxsize=8)
def _named(uid: int) -> str:
    """Looked up once: few users are let in, and where accounts live in a directory a look-up may take its time."""
    import pwd

    try:
        return f"uid {uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return f"uid {uid}"
