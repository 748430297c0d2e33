"""What workers share: queues, pipes and status boards that a kill does not break. Standard library only.

Usable alone, in place of multiprocessing's own; in a supervised run the engine makes them and hands them over.
"""

from __future__ import annotations

from supervisor.channels.board import StatusBoard
from supervisor.channels.interrupt import StopRequested, announce_stop, set_interrupt
from supervisor.channels.pipe import Pipe, PipeConnection
from supervisor.channels.queue import Empty, EndOfStream, Full, Queue
from supervisor.channels.waiting import set_board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.channels.barrier import Barrier
    from supervisor.channels.block import Block
    from supervisor.channels.condition import Condition
    from supervisor.channels.event import Event
    from supervisor.channels.holdings import (
        BarrierCensus,
        ConditionCensus,
        EventCensus,
        LockCensus,
        LockHolder,
        SemaphoreCensus,
        Waiter,
    )
    from supervisor.channels.lock import Lock, RLock
    from supervisor.channels.manager import Dict, List, Namespace, SharedStateLost
    from supervisor.channels.pages import BoardPage, QueueCensus
    from supervisor.channels.semaphore import BoundedSemaphore, Semaphore
    from supervisor.channels.shared import Array, Value

__all__ = [
    "Array",
    "Barrier",
    "BarrierCensus",
    "Block",
    "BoardPage",
    "BoundedSemaphore",
    "Condition",
    "ConditionCensus",
    "Dict",
    "Empty",
    "EndOfStream",
    "Event",
    "EventCensus",
    "Full",
    "List",
    "Lock",
    "LockCensus",
    "LockHolder",
    "Namespace",
    "Pipe",
    "PipeConnection",
    "Queue",
    "QueueCensus",
    "RLock",
    "Semaphore",
    "SemaphoreCensus",
    "SharedStateLost",
    "StatusBoard",
    "StopRequested",
    "Value",
    "Waiter",
    "announce_stop",
    "set_board",
    "set_interrupt",
]


_LATER = {
    "Array": "shared",  # ctypes
    "Barrier": "barrier",
    "BarrierCensus": "holdings",
    "Block": "block",
    "BoardPage": "pages",  # dataclasses cost 20 ms, which only readers of pages need pay
    "BoundedSemaphore": "semaphore",
    "Condition": "condition",
    "ConditionCensus": "holdings",
    "Dict": "manager",
    "Event": "event",
    "EventCensus": "holdings",
    "List": "manager",
    "Lock": "lock",
    "LockCensus": "holdings",
    "LockHolder": "holdings",
    "Namespace": "manager",
    "QueueCensus": "pages",
    "RLock": "lock",
    "Semaphore": "semaphore",
    "SemaphoreCensus": "holdings",
    "SharedStateLost": "manager",
    "Value": "shared",
    "Waiter": "holdings",
}
"""Names that load on first use, by the module that has each."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'supervisor.channels' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"supervisor.channels.{_LATER[name]}"), name)
    globals()[name] = value
    return value
