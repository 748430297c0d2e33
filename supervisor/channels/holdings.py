"""What the engine reads from locks, semaphores, events, conditions and barriers: frozen values, and how they are read.

Apart, so that a worker which only uses them never loads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from supervisor.channels.latch import ABANDONMENTS, FAILED, FINISHED, HOLD
from supervisor.channels.roster import PID, WAIT_NS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.channels.latch import Latch
    from supervisor.channels.roster import Roster


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a lock."""

    pid: int
    since_s: float
    """When it took it, in seconds of `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A process that is blocked."""

    pid: int
    since_s: float
    """Since when, in seconds of `time.monotonic`."""


@dataclass(frozen=True, slots=True)
class LockCensus:
    """One look at a lock. Counters cover all processes that ever used it, dead ones included."""

    name: str
    kind: str
    """``lock`` or ``rlock``."""
    holder: LockHolder | None
    waiting: tuple[Waiter, ...]
    """Of several threads of a process, one is told."""
    acquisitions: int
    abandonments: int
    """How often a holder died with it."""


@dataclass(frozen=True, slots=True)
class SemaphoreCensus:
    """One look at a semaphore."""

    name: str
    value: int
    """Units that are there, those of the dead included, which the next one who asks brings back."""
    initial: int
    holders: tuple[tuple[int, int], ...]
    """Pid and units of each live process that has acquired more than it has released."""
    waiting: tuple[Waiter, ...]


@dataclass(frozen=True, slots=True)
class EventCensus:
    """One look at an event."""

    name: str
    is_set: bool
    waiting: tuple[Waiter, ...]


@dataclass(frozen=True, slots=True)
class ConditionCensus:
    """One look at a condition."""

    name: str
    waiting: tuple[Waiter, ...]
    """One for each waiting thread."""
    lock: LockCensus


@dataclass(frozen=True, slots=True)
class BarrierCensus:
    """One look at a barrier."""

    name: str
    parties: int
    n_waiting: int
    is_broken: bool
    waiting: tuple[Waiter, ...]


def count_lock(name: str, kind: str, latch: Latch) -> LockCensus:
    """Sum up what the seats of a lock say."""
    found = latch.holding()
    acquisitions = 0
    for _, seat in latch.roster.seats():
        # Each finished attempt either failed or was an acquisition that ended with its release.
        acquisitions += seat[FINISHED] - seat[FAILED] + (seat[HOLD] != 0)
    return LockCensus(
        name=name,
        kind=kind,
        holder=None if found is None else LockHolder(pid=found[0], since_s=found[1] / 1e9),
        waiting=waiting_in(latch.roster),
        acquisitions=acquisitions,
        abandonments=latch.header[ABANDONMENTS],
    )


def waiting_in(roster: Roster) -> tuple[Waiter, ...]:
    """The live owners of seats that are blocked."""
    return tuple(
        Waiter(pid=seat[PID], since_s=since_ns / 1e9)
        for index, seat in roster.seats()
        if (since_ns := seat[WAIT_NS]) and roster.is_alive(index)
    )
