"""Compresses closed segments, one at a time. A segment is complete in one form or the other at every moment.

Runs in the process of `supervisor.logs.keeping`, never in the engine.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from supervisor.logs.segment_files import BLOCK_BYTES, packed_member, packed_name, segment_name, segment_numbers

UNFINISHED_SUFFIX: Final = ".part"


def closed_segments(directory: Path) -> list[int]:
    """The numbers of the segments in `directory` that nobody writes to, and that are not compressed yet."""
    return [number for number in segment_numbers(directory)[:-1] if (directory / segment_name(number)).exists()]


def pack(directory: Path, number: int, is_wanted: Callable[[], bool] = lambda: True) -> bool:
    """Compress one segment; whether that is settled. Stops in the middle, and leaves nothing, once `is_wanted` says no.

    One that was deleted meanwhile, because no more is to be kept, is settled as well.

    Raises OSError where the disk refuses; the segment is left as it was.
    """
    plain, packed = directory / segment_name(number), directory / packed_name(number)
    unfinished = packed.with_name(packed.name + UNFINISHED_SUFFIX)
    if not packed.exists():
        try:
            if not _write_packed(plain, unfinished, is_wanted):
                return False
            os.rename(unfinished, packed)
        except FileNotFoundError:
            return not plain.exists()
        finally:
            unfinished.unlink(missing_ok=True)
    plain.unlink(missing_ok=True)
    return True


def _write_packed(plain: Path, unfinished: Path, is_wanted: Callable[[], bool]) -> bool:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    source = os.open(plain, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with open(source, "rb", buffering=0) as lines, open(os.open(unfinished, flags, 0o600), "wb") as out:
        changed_ns = os.fstat(source).st_mtime_ns
        left = size = os.fstat(source).st_size
        while left and is_wanted():
            block = os.pread(source, BLOCK_BYTES, size - left)
            if not block:
                return False  # somebody has emptied it
            out.write(packed_member(block))
            left -= len(block)
        if left or not size or os.fstat(lines.fileno()).st_size != size:
            return False
        out.flush()
        os.fsync(out.fileno())
        os.utime(out.fileno(), ns=(changed_ns, changed_ns))  # what is deleted for its age goes by when it was written
    return True
