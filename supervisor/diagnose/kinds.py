"""Every diagnosis there is, by name: how bad it is, and when it is told unasked. Data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.diagnose.verdict import Severity, WarningName

Limit = Literal["", "at once", "blocked_after", "hang_after"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A diagnosis by name.

    Attributes:
        grown: the severity once `after` has passed; without a limit the severity from the beginning.
        words: what it does, after "it": ``waits for a lock``.
        warning: what it is told as, unasked, once it has lasted for `after`; empty: never by itself.
        after: the limit of the profile that counts, ``at once`` for two unchanged looks.
        follows: it is as bad as what is waited for: no concern while that moves, or does what it should.
        is_of_graph: no rule says so, only the waits-for graph.
    """

    name: str
    grown: Severity
    words: str
    warning: WarningName = ""
    after: Limit = ""
    follows: bool = False
    is_of_graph: bool = False

    @property
    def severity(self) -> Severity:
        """Of a thread, or worker, that is in it, until its limit has passed."""
        return "waiting" if self.after and self.grown in ("warning", "stuck") else self.grown


def _by_name(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.name: kind for kind in kinds}


KINDS: Final = _by_name(
    # No concern, however long it lasts. With a resource it waits for others: STARVED when none of them is left.
    Kind("IDLE", "idle", "waits for work, as it should"),
    Kind("SLEEPING", "idle", "sleeps"),
    Kind("POLLING", "idle", "waits with a time limit"),
    Kind("SERVING", "idle", "waits for connections or events"),
    Kind("INPUT_WAIT", "idle", "waits for input"),
    Kind("QUEUE_EMPTY", "idle", "waits for an item in an empty queue"),
    Kind("PIPE_EMPTY", "idle", "waits for a message in an empty pipe"),
    Kind("THREAD_QUEUE_EMPTY", "idle", "waits for an item of another thread"),
    # It works.
    Kind("RUNNING", "busy", "runs"),
    Kind("CPU_BOUND", "busy", "computes without a pause in Python code"),
    Kind("CPU_BOUND_C", "busy", "computes without a pause in native code"),
    Kind("GIL_HELD", "warning", "is in native code that keeps the interpreter lock", "HANG", "hang_after"),
    # Locks and signals.
    Kind("LOCK_WAIT", "warning", "waits for a lock", "BLOCKED", "blocked_after"),
    Kind("SEM_WAIT", "warning", "waits for a lock or semaphore", "BLOCKED", "blocked_after"),
    Kind("THREAD_LOCK", "warning", "waits for a lock of its own process", "BLOCKED", "blocked_after"),
    Kind("FORK_LOCK", "stuck", "waits for a lock that no thread of it can release", "HANG", "blocked_after"),
    Kind("IMPORT_LOCK", "warning", "waits for another thread's import", "BLOCKED", "blocked_after"),
    Kind("GIL_WAIT", "waiting", "waits for the interpreter lock", follows=True),
    Kind("SIGNAL_WAIT", "waiting", "waits for an event or condition"),
    Kind("THREAD_SIGNAL_WAIT", "waiting", "waits for a signal of another thread"),
    Kind("BARRIER_WAIT", "warning", "waits at a barrier for the others", "HANG", "hang_after"),
    Kind("FLOCK", "warning", "waits for a file lock", "BLOCKED", "blocked_after"),
    # Queues and pipes.
    Kind("QUEUE_FULL", "warning", "waits for room in a full queue", "BLOCKED", "blocked_after"),
    Kind("FEEDER_FULL", "waiting", "waits for a reader of what was put on a queue"),
    Kind("WLOCK_WAIT", "waiting", "waits for its turn to write to a queue"),
    Kind("WLOCK_ORPHAN", "stuck", "waits for a write lock that nobody holds", "ORPHANED LOCK", "at once"),
    Kind("QUEUE_CORRUPT", "stuck", "waits for the rest of a broken message", "HANG", "blocked_after"),
    Kind("TASKS_NOT_DONE", "warning", "waits for task_done() of all items", "JOIN", "hang_after", follows=True),
    Kind("THREAD_QUEUE_FULL", "warning", "waits for room in a queue between threads", "BLOCKED", "blocked_after"),
    Kind("PIPE_FULL", "warning", "waits for room in a full pipe", "BLOCKED", "blocked_after"),
    Kind("STDOUT_BLOCKED", "warning", "waits for a reader of its output", "BLOCKED", "blocked_after"),
    Kind("LOG_BACKPRESSURE", "warning", "waits for room to write to the log", "BLOCKED", "blocked_after"),
    # Pools and executors.
    Kind("POOL_WAIT", "waiting", "waits for a result of its pool", follows=True),
    Kind("POOL_TASK_LOST", "stuck", "waits for a pool task that is lost", "HANG", "blocked_after"),
    Kind("POOL_WEDGED", "stuck", "waits for a pool whose queue lock is dead", "ORPHANED LOCK", "at once"),
    Kind("POOL_RESULT_THREAD_DEAD", "stuck", "waits for a pool that takes no results", "HANG", "at once"),
    Kind("POOL_RESPAWNS", "stuck", "waits for a pool whose members die at once", "HANG", "at once"),
    Kind("POOL_JOIN", "warning", "waits for its pool to end", "JOIN", "hang_after", follows=True),
    Kind("EXECUTOR_WAIT", "waiting", "waits for a result of an executor", follows=True),
    Kind("EXECUTOR_JOIN", "warning", "waits for an executor to end", "JOIN", "hang_after", follows=True),
    # Processes, threads, ends and beginnings.
    Kind("JOIN", "warning", "waits for a child to end", "JOIN", "hang_after", follows=True),
    Kind("EXIT_WAITS_CHILD", "warning", "finished, waits for a child to end", "JOIN", "blocked_after", follows=True),
    Kind("EXIT_WAITS_THREAD", "warning", "finished, waits for a thread", "JOIN", "blocked_after", follows=True),
    Kind("EXIT_FLUSH", "stuck", "finished, waits for a reader of what it put", "JOIN", "blocked_after"),
    Kind("THREAD_JOIN", "warning", "waits for a thread to end", "JOIN", "hang_after", follows=True),
    Kind("STARTING", "warning", "is still being started", "HANG", "hang_after"),
    Kind("SUBPROCESS", "waiting", "waits for a program to end", follows=True),
    Kind("MANAGER_WAIT", "warning", "waits for a manager's answer", "BLOCKED", "blocked_after", follows=True),
    # The rest of the world.
    Kind("NET", "waiting", "waits for data from the network"),
    Kind("NET_FULL", "warning", "waits for the network to take its data", "BLOCKED", "blocked_after"),
    Kind("READ_WAIT", "waiting", "waits in a read"),
    Kind("STOPPED", "stuck", "is stopped by a signal", "HANG", "blocked_after"),
    Kind("UNINTERRUPTIBLE", "stuck", "waits in the kernel and cannot be interrupted", "HANG", "hang_after"),
    Kind("ZOMBIE", "waiting", "has ended and was not collected by its parent"),
    Kind("UNKNOWN", "waiting", "waits for something that no rule knows"),
    # What only the graph can say.
    Kind("DEADLOCK", "stuck", "is in a deadlock", "DEADLOCK", "at once", is_of_graph=True),
    Kind("SELF_DEADLOCK", "stuck", "waits for a lock that it holds itself", "DEADLOCK", "at once", is_of_graph=True),
    Kind("ORPHANED_LOCK", "stuck", "waits for a lock of a dead process", "ORPHANED LOCK", "at once", is_of_graph=True),
    Kind("STARVED", "stuck", "waits for what nobody can send any more", "STARVED", "blocked_after", is_of_graph=True),
    Kind("LEAKED_CHILDREN", "warning", "has left children behind", "LEAKED CHILDREN", "at once", is_of_graph=True),
    Kind("HANG", "stuck", "has not moved", "HANG", "hang_after", is_of_graph=True),
)  # fmt: skip
