"""A line over which nothing can be wished: what the dashboards that only show have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NoReturn

from supervisor.api.hangs import SampleReply, WayOutReply
from supervisor.api.letters import ChannelActionName, ChannelReply
from supervisor.api.messages import ActionName, DownReply, Job
from supervisor.api.pools import PoolActionName, PoolReply, PoolRequest
from supervisor.api.requests import LevelReply, ReloadReply, ScaleReply, SignalReply
from supervisor.errors import RequestRefused


class RefusingLink:
    """The wishes of an `EngineLink`, each refused; what it tells is its subclass's."""

    REFUSAL: ClassVar[str]
    """Why, as a person reads it."""

    def _refuse(self) -> NoReturn:
        raise RequestRefused(self.REFUSAL)

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
