"""What the workers of `scripts/bench why` run: one that waits for ever, one that is busy and says how fast it is."""

from __future__ import annotations

import multiprocessing
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context

ROUND = 20_000
"""Additions in one round of `add`: about a millisecond."""


def wait() -> None:
    """Wait for an event that nobody sets, with a queue and a lock beside it, as a program has them."""
    lock, queue = multiprocessing.Lock(), multiprocessing.Queue()  # type: ignore[var-annotated]
    with lock:
        queue.put("an item")
        multiprocessing.Event().wait()


def add(ctx: Context, path: str) -> None:
    """Add numbers until asked to stop, then write the processor time of each round into `path`, in nanoseconds."""
    took_ns = []
    while not ctx.stopping:
        begun_ns = time.process_time_ns()
        total = 0
        for number in range(ROUND):
            total += number
        took_ns.append(time.process_time_ns() - begun_ns)
        ctx.progress(len(took_ns))
    with open(path, "w") as file:
        file.write("\n".join(map(str, took_ns)))
