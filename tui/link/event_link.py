"""What the screen of events asks of the engine, so that tests can bring answers of their own."""

from __future__ import annotations

from typing import Protocol

from supervisor.api.requests import EventList


class EventLink(Protocol):
    """The question about what has happened; what happens from now on comes with the other news."""

    async def events(self, after: int) -> EventList:
        """What has happened after the cursor `after`, oldest first, as far as the engine keeps it.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """
