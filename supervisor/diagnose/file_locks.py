"""Who holds the lock on a file, as the kernel tells of it (proc_locks(5))."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from supervisor.diagnose import proc_files

_LOCKS_LIMIT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class FileLock:
    """A line of ``/proc/locks``: a lock that is held, or waited for."""

    pid: int
    """Who took it: of a flock, a child may have inherited it since. 0 or -1 where the kernel knows nobody."""
    inode: int
    device: tuple[int, int]
    is_exclusive: bool
    is_waiting: bool


def file_locks() -> tuple[FileLock, ...]:
    """All locks of files that this process may see (proc_locks(5))."""
    try:
        return parse_locks(proc_files.read_long("/proc/locks", _LOCKS_LIMIT_BYTES))
    except OSError:
        return ()


def parse_locks(text: bytes) -> tuple[FileLock, ...]:
    """The lines ``1: POSIX  ADVISORY  WRITE 4711 fd:01:262 0 EOF``; one that waits has ``->`` before the kind."""
    found = []
    for line in text.splitlines():
        words = line.split()
        is_waiting = len(words) > 1 and words[1] == b"->"
        if is_waiting:
            del words[1]
        if len(words) < 6 or words[5].count(b":") != 2:
            continue
        major, minor, inode = words[5].split(b":")
        found.append(
            FileLock(
                pid=int(words[4]),
                inode=int(inode),
                device=(int(major, 16), int(minor, 16)),
                is_exclusive=words[3] == b"WRITE",
                is_waiting=is_waiting,
            )
        )
    return tuple(found)


def file_lock_holder(file: str | int) -> int | None:
    """Who holds a lock of a file, given its path or inode: whoever excludes all others first.

    None where nobody does, or where the kernel does not know the pid.
    """
    device: tuple[int, int] | None = None
    if isinstance(file, str):
        try:
            facts = os.stat(file.removesuffix(" (deleted)"))
        except OSError:
            return None
        inode, device = facts.st_ino, (os.major(facts.st_dev), os.minor(facts.st_dev))
    else:
        inode = file
    held = [lock for lock in file_locks() if lock.inode == inode and not lock.is_waiting and lock.pid > 0]
    # Some file systems (overlay, btrfs) show another device in a file's facts than in its locks.
    held.sort(key=lambda lock: (lock.device != device, not lock.is_exclusive))
    return held[0].pid if held else None
