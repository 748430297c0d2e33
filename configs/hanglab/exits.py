"""Hangs at the end: work that is done, and a process that cannot leave, or is waited for by one that cannot go on."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from multiprocessing.synchronize import Event, Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)

BIG = bytes(2**20)
"""More than a pipe holds (64 KiB)."""


def join_before_get() -> None:
    """DEADLOCK: a child cannot leave before its result is read, and its parent reads after the join."""
    results: Queue[bytes] = multiprocessing.Queue()
    child = multiprocessing.Process(target=compute, args=(results,), daemon=True)
    child.start()
    child.join()
    results.get()


def compute(results: Queue[bytes]) -> None:
    results.put(BIG)


def exit_flush() -> None:
    """EXIT_FLUSH: the function has returned; what it put on a queue is read by nobody, and is waited for."""
    results: Queue[bytes] = multiprocessing.Queue()
    results.put(BIG)


def join_chain() -> None:
    """JOIN: a child joins a child that waits for a lock, which a third one keeps."""
    lock, is_taken = multiprocessing.Lock(), multiprocessing.Event()
    multiprocessing.Process(target=keep, args=(lock, is_taken), daemon=True).start()
    is_taken.wait()
    delegate(lock, 2)


def delegate(lock: Lock, generations: int) -> None:
    if generations == 0:
        write_result(lock)
    child = multiprocessing.Process(target=delegate, args=(lock, generations - 1))
    child.start()
    child.join()


def write_result(lock: Lock) -> None:
    with lock:
        print("never printed")


def keep(lock: Lock, is_taken: Event) -> None:
    with lock:
        is_taken.set()
        dawdle()


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
