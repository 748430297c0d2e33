"""Who puts into what and who takes from it, as a graph of workers and queues; it judges nothing and draws nothing.

::

    ReplicaRow*, ChannelRow*, PoolRow* ──> graph_of ──> Graph ──> graph_flow (who holds up whom)
                                                          └─────> graph_layout (where everything stands)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolRow
from tui.render.channel_words import FLOWING


class Key(NamedTuple):
    """What stands in the drawing: a worker and a queue may have the same name."""

    kind: Literal["worker", "channel"]
    name: str


@dataclass(frozen=True, slots=True)
class Stage:
    """A worker with all its replicas."""

    name: str
    rows: tuple[ReplicaRow, ...]
    pool: PoolRow | None = None
    """The pool that it runs, where it is one."""
    reads: tuple[str, ...] = ()
    """Queues and pipes that it takes from."""
    writes: tuple[str, ...] = ()
    """Queues and pipes that it puts into."""
    made: tuple[PoolRow, ...] = ()
    """The pools that its own code has made and that live; they are no stages, for it waits for them itself."""

    @property
    def key(self) -> Key:
        return Key("worker", self.name)

    @property
    def size(self) -> int:
        """How many work at once: its replicas, or the members of its pool."""
        return self.pool.report.processes if self.pool is not None else len(self.rows)

    @property
    def made_busy(self) -> str:
        """``3/8 busy``: of the members of all pools that its code has made; empty where it has made none."""
        reports = [pool.report for pool in self.made]
        busy = sum(member.state == "busy" for report in reports for member in report.members)
        return f"{busy}/{sum(report.processes for report in reports)} busy" if reports else ""

    @property
    def is_connected(self) -> bool:
        """Something flows into it or out of it."""
        return bool(self.reads or self.writes)


class Edge(NamedTuple):
    """Items go this way; one of the two is a worker, the other a channel."""

    source: Key
    target: Key

    @property
    def channel(self) -> str:
        """The name of the queue or pipe."""
        return self.source.name if self.source.kind == "channel" else self.target.name


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that a drawing is of, in the order of the profile."""

    stages: Mapping[str, Stage] = field(default_factory=dict)
    channels: Mapping[str, ChannelRow] = field(default_factory=dict)
    """What items flow through."""
    shared: tuple[ChannelRow, ...] = ()
    """Locks, values and the like: nothing flows through them."""
    edges: tuple[Edge, ...] = ()

    def readers(self, channel: str) -> list[Stage]:
        """Who takes from `channel`."""
        return [stage for stage in self.stages.values() if channel in stage.reads]

    def writers(self, channel: str) -> list[Stage]:
        """Who puts into `channel`."""
        return [stage for stage in self.stages.values() if channel in stage.writes]

    @property
    def is_empty(self) -> bool:
        """Nothing flows between any two."""
        return not self.edges

    @property
    def apart(self) -> tuple[Stage, ...]:
        """Workers that neither take nor put anything."""
        return tuple(stage for stage in self.stages.values() if not stage.is_connected)


def graph_of(rows: Sequence[ReplicaRow], channels: Sequence[ChannelRow], pools: Sequence[PoolRow] = ()) -> Graph:
    """The graph of rows as the engine tells them. A user of a channel that is no worker of the fleet is left out."""
    flowing = {channel.name: channel for channel in channels if channel.kind in FLOWING}
    reads, writes = _users(rows, flowing.values())
    own_pools = {pool.name: pool for pool in pools}
    made: dict[str, list[PoolRow]] = {}
    for pool in pools:
        if pool.is_live:
            made.setdefault(pool.replica, []).append(pool)
    members: dict[str, list[ReplicaRow]] = {}
    for row in rows:
        members.setdefault(row.worker, []).append(row)
    stages = {
        name: Stage(
            name,
            tuple(group),
            own_pools.get(name) if group[0].kind == "pool" else None,
            tuple(channel for channel in flowing if name in reads[channel]),
            tuple(channel for channel in flowing if name in writes[channel]),
            tuple(pool for row in group for pool in made.get(row.name, ()) if pool.name != name),
        )
        for name, group in members.items()
    }
    edges = [
        *(Edge(stage.key, Key("channel", each)) for stage in stages.values() for each in stage.writes),
        *(Edge(Key("channel", each), stage.key) for stage in stages.values() for each in stage.reads),
    ]
    shared = tuple(channel for channel in channels if channel.kind not in FLOWING)
    return Graph(stages, flowing, shared, tuple(edges))


def _users(
    rows: Sequence[ReplicaRow], channels: Iterable[ChannelRow]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The workers that read and that write, by channel: what the channels say of replicas, and replicas of channels."""
    worker_of = {row.name: row.worker for row in rows}
    reads: dict[str, set[str]] = {}
    writes: dict[str, set[str]] = {}
    for channel in channels:
        reads[channel.name] = {worker_of[name] for name in channel.readers if name in worker_of}
        writes[channel.name] = {worker_of[name] for name in channel.writers if name in worker_of}
    for row in rows:
        for name in row.reads:
            reads.get(name, set()).add(row.worker)
        for name in row.writes:
            writes.get(name, set()).add(row.worker)
    return reads, writes
