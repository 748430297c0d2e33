"""The door to the C library's heap: what becomes of memory that is freed. Where it is not glibc's, nothing is done."""

from __future__ import annotations

import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3

LARGE_BYTES: Final = 128 * 1024
"""glibc's own threshold, as long as nothing large was freed."""


def give_back_large() -> bool:
    """Have every piece of `LARGE_BYTES` and more go back to the kernel when it is freed; whether that is so now.

    Otherwise glibc keeps in the heap what is as large as the largest piece that was freed before (mallopt(3),
    M_MMAP_THRESHOLD); asyncio reads into 256 KiB each time and keeps the part that is full, which leaves holes.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)) and bool(mallopt(_M_TRIM_THRESHOLD, LARGE_BYTES))
