"""The door to what only Linux has: subreapers, death signals, memory files, the out-of-memory score.

Elsewhere each says that it is not there.
"""

from __future__ import annotations

import os
import sys
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_GET_PDEATHSIG = 2
_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37

SHIELDED_OOM_SCORE = -500
"""The engine's and its guardian's, where permitted: a worker is ended before them (proc_pid_oom_score_adj(5))."""

_workers_oom_score: int | None = None
"""What this process had before it was shielded; a fork knows it as well."""


def _prctl(option: int, value: Any) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    return bool(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) == 0)


def _prctl_read(option: int) -> int | None:
    """The number that a PR_GET option gives (prctl(2)); None where the kernel does not know it."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    place = ctypes.c_int(0)
    return place.value if _prctl(option, ctypes.byref(place)) else None


def become_subreaper() -> bool:
    """Have orphaned descendants become children of this process (prctl(2), Linux 3.4); False where not possible."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def is_subreaper() -> bool:
    """Whether orphaned descendants become children of this process."""
    return bool(_prctl_read(_PR_GET_CHILD_SUBREAPER))


def has_subreapers() -> bool:
    """Whether this system has them."""
    return _prctl_read(_PR_GET_CHILD_SUBREAPER) is not None


def die_with_parent(signal_number: int) -> bool:
    """Get `signal_number` when the parent ends; False where not possible. Cleared by a fork."""
    return _prctl(_PR_SET_PDEATHSIG, signal_number)


def has_death_signals() -> bool:
    """Whether this system can tell a process of its parent's end."""
    return _prctl_read(_PR_GET_PDEATHSIG) is not None


def shield_from_oom() -> bool:
    """Have the kernel end others before this process when memory runs out; False where that is not permitted.

    Children inherit it: each that is no part of the engine must be given to `unshield`.
    """
    global _workers_oom_score  # noqa: PLW0603 - it is the process's, as the score itself is
    try:
        with open("/proc/self/oom_score_adj", "r+") as file:
            before = int(file.read())
            if before <= SHIELDED_OOM_SCORE:
                return False
            file.seek(0)
            file.write(str(SHIELDED_OOM_SCORE))
    except (OSError, ValueError):
        return False
    _workers_oom_score = before
    return True


def unshield(pid: int) -> None:
    """Give a child the out-of-memory score that this process had before it was shielded, if it was."""
    if _workers_oom_score is None:
        return
    try:
        with open(f"/proc/{pid}/oom_score_adj", "w") as file:
            file.write(str(_workers_oom_score))
    except OSError:
        pass  # it is gone already


def memory_file(name: str, content: bytes = b"") -> int:
    """A descriptor of a nameless file that holds `content`."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create(name)
    else:
        import tempfile

        descriptor, path = tempfile.mkstemp(prefix=name)
        os.unlink(path)
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]
    return descriptor
