"""Who is killed: producers that note what put() accepted, and consumers that report what they got."""

from __future__ import annotations

import mmap
import os
from typing import Any

from supervisor.channels import Queue

BIG_EVERY = 40
BIG_BYTES = 100_000
"""An item that goes through a file."""
MIDDLE_EVERY = 4
MIDDLE_BYTES = 5000
"""An item that goes through a tray."""


class Tally:
    """How many items each producer's put() has accepted, in a file that outlives it."""

    def __init__(self, path: str, producers: int) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(fd, producers * 8)
        self._words = memoryview(mmap.mmap(fd, producers * 8)).cast("Q")
        os.close(fd)

    def __getitem__(self, producer: int) -> int:
        return self._words[producer]

    def accept(self, producer: int, count: int) -> None:
        self._words[producer] = count


def produce(queue: Queue, path: str, producers: int, producer: int, has_big: bool) -> None:
    """Put numbers without end; each is noted once put() has returned."""
    tally = Tally(path, producers)
    number = 0
    while True:
        item: tuple[Any, ...] = (producer, number)
        if has_big and number % MIDDLE_EVERY == 0:
            item = (producer, number, bytes([number % 251]) * (MIDDLE_BYTES if number % BIG_EVERY else BIG_BYTES))
        queue.put(item)
        number += 1
        tally.accept(producer, number)


def consume(inbox: Queue, outbox: Queue) -> None:
    """Report every item; one that is not whole is reported as nothing, which nobody expects."""
    while True:
        item = inbox.get()
        is_whole = len(item) == 2 or item[2] == bytes([item[1] % 251]) * len(item[2])
        outbox.put(item[:2] if is_whole else None)
