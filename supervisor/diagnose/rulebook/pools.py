"""Rules for pools and executors: who waits for them, their members, and the threads that help them.

Whether a pool that is waited for works, has lost a task or is wedged, `crossing` tells from all of its processes.
"""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import THREAD_FUTEX, Rule, Target
from supervisor.diagnose.rulebook.frames import (
    ENTER,
    EXECUTOR,
    JOINED,
    MEMBER,
    POLLED,
    POOL,
    QUEUES,
    RECEIVED,
    RECEIVED_BYTES,
    SENDING,
    THREAD_CONDITION,
    THREAD_EVENT,
    TSTATE,
)

_FUTURES: Final = "concurrent/futures/_base.py"
_KEEPER: Final = f"{POOL} Pool._handle_workers"
_TAKER: Final = f"{POOL} Pool._handle_results"
_DEAD_TEXT: Final = (
    "Its pool takes no results any more: the thread for that has ended, on a result or exception that cannot be "
    "unpickled here most likely."
)
_DEAD_REMEDY: Final = (
    "See the traceback of _handle_results in the log. Give the exception a __reduce__, or pass all of its arguments to "
    "super().__init__(); then restart."
)
_WAIT_TEXT: Final = "It waits{at} for a result of its pool."
_WAIT_REMEDY: Final = "See what the members of the pool are doing."
_RESULT: Final = (*THREAD_EVENT, f"{POOL} ApplyResult.wait")
_NEXT: Final = (THREAD_CONDITION, f"{POOL} IMapIterator.next")


def _joins(id: str, kind: str, outer: tuple[str, ...], target: Target, text: str, remedy: str) -> tuple[Rule, ...]:  # noqa: A002
    """A wait for a thread, as it looks before Python 3.13 and since."""
    return (
        Rule(
            id=f"{id}-3.12",
            kind=kind,
            stack=(TSTATE, JOINED, *outer),
            until=(3, 13),
            target=target,
            text=text,
            remedy=remedy,
        ),
        Rule(id=id, kind=kind, stack=(JOINED, *outer), since=(3, 13), target=target, text=text, remedy=remedy),
    )


MEMBERS: Final = (
    Rule(
        id="pool-member-idle",
        kind="IDLE",
        stack=(*RECEIVED_BYTES, f"{QUEUES} SimpleQueue.get", MEMBER),
        kernel=("read",),
        count=4,
        target="queue",
        confidence="certain",
        text="A member of a pool that waits for a task.",
    ),
    Rule(
        id="pool-member-turn",
        kind="IDLE",
        stack=(ENTER, f"{QUEUES} SimpleQueue.get", MEMBER),
        kernel=("futex-shared",),
        target="lock",
        text="A member of a pool that waits for its turn to take a task.",
    ),
    Rule(
        id="executor-member-idle",
        kind="IDLE",
        stack=(*RECEIVED_BYTES, f"{QUEUES} Queue.get", f"{EXECUTOR} _process_worker"),
        kernel=("read",),
        count=4,
        target="queue",
        confidence="certain",
        text="A member of an executor that waits for a task.",
    ),
    Rule(
        id="executor-member-turn",
        kind="IDLE",
        stack=(ENTER, f"{QUEUES} Queue.get", f"{EXECUTOR} _process_worker"),
        kernel=("futex-shared",),
        target="lock",
        text="A member of an executor that waits for its turn to take a task.",
    ),
    Rule(
        id="thread-pool-member-idle",
        kind="IDLE",
        stack=("concurrent/futures/thread.py _worker",),
        kernel=THREAD_FUTEX,
        confidence="certain",
        text="A thread of an executor that waits for a task.",
    ),
)

THREADS: Final = (
    Rule(
        id="pool-keeps-members",
        kind="IDLE",
        stack=(*POLLED, "...", f"{POOL} Pool._handle_workers"),
        confidence="certain",
        text="The thread that looks after the members of a pool.",
    ),
    Rule(
        id="pool-sends-tasks-idle",
        kind="IDLE",
        stack=(f"{POOL} Pool._handle_tasks",),
        kernel=THREAD_FUTEX,
        confidence="certain",
        text="The thread that sends tasks to the members of a pool has none to send.",
    ),
    Rule(
        id="pool-sends-tasks",
        kind="FEEDER_FULL",
        stack=(*SENDING, "...", f"{POOL} Pool._handle_tasks"),
        kernel=("write",),
        target="pipe",
        text="Tasks wait for members of the pool that take them.",
        remedy=_WAIT_REMEDY,
    ),
    Rule(
        id="pool-takes-results",
        kind="IDLE",
        stack=(*RECEIVED, f"{POOL} Pool._handle_results"),
        kernel=("read",),
        count=4,
        confidence="certain",
        text="The thread that takes the results of a pool.",
    ),
    Rule(
        id="executor-manages",
        kind="IDLE",
        stack=(*POLLED, f"{EXECUTOR} wait_result_broken_or_wakeup"),
        confidence="certain",
        text="The thread that looks after an executor.",
    ),
)

WAITS: Final = (
    Rule(
        id="pool-result-thread-dead",
        kind="POOL_RESULT_THREAD_DEAD",
        stack=_RESULT,
        kernel=THREAD_FUTEX,
        has_thread=_KEEPER,
        lacks_thread=_TAKER,
        target="pool",
        text=_DEAD_TEXT,
        remedy=_DEAD_REMEDY,
    ),
    Rule(
        id="pool-result-thread-dead-imap",
        kind="POOL_RESULT_THREAD_DEAD",
        stack=_NEXT,
        kernel=THREAD_FUTEX,
        has_thread=_KEEPER,
        lacks_thread=_TAKER,
        target="pool",
        text=_DEAD_TEXT,
        remedy=_DEAD_REMEDY,
    ),
    Rule(
        id="pool-polled",
        kind="POLLING",
        stack=(THREAD_CONDITION, "...", f"{POOL} ApplyResult.wait|IMapIterator.next"),
        kernel=THREAD_FUTEX,
        has_timeout=True,
        target="pool",
        text="It waits{at} for a result of its pool, with a time limit.",
    ),
    Rule(
        id="pool-wait",
        kind="POOL_WAIT",
        stack=_RESULT,
        kernel=THREAD_FUTEX,
        target="pool",
        confidence="certain",
        text=_WAIT_TEXT,
        remedy=_WAIT_REMEDY,
    ),
    Rule(
        id="pool-wait-imap",
        kind="POOL_WAIT",
        stack=_NEXT,
        kernel=THREAD_FUTEX,
        target="pool",
        confidence="certain",
        text=_WAIT_TEXT,
        remedy=_WAIT_REMEDY,
    ),
    *_joins(
        "pool-join",
        "POOL_JOIN",
        (f"{POOL} Pool.join",),
        "pool",
        "It waits{at} until the tasks of its pool are done and its members have ended.",
        _WAIT_REMEDY,
    ),
    Rule(
        id="pool-join-member",
        kind="POOL_JOIN",
        stack=("...", "multiprocessing/process.py BaseProcess.join", f"{POOL} Pool.join|Pool._terminate_pool"),
        kernel=("child", "poll"),
        target="child",
        text="It waits{at} until {child}, a member of its pool, has ended.",
        remedy=_WAIT_REMEDY,
    ),
    Rule(
        id="pool-terminate-lock",
        kind="POOL_JOIN",
        stack=(f"{POOL} Pool._help_stuff_finish",),
        kernel=("futex-shared",),
        target="lock",
        text="It ends its pool and waits for the lock of the pool's task queue.",
        remedy="See which member has the lock; one that was killed has kept it.",
    ),
    *_joins(
        "pool-terminate",
        "POOL_JOIN",
        (f"{POOL} Pool._terminate_pool",),
        "pool",
        "It ends its pool and waits for one of the pool's threads.",
        _WAIT_REMEDY,
    ),
    *_joins(
        "executor-join",
        "EXECUTOR_JOIN",
        (f"{EXECUTOR} shutdown|_python_exit",),
        "pool",
        "It waits{at} until the tasks of its executor are done.",
        "See what the members of the executor are doing.",
    ),
    *_joins(
        "thread-executor-join",
        "EXECUTOR_JOIN",
        ("concurrent/futures/thread.py shutdown|_python_exit",),
        "thread",
        "It waits{at} until the threads of its executor are done.",
        "See what its threads are doing.",
    ),
    Rule(
        id="executor-polled",
        kind="POLLING",
        stack=(THREAD_CONDITION, "...", f"{_FUTURES} *"),
        kernel=THREAD_FUTEX,
        has_timeout=True,
        text="It waits{at} for a result of an executor, with a time limit.",
    ),
    Rule(
        id="executor-wait",
        kind="EXECUTOR_WAIT",
        stack=(THREAD_CONDITION, f"{_FUTURES} Future.result|Future.exception"),
        kernel=THREAD_FUTEX,
        target="pool",
        confidence="certain",
        text="It waits{at} for a result of an executor.",
        remedy="See what the members of the executor are doing.",
    ),
    Rule(
        id="executor-wait-many",
        kind="EXECUTOR_WAIT",
        stack=(*THREAD_EVENT, f"{_FUTURES} wait|as_completed"),
        kernel=THREAD_FUTEX,
        target="pool",
        confidence="certain",
        text="It waits{at} for results of an executor.",
        remedy="See what the members of the executor are doing.",
    ),
)
