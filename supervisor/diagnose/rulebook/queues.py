"""Rules for the queues of multiprocessing: full, empty, broken, and what keeps a process from its end."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import Rule
from supervisor.diagnose.rulebook.frames import (
    ANY_GET,
    ANY_PUT,
    CONDITION,
    ENTER,
    FEED,
    JOINED,
    POLLED,
    QUEUES,
    RECEIVED_BYTES,
    RECEIVING,
    SENDING,
    SENT_BYTES,
    THREAD_CONDITION,
    TSTATE,
)

_FLUSH: Final = (f"{QUEUES} Queue._finalize_join", "...", "multiprocessing/util.py _exit_function")
_FLUSH_TEXT: Final = "It has finished and cannot exit: data that it put on {queue} was never read."
_FLUSH_REMEDY: Final = (
    "Read the queue before join(); or have the process that puts call cancel_join_thread(), if the data may be lost."
)
_JOIN_THREAD_TEXT: Final = "It waits in join_thread() until what it put on {queue} has been read."
_FULL_TEXT: Final = "It waits{at} for room in {queue}, which is full."
_FULL_REMEDY: Final = "See why its readers do not read, start more of them, or give the queue a greater maxsize."
_LOG_TEXT: Final = "It waits for room in {queue}, which takes log records: nobody reads it fast enough."
_LOG_REMEDY: Final = "See why the listener does not read, or have the handler drop records when the queue is full."
_CORRUPT_TEXT: Final = (
    "It waits for {bytes} bytes of a message that will never come: a process died while it sent it to {queue}."
)
_CORRUPT_REMEDY: Final = "Make the queue anew and restart its users: what is sent now is taken for the rest."

EXITS: Final = (
    Rule(
        id="exit-flush-3.12",
        kind="EXIT_FLUSH",
        stack=(TSTATE, JOINED, *_FLUSH),
        until=(3, 13),
        target="queue",
        confidence="certain",
        text=_FLUSH_TEXT,
        remedy=_FLUSH_REMEDY,
    ),
    Rule(
        id="exit-flush",
        kind="EXIT_FLUSH",
        stack=(JOINED, *_FLUSH),
        since=(3, 13),
        target="queue",
        confidence="certain",
        text=_FLUSH_TEXT,
        remedy=_FLUSH_REMEDY,
    ),
    Rule(
        id="queue-join-thread-3.12",
        kind="QUEUE_FULL",
        stack=(TSTATE, JOINED, _FLUSH[0]),
        until=(3, 13),
        target="queue",
        text=_JOIN_THREAD_TEXT,
        remedy=_FLUSH_REMEDY,
    ),
    Rule(
        id="queue-join-thread",
        kind="QUEUE_FULL",
        stack=(JOINED, _FLUSH[0]),
        since=(3, 13),
        target="queue",
        text=_JOIN_THREAD_TEXT,
        remedy=_FLUSH_REMEDY,
    ),
)

LOGS: Final = (
    Rule(
        id="log-queue-full",
        kind="LOG_BACKPRESSURE",
        stack=(ANY_PUT, "...", "logging/handlers.py QueueHandler.emit"),
        kernel=("futex-shared",),
        target="queue",
        text=_LOG_TEXT,
        remedy=_LOG_REMEDY,
    ),
    Rule(
        id="log-simple-queue-full",
        kind="LOG_BACKPRESSURE",
        stack=(*SENDING, "...", f"{QUEUES} SimpleQueue.put", "...", "logging/handlers.py QueueHandler.emit"),
        kernel=("write",),
        target="queue",
        text=_LOG_TEXT,
        remedy=_LOG_REMEDY,
    ),
    Rule(
        id="loguru-queue-full",
        kind="LOG_BACKPRESSURE",
        stack=(*SENDING, "...", f"{QUEUES} SimpleQueue.put", "loguru/_handler.py Handler.emit"),
        kernel=("write",),
        target="queue",
        text="It waits for room in loguru's queue (enqueue=True): the process that owns the sink does not read it.",
        remedy="See why that process does not move; or log without enqueue.",
    ),
)

RULES: Final = (
    Rule(
        id="feeder-idle",
        kind="IDLE",
        stack=(THREAD_CONDITION, FEED),
        confidence="certain",
        text="The thread that sends what is put on a queue has nothing to send.",
    ),
    Rule(
        id="feeder-full",
        kind="FEEDER_FULL",
        stack=(*SENT_BYTES, FEED),
        kernel=("write",),
        target="queue",
        confidence="certain",
        text="What was put on {queue} is not read: its pipe is full.",
        remedy=_FULL_REMEDY,
    ),
    Rule(
        id="feeder-turn",
        kind="WLOCK_WAIT",
        stack=(FEED,),
        kernel=("futex-shared",),
        target="lock",
        text="What was put on {queue} waits for the queue's write lock.",
        remedy="See what the process that has the lock is doing.",
    ),
    Rule(
        id="queue-corrupt",
        kind="QUEUE_CORRUPT",
        stack=(*RECEIVING, "...", ANY_GET),
        kernel=("read",),
        not_count=4,
        target="queue",
        text=_CORRUPT_TEXT,
        remedy=_CORRUPT_REMEDY,
    ),
    Rule(
        id="pipe-corrupt",
        kind="QUEUE_CORRUPT",
        stack=RECEIVING,
        kernel=("read",),
        not_count=4,
        target="pipe",
        text="It waits for {bytes} more bytes of a message from {pipe}: its sender died or was stopped in the middle.",
        remedy="Restart the process at the other end, and close the copies of the sending end that others inherited.",
    ),
    Rule(
        id="queue-empty",
        kind="QUEUE_EMPTY",
        stack=(*RECEIVED_BYTES, ANY_GET),
        kernel=("read",),
        count=4,
        target="queue",
        confidence="certain",
        text="It waits{at} for an item in {queue}, which is empty.",
    ),
    Rule(
        id="queue-turn",
        kind="QUEUE_EMPTY",
        stack=(ENTER, ANY_GET),
        kernel=("futex-shared",),
        target="lock",
        text="It waits{at} for its turn to read {queue}: another process is reading.",
    ),
    Rule(
        id="loky-queue-turn",
        kind="QUEUE_EMPTY",
        stack=("loky/backend/synchronize.py SemLock.__enter__", ANY_GET),
        kernel=("futex-shared",),
        target="lock",
        text="It waits{at} for its turn to read {queue}: another process is reading.",
    ),
    Rule(
        id="queue-polled",
        kind="POLLING",
        stack=(*POLLED, "...", f"{QUEUES} Queue.get"),
        kernel=("poll",),
        target="queue",
        confidence="certain",
        text="It waits{at} for an item in {queue}, with a time limit.",
    ),
    Rule(
        id="queue-polled-turn",
        kind="POLLING",
        stack=(f"{QUEUES} Queue.get",),
        kernel=("futex-shared",),
        target="lock",
        text="It waits{at} for its turn to read {queue}, with a time limit.",
    ),
    Rule(
        id="queue-full-in-time",
        kind="POLLING",
        stack=(ANY_PUT,),
        kernel=("futex-shared",),
        has_timeout=True,
        target="queue",
        text="It waits{at} for room in {queue}, which is full, with a time limit.",
    ),
    Rule(
        id="queue-full",
        kind="QUEUE_FULL",
        stack=(ANY_PUT,),
        kernel=("futex-shared",),
        target="queue",
        confidence="certain",
        text=_FULL_TEXT,
        remedy=_FULL_REMEDY,
    ),
    Rule(
        id="simple-queue-full",
        kind="QUEUE_FULL",
        stack=(*SENT_BYTES, f"{QUEUES} SimpleQueue.put"),
        kernel=("write",),
        target="queue",
        confidence="certain",
        text=_FULL_TEXT,
        remedy=_FULL_REMEDY,
    ),
    Rule(
        id="simple-queue-put-turn",
        kind="WLOCK_WAIT",
        stack=(ENTER, f"{QUEUES} SimpleQueue.put"),
        kernel=("futex-shared",),
        target="lock",
        text="It waits{at} for its turn to write to {queue}.",
        remedy=_FULL_REMEDY,
    ),
    Rule(
        id="tasks-not-done",
        kind="TASKS_NOT_DONE",
        stack=(CONDITION, f"{QUEUES} JoinableQueue.join"),
        kernel=("futex-shared",),
        target="queue",
        confidence="certain",
        text="It waits{at} until task_done() was called for every item of {queue}.",
        remedy="Call task_done() for each item that is taken, in a finally; see whether a consumer has ended early.",
    ),
)
