"""What the plots ask of the engine, so that tests can bring answers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from supervisor.api.history import HistoryReply
from tui.link.event_link import EventLink
from tui.link.hang_link import HangLink
from tui.link.worker_link import WorkerLink


class FigureLink(Protocol):
    """The questions about figures over time."""

    async def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        """What was measured of workers, queues and pools over the last `seconds`; of all without names.

        Raises:
            RequestRefused: nothing was measured of one of them.
            EngineUnreachable: no engine answers.
        """


class AskingLink(HangLink, FigureLink, EventLink, WorkerLink, Protocol):
    """What the screens that fill themselves with an answer ask."""
