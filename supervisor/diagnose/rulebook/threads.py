"""Rules for what threads of one process wait for: locks, queues between threads, signals, imports, each other."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import THREAD_FUTEX, Rule
from supervisor.diagnose.rulebook.frames import JOINED, THREAD_CONDITION, THREAD_EVENT, TSTATE

_FORK_TEXT: Final = (
    "It waits{at} for a lock that another thread of its parent held when it was forked; here nobody releases it."
)
_FORK_REMEDY: Final = "Use the spawn or forkserver start method, or start processes before threads."
_LOCK_REMEDY: Final = "See what the other threads of the process are doing."
_IMPORT: Final = "<frozen importlib._bootstrap> _ModuleLock.acquire"

FORKED: Final = (
    Rule(
        id="fork-import-lock",
        kind="FORK_LOCK",
        stack=(_IMPORT,),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        is_alone=True,
        is_forked=True,
        target="futex",
        text="It waits for an import that another thread of its parent had begun when it was forked.",
        remedy=_FORK_REMEDY,
    ),
    Rule(
        id="fork-log-lock",
        kind="FORK_LOCK",
        stack=("logging/__init__.py *",),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        is_alone=True,
        is_forked=True,
        target="futex",
        text=_FORK_TEXT,
        remedy=_FORK_REMEDY,
    ),
    Rule(
        id="fork-lock",
        kind="FORK_LOCK",
        stack=("user",),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        is_alone=True,
        is_forked=True,
        target="futex",
        text=_FORK_TEXT,
        remedy=_FORK_REMEDY,
    ),
)

WAITS: Final = (
    Rule(
        id="import-lock",
        kind="IMPORT_LOCK",
        stack=(_IMPORT,),
        kernel=THREAD_FUTEX,
        target="futex",
        confidence="certain",
        text="It waits{at} for an import that another thread of it has begun.",
        remedy="See what that thread waits for: an import must not wait for a thread that imports.",
    ),
    Rule(
        id="thread-queue-polled",
        kind="POLLING",
        stack=(THREAD_CONDITION, "queue.py *"),
        kernel=THREAD_FUTEX,
        has_timeout=True,
        text="It waits{at} for a queue between threads, with a time limit.",
    ),
    Rule(
        id="thread-queue-empty",
        kind="THREAD_QUEUE_EMPTY",
        stack=(THREAD_CONDITION, "queue.py Queue.get"),
        kernel=THREAD_FUTEX,
        target="futex",
        confidence="certain",
        text="It waits{at} for an item of another thread.",
    ),
    Rule(
        id="thread-queue-full",
        kind="THREAD_QUEUE_FULL",
        stack=(THREAD_CONDITION, "queue.py Queue.put"),
        kernel=THREAD_FUTEX,
        target="futex",
        confidence="certain",
        text="It waits{at} for room in a queue between threads.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-tasks-not-done",
        kind="TASKS_NOT_DONE",
        stack=(THREAD_CONDITION, "queue.py Queue.join"),
        kernel=THREAD_FUTEX,
        target="futex",
        confidence="certain",
        text="It waits{at} until task_done() was called for every item of a queue between threads.",
        remedy="Call task_done() for each item that is taken, in a finally.",
    ),
    Rule(
        id="timer",
        kind="SLEEPING",
        stack=(*THREAD_EVENT, "threading.py Timer.run"),
        confidence="certain",
        text="A timer that is not yet due.",
    ),
    Rule(
        id="thread-barrier",
        kind="BARRIER_WAIT",
        stack=(THREAD_CONDITION, "threading.py Condition.wait_for", "...", "threading.py Barrier.wait"),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        target="futex",
        text="It waits{at} at a barrier for other threads.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-semaphore",
        kind="THREAD_LOCK",
        stack=(THREAD_CONDITION, "threading.py Semaphore.acquire"),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        target="futex",
        text="It waits{at} for a semaphore between threads.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-signal-polled",
        kind="POLLING",
        stack=(THREAD_CONDITION,),
        kernel=THREAD_FUTEX,
        has_timeout=True,
        text="It waits{at} for a signal of another thread, with a time limit.",
    ),
    Rule(
        id="thread-signal",
        kind="THREAD_SIGNAL_WAIT",
        stack=(THREAD_CONDITION,),
        kernel=THREAD_FUTEX,
        target="futex",
        confidence="certain",
        text="It waits{at} for a signal of another thread.",
    ),
    Rule(
        id="thread-join-3.12",
        kind="THREAD_JOIN",
        stack=(TSTATE, JOINED),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        until=(3, 13),
        target="thread",
        confidence="certain",
        text="It waits{at} for {thread} to end.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-join",
        kind="THREAD_JOIN",
        stack=(JOINED,),
        kernel=THREAD_FUTEX,
        has_timeout=False,
        since=(3, 13),
        target="thread",
        confidence="certain",
        text="It waits{at} for {thread} to end.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-simple-queue-empty",
        kind="THREAD_QUEUE_EMPTY",
        kernel=THREAD_FUTEX,
        sources=(".get(",),
        target="futex",
        confidence="possible",
        text="It waits{at} for an item of another thread.",
    ),
)

LOCKS: Final = (
    Rule(
        id="thread-polled",
        kind="POLLING",
        stack=("...", "user"),
        kernel=("futex-private",),
        has_timeout=True,
        text="It waits{at} for another thread, with a time limit.",
    ),
    Rule(
        id="log-lock",
        kind="THREAD_LOCK",
        stack=("logging/__init__.py *",),
        kernel=("futex-private",),
        target="futex",
        text="It waits{at} for the lock of a log handler, which another thread of it has.",
        remedy="See what that thread waits for in its log handler.",
    ),
    Rule(
        id="thread-lock",
        kind="THREAD_LOCK",
        kernel=("futex-private",),
        subjects=("thread.Lock", "thread.RLock"),
        target="futex",
        confidence="certain",
        text="It waits{at} for {futex}, a lock between threads.",
        remedy=_LOCK_REMEDY,
    ),
    Rule(
        id="thread-lock-by-source",
        kind="THREAD_LOCK",
        stack=("user",),
        kernel=("futex-private",),
        sources=("with ", ".acquire("),
        target="futex",
        text="It waits{at} for a lock between threads.",
        remedy=_LOCK_REMEDY,
    ),
)
