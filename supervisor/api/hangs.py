"""Requests and replies about what is stuck: verdicts, stacks, samples, and the ways out that are no plain actions."""

from __future__ import annotations

from typing import Final

from supervisor.api.message import Message
from supervisor.diagnose.verdict import ChainLink, ProcessStacks, StackFrame, ThreadStack, Verdict, WayOut

__all__ = [
    "RESOURCE_LIMIT",
    "SAMPLE_LIMIT_S",
    "SAMPLE_RATE_LIMIT_HZ",
    "ChainLink",
    "ProcessKillRequest",
    "ProcessStacks",
    "ReleaseRequest",
    "SampleReply",
    "SampleRequest",
    "SampledStack",
    "StackFrame",
    "StacksReply",
    "ThreadStack",
    "Verdict",
    "WayOut",
    "WayOutReply",
    "WhyReply",
    "check_sample",
]

SAMPLE_LIMIT_S: Final = 60.0
"""The longest time over which stacks are sampled."""

SAMPLE_RATE_LIMIT_HZ: Final = 200.0
"""How often stacks are sampled at most: more would be felt by whom it is about."""

RESOURCE_LIMIT: Final = 300
"""Bytes of a resource's name in a request."""


class WhyReply(Message, frozen=True, kw_only=True):
    """``GET /v1/why`` (all, or each ``?name=``) and ``GET /v1/workers/{name}/why``: a verdict for each, worst first.

    For one replica: its main thread's (or its worst) first, then other threads and descendants that matter.
    """

    verdicts: tuple[Verdict, ...] = ()
    took_ms: float = 0.0
    at_s: float = 0.0
    """Monotonic, when the look began."""
    troubles: tuple[str, ...] = ()
    """What could not be seen: ``pid 12: may not be looked into: permission denied``."""


class StacksReply(Message, frozen=True, kw_only=True):
    """``GET /v1/workers/{name}/stacks``: all processes of a replica's tree; for one at rest, what it last was doing."""

    replica: str
    processes: tuple[ProcessStacks, ...] = ()
    took_ms: float = 0.0
    post_mortem: tuple[str, ...] = ()
    """For a replica at rest: how it ended, its last activity and wait, the items in its hands, its last records."""


class SampleRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/workers/{name}/sample``."""

    seconds: float = 2.0
    rate_hz: float = 50.0


class SampledStack(Message, frozen=True, kw_only=True):
    """A stack and how often it was seen."""

    pid: int
    thread: str
    frames: tuple[StackFrame, ...]
    """Outermost first."""
    count: int
    is_waiting: bool = False
    """The thread was asleep in the kernel."""


class SampleReply(Message, frozen=True, kw_only=True):
    replica: str
    seconds: float
    samples: int
    stacks: tuple[SampledStack, ...] = ()
    """Most often seen first."""
    source: str = ""
    """``agent`` or ``py-spy``."""
    trouble: str = ""


class ReleaseRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/workers/{name}/release``: free a lock whose holder is dead, by the hand of a waiter."""

    resource: str
    """`WayOut.resource`."""


class ProcessKillRequest(Message, frozen=True, kw_only=True):
    """The body of ``POST /v1/processes/kill``: end one process of a worker's tree, a root blocker say."""

    pid: int
    start_ticks: int


class WayOutReply(Message, frozen=True, kw_only=True):
    text: str
    """What was done, in a sentence."""


def check_sample(wish: SampleRequest) -> None:
    """See that `wish` asks for a bounded look.

    Raises:
        ValueError: it does not; the message says what to do.
    """
    if not 0 < wish.seconds <= SAMPLE_LIMIT_S:
        raise ValueError(f"seconds is more than 0 and at most {SAMPLE_LIMIT_S:g}, not {wish.seconds:g}")
    if not 0 < wish.rate_hz <= SAMPLE_RATE_LIMIT_HZ:
        raise ValueError(f"rate_hz is more than 0 and at most {SAMPLE_RATE_LIMIT_HZ:g}, not {wish.rate_hz:g}")
