"""The handler for the items that wait in a queue, as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supervisor.api.exchange import Refusal, answer, audit, unknown, whole_of
from supervisor.api.items import ITEMS_LIMIT
from supervisor.errors import RequestRefused

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

    from supervisor.api.port import EnginePort


class ItemHandlers:
    """Handlers on one engine. Each takes the request and what its path's pattern named."""

    _port: EnginePort

    async def items(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name, limit = match["name"], whole_of(request, "limit", ITEMS_LIMIT, 1, ITEMS_LIMIT)
        audit(request, f"copies of at most {limit} items that wait in {name}")
        try:
            reply = self._port.items(name, limit)
        except RequestRefused as refusal:
            raise Refusal(409, str(refusal), refusal.suggestions) from refusal
        if reply is None:
            raise unknown("channel", name, (channel.name for channel in self._port.fleet().channels))
        return answer(reply)
