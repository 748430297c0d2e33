"""Semaphores between processes, read from outside: value, waiters, and how often `multiprocessing` holds one.

It reads structures of glibc (64 bits) and of CPython through ``/proc/PID/mem``. Both are proved on a semaphore of this
process at the first question; where that fails, on another C library or build, nothing is ever told.

::

    sem_t               value u32 · waiters u32
    object_address ─► PyObject 16 bytes · handle u64 · last_tid u64 · count i32 · maxvalue i32 · kind i32
"""

from __future__ import annotations

import _thread
import os
import struct
import sys
from dataclasses import dataclass
from functools import cache
from typing import Final

from supervisor.diagnose import proc_files
from supervisor.diagnose.evidence import ProcessFacts

_SEMAPHORE: Final = struct.Struct("<II")  # glibc's struct new_sem: nwaiters in the high half of one u64
_SEMLOCK: Final = struct.Struct("<QQiii")  # SemLockObject in CPython's Modules/_multiprocessing/semaphore.c
_OBJECT_HEAD_BYTES: Final = 16
_LOCK_KIND: Final = 1  # SEMAPHORE in the same file


@dataclass(frozen=True, slots=True)
class SemaphoreState:
    """A POSIX semaphore at one instant. Value 0 with waiters: somebody has it, or had it when it died."""

    inode: int
    value: int
    waiters: int


def read_semaphore(process: ProcessFacts, address: int) -> SemaphoreState | None:
    """The semaphore at `address` in a process; None where none is mapped there, or it cannot be read."""
    mapping = process.semaphore_at(address)
    if mapping is None or not self_test():
        return None
    try:
        value, waiters = _SEMAPHORE.unpack(proc_files.memory(process.pid, address, _SEMAPHORE.size))
    except OSError:
        return None
    return SemaphoreState(mapping.inode, value, waiters)


def read_count(pid: int, object_address: int, *, handle: int | None = None) -> tuple[int, int] | None:
    """How often a process holds a lock by its own bookkeeping, and the ident of the thread that took it last.

    A lock that is taken in one process and released in another leaves 1 here and -1 there, and a bare `os.fork` copies
    the count: it says "holds" only where the semaphore's value is 0, and not of who waits for it.

    Args:
        object_address: ``id(lock._semlock)`` in that process.
        handle: the lock's ``_semlock.handle``; where the memory says another, the object is gone.
    """
    if not self_test():
        return None
    try:
        found = _read_semlock(pid, object_address)
    except OSError:
        return None
    if handle is not None and found[0] != handle:
        return None
    return found[2], found[1]


def _read_semlock(pid: int, object_address: int) -> tuple[int, int, int, int, int]:
    """Handle, last thread, count, maximum and kind."""
    found = _SEMLOCK.unpack(proc_files.memory(pid, object_address + _OBJECT_HEAD_BYTES, _SEMLOCK.size))
    handle, last_thread, count, maximum, kind = found
    return handle, last_thread, count, maximum, kind


@cache
def self_test() -> bool:
    """Whether both structures are what they are taken for: made, taken and read back in this process, once."""
    try:
        return _agrees()
    except (ImportError, OSError, AttributeError, ValueError, struct.error):
        return False


def _agrees() -> bool:
    if sys.byteorder != "little" or struct.calcsize("P") != 8:
        return False
    import _multiprocessing  # type: ignore[import-not-found]

    pid = os.getpid()
    lock = _multiprocessing.SemLock(_LOCK_KIND, 1, 1, f"/procdeck-{pid}-{os.urandom(4).hex()}", True)
    seen = []
    for is_taken in (False, True):
        if is_taken:
            lock.acquire(False)
        seen.append(
            (_SEMAPHORE.unpack(proc_files.memory(pid, lock.handle, _SEMAPHORE.size)), _read_semlock(pid, id(lock)))
        )
    lock.release()
    (free, free_lock), (taken, taken_lock) = seen
    here = _thread.get_ident()
    return (
        (free, taken) == ((1, 0), (0, 0))
        and (free_lock[0], free_lock[2:]) == (lock.handle, (0, 1, _LOCK_KIND))
        and taken_lock == (lock.handle, here, 1, 1, _LOCK_KIND)
        and any(
            mapping is not None and mapping.start <= lock.handle < mapping.end for mapping in proc_files.semaphores(pid)
        )
    )
