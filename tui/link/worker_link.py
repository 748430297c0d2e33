"""What the page of a worker asks of the engine, so that tests can bring answers of their own."""

from __future__ import annotations

from typing import Protocol

from supervisor.api.messages import WorkerDetail


class WorkerLink(Protocol):
    """The question about one replica in full."""

    async def detail(self, name: str) -> WorkerDetail | None:
        """One replica in full; None where it is unknown or the engine cannot be asked."""
