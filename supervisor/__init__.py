"""The engine of procdeck and all that a worker needs.

The names below are for worker code. They load on first use and need the standard library only, so that a worker
can run under an interpreter in which procdeck is not installed::

    from supervisor import Context, Queue

    def work(inbox: Queue, ctx: Context) -> None:
        for item in inbox:
            ctx.log.info("got %s", item)
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context
    from supervisor.channels import (
        Array,
        Barrier,
        Block,
        BoundedSemaphore,
        Condition,
        Dict,
        Event,
        List,
        Lock,
        Namespace,
        Pipe,
        Queue,
        RLock,
        Semaphore,
        SharedStateLost,
        StopRequested,
        Value,
    )
    from supervisor.pools import Pool

__all__ = [
    "Array",
    "Barrier",
    "Block",
    "BoundedSemaphore",
    "Condition",
    "Context",
    "Dict",
    "Event",
    "List",
    "Lock",
    "Namespace",
    "Pipe",
    "Pool",
    "Queue",
    "RLock",
    "Semaphore",
    "SharedStateLost",
    "StopRequested",
    "Value",
]

__version__ = "0.1.0"

_HOMES = {
    "Array": "supervisor.channels",
    "Barrier": "supervisor.channels",
    "Block": "supervisor.channels",
    "BoundedSemaphore": "supervisor.channels",
    "Condition": "supervisor.channels",
    "Context": "supervisor.agent.context",
    "Dict": "supervisor.channels",
    "Event": "supervisor.channels",
    "List": "supervisor.channels",
    "Lock": "supervisor.channels",
    "Namespace": "supervisor.channels",
    "Pipe": "supervisor.channels",
    "Pool": "supervisor.pools",
    "Queue": "supervisor.channels",
    "RLock": "supervisor.channels",
    "Semaphore": "supervisor.channels",
    "SharedStateLost": "supervisor.channels",
    "StopRequested": "supervisor.channels",
    "Value": "supervisor.channels",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'supervisor' has no attribute {name!r}; it offers {', '.join(__all__)}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
