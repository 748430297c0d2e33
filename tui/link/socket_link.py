"""The line to a real engine: HTTP and one WebSocket over its Unix socket, with a new attempt whenever it goes away."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from supervisor.api.hangs import (
    ProcessKillRequest,
    ReleaseRequest,
    SampleReply,
    SampleRequest,
    StacksReply,
    WayOutReply,
    WhyReply,
)
from supervisor.api.history import HistoryReply
from supervisor.api.letters import ChannelActionName, ChannelReply, LetterIds, LetterList
from supervisor.api.messages import ActionName, DownReply, ErrorReply, Job, JobList, StreamMessage, WorkerDetail
from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest
from supervisor.api.requests import (
    CLIENT_HEADER,
    ActionRequest,
    EventList,
    LevelReply,
    LevelRequest,
    ReloadReply,
    ReloadRequest,
    ScaleReply,
    ScaleRequest,
    SignalReply,
    SignalRequest,
)
from supervisor.errors import EngineUnreachable, RequestRefused
from supervisor.paths import engine_end, is_running
from tui.link.engine_link import Listener
from tui.link.view import FleetView, heard_change, heard_fleet, lost

if TYPE_CHECKING:
    import aiohttp

FIRST_RETRY_S = 0.25
LAST_RETRY_S = 5.0
WISH_TIMEOUT_S = 10.0
RELOAD_TIMEOUT_S = 30.0
"""How long a profile may take to be read and planned."""
LOOK_TIMEOUT_S = 30.0
"""How long the engine may look at processes: some may have to be asked twice, and a machine may be busy."""
MESSAGE_LIMIT_BYTES = 16 * 1024 * 1024
"""A snapshot of a thousand replicas is about one megabyte."""

_Reply = TypeVar("_Reply", bound=msgspec.Struct)

_stream = msgspec.json.Decoder(StreamMessage)


class SocketLink:
    """An `EngineLink` over the Unix socket at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._view = FleetView()
        self._session: aiohttp.ClientSession | None = None
        self._is_opening = asyncio.Lock()

    async def run(self, listener: Listener) -> None:
        """Connect, tell all news, connect again when the engine goes away; until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            heard_before = self._view.heard_s
            trouble = await self._listen(listener)
            retry_s = FIRST_RETRY_S if self._view.heard_s != heard_before else min(retry_s * 2, LAST_RETRY_S)
            is_free = not is_running(self._path.parent.name)
            if is_free and self._view.fleet is not None:
                trouble = engine_end(Path(self._view.fleet.log.directory).parent) or trouble
            self._view = lost(self._view, trouble, time.monotonic() + retry_s, is_project_free=is_free)
            listener(self._view)
            await asyncio.sleep(retry_s)

    async def _listen(self, listener: Listener) -> str:
        """One connection, from its start to its end; returns why it ended, in words."""
        session = await self._open()
        import aiohttp

        try:
            async with session.ws_connect(
                "http://engine/v1/stream", max_msg_size=MESSAGE_LIMIT_BYTES, heartbeat=15.0
            ) as stream:
                async for message in stream:
                    if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        self._hear(_stream.decode(message.data), listener)
                return "it closed the connection"
        except (aiohttp.ClientError, OSError, TimeoutError) as trouble:
            return _in_words(trouble, self._path)
        except msgspec.MsgspecError as trouble:
            return f"it said something this version does not understand ({trouble})"

    def _hear(self, message: StreamMessage, listener: Listener) -> None:
        now_s = time.monotonic()
        if message.fleet is not None:
            self._view = heard_fleet(self._view, message.fleet, now_s)
            listener(self._view)
        if message.change is not None:
            self._view = heard_change(self._view, message.change, now_s)
            listener(self._view)
        if message.job is not None:
            listener(message.job)
        if message.event is not None:
            listener(message.event)

    async def act(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        """Wish an action for replicas or workers (``*``: all).

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """
        return (await self._wish("/v1/actions", ActionRequest(action=action, names=tuple(names)), JobList)).jobs

    async def signal(self, name: str, signal_name: str) -> SignalReply:
        """Send a signal (``HUP``) to the leader of a replica's tree. Raises as `act`."""
        return await self._wish("/v1/signal", SignalRequest(names=(name,), signal=signal_name), SignalReply)

    async def set_level(self, name: str, level: str) -> LevelReply:
        """Give the loggers of a replica another least level. Raises as `act`."""
        return await self._wish("/v1/log-level", LevelRequest(names=(name,), level=level), LevelReply)

    async def scale(self, worker: str, by: int) -> ScaleReply:
        """Have so many replicas of a worker more, or fewer. Raises as `act`."""
        return await self._wish(f"/v1/workers/{quote(worker, safe='')}/scale", ScaleRequest(by=by), ScaleReply)

    async def reload(self, *, is_dry_run: bool) -> ReloadReply:
        """Have the profile read again and applied, or only told what that would do.

        Raises:
            RequestRefused: the profile cannot be used; the message has every mistake, a line each.
            EngineUnreachable: no engine answers.
        """
        return await self._wish("/v1/reload", ReloadRequest(dry_run=is_dry_run), ReloadReply, RELOAD_TIMEOUT_S)

    async def detail(self, name: str) -> WorkerDetail | None:
        """One replica in full; None where it is unknown or the engine cannot be asked."""
        return await self._look(f"/v1/workers/{quote(name, safe='')}", WorkerDetail)

    async def letters(self, channel: str) -> LetterList | None:
        """The dead letters of a queue; None where it is none or the engine cannot be asked."""
        return await self._look(f"/v1/channels/{quote(channel, safe='')}/letters", LetterList)

    async def peek(self, channel: str) -> LetterList | None:
        """What waits first in a queue; None where it is none or the engine cannot be asked."""
        return await self._look(f"/v1/channels/{quote(channel, safe='')}/peek", LetterList)

    async def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply:
        """Act on a queue's items: on dead letters (`ids`, none named: all), or drain what waits.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """
        path = f"/v1/channels/{quote(channel, safe='')}/{action}"
        return await self._wish(path, LetterIds(ids=tuple(ids)), ChannelReply)

    async def pool_detail(self, name: str) -> PoolDetail | None:
        """One pool in full; None where it is unknown or the engine cannot be asked."""
        return await self._look(f"/v1/pools/{quote(name, safe='')}", PoolDetail)

    async def pool_act(self, name: str, action: PoolActionName, request: PoolRequest) -> PoolReply:
        """Wish something of a pool. Raises as `act`."""
        return await self._wish(f"/v1/pools/{quote(name, safe='')}/{action}", request, PoolReply)

    async def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        """What was measured of workers, queues and pools over the last `seconds`. Raises as `act`."""
        query = urlencode([("seconds", str(seconds)), *(("name", name) for name in names)])
        return self._read(await self._ask("GET", f"/v1/history?{query}", timeout_s=WISH_TIMEOUT_S), HistoryReply)

    async def events(self, after: int) -> EventList:
        """What has happened after the cursor `after`, oldest first. Raises as `act`."""
        return self._read(await self._ask("GET", f"/v1/events?after={after}", timeout_s=WISH_TIMEOUT_S), EventList)

    async def why(self, name: str = "") -> WhyReply:
        """Why the replicas of that name do not move; without a name those of all. Raises as `act`."""
        path = f"/v1/workers/{quote(name, safe='')}/why" if name else "/v1/why"
        return self._read(await self._ask("GET", path, timeout_s=LOOK_TIMEOUT_S), WhyReply)

    async def stacks(self, name: str) -> StacksReply:
        """The stacks of a replica's processes; of one at rest what it was doing when it ended. Raises as `act`."""
        path = f"/v1/workers/{quote(name, safe='')}/stacks"
        return self._read(await self._ask("GET", path, timeout_s=LOOK_TIMEOUT_S), StacksReply)

    async def sample(self, name: str, seconds: float) -> SampleReply:
        """Where a replica spends its time, looked at for so long. Raises as `act`."""
        path = f"/v1/workers/{quote(name, safe='')}/sample"
        return await self._wish(path, SampleRequest(seconds=seconds), SampleReply, seconds + LOOK_TIMEOUT_S)

    async def release(self, name: str, resource: str) -> WayOutReply:
        """Free a lock whose holder is dead, by the hand of a replica that waits for it. Raises as `act`."""
        path = f"/v1/workers/{quote(name, safe='')}/release"
        return await self._wish(path, ReleaseRequest(resource=resource), WayOutReply)

    async def kill_process(self, pid: int, start_ticks: int) -> WayOutReply:
        """SIGKILL one process of a worker's tree. Raises as `act`."""
        wish = ProcessKillRequest(pid=pid, start_ticks=start_ticks)
        return await self._wish("/v1/processes/kill", wish, WayOutReply)

    async def down(self, *, is_forced: bool) -> DownReply:
        """Stop everything; returns when all is at rest. `is_forced` kills at once.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """
        reply = await self._ask("POST", "/v1/down?force=1" if is_forced else "/v1/down", timeout_s=None)
        return msgspec.json.decode(reply, type=DownReply)

    async def close(self) -> None:
        """Let go of the line. Changes nothing for the workers."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _wish(
        self, path: str, request: msgspec.Struct, expected: type[_Reply], timeout_s: float = WISH_TIMEOUT_S
    ) -> _Reply:
        """What the engine answers to a wish."""
        return self._read(await self._ask("POST", path, msgspec.json.encode(request), timeout_s=timeout_s), expected)

    def _read(self, reply: bytes, expected: type[_Reply]) -> _Reply:
        try:
            return msgspec.json.decode(reply, type=expected)
        except msgspec.MsgspecError as trouble:
            raise EngineUnreachable(f"it said something this version does not understand ({trouble})") from trouble

    async def _look(self, path: str, expected: type[_Reply]) -> _Reply | None:
        """What is at `path`; None where the engine refuses or cannot be asked."""
        try:
            return msgspec.json.decode(await self._ask("GET", path, timeout_s=5.0), type=expected)
        except (RequestRefused, EngineUnreachable, msgspec.MsgspecError):
            return None

    async def _ask(self, method: str, path: str, body: bytes | None = None, *, timeout_s: float | None) -> bytes:
        session = await self._open()
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=timeout_s)
        headers = {CLIENT_HEADER: "dashboard"} | ({"Content-Type": "application/json"} if body else {})
        try:
            async with session.request(
                method, f"http://engine{path}", data=body, headers=headers, timeout=timeout
            ) as response:
                content = await response.read()
                if response.status >= 400:
                    raise _refusal(content, response.status)
                return content
        except (aiohttp.ClientError, OSError, TimeoutError) as trouble:
            raise EngineUnreachable(f"the engine does not answer: {_in_words(trouble, self._path)}") from trouble

    async def _open(self) -> aiohttp.ClientSession:
        """The session; importing aiohttp takes 200 ms, so a thread does it while the first screen is painted."""
        async with self._is_opening:
            if self._session is None:
                library: Any = await asyncio.to_thread(importlib.import_module, "aiohttp")
                connector = library.UnixConnector(path=str(self._path))
                timeout = library.ClientTimeout(total=None, sock_connect=5.0)
                self._session = library.ClientSession(connector=connector, timeout=timeout)
            return self._session


def _refusal(content: bytes, status: int) -> RequestRefused:
    try:
        reply = msgspec.json.decode(content, type=ErrorReply)
    except msgspec.MsgspecError:
        return RequestRefused(f"the engine answered {status} without saying why")
    return RequestRefused(reply.error, reply.suggestions)


def _in_words(trouble: Exception, path: Path) -> str:
    """What a failed connection means to a person."""
    cause = trouble.__cause__ if isinstance(trouble.__cause__, OSError) else trouble
    if isinstance(cause, FileNotFoundError) or "No such file" in str(trouble):
        return f"no engine runs at {path}"
    if isinstance(cause, ConnectionRefusedError) or "refused" in str(trouble):
        return f"nothing listens at {path}; the engine has died"
    if isinstance(cause, TimeoutError):
        return "it does not answer in time"
    return str(trouble) or type(trouble).__name__
