"""How far a pool is: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    MemberState = Literal["starting", "idle", "busy", "leaving"]


@dataclass(frozen=True, slots=True)
class Spent:
    """What the time of one member, or of several, went to, in seconds.

    Attributes:
        start_s: until it was ready, in its initializer too.
        wait_s: with nothing in hand.
        work_s: with a task in hand, from its arrival until its results were sent.
        pickle_s: of the work: unpickling items and pickling results.
    """

    start_s: float = 0.0
    wait_s: float = 0.0
    work_s: float = 0.0
    pickle_s: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.start_s + other.start_s,
            self.wait_s + other.wait_s,
            self.work_s + other.work_s,
            self.pickle_s + other.pickle_s,
        )


@dataclass(frozen=True, slots=True)
class MemberProgress:
    """One member."""

    pid: int
    is_busy: bool
    task_s: float
    """For how long it has had its item in hand; 0 while it waits. Of quick items without a time limit, the time of some
    before it may be counted in."""
    done: int
    """Items that it has done."""
    generation: int
    """The how-manieth process in its place, from 1."""
    state: MemberState = "idle"
    """leaving: it gets no more tasks, though it may have one in hand."""
    index: int | None = None
    """Which item of its job it has in hand, from 0."""
    start_s: float = 0.0
    wait_s: float = 0.0
    work_s: float = 0.0
    pickle_s: float = 0.0
    """What its time went to so far: see `Spent`."""


@dataclass(frozen=True, slots=True)
class PoolProgress:
    """One pool, since it was made."""

    submitted: int
    done: int
    failed: int
    retried: int
    """Items that were tried again after a death."""
    waiting: int
    """Items that no member has got."""
    in_flight: int
    """Items that members have, and whose results have not come."""
    replaced: int
    """Members that died and were replaced."""
    members: tuple[MemberProgress, ...]
    is_paused: bool = False
    item_bytes: int = 0
    """Of all items that were submitted, as they travel: pickled."""
    result_bytes: int = 0
    """Of all results that have come, as they travel."""
    start_s: float = 0.0
    wait_s: float = 0.0
    work_s: float = 0.0
    pickle_s: float = 0.0
    """What the time of all members went to, those that are gone included: see `Spent`."""

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.in_flight
