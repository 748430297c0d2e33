"""What the screens about hangs ask of the engine, so that tests can bring answers of their own."""

from __future__ import annotations

from typing import Protocol

from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply


class HangLink(Protocol):
    """The questions and wishes about what is stuck.

    Each raises RequestRefused where the engine refuses, with its words, and EngineUnreachable where none answers.
    """

    async def why(self, name: str = "") -> WhyReply:
        """Why the replicas of that name do not move; without a name those of all."""

    async def stacks(self, name: str) -> StacksReply:
        """The stacks of a replica's processes; of one at rest what it was doing when it ended."""

    async def sample(self, name: str, seconds: float) -> SampleReply:
        """Where a replica spends its time, looked at for so long."""

    async def release(self, name: str, resource: str) -> WayOutReply:
        """Free a lock whose holder is dead, by the hand of a replica that waits for it."""

    async def kill_process(self, pid: int, start_ticks: int) -> WayOutReply:
        """SIGKILL one process of a worker's tree."""
