"""Hangs at the end: work that is done, and a process that cannot leave, or is waited for by one that cannot go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.synchronize import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)

BIG = bytes(2**20)
"""More than a pipe holds (64 KiB)."""


def join_before_get() -> None:
    """EXIT_FLUSH: a child cannot leave before its result is read, and its parent reads after the join."""
    results: Queue[bytes] = multiprocessing.Queue()
    child = multiprocessing.Process(target=compute, args=(results,), daemon=True)
    child.start()
    child.join()
    results.get()


def compute(results: Queue[bytes]) -> None:
    results.put(BIG)


def join_chain() -> None:
    """JOIN: three generations wait for a great-grandchild that has nothing to end it."""
    pass_on(3)


def pass_on(generations: int) -> None:
    if generations == 0:
        dawdle()
    child = multiprocessing.Process(target=pass_on, args=(generations - 1,))
    child.start()
    child.join()


def dawdle() -> None:
    while True:
        time.sleep(3600)


def terminate_ignored() -> None:
    """JOIN: the child does not end on SIGTERM, and `join` after `terminate` waits for it."""
    is_deaf = multiprocessing.Event()
    child = multiprocessing.Process(target=be_deaf, args=(is_deaf,), daemon=True)
    child.start()
    is_deaf.wait()
    child.terminate()
    child.join()


def be_deaf(is_deaf: Event) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    is_deaf.set()
    dawdle()


def exit_waits_child() -> None:
    """EXIT_WAITS_CHILD: the function has returned; a child that is no daemon is joined before the process ends."""
    multiprocessing.Process(target=dawdle).start()


def exit_waits_thread() -> None:
    """EXIT_WAITS_THREAD: the function has returned; a thread that is no daemon is waited for."""
    threading.Thread(target=wait_for_news, args=(threading.Event(),), name="news").start()


def wait_for_news(has_come: threading.Event) -> None:
    has_come.wait()
