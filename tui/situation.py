"""What a person looks at, and what can be done to it: each predicate here says of one action whether it is valid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

from supervisor.api.messages import ChannelRow, ReplicaRow
from supervisor.api.pools import PoolMember, PoolRow
from supervisor.lifecycle.states import AT_REST, LIVE, State

Pane = Literal["workers", "channels", "pools", "errors", "log", "detail"]
Place = Literal["workers", "channels", "pools", "errors"]
"""What the table at the top is a table of, and the detail a detail of."""
ScreenName = Literal["why", "hangs", "stacks", "flame", "plots", "events", "worker", "pipeline", "picker", "profile"]
"""The screens that open over the first one."""
SCREEN_NAMES: frozenset[str] = frozenset(get_args(ScreenName))
Access = Literal["all", "looking", "recording"]
"""What a dashboard lets a person do: all, only look at an engine, or only look back at what was recorded of one."""
Need = Literal["nothing", "machine", "engine", "control"]
"""What an action cannot be done without: files and programs of one's own machine, processes that can be asked, or an
engine that takes wishes."""
GIVEN: Final[dict[Access, frozenset[Need]]] = {
    "all": frozenset(get_args(Need)),
    "looking": frozenset({"nothing", "engine"}),
    "recording": frozenset({"nothing", "machine"}),
}
"""What there is of it in each dashboard."""
NOT_GIVEN: Final[dict[Access, str]] = {
    "all": "nothing is withheld",
    "looking": "this dashboard only shows; `procdeck web --allow-control` serves one that can act",
    "recording": "this is a recording; nothing can be done in it any more",
}
"""Why the rest is not to be had, and what would give it."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the person looks at, as far as an action's validity depends on it."""

    row: ReplicaRow | None = None
    """The replica under the cursor; of a pool the one whose pool it is; None in the other places."""
    marked: tuple[ReplicaRow, ...] = ()
    """The replicas that are marked, as they stand in the table; none in the other places."""
    grouped: tuple[ReplicaRow, ...] = ()
    """The replicas below the heading under the cursor; none where it is on a row."""
    group_label: str = ""
    """What that heading is called."""
    is_grouped: bool = False
    """The workers stand in groups."""
    place: Place = "workers"
    channel: ChannelRow | None = None
    """The channel under the cursor; None in the other places."""
    pool: PoolRow | None = None
    """The pool under the cursor; of a replica the first of its pools; None in the other places."""
    member: int | None = None
    """The pid of the pool's member under the cursor."""
    failure: int | None = None
    """The index of the failed item under the cursor."""
    has_error: bool = False
    """An error is under the cursor."""
    replicas: int = 0
    """How many replicas the worker of `row` has."""
    letter: str | None = None
    """The dead letter under the cursor."""
    pane: Pane = "workers"
    is_live: bool = True
    """The engine can be heard."""
    access: Access = "all"
    is_filtered: bool = False
    """The focused pane has a filter."""
    is_sorted: bool = False
    """The table stands by a column that somebody has chosen."""
    is_wide: bool = False
    is_zoomed: bool = False
    """The focused pane has the whole screen."""

    @property
    def subjects(self) -> tuple[ReplicaRow, ...]:
        """What is done to workers is done to these: all that are marked, else what is under the cursor."""
        return self.marked or self.grouped or ((self.row,) if self.row is not None else ())


Predicate = Callable[[Situation], bool]


_STARTABLE = AT_REST | {State.BACKOFF, State.SCHEDULED}
"""One of these starts at once; one that waits for others does so until they are there."""


def stoppable(situation: Situation) -> bool:
    return situation.is_live and any(row.state not in (*AT_REST, State.STOPPING) for row in situation.subjects)


def startable(situation: Situation) -> bool:
    return situation.is_live and any(row.state in _STARTABLE for row in situation.subjects)


def restartable(situation: Situation) -> bool:
    return situation.is_live and bool(situation.subjects)


def killable(situation: Situation) -> bool:
    return situation.is_live and any(row.state in LIVE for row in situation.subjects)


def pausable(situation: Situation) -> bool:
    return situation.is_live and any(row.state in (State.RUNNING, State.UNREADY) for row in situation.subjects)


def resumable(situation: Situation) -> bool:
    return situation.is_live and any(row.state is State.PAUSED for row in situation.subjects)


def signallable(situation: Situation) -> bool:
    row = situation.row
    return situation.is_live and row is not None and row.state in LIVE and row.pid is not None


def reducible(situation: Situation) -> bool:
    row, pool = situation.row, situation.pool
    members = pool.report.processes if pool is not None and row is not None and row.kind == "pool" else 0
    return has_live_row(situation) and max(situation.replicas, members) > 1


def is_live(situation: Situation) -> bool:
    return situation.is_live


def can_be_marked(situation: Situation) -> bool:
    return situation.place == "workers" and (situation.row is not None or bool(situation.grouped))


def at_workers(situation: Situation) -> bool:
    return situation.place == "workers"


def is_in_group(situation: Situation) -> bool:
    return situation.place == "workers" and situation.is_grouped


def has_row(situation: Situation) -> bool:
    return situation.row is not None


def figures_of(situation: Situation) -> str | None:
    """Whose figures over time are meant: the name of what is under the cursor."""
    if situation.place == "pools":
        return situation.pool.name if situation.pool is not None else None
    if situation.place == "channels":
        return situation.channel.name if situation.channel is not None and situation.channel.depth is not None else None
    return situation.row.name if situation.row is not None else None


def has_live_row(situation: Situation) -> bool:
    return situation.is_live and situation.row is not None


def has_loggers(situation: Situation) -> bool:
    return has_live_row(situation) and situation.row is not None and bool(situation.row.log_level)


def has_any(situation: Situation) -> bool:
    subjects = (situation.row, situation.channel, situation.pool)
    has_subject = bool(situation.grouped) or any(subject is not None for subject in subjects)
    return situation.pane == "log" or situation.has_error or has_subject


def has_letter(situation: Situation) -> bool:
    return situation.is_live and situation.letter is not None


def has_letters(situation: Situation) -> bool:
    return situation.is_live and situation.channel is not None and situation.channel.dead_letters > 0


def at_live_pool(situation: Situation) -> bool:
    pool = situation.pool
    return situation.is_live and situation.place == "pools" and pool is not None and pool.is_live


def pool_can_pause(situation: Situation) -> bool:
    pool = situation.pool
    return at_live_pool(situation) and pool is not None and pool.report.state in ("starting", "running", "finishing")


def pool_is_paused(situation: Situation) -> bool:
    return at_live_pool(situation) and situation.pool is not None and situation.pool.report.state == "paused"


def pool_can_shrink(situation: Situation) -> bool:
    return at_live_pool(situation) and situation.pool is not None and situation.pool.report.processes > 1


def pool_has_failures(situation: Situation) -> bool:
    return at_live_pool(situation) and situation.pool is not None and situation.pool.report.failed > 0


def pool_has_tasks(situation: Situation) -> bool:
    return at_live_pool(situation) and situation.pool is not None and bool(busy_members(situation.pool))


def pool_has_members(situation: Situation) -> bool:
    return at_live_pool(situation) and situation.pool is not None and bool(situation.pool.report.members)


def busy_members(pool: PoolRow) -> list[PoolMember]:
    """Its members that have an item in hand, whoever has had it longest first."""
    busy = (member for member in pool.report.members if member.index is not None)
    return sorted(busy, key=lambda member: (member.since_s is None, member.since_s or 0.0))


def in_log(situation: Situation) -> bool:
    return situation.pane == "log"


def tells_worker(situation: Situation) -> bool:
    at_pool = situation.place == "pools" and situation.pool is not None
    return situation.pane == "log" or situation.has_error or at_pool


def is_beside(situation: Situation) -> bool:
    return situation.is_wide


def at_rows(situation: Situation) -> bool:
    return situation.place != "errors"


def has_order(situation: Situation) -> bool:
    return situation.place == "errors" or situation.is_sorted


def drainable(situation: Situation) -> bool:
    channel = situation.channel
    return situation.is_live and channel is not None and channel.kind == "queue" and channel.depth != 0


def has_figures(situation: Situation) -> bool:
    return situation.is_live and figures_of(situation) is not None
