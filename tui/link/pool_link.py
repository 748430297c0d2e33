"""What the place of pools asks of the engine, so that tests can bring answers of their own."""

from __future__ import annotations

from typing import Protocol

from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest


class PoolLink(Protocol):
    """The questions and wishes about pools."""

    async def pool_detail(self, name: str) -> PoolDetail | None:
        """One pool in full; None where it is unknown or the engine cannot be asked."""

    async def pool_act(self, name: str, action: PoolActionName, request: PoolRequest) -> PoolReply:
        """Wish something of a pool.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """
