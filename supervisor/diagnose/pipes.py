"""Pipes and file locks as the kernel tells of them: what is inside a pipe, who has its ends, who holds a file's lock.

Looking into a pipe opens it for an instant for reading: nothing is taken out, and no reader ever sees an end of file
late, since no writer is added. A writer whose last reader dies in that very instant gets its EPIPE when it is closed.
"""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from supervisor.diagnose import proc_files
from supervisor.diagnose.evidence import Look

_LOCKS_LIMIT_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PipeState:
    """How full a pipe is."""

    bytes_inside: int
    capacity: int


@dataclass(frozen=True, slots=True)
class End:
    """One open end of a pipe. A fork leaves all ends to the child: having one is not using it."""

    pid: int
    number: int
    mode: Literal["r", "w", "rw"]


def pipe_state(pid: int, descriptor_number: int) -> PipeState | None:
    """What is inside the pipe that a process has as a descriptor; None where it is no pipe or may not be opened.

    Never anything but a nameless pipe is opened: a terminal, a device or a FIFO could notice.
    """
    path = f"/proc/{pid}/fd/{descriptor_number}"
    try:
        link = os.readlink(path)
        if not link.startswith("pipe:["):
            return None
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except OSError:
        return None
    try:
        if link != f"pipe:[{os.fstat(opened).st_ino}]":
            return None  # the number is another file's by now
        (inside,) = struct.unpack("i", fcntl.ioctl(opened, termios.FIONREAD, b"\0\0\0\0"))
        return PipeState(bytes_inside=inside, capacity=fcntl.fcntl(opened, fcntl.F_GETPIPE_SZ))
    except OSError:
        return None
    finally:
        os.close(opened)


def pipe_ends(look: Look) -> Mapping[str, tuple[End, ...]]:
    """The ends of each pipe, and who has each socket, by link; only of a look that has descriptors."""
    ends: dict[str, list[End]] = {}
    for process in look.processes.values():
        for one in process.descriptors:
            if one.link.startswith(("pipe:[", "socket:[")):
                ends.setdefault(one.link, []).append(End(process.pid, one.number, one.mode))
    return {link: tuple(found) for link, found in ends.items()}


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
