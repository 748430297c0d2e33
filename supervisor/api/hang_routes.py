"""The handlers for what is stuck: why, stacks, samples, and the ways out that are no plain actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from supervisor.api.exchange import Refusal, answer, audit, read_body, refused, unknown
from supervisor.api.hangs import RESOURCE_LIMIT, ProcessKillRequest, ReleaseRequest, SampleRequest, check_sample
from supervisor.errors import RequestRefused

if TYPE_CHECKING:
    from aiohttp import web
    from aiohttp.web_request import BaseRequest

    from supervisor.api.hangs import WhyReply
    from supervisor.api.port import EnginePort

NAMES_LIMIT: Final = 100
"""Names in one question; without any it is about all."""


class HangHandlers:
    """Handlers on one engine. Each takes the request and what its path's pattern named."""

    def __init__(self, port: EnginePort) -> None:
        self._port = port

    async def why(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        names = tuple(request.query.getall("name", ()))
        if len(names) > NAMES_LIMIT:
            raise Refusal(400, f"{len(names)} names are too many for one question; leave them out to ask about all")
        return answer(await self._why(names))

    async def why_of_one(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        return answer(await self._why((match["name"],)))

    async def _why(self, names: tuple[str, ...]) -> WhyReply:
        try:
            return await self._port.why(names)
        except RequestRefused as refusal:
            raise refused(refusal, names, self._port.known_names()) from refusal

    async def stacks(self, _request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name = match["name"]
        try:
            reply = await self._port.stacks(name)
        except RequestRefused as refusal:
            raise refused(refusal, (name,), self._port.known_names()) from refusal
        if reply is None:
            raise self._nobody(name)
        return answer(reply)

    async def sample(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name, wish = match["name"], await read_body(request, SampleRequest, SampleRequest())
        try:
            check_sample(wish)
        except ValueError as error:
            raise Refusal(400, str(error)) from error
        try:
            reply = await self._port.sample(name, wish.seconds, wish.rate_hz)
        except RequestRefused as refusal:
            raise refused(refusal, (name,), self._port.known_names()) from refusal
        if reply is None:
            raise self._nobody(name)
        return answer(reply)

    async def release(self, request: BaseRequest, match: dict[str, str]) -> web.StreamResponse:
        name, wish = match["name"], await read_body(request, ReleaseRequest)
        if not wish.resource or len(wish.resource.encode()) > RESOURCE_LIMIT:
            raise Refusal(
                400, f"resource names a lock, in at most {RESOURCE_LIMIT} bytes; a verdict's ways out have it"
            )
        by = audit(request, f"release of {wish.resource} by the hand of {name}")
        try:
            reply = await self._port.release(name, wish.resource, by=by)
        except RequestRefused as refusal:
            raise refused(refusal, (name,), self._port.known_names()) from refusal
        if reply is None:
            raise self._nobody(name)
        return answer(reply)

    async def kill_process(self, request: BaseRequest, _match: dict[str, str]) -> web.StreamResponse:
        wish = await read_body(request, ProcessKillRequest)
        if wish.pid <= 1 or wish.start_ticks < 0:
            raise Refusal(400, "a process is named by its pid and its start_ticks; a verdict's ways out have both")
        by = audit(request, f"kill process {wish.pid}")
        try:
            return answer(self._port.kill_process(wish.pid, wish.start_ticks, by=by))
        except RequestRefused as refusal:
            raise Refusal(409, str(refusal), refusal.suggestions) from refusal

    def _nobody(self, name: str) -> Refusal:
        return unknown("worker or replica", name, self._port.known_names())
