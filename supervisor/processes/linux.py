"""The door to what only Linux has: subreapers, death signals, memory files. Elsewhere each says it is not there."""

from __future__ import annotations

import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    return bool(ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) == 0)


def become_subreaper() -> bool:
    """Have orphaned descendants become children of this process (prctl(2), Linux 3.4); False where not possible."""
    return _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(signal_number: int) -> bool:
    """Get `signal_number` when the parent ends; False where not possible. Cleared by a fork."""
    return _prctl(_PR_SET_PDEATHSIG, signal_number)


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
