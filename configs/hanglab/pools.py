"""Hangs of pools: a task that is lost with its process, a lock that is, a thread of the pool's own that died."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)


def pool_task_lost() -> None:
    """POOL_TASK_LOST: the process that did the task was killed; the pool replaces it, but nobody does its task."""
    with multiprocessing.Pool(2) as pool:
        pool.apply(run_out_of_memory)


def run_out_of_memory() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pool_wedged() -> None:
    """POOL_WEDGED: idle members were killed, and one of them held the lock of the task queue while it waited."""
    with multiprocessing.Pool(2) as pool:
        members = multiprocessing.active_children()
        tasks = pool._inqueue  # type: ignore[attr-defined]  # noqa: SLF001
        while tasks._rlock.acquire(block=False):  # noqa: SLF001 - until a member waits for a task
            tasks._rlock.release()  # noqa: SLF001
            time.sleep(0.01)
        for member in members:
            member.kill()
        pool.map(abs, range(10))


class NoSuchCustomer(Exception):
    """An exception that pickles, and cannot be unpickled: it is rebuilt from its text alone."""

    def __init__(self, name: str, number: int) -> None:
        super().__init__(f"no customer {name}, number {number}")


def pool_results_dead() -> None:
    """POOL_RESULT_THREAD_DEAD: a task's exception ended the thread that reads results; no result comes any more."""
    with multiprocessing.Pool(2) as pool:
        pool.apply(look_up)


def look_up() -> None:
    raise NoSuchCustomer("Ada", 1815)


def pool_respawns() -> None:
    """POOL_RESPAWNS: every member fails in its initializer and is replaced, for ever, and no task is ever begun."""
    with multiprocessing.Pool(1, initializer=connect) as pool:
        pool.apply(abs, (-1,))


def connect() -> None:
    time.sleep(0.3)
    raise ConnectionRefusedError("the database is not up")


def executor_waits() -> None:
    """EXECUTOR_JOIN: leaving the block waits for a task that does not end."""
    with ProcessPoolExecutor(1) as executor:
        executor.submit(work_for_ever)


def work_for_ever() -> None:
    while True:
        time.sleep(3600)
