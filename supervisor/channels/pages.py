"""What the engine reads from channels and status boards: frozen values, apart so that workers never load them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BoardPage:
    """What one worker says about itself. Times are seconds of `time.monotonic`."""

    activity: str = ""
    """What it is doing, in its own words; "" when it never said."""
    activity_since_s: float = 0.0
    """When it said so; 0 when it never did."""
    heartbeat_s: float | None = None
    """When it last gave a sign of life."""
    progress: tuple[int, int] | None = None
    """How many of how many are done."""
    channel: str = ""
    """The channel it is blocked in; "" while it moves."""
    operation: str = ""
    """The operation that blocks: ``get``, ``put``, ``join``, ``send``, ``recv``, ``poll``."""
    operation_since_s: float | None = None
    """Since when it is blocked; None while it moves."""


@dataclass(frozen=True, slots=True)
class QueueUser:
    """What one thread of a process has done with a queue. Times are seconds of `time.monotonic`.

    The counts go on from those of dead users whose place it took.
    """

    pid: int
    puts: int
    gets: int
    put_since_s: float | None
    """Since when it is blocked in put()."""
    get_since_s: float | None
    """Since when it is blocked in get()."""
    held_since_s: float | None
    """Since when it has an item in hand; None when it has none."""


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """One item as its message shows it, without unpickling it."""

    attempts: int
    """How many consumers ended before they were done with it."""
    bytes: int
    """The size of its pickle, with the buffers beside it."""
    put_s: float
    """When it was put, seconds since 1970."""
    preview: str
    """What its pickle says it is."""


@dataclass(frozen=True, slots=True)
class ItemCopy:
    """An item that waits, as it was put."""

    pickled: bytes
    """Empty where it is in a file."""
    path: str = ""
    """The file of a big item, as `supervisor.channels.spill` writes them."""


@dataclass(frozen=True, slots=True)
class ItemCopies:
    """What waits in a queue."""

    items: tuple[ItemCopy, ...]
    left_out: int
    """Items that wait and are not among them."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An item that was given up."""

    id: str
    attempts: int
    bytes: int
    put_s: float
    """When it was put, seconds since 1970."""
    ended_s: float
    """When it was given up, seconds since 1970."""
    last_pid: int
    """The process that had it last."""
    cause: str
    preview: str


@dataclass(frozen=True, slots=True)
class QueueCensus:
    """One look at a queue. Counters cover all processes that ever used it, dead ones included."""

    name: str
    maxsize: int
    """The most items that may wait; 0 is no limit but the kernel's."""
    depth: int
    """Items that wait in the queue now."""
    put_total: int
    got_total: int
    bytes_in: int
    """Bytes that were put, pickled."""
    waiting_readers: tuple[int, ...]
    """The pids that are blocked in get()."""
    waiting_writers: tuple[int, ...]
    """The pids that are blocked in put()."""
    pids: tuple[int, ...]
    """Live processes that have used the queue."""
    unfinished: int
    """Items put for which task_done() was not called; what join() waits for."""
    oldest_age_s: float | None
    """How long the first item has been waiting; None when there is none, or no reading end here."""
    is_ended: bool
    """Whether every writer has completed."""
    redelivered: int = 0
    """Items that went back into the queue because their consumer died."""
    dead_letters: int = 0
    """Items that were given up and wait to be requeued or discarded."""
    held: tuple[tuple[int, float], ...] = ()
    """The pids that have an item in hand and since when; dead ones too, until their item is back in the queue."""
    users: tuple[QueueUser, ...] = ()
    """The living users, one for each thread."""
