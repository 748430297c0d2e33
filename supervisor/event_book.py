"""Gives every event its cursor, keeps the recent ones for clients, and writes all of them to the journal.

::

    add ──► ring of the last 1,000 ──► events, wait_event (clients)
       ├──► Journal
       └──► tell (the log, streams)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Final

from supervisor.api.messages import Event, EventKind, WishStep
from supervisor.api.requests import EVENTS_LIMIT, EventList

if TYPE_CHECKING:
    from supervisor.journal import Journal

TEXT_LIMIT: Final = 4000
"""Characters of an event's sentence or cause."""


class EventBook:
    """All events of an engine, in order. The journal's own troubles are among them."""

    def __init__(
        self, journal: Journal, wall_s: Callable[[], float], tell: Callable[[Event], None], kept: int = EVENTS_LIMIT
    ) -> None:
        """`tell` is called with every event, in order: those that were added, and what the journal says of itself."""
        self._journal = journal
        self._wall_s = wall_s
        self._tell = tell
        self._kept: deque[Event] = deque(maxlen=kept)
        self._waiters: set[asyncio.Future[None]] = set()
        self._news = journal.open()
        self.last_cursor = journal.last_cursor

    def add(
        self,
        level: str,
        kind: EventKind,
        subject: str,
        what: str,
        *,
        by: str = "",
        from_state: str | None = None,
        to_state: str | None = None,
        incarnation: int | None = None,
        pid: int | None = None,
        cause: str | None = None,
        step: WishStep = "",
        command: str = "",
        outcomes: int = 0,
        answers: tuple[int, ...] = (),
    ) -> Event:
        """Note what happened, now."""
        self.last_cursor += 1
        event = Event(
            cursor=self.last_cursor,
            at=round(self._wall_s(), 6),
            level=level,
            kind=kind,
            subject=_storable(subject),
            what=_storable(what),
            by=_storable(by),
            from_state=from_state,
            to_state=to_state,
            incarnation=incarnation,
            pid=pid,
            cause=None if cause is None else _storable(cause),
            step=step,
            command=_storable(command),
            outcomes=outcomes,
            answers=answers,
        )
        self._kept.append(event)
        news = self._journal.append(event)
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._tell(event)
        earlier, self._news = self._news, None
        for told in (earlier, news):
            if told is not None:
                self.add(told[0], "engine", "engine", told[1])
        return event

    def events(self, after: int, limit: int) -> EventList:
        """At most `limit` kept events after the cursor `after`, oldest first.

        A cursor that was not given out yet is of another run; it is answered from the start.
        """
        after = after if after <= self.last_cursor else 0
        if not self._kept:
            return EventList(events=(), next_cursor=max(after, self.last_cursor))
        oldest = self._kept[0].cursor
        start = max(0, after + 1 - oldest)
        found = tuple(islice(self._kept, start, start + limit))
        missed = max(0, oldest - after - 1)
        return EventList(events=found, next_cursor=found[-1].cursor if found else after, missed=missed)

    async def wait_event(self, after: int, timeout_s: float) -> bool:
        """Wait until there is an event after the cursor `after`; whether there is one."""
        if self._has_after(after) or timeout_s <= 0:
            return self._has_after(after)
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiters.add(waiter)
        timer = loop.call_later(timeout_s, waiter.cancel)
        try:
            await asyncio.wait({waiter})
        finally:
            timer.cancel()
            self._waiters.discard(waiter)
        return self._has_after(after)

    def _has_after(self, after: int) -> bool:
        return bool(self._kept) and after != self.last_cursor

    def close(self) -> None:
        """Write out what waits. Nothing can be added any more."""
        self._journal.close()


def _storable(text: str) -> str:
    """`text` as any file and client can take it: no lone surrogates, and no end of it."""
    if len(text) > TEXT_LIMIT:
        text = text[:TEXT_LIMIT] + " …"
    return text.encode("utf-8", "backslashreplace").decode()
