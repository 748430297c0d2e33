"""Hangs on queues and pipes: full, empty for ever, and broken by the death of one who used them."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import time
from logging.handlers import QueueHandler
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.queues import JoinableQueue, Queue

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)

BIG = bytes(2**20)
"""More than a pipe holds (64 KiB)."""


# -- full, and empty for ever ---------------------------------------------------------------------------------------


def queue_full() -> None:
    """QUEUE_FULL: the consumer has gone on to something else, and the producer waits for room."""
    jobs: Queue[int] = multiprocessing.Queue(maxsize=2)
    multiprocessing.Process(target=produce, args=(jobs,), daemon=True).start()
    jobs.get()
    while True:
        time.sleep(3600)


def produce(jobs: Queue[int]) -> None:
    for number in range(100):
        jobs.put(number)


def queue_starved() -> None:
    """STARVED: one more item is waited for than the producer, who has ended, had to give."""
    jobs: Queue[int] = multiprocessing.Queue()
    producer = multiprocessing.Process(target=produce_three, args=(jobs,), daemon=True)
    producer.start()
    for _ in range(3):
        jobs.get()
    producer.join()
    jobs.get()


def produce_three(jobs: Queue[int]) -> None:
    for number in range(3):
        jobs.put(number)


def tasks_not_done() -> None:
    """TASKS_NOT_DONE: an item was taken whose `task_done` never came, and `join` waits for it."""
    jobs: JoinableQueue[int] = multiprocessing.JoinableQueue()
    for number in range(3):
        jobs.put(number)
    worker = multiprocessing.Process(target=forget_one, args=(jobs,), daemon=True)
    worker.start()
    worker.join()
    jobs.join()


def forget_one(jobs: JoinableQueue[int]) -> None:
    for number in [jobs.get() for _ in range(3)]:
        if number != 1:
            jobs.task_done()


class PatientHandler(QueueHandler):
    """A handler that loses no record: it waits where the library's own would drop it."""

    def enqueue(self, record: logging.LogRecord) -> None:
        self.queue.put(record)  # type: ignore[attr-defined]  # a queue.Queue as far as typeshed knows


def log_queue_full() -> None:
    """LOG_BACKPRESSURE: the process that writes the log file does not get on, and now every `log.info` waits."""
    records: Queue[Any] = multiprocessing.Queue(maxsize=3)
    multiprocessing.Process(target=write_log, args=(records,), daemon=True).start()
    log = logging.getLogger("hanglab.patient")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(PatientHandler(records))
    for number in range(10):
        log.info("record %d", number)


def write_log(records: Queue[Any]) -> None:
    records.get()
    while True:
        time.sleep(3600)  # the disk is slow today


# -- broken by a death ----------------------------------------------------------------------------------------------


def reader_killed() -> None:
    """ORPHANED_LOCK: a reader that was killed while it waited took the queue's read lock with it."""
    jobs: Queue[str] = multiprocessing.Queue()
    first = multiprocessing.Process(target=consume, args=(jobs,), daemon=True)
    first.start()
    while jobs._rlock.acquire(block=False):  # type: ignore[attr-defined]  # noqa: SLF001 - until the reader is inside
        jobs._rlock.release()  # type: ignore[attr-defined]  # noqa: SLF001
        time.sleep(0.01)
    kill(first)
    jobs.put("for nobody")
    jobs.get()


def consume(jobs: Queue[str]) -> None:
    while True:
        print(jobs.get())


def writer_killed() -> None:
    """QUEUE_CORRUPT: a writer that was killed in the middle of a message; its rest never comes."""
    pictures: Queue[bytes] = multiprocessing.Queue()
    painter = multiprocessing.Process(target=paint, args=(pictures,), daemon=True)
    painter.start()
    pictures._reader.poll(None)  # type: ignore[attr-defined]  # noqa: SLF001 - until the message has begun
    kill(painter)
    pictures.get()


def paint(pictures: Queue[bytes]) -> None:
    pictures.put(BIG)


def kill(child: multiprocessing.Process) -> None:
    """What the out-of-memory killer does."""
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()


# -- pipes ----------------------------------------------------------------------------------------------------------


def pipe_exchange() -> None:
    """DEADLOCK: two that both send before they receive, and each message is more than the pipe holds."""
    here, there = multiprocessing.Pipe()
    multiprocessing.Process(target=exchange, args=(there,), daemon=True).start()
    here.send_bytes(BIG)
    here.recv_bytes()


def exchange(there: Connection[Any, Any]) -> None:
    there.send_bytes(BIG)
    there.recv_bytes()


def pipe_without_end() -> None:
    """DEADLOCK: a reader that waits for the end of the stream, and a parent that joins it with the other end open."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    reader = multiprocessing.Process(target=read_to_end, args=(receiving,), daemon=True)
    reader.start()
    receiving.close()
    sending.send("the only message")
    reader.join()
    sending.close()


def read_to_end(receiving: Connection[Any, Any]) -> None:
    try:
        while True:
            receiving.recv()
    except EOFError:
        pass
