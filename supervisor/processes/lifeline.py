"""A pipe whose end kills: when engine and guardian are both gone, the kernel sends SIGKILL to every worker's group.

::

    guardian ─┐                       ┌─ strand of walk   ── SIGKILL to walk's process group
    engine ───┴─ write end ═ pipe ════┼─ strand of parse.1
                (nothing is written)  └─ strand of redis

A strand is an open file description of the read end that only one worker holds. The kernel signals its owner, the
worker's process group, when the last write end is closed (fcntl(2): F_SETOWN, F_SETSIG, O_ASYNC). As long as the
guardian lives it ends workers more gently; this is for the instant in which both are killed.
"""

from __future__ import annotations

import fcntl
import os
import signal

_ends: list[int] = []
"""The read and the write end in this process; the guardian's are the engine's, by fork."""


def lay() -> None:
    """Make the pipe, in the guardian before it forks the engine."""
    if not _ends and hasattr(fcntl, "F_SETSIG"):
        _ends.extend(os.pipe())


def strand() -> int:
    """A descriptor for one new worker, to be closed by the caller; -1 where there is no lifeline.

    Raises:
        OSError: there are no descriptors left.
    """
    if not _ends:
        return -1
    try:
        return os.open(f"/proc/self/fd/{_ends[0]}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # no /proc
        return -1


def tie(descriptor: int, pid: int) -> None:
    """Have the group that `pid` leads, or is about to lead, killed with the lifeline's end."""
    if descriptor < 0:
        return
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -pid)
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_NONBLOCK | os.O_ASYNC)
    except OSError:
        pass  # the process is gone already
