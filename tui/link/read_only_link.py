"""A line to an engine that only looks: what is seen goes through, and every wish is refused with how to be allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NoReturn

from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply
from supervisor.api.history import HistoryReply
from supervisor.api.messages import (
    ActionName,
    ChannelActionName,
    ChannelReply,
    DownReply,
    Job,
    LetterList,
    WorkerDetail,
)
from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest
from supervisor.api.requests import LevelReply, ReloadReply, ScaleReply, SignalReply
from supervisor.errors import RequestRefused
from tui.link.engine_link import EngineLink, Listener

READ_ONLY: Final = "this dashboard only shows; `procdeck web --allow-control` serves one that can act"
"""Why a wish is refused, and what would allow it."""


class ReadOnlyLink:
    """An `EngineLink` that asks `link` and never wishes anything of it.

    Sampling a worker counts as a wish, for it costs the worker time; stacks, and why somebody does not move, are looks.
    """

    def __init__(self, link: EngineLink) -> None:
        self._link = link

    def _refuse(self) -> NoReturn:
        raise RequestRefused(READ_ONLY)

    async def run(self, listener: Listener) -> None:
        await self._link.run(listener)

    async def detail(self, name: str) -> WorkerDetail | None:
        return await self._link.detail(name)

    async def letters(self, channel: str) -> LetterList | None:
        return await self._link.letters(channel)

    async def peek(self, channel: str) -> LetterList | None:
        return await self._link.peek(channel)

    async def pool_detail(self, name: str) -> PoolDetail | None:
        return await self._link.pool_detail(name)

    async def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        return await self._link.history(names, seconds)

    async def why(self, name: str = "") -> WhyReply:
        return await self._link.why(name)

    async def stacks(self, name: str) -> StacksReply:
        return await self._link.stacks(name)

    async def close(self) -> None:
        await self._link.close()

    async def act(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        self._refuse()

    async def signal(self, name: str, signal_name: str) -> SignalReply:
        self._refuse()

    async def set_level(self, name: str, level: str) -> LevelReply:
        self._refuse()

    async def scale(self, worker: str, by: int) -> ScaleReply:
        self._refuse()

    async def reload(self, *, is_dry_run: bool) -> ReloadReply:
        self._refuse()

    async def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply:
        self._refuse()

    async def pool_act(self, name: str, action: PoolActionName, request: PoolRequest) -> PoolReply:
        self._refuse()

    async def sample(self, name: str, seconds: float) -> SampleReply:
        self._refuse()

    async def release(self, name: str, resource: str) -> WayOutReply:
        self._refuse()

    async def kill_process(self, pid: int, start_ticks: int) -> WayOutReply:
        self._refuse()

    async def down(self, *, is_forced: bool) -> DownReply:
        self._refuse()
