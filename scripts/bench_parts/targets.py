"""What the benchmarked workers run. `stamp` says when it has started, in the way that `stamps.c` does."""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from supervisor.agent.context import Context


def stamp(fifo: str) -> None:
    """Write ``pid monotonic_ns`` to `fifo`, then wait for a signal."""
    line = f"{os.getpid()} {time.monotonic_ns()}\n"
    descriptor = os.open(fifo, os.O_WRONLY)
    os.write(descriptor, line.encode())
    os.close(descriptor)
    while True:
        signal.pause()


def rest(ctx: Context) -> None:
    """Do nothing until asked to stop."""
    ctx.stopping.wait()


if __name__ == "__main__":
    stamp(sys.argv[1])
