"""The door to the C library's heap: what becomes of memory that is freed. Where it is not glibc's, nothing is done."""

from __future__ import annotations

import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold, as long as nothing large was freed."""
BUFFER_BYTES: Final = 4 * 1024 * 1024
"""More than one turn of the log queue holds of one lane."""


def give_back_large() -> bool:
    """Have every piece of `LARGE_BYTES` and more go back to the kernel when it is freed; whether that is so now.

    Otherwise glibc keeps in the heap what is as large as the largest piece that was freed before (mallopt(3),
    M_MMAP_THRESHOLD); asyncio reads into 256 KiB each time and keeps the part that is full, which leaves holes.
    """
    return _set(LARGE_BYTES, LARGE_BYTES)


def use_again() -> bool:
    """Have pieces of less than `BUFFER_BYTES` be made of what others have left; whether that is so now.

    Otherwise each time that the log queue is drained its buffers are new pages, which the kernel has to clear: that is
    half of what it costs to store a printed line. Twice `BUFFER_BYTES` are kept at most.
    """
    return _set(BUFFER_BYTES, 2 * BUFFER_BYTES)


def _set(mmap_bytes: int, trim_bytes: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, mmap_bytes)) and bool(mallopt(_M_TRIM_THRESHOLD, trim_bytes))
