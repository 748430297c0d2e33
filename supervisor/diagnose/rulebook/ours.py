"""Rules for procdeck's own channels, log lane and context: all of their waits are one poll in one function."""

from __future__ import annotations

from typing import Final

from supervisor.diagnose.rule import Rule, Target

_CHANNELS: Final = "supervisor/channels"
_BLOCKED: Final = f"{_CHANNELS}/waiting.py Blocking.wait|nap"


def _waits(id: str, kind: str, function: str, target: Target, text: str, remedy: str = "") -> Rule:  # noqa: A002
    """A wait in a channel's operation."""
    return Rule(
        id=id,
        kind=kind,
        stack=(_BLOCKED, "...", f"{_CHANNELS}/{function}"),
        kernel=("poll",),
        target=target,
        confidence="certain",
        text=text,
        remedy=remedy,
    )


RULES: Final = (
    _waits("channel-empty", "QUEUE_EMPTY", "queue.py Queue.get", "queue", "It waits{at} for an item in {queue}."),
    _waits(
        "channel-full",
        "QUEUE_FULL",
        "queue.py Queue.put",
        "queue",
        "It waits{at} for room in {queue}, which is full.",
        "See why its readers do not read, start more of them, or give the queue a greater maxsize.",
    ),
    _waits(
        "channel-tasks",
        "TASKS_NOT_DONE",
        "queue.py Queue.join",
        "queue",
        "It waits{at} until all items of {queue} are done.",
        "Call task_done() for each item that is taken, in a finally.",
    ),
    _waits(
        "channel-lock",
        "LOCK_WAIT",
        "latch.py Latch.take",
        "lock",
        "It waits{at} for {lock}.",
        "See what its holder is doing.",
    ),
    _waits(
        "channel-semaphore",
        "SEM_WAIT",
        "semaphore.py Semaphore.acquire",
        "lock",
        "It waits{at} for {lock}.",
        "See what those who have its units are doing.",
    ),
    _waits("channel-event", "SIGNAL_WAIT", "event.py Event.wait", "signal", "It waits{at} until {signal} is set."),
    _waits(
        "channel-condition",
        "SIGNAL_WAIT",
        "condition.py Condition.wait",
        "signal",
        "It waits{at} until {signal} is notified.",
    ),
    _waits(
        "channel-barrier",
        "BARRIER_WAIT",
        "barrier.py Barrier.wait",
        "signal",
        "It waits{at} at {signal} until the other parties are there.",
        "See what the parties that are missing are doing.",
    ),
    _waits(
        "channel-pipe-full",
        "PIPE_FULL",
        "pipe.py PipeConnection.send|PipeConnection.send_bytes",
        "pipe",
        "It waits{at} for room in {pipe}.",
        "See why the process at the other end does not read.",
    ),
    _waits("channel-pipe-empty", "PIPE_EMPTY", "pipe.py *", "pipe", "It waits{at} for a message from {pipe}."),
    _waits(
        "channel-manager",
        "MANAGER_WAIT",
        "managed.py Managed._ask",
        "manager",
        "It waits{at} for an answer of {manager}.",
        "See whether the manager's process lives; resume or restart it.",
    ),
    _waits("channel-manager-idle", "IDLE", "serving.py *", "", "A manager that waits for clients."),
    Rule(
        id="channel-spill",
        kind="QUEUE_FULL",
        stack=(f"{_CHANNELS}/giving.py Giving._seal",),
        kernel=("sleep",),
        target="queue",
        text="It waits{at} for room for a big item in {queue}.",
    ),
    Rule(
        id="log-lane-full",
        kind="LOG_BACKPRESSURE",
        stack=("...", "supervisor/agent/lane_writer.py LaneWriter.write"),
        kernel=("write", "poll"),
        target="pipe",
        confidence="certain",
        text="It waits{at} for room in its log lane: the engine does not read it fast enough.",
        remedy="Log less, or see why the engine is busy; a slow sink does not slow workers by itself.",
    ),
    Rule(
        id="log-lane-turn",
        kind="LOG_BACKPRESSURE",
        stack=("supervisor/agent/lane_writer.py LaneWriter.write|LaneWriter._write_guarded",),
        kernel=("futex-private", "file-lock"),
        target="futex",
        text="It waits{at} for its turn to write to the log.",
        remedy="See what the thread or child that writes to the log is doing.",
    ),
    Rule(
        id="context-waits",
        kind="IDLE",
        stack=("supervisor/agent/context.py Stopping.wait",),
        kernel=("poll",),
        confidence="certain",
        text="It waits{at} until it is asked to stop, or its time has come.",
    ),
)
