"""What is said of pools: how far each is, what its members do, what failed; frozen values, JSON on the wire.

A `PoolReport` is what the process that has the pool says of it, some times a second. Its frames are parsed like
all that comes from a worker: nothing is unpickled, nothing is believed but its shape.
"""

from __future__ import annotations

from typing import Literal

from supervisor.api.message import Message

PoolActionName = Literal["resize", "pause", "resume", "retry-failed", "cancel", "kill-member"]
POOL_ACTION_NAMES: tuple[PoolActionName, ...] = ("resize", "pause", "resume", "retry-failed", "cancel", "kill-member")

FailureKind = Literal["exception", "died", "timed-out", "exited", "lost", "cancelled"]
"""What became of an item: it raised, its member died, it took too long, it called ``sys.exit``, it or its result could
not be brought across, somebody cancelled it."""


class PoolMember(Message, frozen=True, kw_only=True):
    """A process of a pool."""

    pid: int
    state: Literal["starting", "idle", "busy", "leaving"]
    item: str = ""
    """What it has in hand, cut; empty while it has nothing."""
    index: int | None = None
    """The how-manieth item that is, from 0."""
    since_s: float | None = None
    """Since when it has it in hand."""
    done: int = 0
    generation: int = 1
    """The how-manieth process in its place."""
    start_s: float | None = None
    """How long its start took until it was ready, its initializer included; None while it is not."""
    start_share: float = 0.0
    """Of its time so far: until it was ready, in its initializer too."""
    wait_share: float = 0.0
    work_share: float = 0.0


class SlowTask(Message, frozen=True, kw_only=True):
    """One of the items that took longest."""

    index: int
    item: str
    took_s: float
    pid: int | None = None
    is_running: bool = False


class PoolReport(Message, frozen=True, kw_only=True):
    """How far a pool is, in the words of the process that has it."""

    pool: str
    """Its name in the profile."""
    function: str = ""
    """``thumbs:shrink``; of a pool in code what it was last given."""
    method: str = ""
    """``imap_unordered``."""
    state: Literal["starting", "running", "paused", "finishing", "finished", "failed"] = "running"
    """finishing: no more items come. failed: it ended before all were done."""
    error: str = ""
    """Why it has failed, or what is wrong with it now."""
    start_method: str = ""
    processes: int = 0
    """How many members are wished for."""
    members: tuple[PoolMember, ...] = ()
    """At most 64 of them."""
    total: int | None = None
    """How many items there are; None while nobody knows."""
    submitted: int = 0
    done: int = 0
    """Without those that failed."""
    failed: int = 0
    retried: int = 0
    retries: int | None = None
    """How often an item that fails is tried again, at most; None where that is not told."""
    skipped: int = 0
    """Done by an earlier run that this one continues."""
    waiting: int = 0
    """Taken from `items`, and no member has got them."""
    in_flight: int = 0
    replaced: int = 0
    """Members that died and were replaced."""
    chunksize: int = 1
    rate: float = 0.0
    """Items a second, over the last seconds."""
    eta_s: float | None = None
    """Seconds until all are done, at that rate."""
    elapsed_s: float = 0.0
    history: tuple[int, ...] = ()
    """Items done in each of the last seconds, oldest first, at most 60."""
    slowest: tuple[SlowTask, ...] = ()
    """At most 5, the longest first, those that run included."""
    start_share: float = 0.0
    """Of the time of all members: until they were ready; the rest is waiting and work."""
    wait_share: float = 0.0
    work_share: float = 0.0
    pickle_share: float = 0.0
    """Of the work: pickling results and unpickling items."""
    item_bytes: int = 0
    """On average, as it travels."""
    result_bytes: int = 0
    advice: tuple[str, ...] = ()
    """What would make it faster or safer, in sentences."""
    results: str = ""
    """Where they go."""


class PoolRow(Message, frozen=True, kw_only=True):
    """One pool, as clients see it."""

    name: str
    """``thumbs``; ``thumbs@parse.2`` for one that the code of a worker has made."""
    replica: str
    """Whose pool it is: its processes are that replica's tree."""
    report: PoolReport
    is_live: bool = True
    """Its process lives; else this is what it said last."""


class PoolFailure(Message, frozen=True, kw_only=True):
    """An item that has failed for good."""

    index: int
    """The how-manieth item, from 0."""
    item: str
    """What it was, cut."""
    kind: FailureKind
    error: str
    """``ValueError: not a photo``."""
    traceback: str = ""
    attempts: int = 1
    pid: int | None = None
    at: float = 0.0
    """When, a Unix timestamp."""


class PoolList(Message, frozen=True, kw_only=True):
    pools: tuple[PoolRow, ...]


class PoolDetail(Message, frozen=True, kw_only=True):
    """One pool in full."""

    row: PoolRow
    failures: tuple[PoolFailure, ...] = ()
    """The newest ones, newest last."""
    start_method_meaning: str = ""
    start_method_cost: str = ""
    """What a start of a member costs on this machine, as it was measured here: ``a member is up after 48 ms``."""


class PoolRequest(Message, frozen=True, kw_only=True):
    """The body of an action on a pool."""

    processes: int | None = None
    """For ``resize``."""
    index: int | None = None
    """For ``cancel``: the item; for ``retry-failed``: one item, or all that failed."""
    pid: int | None = None
    """For ``kill-member``."""


class PoolReply(Message, frozen=True, kw_only=True):
    text: str
    """What was asked of the pool, in a sentence."""
