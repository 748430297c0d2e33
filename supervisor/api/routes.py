"""The handlers of the control socket: what each path of `supervisor.api.table` asks of the engine.

A handler reads a bounded request, calls the port, and answers with a message. What it will not do is a `Refusal`, which
the server turns into an `ErrorReply`.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import ClientError, WSCloseCode, WSMsgType, web
from loguru import logger

from supervisor.api.exchange import (
    Refusal,
    answer,
    asker_of,
    audit,
    read_body,
    refused,
    unknown,
    wait_of,
    whole_of,
)
from supervisor.api.hang_routes import HangHandlers
from supervisor.api.history_routes import HistoryHandlers
from supervisor.api.item_routes import ItemHandlers
from supervisor.api.letters import CHANNEL_ACTION_NAMES, ChannelActionName, LetterIds
from supervisor.api.messages import ACTION_NAMES, ActionName, ChannelList, ChannelRow, JobList, StreamMessage
from supervisor.api.pool_routes import PoolHandlers
from supervisor.api.requests import (
    EVENTS_LIMIT,
    LEVEL_NAMES,
    LOGGER_NAME_LIMIT,
    SIGNAL_NAMES,
    ActionRequest,
    LevelRequest,
    ReloadRequest,
    ScaleRequest,
    SignalRequest,
    check_scale,
    full_level_name,
    full_signal_name,
)
from supervisor.api.streaming import Subscription
from supervisor.errors import ProcdeckError, RequestRefused
from supervisor.legible import encoded

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web_request import BaseRequest

    from supervisor.api.port import EnginePort

SEND_TIMEOUT_S: Final = 20.0
"""A stream whose client reads nothing for so long is ended."""
INCOMING_FRAME_LIMIT_BYTES: Final = 4096
POLL_LOOK_S: Final = 5.0
"""How often a poll for events looks whether its client is still there."""

_ACTIONS: Final[dict[str, ActionName]] = {name: name for name in ACTION_NAMES}
_CHANNEL_ACTIONS: Final[dict[str, ChannelActionName]] = {name: name for name in CHANNEL_ACTION_NAMES}


class Handlers(HangHandlers, HistoryHandlers, PoolHandlers, ItemHandlers):
    """The handlers of all routes, on one engine. Each takes the request and what its path's pattern named."""

    def __init__(self, port: EnginePort) -> None:
        super().__init__(port)
        self._streams: set[Subscription] = set()
        self._polls: set[asyncio.Future[bool]] = set()

    def end_streams(self) -> None:
        """Let every stream say goodbye and end, and every poll for events answer with what there is."""
        for subscription in self._streams:
            subscription.end()
        for poll in tuple(self._polls):
            poll.cancel()

    async def health(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(self._port.health())

    async def openapi(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        from supervisor.api.openapi import document  # it describes these very handlers, and few ever ask

        return web.Response(body=document(), content_type="application/json")

    async def fleet(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(self._port.fleet())

    async def detail(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name = match["name"]
        detail = self._port.detail(name)
        if detail is None:
            raise unknown("worker or replica", name, self._port.known_names())
        return answer(detail)

    async def act_on_one(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        action = _ACTIONS.get(match["action"])
        if action is None:
            raise Refusal(404, f"no action {match['action']!r}; there are {', '.join(ACTION_NAMES)}", ACTION_NAMES)
        return await self._act(request, action, (match["name"],))

    async def act_on_many(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await read_body(request, ActionRequest)
        if not wish.names:
            raise Refusal(400, 'names is empty; name workers or replicas, or "*" for all')
        if wish.max_unavailable < 0:
            raise Refusal(400, f"max_unavailable is 0 (all at once) or more, not {wish.max_unavailable}")
        if wish.max_unavailable and wish.action != "restart":
            raise Refusal(400, f"max_unavailable is for restart, not for {wish.action}")
        return await self._act(request, wish.action, wish.names, wish.max_unavailable)

    async def _act(
        self, request: BaseRequest, action: ActionName, names: tuple[str, ...], max_unavailable: int = 0
    ) -> web.StreamResponse:
        wait_s = wait_of(request)
        at_once = f", {max_unavailable} at a time" if max_unavailable else ""
        by = audit(request, f"{action} {', '.join(names)}{at_once}")
        try:
            jobs = self._port.act(action, names, max_unavailable=max_unavailable, by=by)
        except RequestRefused as refusal:
            raise refused(refusal, names, self._port.known_names()) from refusal
        if wait_s:
            deadline_s = time.monotonic() + wait_s
            jobs = tuple([await self._port.wait_job(job.id, max(0.0, deadline_s - time.monotonic())) for job in jobs])
        return answer(JobList(jobs=jobs))

    async def signal(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await read_body(request, SignalRequest)
        if not wish.names:
            raise Refusal(400, 'names is empty; name workers or replicas, or "*" for all')
        try:
            name = full_signal_name(wish.signal)
        except ValueError as error:
            raise Refusal(400, str(error), SIGNAL_NAMES) from error
        by = audit(request, f"signal {name} to {', '.join(wish.names)}")
        try:
            return answer(self._port.signal(wish.names, name, by=by))
        except RequestRefused as refusal:
            raise refused(refusal, wish.names, self._port.known_names()) from refusal

    async def set_level(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await read_body(request, LevelRequest)
        if not wish.names:
            raise Refusal(400, 'names is empty; name workers or replicas, or "*" for all')
        if len(wish.logger.encode()) > LOGGER_NAME_LIMIT:
            raise Refusal(400, f"the name of a logger has at most {LOGGER_NAME_LIMIT} bytes")
        try:
            level = full_level_name(wish.level)
        except ValueError as error:
            raise Refusal(400, str(error), LEVEL_NAMES) from error
        by = audit(request, f"level {level} of {wish.logger or 'all loggers'} of {', '.join(wish.names)}")
        try:
            return answer(self._port.set_level(wish.names, level, wish.logger, by=by))
        except RequestRefused as refusal:
            raise refused(refusal, wish.names, self._port.known_names()) from refusal

    async def scale(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        worker, wish = match["name"], await read_body(request, ScaleRequest)
        try:
            check_scale(wish)
        except ValueError as error:
            raise Refusal(400, str(error)) from error
        wanted = f"{wish.by:+d}" if wish.replicas is None else f"= {wish.replicas}"
        by = audit(request, f"scale {worker} {wanted}")
        try:
            return answer(self._port.scale(worker, wish.replicas, wish.by, asked_by=by))
        except RequestRefused as refusal:
            raise refused(refusal, (worker,), self._port.known_names()) from refusal

    async def reload(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await read_body(request, ReloadRequest, ReloadRequest())
        by = audit(request, f"reload{' --dry-run' if wish.dry_run else ''}")
        try:
            return answer(await self._port.reload(wish.dry_run, by=by))
        except ProcdeckError as error:
            raise Refusal(409, str(error), getattr(error, "suggestions", ())) from error

    async def events(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        after = whole_of(request, "after", 0, 0, 2**63 - 1)
        limit = whole_of(request, "limit", EVENTS_LIMIT, 1, EVENTS_LIMIT)
        deadline_s = time.monotonic() + wait_of(request)
        while (left_s := deadline_s - time.monotonic()) > 0 and request.transport is not None:
            if await self._poll(after, min(left_s, POLL_LOOK_S)):
                break
        return answer(self._port.events(after, limit))

    async def _poll(self, after: int, timeout_s: float) -> bool:
        """Wait for an event; whether waiting is over, because there is one or because the server closes."""
        poll = asyncio.ensure_future(self._port.wait_event(after, timeout_s))
        self._polls.add(poll)
        try:
            await asyncio.wait({poll})
            return poll.cancelled() or poll.result()
        finally:
            self._polls.discard(poll)
            poll.cancel()

    async def job(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        wait_s = wait_of(request)
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
        ids = (await read_body(request, LetterIds, LetterIds())).ids
        if ids and action == "drain":
            raise Refusal(400, "drain throws away all that waits in the queue; ids are of dead letters")
        audit(request, f"{action} of channel {name}: {', '.join(ids) or 'all'}")
        return self._answer_on_queue(name, lambda queue: self._port.channel_act(queue, action, ids, asker_of(request)))

    def _channel(self, name: str) -> ChannelRow:
        channels = {channel.name: channel for channel in self._port.fleet().channels}
        if name not in channels:
            raise unknown("channel", name, channels)
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
            raise unknown("channel", name, ())
        return answer(reply)

    async def down(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        force = request.query.get("force", "0")
        if force not in {"0", "1"}:
            raise Refusal(400, f"force is 0 or 1, not {force[:40]!r}")
        is_forced = force == "1"
        audit(request, f"down{' by force' if is_forced else ''}")
        return answer(await self._port.down(is_forced, asker_of(request)))

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


async def _hear_out(socket: web.WebSocketResponse, subscription: Subscription) -> None:
    """Notice that the client went away. It has nothing to say here, and one that speaks is sent off."""
    async for message in socket:
        if message.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
            break
    subscription.end()


async def _send(socket: web.WebSocketResponse, message: StreamMessage) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await socket.send_frame(encoded(message), WSMsgType.TEXT)
