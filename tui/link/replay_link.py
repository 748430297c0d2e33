"""A line to a recording in place of an engine: the same news, at the time of then, and nothing can be asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import msgspec

from supervisor.api.hangs import StacksReply, WhyReply
from supervisor.api.history import HistoryReply
from supervisor.api.letters import LetterList
from supervisor.api.messages import WorkerDetail
from supervisor.api.pools import PoolDetail
from supervisor.api.requests import EventList
from tui.link.engine_link import Listener
from tui.link.refusing_link import RefusingLink
from tui.link.view import FleetView
from tui.recording import Recording
from tui.situation import NOT_GIVEN

LONGEST_PAUSE_S: Final = 0.25
"""Between two looks at the recording, so that a jump is seen at once."""


class ReplayClock:
    """The time of the recording: it begins at `at` and runs `speed` times as fast as ours.

    Args:
        begins_at, ends_at: of the recording; the time stands still there.
        ahead_s: what the recorded machine's monotonic clock was ahead of its wall clock.
    """

    def __init__(
        self,
        at: float,
        begins_at: float,
        ends_at: float,
        ahead_s: float,
        speed: float = 1.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._now_s = now_s
        self._base_at, self._base_s = at, now_s()
        self._begins_at, self._ends_at = begins_at, ends_at
        self._ahead_s = ahead_s
        self.speed = speed

    def wall_s(self) -> float:
        """Where in the recording we are."""
        return min(self._ends_at, self._base_at + (self._now_s() - self._base_s) * self.speed)

    def monotonic_s(self) -> float:
        """The recorded machine's clock."""
        return self.wall_s() + self._ahead_s

    def text(self) -> str:
        """``2026-11-22 02:13:05``, in local time."""
        return datetime.fromtimestamp(self.wall_s()).astimezone().strftime("%Y-%m-%d %H:%M:%S")

    def go_to(self, at: float) -> None:
        """Go on from another moment of the recording."""
        self._base_at, self._base_s = min(max(at, self._begins_at), self._ends_at), self._now_s()

    def run_at(self, speed: float) -> None:
        """Go on at another speed; 0 stands still."""
        self.go_to(self.wall_s())
        self.speed = speed


class ReplayLink(RefusingLink):
    """An `EngineLink` to a recording."""

    REFUSAL = NOT_GIVEN["recording"]

    def __init__(self, recording: Recording, clock: ReplayClock) -> None:
        self._recording = recording
        self._clock = clock

    async def run(self, listener: Listener) -> None:
        """Tell what was known at the clock's time, and what time that is, until cancelled."""
        told_at = float("-inf")
        while True:
            at = self._clock.wall_s()
            next_at = self._recording.next_at(told_at)
            if at < told_at or int(at) != int(max(told_at, 0)) or (next_at is not None and at >= next_at):
                listener(self.view(at))
                for event in self._recording.happened(told_at, at) if told_at > float("-inf") else ():
                    listener(event)
                told_at = at
            await asyncio.sleep(LONGEST_PAUSE_S)

    def view(self, at: float) -> FleetView:
        """What was known at a moment; its ages are of then."""
        view = self._recording.view(at)
        if view.fleet is None:
            return view
        fleet = msgspec.structs.replace(view.fleet, now_s=self._clock.monotonic_s())
        return replace(view, fleet=fleet, heard_s=fleet.now_s)

    async def detail(self, name: str) -> WorkerDetail | None:
        return None

    async def letters(self, channel: str) -> LetterList | None:
        return None

    async def peek(self, channel: str) -> LetterList | None:
        return None

    async def pool_detail(self, name: str) -> PoolDetail | None:
        """The recorded row of the pool; what it had failed is in the log."""
        row = self._recording.view(self._clock.wall_s()).pools.get(name)
        return PoolDetail(row=row) if row is not None else None

    async def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        """What was recorded of them, up to the moment that is shown."""
        return self._recording.history(names, seconds, self._clock.wall_s())

    async def events(self, after: int) -> EventList:
        """What had happened up to the moment that is shown."""
        return self._recording.events(after, self._clock.wall_s())

    async def why(self, name: str = "") -> WhyReply:
        self._refuse()

    async def stacks(self, name: str) -> StacksReply:
        self._refuse()

    async def close(self) -> None:
        """Nothing is held open."""
