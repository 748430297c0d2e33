"""The small synchronous client of the engine's socket, for one-shot commands.

Standard library and msgspec only, one connection for each request, and a deadline on all of them.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Final, TypeVar
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
from supervisor.api.items import ItemList
from supervisor.api.letters import ChannelActionName, ChannelReply, LetterIds, LetterList
from supervisor.api.messages import (
    ActionName,
    ChannelList,
    ChannelRow,
    DownReply,
    ErrorReply,
    Fleet,
    Health,
    Job,
    JobList,
    WorkerDetail,
)
from supervisor.api.pools import PoolActionName, PoolDetail, PoolList, PoolReply, PoolRequest, PoolRow
from supervisor.api.requests import (
    CLIENT_HEADER,
    EVENTS_LIMIT,
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
from supervisor.legible import encoded

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_OK: Final = 200
_INTERNAL_ERROR: Final = 500

_HEADERS: Final = {"Content-Type": "application/json", CLIENT_HEADER: "command line"}

RELOAD_TIMEOUT_S: Final = 10.0
"""How long a profile may take to be read and planned, beside what an engine may be silent."""

WHY_TIMEOUT_S: Final = 15.0
"""How long looking at processes and asking them may take, beside what an engine may be silent."""

_Reply = TypeVar("_Reply", bound=msgspec.Struct)


def _worker_path(name: str, what: str = "") -> str:
    return f"/v1/workers/{quote(name, safe='')}" + (f"/{what}" if what else "")


def _channel_path(name: str, what: str = "") -> str:
    return f"/v1/channels/{quote(name, safe='')}" + (f"/{what}" if what else "")


def _pool_path(name: str, what: str = "") -> str:
    return f"/v1/pools/{quote(name, safe='')}" + (f"/{what}" if what else "")


class _UnixConnection(HTTPConnection):
    """HTTP/1.1 over a Unix socket."""

    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("procdeck", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(os.fspath(self._path))


class EngineClient:
    """Asks one engine. Every method raises EngineUnreachable where none answers, RequestRefused where it will not."""

    def __init__(self, socket_path: Path, timeout_s: float = 5.0) -> None:
        """`timeout_s`: how long an engine may be silent; added to the time that a request itself asks it to wait."""
        self._socket_path = socket_path
        self._timeout_s = timeout_s

    def health(self) -> Health:
        """Who answers on this socket."""
        return self._ask(Health, "GET", "/v1/health")

    def fleet(self) -> Fleet:
        """All replicas and channels as they are now."""
        return self._ask(Fleet, "GET", "/v1/fleet")

    def fleet_json(self) -> bytes:
        """The fleet as the engine sent it: one JSON object."""
        return self._exchange("GET", "/v1/fleet")

    def detail(self, name: str) -> WorkerDetail:
        """One replica in full."""
        return self._ask(WorkerDetail, "GET", _worker_path(name))

    def act(
        self, action: ActionName, names: Sequence[str], wait_s: float = 0.0, max_unavailable: int = 0
    ) -> tuple[Job, ...]:
        """Begin `action` on workers or replicas (``*`` is all), and wait at most `wait_s` for its jobs.

        `max_unavailable` is for a restart: so many replicas of a worker at a time, 0 all at once.
        """
        request = ActionRequest(action=action, names=tuple(names), max_unavailable=max_unavailable)
        return self._ask(JobList, "POST", f"/v1/actions?wait={wait_s:g}", request, wait_s).jobs

    def signal(self, names: Sequence[str], signal: str) -> SignalReply:
        """Send a signal (``HUP``, ``SIGUSR1``; no numbers) to the leader of each named replica's tree."""
        return self._ask(SignalReply, "POST", "/v1/signal", SignalRequest(names=tuple(names), signal=signal))

    def set_level(self, names: Sequence[str], level: str, logger: str = "") -> LevelReply:
        """Give the loggers of workers, or the one called `logger`, another level, from their next call on."""
        return self._ask(
            LevelReply, "POST", "/v1/log-level", LevelRequest(names=tuple(names), level=level, logger=logger)
        )

    def scale(self, worker: str, replicas: int | None = None, by: int = 0) -> ScaleReply:
        """Have `replicas` of a worker, or `by` more (+1) or fewer (-1) than it has."""
        return self._ask(ScaleReply, "POST", _worker_path(worker, "scale"), ScaleRequest(replicas=replicas, by=by))

    def reload(self, dry_run: bool = False) -> ReloadReply:
        """Have the profile read again and applied, or (`dry_run`) only told what that would do.

        Raises:
            RequestRefused: the profile cannot be used; the message has every mistake, a line each.
        """
        return self._ask(ReloadReply, "POST", "/v1/reload", ReloadRequest(dry_run=dry_run), RELOAD_TIMEOUT_S)

    def events(self, after: int = 0, wait_s: float = 0.0, limit: int = EVENTS_LIMIT) -> EventList:
        """At most `limit` events that came after the cursor `after`, oldest first.

        Where there are none, wait at most `wait_s` for one. Ask with the reply's `next_cursor` to go on.
        """
        return self._ask(EventList, "GET", f"/v1/events?after={after}&wait={wait_s:g}&limit={limit}", None, wait_s)

    def job(self, job_id: int, wait_s: float = 0.0) -> Job:
        """One job, after it ended or `wait_s` have passed."""
        return self._ask(Job, "GET", f"/v1/jobs/{job_id}?wait={wait_s:g}", None, wait_s)

    def channels(self) -> tuple[ChannelRow, ...]:
        """All channels as they are now."""
        return self._ask(ChannelList, "GET", "/v1/channels").channels

    def channels_json(self) -> bytes:
        """All channels as the engine sent them: one JSON object."""
        return self._exchange("GET", "/v1/channels")

    def channel(self, name: str) -> ChannelRow:
        """One channel as it is now."""
        return self._ask(ChannelRow, "GET", _channel_path(name))

    def letters(self, channel: str) -> LetterList:
        """The dead letters of a queue, oldest first."""
        return self._ask(LetterList, "GET", _channel_path(channel, "letters"))

    def peek(self, channel: str) -> LetterList:
        """What waits first in a queue; it is not taken."""
        return self._ask(LetterList, "GET", _channel_path(channel, "peek"))

    def items(self, channel: str) -> ItemList:
        """Copies of what waits in a queue, as pickles; nothing is taken."""
        return self._ask(ItemList, "GET", _channel_path(channel, "items"))

    def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str] = ()) -> ChannelReply:
        """Requeue or discard dead letters (`ids`, or all of them), or drain what waits in a queue."""
        return self._ask(ChannelReply, "POST", _channel_path(channel, action), LetterIds(ids=tuple(ids)))

    def history(self, names: Sequence[str] = (), seconds: int = 300) -> HistoryReply:
        """What was measured of workers, queues and pools, of all without names, over the last `seconds`."""
        query = urlencode([("seconds", str(seconds)), *(("name", name) for name in names)])
        return self._ask(HistoryReply, "GET", f"/v1/history?{query}")

    def pools(self) -> tuple[PoolRow, ...]:
        """All pools as they are now."""
        return self._ask(PoolList, "GET", "/v1/pools").pools

    def pools_json(self) -> bytes:
        """All pools as the engine sent them: one JSON object."""
        return self._exchange("GET", "/v1/pools")

    def pool(self, name: str) -> PoolDetail:
        """One pool in full: its members and the last failures too."""
        return self._ask(PoolDetail, "GET", _pool_path(name))

    def pool_act(self, name: str, action: PoolActionName, request: PoolRequest | None = None) -> PoolReply:
        """Ask something of a pool; the reply says what was asked, the pool's next report what has become of it."""
        return self._ask(PoolReply, "POST", _pool_path(name, action), request or PoolRequest())

    def why(self, names: Sequence[str] = ()) -> WhyReply:
        """Why workers or replicas do not move, or what they do; of all without any name."""
        target = "/v1/why" + (f"?{urlencode([('name', name) for name in names])}" if names else "")
        return self._ask(WhyReply, "GET", target, None, WHY_TIMEOUT_S)

    def stacks(self, name: str) -> StacksReply:
        """What every thread of a replica's processes does; of one at rest, what it was doing last."""
        return self._ask(StacksReply, "GET", _worker_path(name, "stacks"), None, WHY_TIMEOUT_S)

    def sample(self, name: str, seconds: float, rate_hz: float = 50.0) -> SampleReply:
        """Where a replica spends its time: its stacks, looked at `rate_hz` times a second for so many seconds."""
        request = SampleRequest(seconds=seconds, rate_hz=rate_hz)
        return self._ask(SampleReply, "POST", _worker_path(name, "sample"), request, seconds + WHY_TIMEOUT_S)

    def release(self, name: str, resource: str) -> WayOutReply:
        """Free a lock whose holder is dead (`WayOut.resource`), by the hand of a replica that waits for it."""
        request = ReleaseRequest(resource=resource)
        return self._ask(WayOutReply, "POST", _worker_path(name, "release"), request, WHY_TIMEOUT_S)

    def kill_process(self, pid: int, start_ticks: int) -> WayOutReply:
        """Kill one process of the run's trees; `start_ticks` says which one, should its pid be given anew."""
        request = ProcessKillRequest(pid=pid, start_ticks=start_ticks)
        return self._ask(WayOutReply, "POST", "/v1/processes/kill", request)

    def down(self, force: bool, timeout_s: float) -> DownReply:
        """Stop everything and end the engine; returns when all is at rest, at the latest after `timeout_s`."""
        return self._ask(DownReply, "POST", f"/v1/down?force={int(force)}", None, timeout_s)

    def _ask(
        self,
        expected: type[_Reply],
        method: str,
        target: str,
        body: msgspec.Struct | None = None,
        wait_s: float = 0.0,
    ) -> _Reply:
        reply = self._exchange(method, target, body, wait_s)
        try:
            return msgspec.json.decode(reply, type=expected)
        except msgspec.MsgspecError as error:
            raise EngineUnreachable(
                f"what answers on {self._socket_path} speaks another protocol ({error}); "
                "is the running engine of another procdeck version? `procdeck down` ends it"
            ) from error

    def _exchange(self, method: str, target: str, body: msgspec.Struct | None = None, wait_s: float = 0.0) -> bytes:
        """One request and its whole answer."""
        timeout_s = self._timeout_s + wait_s
        connection = _UnixConnection(self._socket_path, timeout_s)
        try:
            connection.connect()
            content = None if body is None else encoded(body)
            # One that is turned away may find the door shut while it speaks; the answer is there all the same.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, target, content, _HEADERS)
            response = connection.getresponse()
            status, reply = response.status, response.read()
        except TimeoutError as error:
            raise EngineUnreachable(
                f"the engine on {self._socket_path} was silent for {timeout_s:g} s; it hangs or is stopped"
            ) from error
        except (OSError, HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise EngineUnreachable(f"no engine answers on {self._socket_path}: {reason}") from error
        finally:
            connection.close()
        if status == _OK:
            return reply
        raise self._refusal(status, reply)

    def _refusal(self, status: int, reply: bytes) -> EngineUnreachable | RequestRefused:
        try:
            told = msgspec.json.decode(reply, type=ErrorReply)
        except msgspec.MsgspecError:
            told = ErrorReply(error=f"the engine answered with HTTP status {status}")
        if status >= _INTERNAL_ERROR:
            return EngineUnreachable(told.error)
        return RequestRefused(told.error, told.suggestions)
