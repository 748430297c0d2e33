"""The method table of the control socket: every path there is, and what it asks of the engine.

A handler reads a bounded request, calls the port, and answers with a message. What it will not do is a `Refusal`, which
the server turns into an `ErrorReply`.
"""

from __future__ import annotations

import asyncio
import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec
from aiohttp import ClientError, WSCloseCode, WSMsgType, web
from loguru import logger

from supervisor.api.messages import (
    ACTION_NAMES,
    CHANNEL_ACTION_NAMES,
    ActionName,
    ActionRequest,
    ChannelActionName,
    ChannelList,
    ChannelRow,
    ErrorReply,
    JobList,
    LetterIds,
    StreamMessage,
)
from supervisor.api.streaming import Subscription
from supervisor.errors import RequestRefused

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from aiohttp.web_request import BaseRequest

    from supervisor.api.port import EnginePort

BODY_LIMIT_BYTES: Final = 64 * 1024
BODY_TIMEOUT_S: Final = 5.0
SEND_TIMEOUT_S: Final = 20.0
"""A stream whose client reads nothing for so long is ended."""
WAIT_LIMIT_S: Final = 3600.0
INCOMING_FRAME_LIMIT_BYTES: Final = 4096

_ACTIONS: Final[dict[str, ActionName]] = {name: name for name in ACTION_NAMES}
_CHANNEL_ACTIONS: Final[dict[str, ChannelActionName]] = {name: name for name in CHANNEL_ACTION_NAMES}
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
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


def error_answer(status: int, text: str, suggestions: tuple[str, ...] = ()) -> web.Response:
    """An `ErrorReply` as a response."""
    return answer(ErrorReply(error=text, suggestions=suggestions), status)


class Handlers:
    """The handlers of all routes, on one engine. Each takes the request and what its path's pattern named."""

    def __init__(self, port: EnginePort) -> None:
        self._port = port
        self._streams: set[Subscription] = set()

    def end_streams(self) -> None:
        """Let every stream say goodbye and end."""
        for subscription in self._streams:
            subscription.end()

    async def health(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(self._port.health())

    async def fleet(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(self._port.fleet())

    async def detail(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name = match["name"]
        detail = self._port.detail(name)
        if detail is None:
            raise _unknown("worker or replica", name, self._port.known_names())
        return answer(detail)

    async def act_on_one(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        action = _ACTIONS.get(match["action"])
        if action is None:
            raise Refusal(404, f"no action {match['action']!r}; there are {', '.join(ACTION_NAMES)}", ACTION_NAMES)
        return await self._act(request, action, (match["name"],))

    async def act_on_many(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await _read_body(request, ActionRequest)
        if not wish.names:
            raise Refusal(400, 'names is empty; name workers or replicas, or "*" for all')
        return await self._act(request, wish.action, wish.names)

    async def _act(self, request: BaseRequest, action: ActionName, names: tuple[str, ...]) -> web.StreamResponse:
        wait_s = _wait_of(request)
        logger.info("a client asks: {} {}", action, ", ".join(names))
        try:
            jobs = self._port.act(action, names)
        except RequestRefused as refusal:
            is_unknown = not {*names} <= {"*", *self._port.known_names()}
            raise Refusal(404 if is_unknown else 409, str(refusal), refusal.suggestions) from refusal
        if wait_s:
            deadline_s = time.monotonic() + wait_s
            jobs = tuple([await self._port.wait_job(job.id, max(0.0, deadline_s - time.monotonic())) for job in jobs])
        return answer(JobList(jobs=jobs))

    async def job(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        wait_s = _wait_of(request)
        job = self._port.job(int(match["id"]))
        if job is None:
            raise Refusal(404, f"no job {match['id']}; the engine keeps the latest ones only")
        if wait_s and job.state == "running":
            job = await self._port.wait_job(job.id, wait_s)
        return answer(job)

    async def channels(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(ChannelList(channels=self._port.fleet().channels))

    async def channel(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        return answer(self._channel(match["name"]))

    async def letters(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        return self._answer_on_queue(match["name"], self._port.letters)

    async def peek(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        return self._answer_on_queue(match["name"], self._port.peek)

    async def act_on_channel(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name, action = match["name"], _CHANNEL_ACTIONS.get(match["action"])
        if action is None:
            there_are = ", ".join(CHANNEL_ACTION_NAMES)
            raise Refusal(
                404, f"no action {match['action']!r} on channels; there are {there_are}", CHANNEL_ACTION_NAMES
            )
        ids = (await _read_body(request, LetterIds, LetterIds())).ids
        if ids and action == "drain":
            raise Refusal(400, "drain throws away all that waits in the queue; ids are of dead letters")
        logger.info("a client asks: {} of channel {}: {}", action, name, ", ".join(ids) or "all")
        return self._answer_on_queue(name, lambda queue: self._port.channel_act(queue, action, ids))

    def _channel(self, name: str) -> ChannelRow:
        channels = {channel.name: channel for channel in self._port.fleet().channels}
        if name not in channels:
            raise _unknown("channel", name, channels)
        return channels[name]

    def _answer_on_queue(self, name: str, ask: Callable[[str], msgspec.Struct | None]) -> web.StreamResponse:
        """What the engine says of the items of the queue `name`."""
        kind = self._channel(name).kind
        if kind != "queue":
            raise Refusal(409, f"{name} is a {kind}; only a queue has items and dead letters to look at")
        try:
            reply = ask(name)
        except RequestRefused as refusal:
            raise Refusal(409, str(refusal), refusal.suggestions) from refusal
        if reply is None:
            raise _unknown("channel", name, ())
        return answer(reply)

    async def down(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        force = request.query.get("force", "0")
        if force not in {"0", "1"}:
            raise Refusal(400, f"force is 0 or 1, not {force[:40]!r}")
        is_forced = force == "1"
        logger.info("a client asks: down{}", " by force" if is_forced else "")
        return answer(await self._port.down(is_forced))

    async def stream(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        # Every send waits for room in the transport's buffer (writer_limit 0), so that state cannot pile up in it.
        socket = web.WebSocketResponse(
            timeout=1.0, compress=False, max_msg_size=INCOMING_FRAME_LIMIT_BYTES, writer_limit=0
        )
        try:
            await socket.prepare(request)
        except web.HTTPException as error:
            raise Refusal(400, f"/v1/stream is a WebSocket: {(error.text or '').strip()}") from error
        subscription = Subscription(self._port.fleet)
        unwatch = self._port.watch(subscription.notice)
        self._streams.add(subscription)
        hearing = asyncio.create_task(_hear_out(socket, subscription))
        try:
            await subscription.run(lambda message: _send(socket, message))
            await socket.close(code=WSCloseCode.GOING_AWAY)
        except TimeoutError:
            logger.info("ended a stream whose client has read nothing for {:g} s", SEND_TIMEOUT_S)
            if request.transport is not None:
                request.transport.abort()
        except (ConnectionError, ClientError):
            pass  # it went away in the middle of a message
        finally:
            unwatch()
            self._streams.discard(subscription)
            hearing.cancel()
            with suppress(asyncio.CancelledError):
                await hearing
        return socket


def _unknown(what: str, name: str, known: Iterable[str]) -> Refusal:
    """The answer to a name that is none, with those that come close."""
    import difflib

    close = tuple(difflib.get_close_matches(name, list(known), n=3))
    hint = f'; did you mean "{close[0]}"?' if close else ""
    return Refusal(404, f"no {what} {name!r}{hint}", close)


async def _hear_out(socket: web.WebSocketResponse, subscription: Subscription) -> None:
    """Notice that the client went away. It has nothing to say here, and one that speaks is sent off."""
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            break
    subscription.end()


async def _send(socket: web.WebSocketResponse, message: StreamMessage) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await socket.send_frame(msgspec.json.encode(message), WSMsgType.TEXT)


async def _read_body(request: BaseRequest, expected: type[_Body], without: _Body | None = None) -> _Body:
    """The request's body as `expected`, from at most `BODY_LIMIT_BYTES` of JSON; `without` stands for an empty one."""
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


def _wait_of(request: BaseRequest) -> float:
    """The seconds of ``?wait=``, 0 without it."""
    text = request.query.get("wait", "0")
    try:
        wait_s = float(text)
    except ValueError:
        wait_s = math.nan
    if not 0 <= wait_s <= WAIT_LIMIT_S:
        raise Refusal(400, f"wait is a number of seconds from 0 to {WAIT_LIMIT_S:g}, not {text[:40]!r}")
    return wait_s


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a whole path, and who answers it."""

    method: str
    pattern: re.Pattern[str]
    handler: Callable[[Handlers, BaseRequest, dict[str, str]], Awaitable[web.StreamResponse]]


_NAME: Final = r"(?P<name>[^/]{1,100})"

ROUTES: Final = (
    Route("GET", re.compile(r"/v1/health"), Handlers.health),
    Route("GET", re.compile(r"/v1/fleet"), Handlers.fleet),
    Route("GET", re.compile(rf"/v1/workers/{_NAME}"), Handlers.detail),
    Route("POST", re.compile(rf"/v1/workers/{_NAME}/(?P<action>[^/]{{1,40}})"), Handlers.act_on_one),
    Route("POST", re.compile(r"/v1/actions"), Handlers.act_on_many),
    Route("GET", re.compile(r"/v1/channels"), Handlers.channels),
    Route("GET", re.compile(rf"/v1/channels/{_NAME}"), Handlers.channel),
    Route("GET", re.compile(rf"/v1/channels/{_NAME}/letters"), Handlers.letters),
    Route("GET", re.compile(rf"/v1/channels/{_NAME}/peek"), Handlers.peek),
    Route("POST", re.compile(rf"/v1/channels/{_NAME}/(?P<action>[^/]{{1,40}})"), Handlers.act_on_channel),
    Route("GET", re.compile(r"/v1/jobs/(?P<id>\d{1,18})", re.ASCII), Handlers.job),
    Route("POST", re.compile(r"/v1/down"), Handlers.down),
    Route("GET", re.compile(r"/v1/stream"), Handlers.stream),
)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request and what its path names.

    Raises:
        Refusal: 404 for a path that does not exist, 405 for a method that the path does not take.
    """
    allowed = []
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found is not None and route.method == method:
            return route, found.groupdict()
        if found is not None:
            allowed.append(route.method)
    if allowed:
        allow = ", ".join(allowed)
        raise Refusal(405, f"{path} takes {allow}, not {method}", allow=allow)
    raise Refusal(404, f"no such path: {path[:200]}; /v1/fleet shows all workers, /v1/health who answers here")
