"""The handlers for pools: all of them, one in full, and what can be asked of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from supervisor.api.exchange import Refusal, answer, audit, read_body, unknown
from supervisor.api.pool_wishes import check_wish
from supervisor.api.pools import POOL_ACTION_NAMES, PoolActionName, PoolList, PoolRequest
from supervisor.errors import RequestRefused

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

    from supervisor.api.port import EnginePort

_ACTIONS: Final[dict[str, PoolActionName]] = {name: name for name in POOL_ACTION_NAMES}


class PoolHandlers:
    """Handlers on one engine. Each takes the request and what its path's pattern named."""

    _port: EnginePort

    async def pools(self, _request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        return answer(PoolList(pools=self._port.fleet().pools))

    async def pool(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        try:
            detail = self._port.pool_detail(match["name"])
        except RequestRefused as refusal:
            raise Refusal(409, str(refusal), refusal.suggestions) from refusal
        if detail is None:
            raise self._no_pool(match["name"])
        return answer(detail)

    async def act_on_pool(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name, action = match["name"], _ACTIONS.get(match["action"])
        if action is None:
            there_are = ", ".join(POOL_ACTION_NAMES)
            raise Refusal(404, f"no action {match['action']!r} on pools; there are {there_are}", POOL_ACTION_NAMES)
        wish = await read_body(request, PoolRequest, PoolRequest())
        try:
            check_wish(action, wish)
        except ValueError as error:
            raise Refusal(400, str(error)) from error
        given = (("processes", wish.processes), ("item", wish.index), ("member", wish.pid))
        by = audit(request, f"{action} of pool {name}{''.join(f', {key} {value}' for key, value in given if value)}")
        try:
            reply = self._port.pool_act(name, action, wish, by=by)
        except RequestRefused as refusal:
            raise Refusal(409, str(refusal), refusal.suggestions) from refusal
        if reply is None:
            raise self._no_pool(name)
        return answer(reply)

    def _no_pool(self, name: str) -> Refusal:
        return unknown("pool", name, [pool.name for pool in self._port.fleet().pools])
