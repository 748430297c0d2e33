"""What one client of ``/v1/stream`` is owed: the fleet once, then only what differs from what it got last.

Nothing here piles up for a slow client. State is latest-wins: however much happens while a send waits, the next
message is the difference between then and now. Jobs are latest-wins each; events wait in a bounded line, and those
that fell out of it are counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final

from supervisor.api.messages import Event, Fleet, FleetChange, Job, StreamMessage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

PENDING_LIMIT: Final = 512
"""Events, and jobs, that wait for one client at most."""

GATHER_S: Final = 0.01
"""How long the first change of a burst waits for its companions."""

BURSTS_PER_S: Final = 20.0
"""Bursts of messages a client gets in the long run."""

BURST_ALLOWANCE: Final = 4.0
"""Bursts that may follow one another without a pause after a quiet while."""


class Subscription:
    """One client's view of the engine. It knows no socket: `run` is given a function that sends."""

    def __init__(self, read_fleet: Callable[[], Fleet]) -> None:
        self._read_fleet = read_fleet
        self._wake = asyncio.Event()
        self._is_dirty = True
        self._is_ended = False
        self._sent: Fleet | None = None
        self._jobs: dict[int, Job] = {}
        self._events: deque[Event] = deque()
        self._missed_events = 0

    def notice(self, news: Job | Event | None) -> None:
        """Take note of news from the engine: a job, an event, or (None) a changed state. Cheap."""
        if isinstance(news, Job):
            self._jobs.pop(news.id, None)
            self._jobs[news.id] = news
            if len(self._jobs) > PENDING_LIMIT:
                del self._jobs[next(iter(self._jobs))]
                self._missed_events += 1
        elif isinstance(news, Event):
            self._events.append(news)
            if len(self._events) > PENDING_LIMIT:
                self._events.popleft()
                self._missed_events += 1
        self._is_dirty = True
        self._wake.set()

    def end(self) -> None:
        """Let `run` return after the send that is under way."""
        self._is_ended = True
        self._wake.set()

    async def run(self, send: Callable[[StreamMessage], Awaitable[None]]) -> None:
        """Send messages until `end`. `send` returns when the client has room again; what it raises ends the run."""
        loop = asyncio.get_running_loop()
        allowance, refilled_s = BURST_ALLOWANCE, loop.time()
        while not self._is_ended:
            for message in self._take():
                await send(message)
            await self._wake.wait()
            now_s = loop.time()
            allowance = min(BURST_ALLOWANCE, allowance + (now_s - refilled_s) * BURSTS_PER_S) - 1.0
            refilled_s = now_s
            if not self._is_ended:
                await asyncio.sleep(max(GATHER_S, -allowance / BURSTS_PER_S))

    def _take(self) -> list[StreamMessage]:
        """What the client does not know yet; from here on it counts as told."""
        self._wake.clear()
        if not self._is_dirty:
            return []
        self._is_dirty = False
        fleet = self._read_fleet()
        messages = []
        state = fleet_message(self._sent, fleet)
        if state is not None:
            messages.append(state)
            self._sent = fleet
        missed, self._missed_events = self._missed_events, 0
        news = [StreamMessage(event=event) for event in self._events]
        news += [StreamMessage(job=job) for job in self._jobs.values()]
        self._events.clear()
        self._jobs.clear()
        if missed:
            news.insert(0, StreamMessage(missed_events=missed))
        return messages + news


def fleet_message(told: Fleet | None, now: Fleet) -> StreamMessage | None:
    """What turns `told` into `now` in a client's hands; None where nothing but the time differs."""
    if told is None or not _is_expressible(told, now):
        return StreamMessage(fleet=now)
    known_rows = {row.name: row for row in told.rows}
    known_channels = {channel.name: channel for channel in told.channels}
    known_pools = {pool.name: pool for pool in told.pools}
    change = FleetChange(
        now_s=now.now_s,
        phase=now.phase,
        outcome=now.outcome,
        exit_code=now.exit_code,
        rows=tuple(row for row in now.rows if known_rows.get(row.name) != row),
        channels=tuple(channel for channel in now.channels if known_channels.get(channel.name) != channel),
        pools=tuple(pool for pool in now.pools if known_pools.get(pool.name) != pool),
        log=now.log,
        engine=now.engine,
    )
    is_news = bool(change.rows or change.channels or change.pools) or _rest_of(told) != _rest_of(now)
    return StreamMessage(change=change) if is_news else None


def _rest_of(fleet: Fleet) -> tuple[object, ...]:
    """What a FleetChange repeats whole; the time alone is no news."""
    return fleet.phase, fleet.outcome, fleet.exit_code, fleet.log, fleet.engine


def _is_expressible(told: Fleet, now: Fleet) -> bool:
    """Whether a FleetChange can say it: it has no words for other replicas, another run, a channel or a pool that went
    away."""
    return (
        (told.run_id, told.profile_path) == (now.run_id, now.profile_path)
        and [row.name for row in told.rows] == [row.name for row in now.rows]
        and {channel.name for channel in told.channels} <= {channel.name for channel in now.channels}
        and {pool.name for pool in told.pools} <= {pool.name for pool in now.pools}
    )
