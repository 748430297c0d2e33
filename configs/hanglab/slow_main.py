"""STARTING: a main file that waits for something at its top, which every spawned child imports again.

The parent writes what the child is to do into a pipe, and waits because the child does not come to read it.
"""

from __future__ import annotations

import multiprocessing
import threading

if __name__ != "__main__":
    threading.Event().wait()  # "connect to the database" at the top of a module


def summarize(numbers: bytes) -> None:
    print(sum(numbers))


if __name__ == "__main__":
    child = multiprocessing.get_context("spawn").Process(target=summarize, args=(bytes(2**20),))
    child.start()
    child.join()
