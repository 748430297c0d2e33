"""What the benchmarked workers run. `stamp` says when it has started, in the way that `stamps.c` does."""

from __future__ import annotations

import os
import signal
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from supervisor.agent.context import Context


def stamp(fifo: str) -> None:
    """Write ``pid monotonic_ns`` to `fifo`, then wait for a signal."""
    line = f"{os.getpid()} {time.monotonic_ns()}\n"
    descriptor = os.open(fifo, os.O_WRONLY)
    os.write(descriptor, line.encode())
    os.close(descriptor)
    while True:
        signal.pause()


def print_on(ctx: Context, rate: int) -> None:
    """Write so many numbered lines a second to stdout, some at once as a busy program's buffer does."""
    for first, count in _bursts(ctx, rate):
        lines = [
            f"parsed file number {n} of the census in {n / 7:.1f} ms by {ctx.name}\n"
            for n in range(first, first + count)
        ]
        os.write(1, "".join(lines).encode())


def log_on(ctx: Context, rate: int) -> None:
    """Log so many records a second with `logging`; that takes a core for 100,000."""
    import logging

    logger = logging.getLogger("census")
    for first, count in _bursts(ctx, rate):
        for number in range(first, first + count):
            logger.info("parsed file number %d of the census in %.1f ms", number, number / 7)


def _bursts(ctx: Context, rate: int) -> Iterator[tuple[int, int]]:
    """(first number, how many) every 50 ms until asked to stop; who has been kept waiting makes up for it."""
    begun_s, done = time.monotonic(), 0
    while not ctx.stopping.wait(0.05):
        due = int((time.monotonic() - begun_s) * rate)
        yield done, due - done
        done = due


def rest(ctx: Context) -> None:
    """Do nothing until asked to stop."""
    ctx.stopping.wait()


if __name__ == "__main__":
    stamp(sys.argv[1])
