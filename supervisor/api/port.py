"""What the server asks of the engine: the one seam between the socket and everything behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from supervisor.api.hangs import SampleReply, StacksReply, WayOutReply, WhyReply
    from supervisor.api.history import HistoryReply
    from supervisor.api.items import ItemList
    from supervisor.api.letters import ChannelActionName, ChannelReply, LetterList
    from supervisor.api.messages import ActionName, DownReply, Event, Fleet, Health, Job, WorkerDetail
    from supervisor.api.pools import PoolActionName, PoolDetail, PoolReply, PoolRequest
    from supervisor.api.requests import EventList, LevelReply, ReloadReply, ScaleReply, SignalReply


class EnginePort(Protocol):
    """What the server asks of the engine. All of it is called on the engine's loop."""

    def fleet(self) -> Fleet: ...
    def health(self) -> Health: ...
    def detail(self, name: str) -> WorkerDetail | None: ...
    def known_names(self) -> tuple[str, ...]: ...

    def act(self, action: ActionName, names: Sequence[str], max_unavailable: int = 0, by: str = "") -> tuple[Job, ...]:
        """Begin the action, or join what is under way.

        Args:
            action: what to do.
            names: workers, replicas, or ``*``.
            max_unavailable: for a restart: so many replicas of a worker at a time; 0 is all at once.
            by: who asks: ``uid 1000 (ada)``.

        Raises:
            RequestRefused: for unknown names, with suggestions, or because it cannot be done now.
        """

    def signal(self, names: Sequence[str], signal_name: str, by: str = "") -> SignalReply:
        """Send a signal, one of `supervisor.api.requests.SIGNAL_NAMES` with SIG before it, to each leader.

        Raises:
            RequestRefused: for unknown names, with suggestions, or because it could not be sent.
        """

    def set_level(self, names: Sequence[str], level: str, logger: str = "", by: str = "") -> LevelReply:
        """Give the loggers of workers, or the one called `logger`, another level: one of `LEVEL_NAMES`.

        Raises:
            RequestRefused: for unknown names, with suggestions, or because nobody could be told.
        """

    def scale(self, worker: str, replicas: int | None, by: int, asked_by: str = "") -> ScaleReply:
        """Have `replicas` of a worker, or, where that is None, `by` more or fewer.

        Raises:
            RequestRefused: there is no such worker, or it cannot have so many replicas.
        """

    async def reload(self, dry_run: bool, by: str = "") -> ReloadReply:
        """Read the profile again and apply what differs, or only tell it.

        Raises:
            ProfileError: it cannot be used; nothing has changed.
            RequestRefused: it cannot be done now.
        """

    def events(self, after: int, limit: int) -> EventList:
        """At most `limit` of the kept events whose cursor is higher than `after`, oldest first."""

    async def wait_event(self, after: int, timeout_s: float) -> bool:
        """Wait until there is an event whose cursor is higher than `after`; whether there is one."""

    def history(self, names: Sequence[str], seconds: int) -> HistoryReply:
        """What was measured of these workers, queues and pools over the last `seconds`; without names, of all."""

    def measured_names(self) -> tuple[str, ...]:
        """Of whom something was measured."""

    def letters(self, channel: str) -> LetterList | None:
        """The dead letters of a queue; None where there is no such channel."""

    def peek(self, channel: str) -> LetterList | None:
        """What waits first in a queue, without taking it; None where there is no such channel."""

    def items(self, channel: str, limit: int) -> ItemList | None:
        """Copies of what waits in a queue, at most `limit` items; None where there is no such channel.

        Raises:
            RequestRefused: the channel is no queue.
        """

    def channel_act(
        self, channel: str, action: ChannelActionName, ids: Sequence[str], by: str = ""
    ) -> ChannelReply | None:
        """Act on a queue's items; None where there is no such channel.

        Raises:
            RequestRefused: the channel is no queue, or an id is unknown.
        """

    def pool_detail(self, name: str) -> PoolDetail | None:
        """One pool in full, by the name of its row or, where only one worker has it, of the profile; None for none.

        Raises:
            RequestRefused: several workers have a pool of this name.
        """

    def pool_act(self, name: str, action: PoolActionName, request: PoolRequest, by: str = "") -> PoolReply | None:
        """Ask something of a pool; None where there is no such pool. `supervisor.api.pool_wishes` has checked it.

        Raises:
            RequestRefused: it does not run, cannot do it, or does not listen.
        """

    async def why(self, names: Sequence[str]) -> WhyReply:
        """Say why these workers or replicas do not move, or what they do; without any name, of all.

        Raises:
            RequestRefused: for unknown names, with suggestions.
        """

    async def stacks(self, name: str) -> StacksReply | None:
        """What every thread of a replica's processes does (of a worker: of its first replica); None where there is
        no such replica. Of one at rest: what it was doing last.
        """

    async def sample(self, name: str, seconds: float, rate_hz: float) -> SampleReply | None:
        """Look at the stacks of a replica's processes so many times a second; None where there is no such replica.

        Raises:
            RequestRefused: it has no process, or is looked at already.
        """

    async def release(self, name: str, resource: str, by: str = "") -> WayOutReply | None:
        """Free a lock whose holder is dead, by the hand of this replica, which waits for it.

        None where there is no such replica.

        Raises:
            RequestRefused: there is no such lock, or it is not safe; says why.
        """

    def kill_process(self, pid: int, start_ticks: int, by: str = "") -> WayOutReply:
        """Kill one process of this run's trees.

        Raises:
            RequestRefused: it is none of this run's, or another one has its pid by now.
        """

    def job(self, job_id: int) -> Job | None: ...

    async def wait_job(self, job_id: int, timeout_s: float) -> Job:
        """The job when it is over, or as it is after `timeout_s`."""

    async def down(self, force: bool, by: str = "") -> DownReply:
        """Stop everything; returns when all is at rest. The engine ends itself soon after the reply was sent."""

    def watch(self, listener: Callable[[Job | Event | None], None]) -> Callable[[], None]:
        """Have `listener` called on news (None: the state changed); returns what ends that."""
