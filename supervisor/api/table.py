"""The method table of the control socket: every path there is, what it asks of the engine, and what it answers.

Requests are found here, and `supervisor.api.openapi` describes the socket from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from supervisor.api.exchange import WAIT_LIMIT_S, Refusal
from supervisor.api.hang_routes import NAMES_LIMIT
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
from supervisor.api.history_routes import DEFAULT_SECONDS, SECONDS_LIMIT
from supervisor.api.items import ITEMS_LIMIT, ItemList
from supervisor.api.letters import CHANNEL_ACTION_NAMES, ChannelReply, LetterIds, LetterList
from supervisor.api.messages import (
    ACTION_NAMES,
    ChannelList,
    ChannelRow,
    DownReply,
    Fleet,
    Health,
    Job,
    JobList,
    StreamMessage,
    WorkerDetail,
)
from supervisor.api.pools import POOL_ACTION_NAMES, PoolDetail, PoolList, PoolReply, PoolRequest
from supervisor.api.requests import (
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
from supervisor.api.routes import Handlers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import msgspec
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

_PARTS: Final = {
    "{name}": r"(?P<name>[^/]{1,100})",
    "{action}": r"(?P<action>[^/]{1,40})",
    "{id}": r"(?P<id>[0-9]{1,18})",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A value that may stand behind the ``?`` of a path.

    Attributes:
        schema: what it may be, as JSON Schema has it.
        says: what it does.
    """

    name: str
    schema: dict[str, Any]
    says: str
    is_repeatable: bool = False


@dataclass(frozen=True)
class Route:
    """A method and a whole path, and who answers it.

    Attributes:
        path: with ``{name}``, ``{action}`` and ``{id}`` for what a request puts there.
        says: what it is for, in a sentence.
        reply: what it answers; on a WebSocket, each message.
        body: what it reads; None for nothing.
        actions: what ``{action}`` may be.
    """

    method: str
    path: str
    handler: Callable[[Handlers, BaseRequest, dict[str, str]], Awaitable[web.StreamResponse]]
    says: str
    reply: type[msgspec.Struct] | None
    body: type[msgspec.Struct] | None = None
    queries: tuple[Query, ...] = ()
    actions: tuple[str, ...] = ()
    is_stream: bool = False

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Fits the whole of a request's path."""
        return re.compile("".join(_PARTS.get(part, re.escape(part)) for part in re.split(r"(\{\w+\})", self.path)))


_WAIT: Final = Query(
    "wait",
    {"type": "number", "minimum": 0, "maximum": WAIT_LIMIT_S},
    "Answer when it is over, or after these seconds.",
)
_NAMES: Final = Query(
    "name", {"type": "string"}, f"Whom it is about, at most {NAMES_LIMIT} of them; of all without it.", True
)
_EVENTS: Final = (
    Query("after", {"type": "integer", "minimum": 0}, "Only events whose cursor is higher."),
    Query("limit", {"type": "integer", "minimum": 1, "maximum": EVENTS_LIMIT}, "At most so many."),
    Query("wait", _WAIT.schema, "Wait so many seconds for the first one where there is none."),
)
_SECONDS: Final = Query(
    "seconds",
    {"type": "integer", "minimum": 1, "maximum": SECONDS_LIMIT, "default": DEFAULT_SECONDS},
    "How far back.",
)
_ITEMS: Final = Query("limit", {"type": "integer", "minimum": 1, "maximum": ITEMS_LIMIT}, "At most so many.")
_FORCE: Final = Query("force", {"type": "string", "enum": ["0", "1"], "default": "0"}, "1 kills at once.")

# fmt: off
ROUTES: Final = (
    Route("GET", "/v1/health", Handlers.health, "Who answers here.", Health),
    Route("GET", "/v1/openapi.json", Handlers.openapi, "This description.", None),
    Route("GET", "/v1/fleet", Handlers.fleet, "All workers, channels and pools as they are now.", Fleet),
    Route("GET", "/v1/workers/{name}", Handlers.detail, "One replica in full.", WorkerDetail),
    Route("POST", "/v1/workers/{name}/scale", Handlers.scale, "Have more replicas of a worker, or fewer.", ScaleReply,
          ScaleRequest),
    Route("GET", "/v1/why", Handlers.why, "Why workers do not move: causes, who waits for whom, ways out.", WhyReply,
          queries=(_NAMES,)),
    Route("GET", "/v1/workers/{name}/why", Handlers.why_of_one, "Why one does not move.", WhyReply),
    Route("GET", "/v1/workers/{name}/stacks", Handlers.stacks, "The stacks of its processes and threads.", StacksReply),
    Route("POST", "/v1/workers/{name}/sample", Handlers.sample, "Look at its stacks again and again for a time.",
          SampleReply, SampleRequest),
    Route("POST", "/v1/workers/{name}/release", Handlers.release, "Free a lock whose holder is dead, by its hand.",
          WayOutReply, ReleaseRequest),
    Route("POST", "/v1/processes/kill", Handlers.kill_process, "Kill one process of this run's trees.", WayOutReply,
          ProcessKillRequest),
    Route("POST", "/v1/workers/{name}/{action}", Handlers.act_on_one, "Act on a worker or a replica.", JobList,
          queries=(_WAIT,), actions=ACTION_NAMES),
    Route("POST", "/v1/actions", Handlers.act_on_many, "Act on several workers, or on all.", JobList, ActionRequest,
          (_WAIT,)),
    Route("POST", "/v1/signal", Handlers.signal, "Send a signal to the leaders of process trees.", SignalReply,
          SignalRequest),
    Route("POST", "/v1/log-level", Handlers.set_level, "Give the loggers of workers another level.", LevelReply,
          LevelRequest),
    Route("POST", "/v1/reload", Handlers.reload, "Read the profile again and apply what differs, or only tell it.",
          ReloadReply, ReloadRequest),
    Route("GET", "/v1/events", Handlers.events, "What has happened, oldest first.", EventList, queries=_EVENTS),
    Route("GET", "/v1/channels", Handlers.channels, "All channels.", ChannelList),
    Route("GET", "/v1/channels/{name}", Handlers.channel, "One channel.", ChannelRow),
    Route("GET", "/v1/channels/{name}/letters", Handlers.letters, "The dead letters of a queue.", LetterList),
    Route("GET", "/v1/channels/{name}/peek", Handlers.peek, "What waits first in a queue; nothing is taken.",
          LetterList),
    Route("GET", "/v1/channels/{name}/items", Handlers.items, "Copies of what waits in a queue, as pickles.", ItemList,
          queries=(_ITEMS,)),
    Route("POST", "/v1/channels/{name}/{action}", Handlers.act_on_channel, "Act on a queue's items.", ChannelReply,
          LetterIds, actions=CHANNEL_ACTION_NAMES),
    Route("GET", "/v1/history", Handlers.history, "What was measured over the last minutes or hours.", HistoryReply,
          queries=(_NAMES, _SECONDS)),
    Route("GET", "/v1/pools", Handlers.pools, "All pools.", PoolList),
    Route("GET", "/v1/pools/{name}", Handlers.pool, "One pool in full.", PoolDetail),
    Route("POST", "/v1/pools/{name}/{action}", Handlers.act_on_pool, "Ask something of a pool.", PoolReply, PoolRequest,
          actions=POOL_ACTION_NAMES),
    Route("GET", "/v1/jobs/{id}", Handlers.job, "What became of an action.", Job, queries=(_WAIT,)),
    Route("POST", "/v1/down", Handlers.down, "Stop everything; the engine ends afterwards.", DownReply,
          queries=(_FORCE,)),
    Route("GET", "/v1/stream", Handlers.stream, "A WebSocket: the fleet, then what changes, jobs and events.",
          StreamMessage, is_stream=True),
)
# fmt: on


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
        allow = ", ".join(dict.fromkeys(allowed))
        raise Refusal(405, f"{path} takes {allow}, not {method}", allow=allow)
    raise Refusal(404, f"no such path: {path[:200]}; /v1/fleet shows all workers, /v1/health who answers here")
