"""A verdict: the answer to "why is this worker not moving?", as it goes over the socket."""

from __future__ import annotations

from typing import Literal

import msgspec

Severity = Literal["idle", "busy", "waiting", "warning", "stuck"]
"""``idle`` and ``busy`` are no concern; ``waiting`` is told when asked; ``warning`` and ``stuck`` are told unasked."""
WarningName = Literal["", "HANG", "BLOCKED", "JOIN", "DEADLOCK", "ORPHANED LOCK", "STARVED", "LEAKED CHILDREN"]
WayOutAction = Literal["restart", "kill", "kill-process", "release", "resume", "dump", "report", "wait"]


class StackFrame(msgspec.Struct, frozen=True, kw_only=True):
    file: str
    line: int
    function: str
    source: str = ""


class ChainLink(msgspec.Struct, frozen=True, kw_only=True):
    """One step of "A waits for L2, held by B, which waits for L1"."""

    replica: str
    """Empty for a process that is no worker's."""
    pid: int
    tid: int | None = None
    thread: str = ""
    does: str
    """``holds the lock made at etl.py:12 and waits for the lock made at etl.py:13``."""
    frame: StackFrame | None = None
    """The innermost frame of its own code."""


class WayOut(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be done about it, best first."""

    action: WayOutAction
    text: str
    """``restart parse.2``, with what that costs or why it is safe."""
    replica: str = ""
    pid: int | None = None
    start_ticks: int | None = None
    """With `pid`, the process's identity, so that nobody else is ever hit."""
    resource: str = ""
    """For ``release``: which lock."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Why one thread, and so its worker, does not move; or what it does, if it does."""

    kind: str
    """``DEADLOCK``, ``QUEUE_FULL``, ``LOCK_WAIT``, ``IDLE`` ...: one of `supervisor.diagnose.rules`'s kinds."""
    severity: Severity
    warning: WarningName = ""
    replica: str
    pid: int
    tid: int
    thread: str = ""
    sentence: str
    """The cause, in one sentence."""
    chain: tuple[ChainLink, ...] = ()
    is_cycle: bool = False
    """The chain's last link waits for its first."""
    evidence: tuple[str, ...] = ()
    confidence: Literal["certain", "likely", "possible"]
    remedy: str = ""
    """What a person can do, in the code or now."""
    ways_out: tuple[WayOut, ...] = ()
    since_s: float | None = None
    """Since when, monotonic, as far as is known."""
    blocks: tuple[str, ...] = ()
    """The replicas that wait for this one, directly or through others."""
    stack: tuple[StackFrame, ...] = ()
    """Innermost first."""


class ThreadStack(msgspec.Struct, frozen=True, kw_only=True):
    """One thread's stack for people."""

    tid: int
    name: str
    is_main: bool = False
    state: str = ""
    """``running``, ``sleeping``, or what the kernel says it waits for."""
    frames: tuple[StackFrame, ...] = ()
    """Innermost first."""


class ProcessStacks(msgspec.Struct, frozen=True, kw_only=True):
    """The stacks of one process."""

    pid: int
    name: str
    source: str
    """Who told: ``agent``, ``py-spy``, ``faulthandler``, ``kernel`` (no Python frames)."""
    threads: tuple[ThreadStack, ...] = ()
    trouble: str = ""
    """Why there is no more."""
