"""The handler for figures over time: ``GET /v1/history?name=parse.2&seconds=600``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from supervisor.api.exchange import Refusal, answer, unknown
from supervisor.api.history import MINUTES_MOST

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

    from supervisor.api.port import EnginePort

NAMES_LIMIT: Final = 100
SECONDS_LIMIT: Final = MINUTES_MOST * 60
DEFAULT_SECONDS: Final = 300


class HistoryHandlers:
    """Handlers on one engine. Each takes the request and what its path's pattern named."""

    def __init__(self, port: EnginePort) -> None:
        self._port = port

    async def history(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        names = tuple(request.query.getall("name", ()))
        if len(names) > NAMES_LIMIT:
            raise Refusal(400, f"{len(names)} names are too many for one question; leave them out to ask about all")
        told = request.query.get("seconds", str(DEFAULT_SECONDS))
        if not told.isascii() or not told.isdecimal() or not 1 <= int(told) <= SECONDS_LIMIT:
            raise Refusal(400, f"seconds is a whole number from 1 to {SECONDS_LIMIT}, not {told[:20]!r}")
        reply = self._port.history(names, int(told))
        found = {subject.name for subject in reply.subjects}
        for name in names:
            if name not in found:
                raise unknown("worker, queue or pool", name, self._port.measured_names())
        return answer(reply)
