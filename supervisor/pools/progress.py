"""How far a pool is: frozen values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MemberProgress:
    """One member."""

    pid: int
    is_busy: bool
    task_s: float
    """For how long it has had its item in hand; 0 while it waits."""
    done: int
    """Items that it has done."""
    generation: int
    """The how-manieth process in its place, from 1."""


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

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.in_flight
