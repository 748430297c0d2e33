"""Pools that survive the death of their members: `multiprocessing.Pool`'s names, and no task that waits for ever.

::

    caller ── submit ──► inbox ──► PoolThread ── one socket for each member ──► member: takes a task, runs it, answers
       ▲                             │   ▲
       └──── results, callbacks ─────┘   └── end of the socket: who was killed, in the middle of which item

Nothing is shared between members, so a dead one can take nothing along but the item in its hands. Which item that is
says a page that each member writes and the pool reads. The standard library only; usable without an engine.
"""

from __future__ import annotations

from supervisor.pools.errors import (
    InitializerFailed,
    MemberDied,
    PoolClosed,
    PoolError,
    ResultLost,
    TaskCancelled,
    TaskExited,
    TaskTimedOut,
)
from supervisor.pools.pool import Pool
from supervisor.pools.progress import MemberProgress, PoolProgress
from supervisor.pools.results import AsyncResult, IMapIterator, MapResult

__all__ = [
    "AsyncResult",
    "IMapIterator",
    "InitializerFailed",
    "MapResult",
    "MemberDied",
    "MemberProgress",
    "Pool",
    "PoolClosed",
    "PoolError",
    "PoolProgress",
    "ResultLost",
    "TaskCancelled",
    "TaskExited",
    "TaskTimedOut",
]
