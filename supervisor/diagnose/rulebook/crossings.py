"""What is said where no signature tells it: where threads tell more together than alone, and where a thread moves."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import Rule

RULES: Final = (
    Rule(id="moved", kind="RUNNING", text="It has just moved{at}."),
    Rule(
        id="feeder-orphan",
        kind="WLOCK_ORPHAN",
        target="lock",
        text="What was put on {queue} cannot be sent: its write lock belongs to a process that died while it sent.",
        remedy="Make the queue anew and restart its users: with the lock alone, half a message stays in it.",
    ),
    Rule(
        id="queue-long-message",
        kind="QUEUE_EMPTY",
        target="queue",
        text="It takes a long message from {queue}{at}.",
    ),
    Rule(
        id="semaphore-signal",
        kind="SIGNAL_WAIT",
        target="signal",
        text="It waits{at} for {lock}, of which nobody has a unit: somebody else has to release it.",
        remedy="See who should release it, and whether that process lives.",
    ),
    Rule(
        id="pool-task-lost",
        kind="POOL_TASK_LOST",
        target="pool",
        text="It waits{at} for a task of its pool that is lost: no member has it. The member that had it was "
        "killed, or the task called sys.exit().",
        remedy="Restart it, and see whether memory ran out. multiprocessing.Pool never reports this; "
        "concurrent.futures.ProcessPoolExecutor does.",
    ),
    Rule(
        id="pool-wedged",
        kind="POOL_WEDGED",
        target="lock",
        text="It waits{at} for a pool of which no member can take a task: one died that had the task queue's lock.",
        remedy="Release the lock, which is safe where its holder was idle when it died, or restart the worker.",
    ),
    Rule(
        id="pool-respawns",
        kind="POOL_RESPAWNS",
        target="pool",
        text="It waits{at} for a pool whose members end as soon as they are started: its initializer fails, "
        "most likely.",
        remedy="See the initializer's traceback in the log; stop the worker: the pool never ends to start members.",
    ),
    Rule(
        id="gil-held",
        kind="GIL_HELD",
        text="It is in native code{at} that keeps the interpreter lock, so {waiters} cannot run.",
        remedy="Have that code release the lock (with ctypes: CDLL, not PyDLL), or run it in a process of its own.",
    ),
)
