"""What clients see of channels, and what they can do with the items in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from supervisor.api import view
from supervisor.api.items import ITEMS_LIMIT_BYTES, ItemList, RawItem
from supervisor.api.letters import ChannelActionName, ChannelReply, Letter, LetterList
from supervisor.api.messages import ChannelRow
from supervisor.channels import Queue
from supervisor.clock import Clock
from supervisor.diagnose.flow import FlowMeter
from supervisor.driving import Driver
from supervisor.errors import RequestRefused
from supervisor.lifecycle.states import LIVE
from supervisor.processes.plumbing import NOBODY, ChannelCount, ChannelUse
from supervisor.profile.model import Profile
from supervisor.replica import Replica

SAME_LOOK_S: Final = 0.05
"""So soon after the second's look the rows are made of what it saw."""
LONG_AGO_S: Final = float("-inf")


class ChannelDesk:
    """The rows of all channels, kept for clients between looks."""

    def __init__(self, profile: Profile, driver: Driver, clock: Clock) -> None:  # noqa: ARG002  # as `change` takes it
        self._clock = clock
        self._driver = driver
        self._meter = FlowMeter()
        self._counts: list[ChannelCount] = []
        self._counted_s = LONG_AGO_S
        self.rows: tuple[ChannelRow, ...] = ()

    def change(self, profile: Profile) -> tuple[str, ...]:
        """Go by another profile: shared channels that it adds are made, those that it drops are let go.

        Returns a sentence for each one that differs and stays as it is, because it is in use. Queues and pipes are the
        plumbing's to change, which refuses as a whole and so comes first.
        """
        refusals = self._driver.sharing.change(profile, self._shared_now())
        self._counted_s = LONG_AGO_S
        return refusals

    def refusals(self, profile: Profile) -> tuple[str, ...]:
        """What `change` would leave as it is, a sentence each."""
        return self._driver.sharing.refusals(profile, self._shared_now())

    def _shared_now(self) -> dict[str, tuple[str, ...]]:
        """The live replicas that share each channel, by its name."""
        return self._sharers(replica for replica in self._driver.replicas.values() if replica.life.state in LIVE)

    def _sharers(self, replicas: Iterable[Replica]) -> dict[str, tuple[str, ...]]:
        sharers: dict[str, list[str]] = {}
        for replica in replicas:
            for name in dict.fromkeys(replica.worker.shares.values()):
                sharers.setdefault(name, []).append(replica.name)
        return {name: tuple(replicas) for name, replicas in sharers.items()}

    def measure(self, now_s: float) -> None:
        """Take the second's look at rates and depths."""
        self._counts, self._counted_s = self._driver.plumbing.counts(), now_s
        for count in self._counts:
            self._meter.note(count.name, count.put_total, count.got_total, count.depth or 0, now_s)

    def _count(self, now_s: float) -> list[ChannelCount]:
        """What queues and pipes hold: as just measured, else by a new look."""
        is_fresh = 0 <= now_s - self._counted_s < SAME_LOOK_S
        self._counted_s = LONG_AGO_S
        return self._counts if is_fresh else self._driver.plumbing.counts()

    def refresh(self, now_s: float) -> None:
        """Make the rows anew."""
        waiting = view.waiting_by_channel((r.life, r.seen) for r in self._driver.replicas.values())
        owners = self._driver.owners()
        streams = [
            view.make_stream_row(
                count,
                self._driver.plumbing.uses.get(count.name, NOBODY),
                self._meter.of(count.name),
                waiting.get(count.name, ()),
                owners,
                now_s,
            )
            for count in self._count(now_s)
        ]
        sharers = self._sharers(self._driver.replicas.values())
        shared = [
            view.make_shared_row(
                state, ChannelUse((), sharers.get(state.name, ())), waiting.get(state.name, ()), owners
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

    def items(self, name: str, limit: int) -> ItemList | None:
        """Copies of what waits in a queue, at most `limit` items; None where there is no such channel."""
        queue = self._queue(name)
        if queue is None:
            return None
        copies = queue.copies(limit, ITEMS_LIMIT_BYTES)
        items = tuple(RawItem(pickled=item.pickled, path=item.path) for item in copies.items)
        return ItemList(channel=name, items=items, left_out=copies.left_out)

    def act(self, name: str, action: ChannelActionName, ids: Sequence[str]) -> ChannelReply | None:
        """Requeue or discard dead letters, or drain what waits; None where there is no such channel.

        Raises:
            RequestRefused: an id is unknown.
        """
        queue = self._queue(name)
        if queue is None:
            return None
        self._counted_s = LONG_AGO_S
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
