"""Programs that hang, or wait in good order, each in one way, in the standard library's primitives between processes.

A function is a program: it runs in a process of its own, and the processes that it makes say with `play` which part
they have. The names of the parts are what the expectations in `expected` speak of. None of them ends by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from multiprocessing import pool
from pathlib import Path
from typing import Any

from scripts.record_parts.staging import (
    PATIENCE_S,
    PIPE_READ,
    PIPE_WRITE,
    SLOW_IMPORT,
    Start,
    hold,
    play,
    until_blocked,
)

# --- queues ---


def queue_full(context: Any) -> None:
    queue = context.Queue(1)
    Start(context)("putter", _put_for_ever, queue)
    hold()


def _put_for_ever(queue: Any) -> None:
    while True:
        queue.put("x")


def queue_empty(context: Any) -> None:
    queue = context.Queue()
    first = Start(context)("first", _get_for_ever, queue)
    until_blocked(first.pid, *PIPE_READ)
    Start(context)("second", _get_for_ever, queue)
    hold()


def _get_for_ever(queue: Any) -> None:
    while True:
        queue.get()


def queue_polled(context: Any) -> None:
    queue = context.Queue()
    first = Start(context)("first", _poll_for_ever, queue)
    until_blocked(first.pid, "poll_schedule_timeout.constprop.0", "poll_schedule_timeout", "do_poll.constprop.0")
    Start(context)("second", _poll_for_ever, queue)
    hold()


def _poll_for_ever(queue: Any) -> None:
    queue.get(timeout=PATIENCE_S)


def exit_flush(context: Any) -> None:
    queue = context.Queue()
    Start(context)("putter", _put_much, queue).join()


def _put_much(queue: Any) -> None:
    queue.put("x" * 1_000_000)


def writer_killed(context: Any) -> None:
    queue = context.Queue()
    first = Start(context)("first", _put_and_hold, queue)
    while not _has_blocked_thread(first.pid):
        time.sleep(0.02)
    first.kill()
    first.join()
    Start(context)("second", _put_much, queue)
    Start(context)("reader", _get_for_ever, queue)
    hold()


def _put_and_hold(queue: Any) -> None:
    queue.put("x" * 1_000_000)
    hold()


def _has_blocked_thread(pid: int) -> bool:
    return any(task.joinpath("wchan").read_text() in PIPE_WRITE for task in Path(f"/proc/{pid}/task").iterdir())


def reader_killed(context: Any) -> None:
    queue = context.Queue()
    first = Start(context)("first", _get_for_ever, queue)
    until_blocked(first.pid, *PIPE_READ)
    Start(context)("second", _get_for_ever, queue)
    first.kill()
    first.join()
    queue.put("x")
    hold()


def simple_queue_full(context: Any) -> None:
    queue = context.SimpleQueue()
    Start(context)("putter", _put_much, queue)
    hold()


def simple_queue_empty(context: Any) -> None:
    queue = context.SimpleQueue()
    first = Start(context)("first", _get_for_ever, queue)
    until_blocked(first.pid, *PIPE_READ)
    Start(context)("second", _get_for_ever, queue)
    hold()


def tasks_not_done(context: Any) -> None:
    queue = context.JoinableQueue()
    Start(context)("taker", queue.get)
    queue.put("x")
    play("joiner")
    queue.join()


def log_queue_full(context: Any) -> None:
    queue = context.Queue(2)
    Start(context)("logger", _log_for_ever, queue)
    hold()


def _log_for_ever(queue: Any) -> None:
    import logging.handlers

    class Blocking(logging.handlers.QueueHandler):
        def enqueue(self, record: logging.LogRecord) -> None:
            self.queue.put(record)  # type: ignore[attr-defined]

    logging.getLogger().addHandler(Blocking(queue))
    while True:
        logging.getLogger().warning("once more")


# --- locks and signals ---


def lock_wait(context: Any) -> None:
    """One of each way to wait for what the parent holds."""
    lock, recursive, semaphore = context.Lock(), context.RLock(), context.Semaphore(1)
    value, array = context.Value("i"), context.Array("i", 3)
    start = Start(context)
    lock.acquire()
    recursive.acquire()
    semaphore.acquire()
    value.get_lock().acquire()
    array.get_lock().acquire()
    start("with_lock", _with, lock)
    start("with_rlock", _with, recursive)
    start("acquirer", _acquire, lock)
    start("down", semaphore.acquire)
    start("with_value", _with_value, value)
    start("set_value", _set_value, value)
    start("set_item", _set_item, array)
    play("holder")
    hold()


def _with(lock: Any) -> None:
    with lock:
        pass


def _acquire(lock: Any) -> None:
    lock.acquire()


def _with_value(value: Any) -> None:
    with value.get_lock():
        value.value += 1


def _set_value(value: Any) -> None:
    value.value = 1


def _set_item(array: Any) -> None:
    array[0] = 1


def abba(context: Any) -> None:
    first, second, both = context.Lock(), context.Lock(), context.Barrier(2)
    start = Start(context)
    start("left", _take_both, first, second, both)
    start("right", _take_both, second, first, both)
    hold()


def _take_both(first: Any, second: Any, both: Any) -> None:
    with first:
        both.wait()
        with second:
            pass


def self_deadlock(context: Any) -> None:
    Start(context)("twice", _take_twice, context.Lock())
    hold()


def _take_twice(lock: Any) -> None:
    with lock, lock:
        pass


def lock_owner_killed(context: Any) -> None:
    lock = context.Lock()
    owner = Start(context)("owner", _keep, lock)
    until_blocked(owner.pid, "hrtimer_nanosleep", "do_nanosleep")
    owner.kill()
    owner.join()
    Start(context)("waiter", _with, lock)
    hold()


def _keep(lock: Any) -> None:
    with lock:
        hold()


def signals(context: Any) -> None:
    start = Start(context)
    start("eventful", context.Event().wait)
    start("conditional", _await_condition, context.Condition())
    start("barred", context.Barrier(2).wait)
    start("patient", context.Event().wait, PATIENCE_S)
    hold()


def _await_condition(condition: Any) -> None:
    with condition:
        condition.wait()


# --- pipes ---


def pipes(context: Any) -> None:
    start = Start(context)
    (one, two), (reading, writing), (full_end, full), (_, simplex) = (
        context.Pipe(),
        context.Pipe(duplex=False),
        context.Pipe(),
        context.Pipe(duplex=False),
    )
    start("receiver", one.recv)
    start("one_way", reading.recv)
    start("poller", two.poll, PATIENCE_S)
    start("sender", _send_for_ever, full)
    start("one_way_sender", _send_for_ever, simplex)
    hold()
    del writing, full_end


def _send_for_ever(end: Any) -> None:
    while True:
        end.send("x" * 5000)


# --- pools and executors ---


def pool_busy(context: Any) -> None:
    play("owner")
    with context.Pool(2) as workers:
        workers.map(_sleep_long, [1], chunksize=1)


def _sleep_long(_: object) -> None:
    hold()


def pool_idle(context: Any) -> None:
    play("owner")
    with context.Pool(2) as workers:
        workers.map(abs, [1, 2])
        hold()


def pool_async(context: Any) -> None:
    play("owner")
    with context.Pool(2) as workers:
        next(workers.imap(_sleep_long, [1]))


def pool_join(context: Any) -> None:
    play("owner")
    workers = context.Pool(2)
    workers.apply_async(_sleep_long, (1,))
    workers.close()
    workers.join()


def pool_task_lost(context: Any) -> None:
    play("owner")
    with context.Pool(2) as workers:
        result = workers.apply_async(_kill_oneself)
        result.get()


def _kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def pool_wedged(context: Any) -> None:
    play("owner")
    with context.Pool(2) as workers:
        workers.map(abs, [1, 2])
        reader = None
        while reader is None:
            for worker in workers._pool:
                if Path(f"/proc/{worker.pid}/wchan").read_text() in PIPE_READ:
                    reader = worker
        os.kill(reader.pid, signal.SIGKILL)
        while reader in workers._pool:
            time.sleep(0.02)
        workers.map(abs, [1, 2])


class Unbuilt(Exception):
    """It pickles, and cannot be unpickled."""

    def __init__(self, one: object, two: object) -> None:
        super().__init__(one)
        self.two = two


def pool_result_lost(context: Any) -> None:
    play("owner")
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115  # the traceback of the thread that dies
    with context.Pool(2) as workers:
        workers.apply(_raise_unbuilt)


def _raise_unbuilt() -> None:
    raise Unbuilt(1, 2)


def pool_respawns(context: Any) -> None:
    play("owner")
    workers = pool.Pool(2, initializer=os._exit, initargs=(1,), context=context)
    workers.map(abs, [1, 2])


def executor(context: Any) -> None:
    from concurrent.futures import ProcessPoolExecutor

    play("owner")
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        workers.submit(_sleep_long, 1)


def executor_result(context: Any) -> None:
    from concurrent.futures import ProcessPoolExecutor

    play("owner")
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        workers.submit(_sleep_long, 1).result()


def executor_idle(context: Any) -> None:
    from concurrent.futures import ProcessPoolExecutor

    play("owner")
    with ProcessPoolExecutor(2, mp_context=context) as workers:
        list(workers.map(abs, [1, 2, 3]))
        hold()


# --- processes ---


def join(context: Any) -> None:
    Start(context)("joiner", _join_child, context, None)
    Start(context)("patient", _join_child, context, PATIENCE_S)
    Start(context)("leaver", _start_child, context)
    hold()


def _join_child(context: Any, timeout: float | None) -> None:
    Start(context)("child", hold).join(timeout)


def _start_child(context: Any) -> None:
    Start(context)("child", hold)


def spawning(_: Any) -> None:
    """A child that does not get to the end of its imports, and arguments that do not fit into the pipe."""
    play("parent")
    os.environ[SLOW_IMPORT] = "1"
    multiprocessing.get_context("spawn").Process(target=len, args=("x" * 1_000_000,)).start()


def manager_stopped(context: Any) -> None:
    manager = context.Manager()
    shared = manager.dict()
    blocked = manager.Queue()
    Start(context)("queue_user", blocked.get)
    connected, go = context.Event(), context.Event()
    Start(context)("caller", _ask_twice, shared, connected, go)
    connected.wait()
    os.kill(manager._process.pid, signal.SIGSTOP)
    go.set()
    hold()


def _ask_twice(shared: Any, connected: Any, go: Any) -> None:
    shared.get(1)
    connected.set()
    go.wait()
    shared.get(1)


def stopped(context: Any) -> None:
    child = Start(context)("stopped", hold)
    until_blocked(child.pid, "hrtimer_nanosleep", "do_nanosleep")
    os.kill(child.pid, signal.SIGSTOP)
    hold()
