"""What clients see of channels, and what they can do with the items in them."""

from __future__ import annotations

from collections.abc import Sequence

from supervisor.api import view
from supervisor.api.messages import ChannelActionName, ChannelReply, ChannelRow, Letter, LetterList
from supervisor.channels import Queue
from supervisor.clock import Clock
from supervisor.diagnose.flow import FlowMeter
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.processes.plumbing import ChannelUse, sharers_of
from supervisor.profile.model import Profile


class ChannelDesk:
    """The rows of all channels, kept for clients between looks."""

    def __init__(self, profile: Profile, driver: Driver, clock: Clock) -> None:
        self._clock = clock
        self._driver = driver
        self._meter = FlowMeter()
        self._sharers = {name: sharers_of(name, profile) for name in driver.sharing.kinds()}
        self.rows: tuple[ChannelRow, ...] = ()

    def measure(self, now_s: float) -> None:
        """Take the second's look at rates and depths."""
        for count in self._driver.plumbing.counts():
            self._meter.note(count.name, count.put_total, count.got_total, count.depth or 0, now_s)

    def refresh(self, now_s: float) -> None:
        """Make the rows anew."""
        waiting = view.waiting_by_channel((r.life, r.seen) for r in self._driver.replicas.values())
        owners = self._driver.owners()
        streams = [
            view.make_stream_row(
                count,
                self._driver.plumbing.uses[count.name],
                self._meter.of(count.name),
                waiting.get(count.name, ()),
                owners,
                now_s,
            )
            for count in self._driver.plumbing.counts()
        ]
        shared = [
            view.make_shared_row(
                state, self._sharers.get(state.name, ChannelUse((), ())), waiting.get(state.name, ()), owners
            )
            for state in self._driver.sharing.states()
        ]
        self.rows = (*streams, *shared)

    def letters(self, name: str) -> LetterList | None:
        """The dead letters of a queue; None where there is no such channel."""
        queue = self._queue(name)
        if queue is None:
            return None
        letters = tuple(
            Letter(
                id=letter.id,
                attempts=letter.attempts,
                bytes=letter.bytes,
                put_s=self._monotonic_s(letter.put_s),
                reason=letter.cause,
                preview=letter.preview,
            )
            for letter in queue.dead_letters()
        )
        return LetterList(channel=name, letters=letters)

    def peek(self, name: str) -> LetterList | None:
        """The first item that waits in a queue, left where it is; None where there is no such channel."""
        queue = self._queue(name)
        if queue is None:
            return None
        item = queue.peek()
        if item is None:
            return LetterList(channel=name)
        first = Letter(
            id="", attempts=item.attempts, bytes=item.bytes, put_s=self._monotonic_s(item.put_s), preview=item.preview
        )
        return LetterList(channel=name, letters=(first,))

    def act(self, name: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply | None:
        """Requeue or discard dead letters, or drain what waits; None where there is no such channel.

        Raises:
            RequestRefused: an id is unknown.
        """
        queue = self._queue(name)
        if queue is None:
            return None
        if action == "drain":
            count = queue.drain()
            return ChannelReply(count=count, text=f"drained: {_items(count)} thrown away")
        act = queue.requeue if action == "requeue" else queue.discard
        try:
            count = sum(act(letter) for letter in ids) if ids else act()
        except KeyError as error:
            raise RequestRefused(f"{name} has no dead letter {error}; see: procdeck channels letters {name}") from None
        verb = "requeued" if action == "requeue" else "discarded"
        return ChannelReply(count=count, text=f"{verb}: {_items(count)}")

    def _monotonic_s(self, wall_s: float) -> float:
        """A time of the wall clock as clients count it."""
        return self._clock.monotonic_s() - (self._clock.wall_s() - wall_s)

    def _queue(self, name: str) -> Queue | None:
        """The queue of this name; None where there is no such channel.

        Raises:
            RequestRefused: the channel is of another kind.
        """
        queue = self._driver.plumbing.queue(name)
        if queue is None and any(row.name == name for row in self.rows):
            raise RequestRefused(f"{name} is no queue; only queues have items to look at")
        return queue


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
