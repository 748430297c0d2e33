"""How many records are lost when a worker kills itself with SIGKILL right after its last call to `logging`."""

from __future__ import annotations

import logging
import logging.handlers
import multiprocessing
import os
import queue as queues
import signal
from collections.abc import Callable
from pathlib import Path

from supervisor.agent import records
from supervisor.logs.lanes import Lane
from supervisor.logs.segments import SegmentWriter

RECORDS = 20_000
SILENCE_S = 2.0
"""The queue is given up when nothing came for so long after the death of its producer."""


def lost_by_lane(drain: Callable[[dict[int, Lane], SegmentWriter], None], directory: Path) -> int:
    """Of `RECORDS`, through a lane and the engine's own intake."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(reading)
        records.install(writing, "INFO")
        _log_and_die()
    os.close(writing)
    writer = SegmentWriter(directory)
    drain({reading: Lane("parse", 1, "log")}, writer)
    os.waitpid(pid, 0)
    writer.close()
    return RECORDS - writer.records


def lost_by_queue() -> int:
    """Of `RECORDS`, through QueueHandler and multiprocessing.Queue."""
    context = multiprocessing.get_context("fork")
    queue: multiprocessing.Queue[logging.LogRecord] = context.Queue()

    def work() -> None:
        root = logging.getLogger()
        root.handlers = [logging.handlers.QueueHandler(queue)]
        root.setLevel(logging.INFO)
        _log_and_die()

    process = context.Process(target=work)
    process.start()
    process.join()
    got = 0
    try:
        while True:
            queue.get(timeout=SILENCE_S)
            got += 1
    except (queues.Empty, EOFError, OSError):
        pass
    queue.close()
    queue.cancel_join_thread()
    return RECORDS - got


def _log_and_die() -> None:
    logger = logging.getLogger("census")
    for number in range(RECORDS):
        logger.info("record %d", number)
    os.kill(os.getpid(), signal.SIGKILL)
