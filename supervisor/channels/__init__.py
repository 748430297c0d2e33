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
    from supervisor.channels.pages import BoardPage, QueueCensus

__all__ = [
    "BoardPage",
    "Empty",
    "EndOfStream",
    "Full",
    "Pipe",
    "PipeConnection",
    "Queue",
    "QueueCensus",
    "StatusBoard",
    "StopRequested",
    "announce_stop",
    "set_board",
    "set_interrupt",
]


def __getattr__(name: str) -> object:
    if name not in {"BoardPage", "QueueCensus"}:
        raise AttributeError(f"module 'supervisor.channels' has no attribute {name!r}")
    from supervisor.channels import pages  # dataclasses cost 20 ms, which only readers of pages need pay

    return getattr(pages, name)
