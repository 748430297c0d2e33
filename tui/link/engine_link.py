"""What the screen asks of its line to the engine, so that tests can bring a line of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from supervisor.api.letters import ChannelActionName, ChannelReply, LetterList
from supervisor.api.messages import ActionName, DownReply, Event, Job, WorkerDetail
from supervisor.api.requests import LevelReply, ReloadReply, ScaleReply, SignalReply
from tui.link.figure_link import AskingLink
from tui.link.pool_link import PoolLink
from tui.link.view import FleetView

News = FleetView | Job | Event
"""What a line tells: the newest picture (latest wins), a job that moved, something that happened."""

Listener = Callable[[News], None]
"""Called on the event loop; must be cheap."""


class EngineLink(AskingLink, PoolLink, Protocol):
    """A line to one project's engine. All methods are called on one event loop."""

    async def run(self, listener: Listener) -> None:
        """Connect, tell all news, connect again when the engine goes away; until cancelled."""

    async def act(self, action: ActionName, names: Sequence[str]) -> tuple[Job, ...]:
        """Wish an action for replicas or workers (``*``: all).

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def signal(self, name: str, signal_name: str) -> SignalReply:
        """Send a signal (``HUP``) to the leader of a replica's tree.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def set_level(self, name: str, level: str) -> LevelReply:
        """Give the loggers of a replica another least level.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def scale(self, worker: str, by: int) -> ScaleReply:
        """Have so many replicas of a worker more, or fewer.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def reload(self, *, is_dry_run: bool) -> ReloadReply:
        """Have the profile read again and applied, or only told what that would do.

        Raises:
            RequestRefused: the profile cannot be used; the message has every mistake, a line each. Nothing changed.
            EngineUnreachable: no engine answers.
        """

    async def detail(self, name: str) -> WorkerDetail | None:
        """One replica in full; None where it is unknown or the engine cannot be asked."""

    async def letters(self, channel: str) -> LetterList | None:
        """The dead letters of a queue; None where it is none or the engine cannot be asked."""

    async def peek(self, channel: str) -> LetterList | None:
        """What waits first in a queue; None where it is none or the engine cannot be asked."""

    async def channel_act(self, channel: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply:
        """Act on a queue's items: on dead letters (`ids`, none named: all), or drain what waits.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def down(self, *, is_forced: bool) -> DownReply:
        """Stop everything; returns when all is at rest. `is_forced` kills at once.

        Raises:
            RequestRefused: the engine refuses, and says why.
            EngineUnreachable: no engine answers.
        """

    async def close(self) -> None:
        """Let go of the line. Changes nothing for the workers."""
