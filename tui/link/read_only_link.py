"""A line to an engine that only looks: what is seen goes through, and every wish is refused with how to be allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from supervisor.api.hangs import StacksReply, WhyReply
from supervisor.api.history import HistoryReply
from supervisor.api.letters import LetterList
from supervisor.api.messages import WorkerDetail
from supervisor.api.pools import PoolDetail
from supervisor.api.requests import EventList, ReloadReply
from tui.link.engine_link import EngineLink, Listener
from tui.link.refusing_link import RefusingLink
from tui.situation import NOT_GIVEN

READ_ONLY: Final = NOT_GIVEN["looking"]
"""Why a wish is refused, and what would allow it."""


class ReadOnlyLink(RefusingLink):
    """An `EngineLink` that asks `link` and never wishes anything of it.

    Sampling a worker counts as a wish, for it costs the worker time; stacks, and why somebody does not move, are looks.
    """

    REFUSAL = READ_ONLY

    def __init__(self, link: EngineLink) -> None:
        self._link = link

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

    async def events(self, after: int) -> EventList:
        return await self._link.events(after)

    async def reload(self, *, is_dry_run: bool) -> ReloadReply:
        """The plan of one is a look; the reload itself is refused."""
        if is_dry_run:
            return await self._link.reload(is_dry_run=True)
        return await super().reload(is_dry_run=False)

    async def why(self, name: str = "") -> WhyReply:
        return await self._link.why(name)

    async def stacks(self, name: str) -> StacksReply:
        return await self._link.stacks(name)

    async def close(self) -> None:
        await self._link.close()
