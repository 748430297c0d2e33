"""What single files of ``/proc`` say of a process or thread, decoded (proc(5)); knows no trees and keeps nothing.

Whoever is gone raises `ProcessLookupError` or `FileNotFoundError`, whoever may not be looked into `PermissionError`:
`why_not` puts the latter into words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from supervisor.diagnose.evidence import Descriptor, SemaphoreMapping, Syscall

_CHUNK_BYTES: Final = 16384
_FDINFO_LIMIT_BYTES: Final = 256 * 1024
_CHILDREN_LIMIT_BYTES: Final = 1024 * 1024
_MAPS_LIMIT_BYTES: Final = 16 * 1024 * 1024
_SEMAPHORE_PATH: Final = b"/dev/shm/sem."  # where glibc puts them (sem_overview(7))
_YAMA: Final = "/proc/sys/kernel/yama/ptrace_scope"


def read(path: str, limit: int = _CHUNK_BYTES) -> bytes:
    """A small file, in one call of read(2)."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, limit)
    finally:
        os.close(descriptor)


def read_long(path: str, limit: int) -> bytes:
    """A file of many lines, which the kernel gives a page at a time; at most about `limit` bytes."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    chunks: list[bytes] = []
    seen = 0
    try:
        while seen < limit and (chunk := os.read(descriptor, _CHUNK_BYTES)):
            chunks.append(chunk)
            seen += len(chunk)
    finally:
        os.close(descriptor)
    return b"".join(chunks)


@dataclass(frozen=True, slots=True)
class Stat:
    """A thread's ``stat``; the main thread's start is the process's."""

    name: str
    state: str
    parent_pid: int
    cpu_ticks: int
    start_ticks: int


def stat(pid: int, tid: int) -> Stat:
    """``/proc/PID/task/TID/stat``."""
    text = read(f"/proc/{pid}/task/{tid}/stat", 1024)
    # The name stands in brackets and may hold anything, brackets and spaces included.
    opening, closing = text.find(b"("), text.rfind(b")")
    rest = text[closing + 2 :].split(None, 20)
    if opening < 0 or len(rest) < 20:
        raise ProcessLookupError(pid)  # an empty file: the thread ended between open and read
    return Stat(
        name=text[opening + 1 : closing].decode(errors="replace"),
        state=rest[0].decode(),
        parent_pid=int(rest[1]),
        cpu_ticks=int(rest[11]) + int(rest[12]),
        start_ticks=int(rest[19]),
    )


def schedule(pid: int, tid: int) -> tuple[int, int]:
    """How many nanoseconds a thread has run, and how often it was given a processor; -1, -1 where that is not kept."""
    try:
        words = read(f"/proc/{pid}/task/{tid}/schedstat", 128).split()
        ran_ns, turns = int(words[0]), int(words[2])
    except (FileNotFoundError, IndexError, ValueError):
        return -1, -1  # a kernel without CONFIG_SCHED_INFO, or gone: the next file tells
    return (ran_ns, turns) if turns else (-1, -1)


@dataclass(frozen=True, slots=True)
class Status:
    """What is needed of a thread's ``status``."""

    voluntary: int
    involuntary: int
    caught_signals: int
    blocked_signals: int
    pending_signals: int
    """The thread's and the process's."""
    uid: int
    """The real one."""


def status(pid: int, tid: int) -> Status:
    """``/proc/PID/task/TID/status``."""
    text = read(f"/proc/{pid}/task/{tid}/status")
    return Status(
        voluntary=_number(text, b"\nvoluntary_ctxt_switches:"),
        involuntary=_number(text, b"\nnonvoluntary_ctxt_switches:"),
        caught_signals=_number(text, b"\nSigCgt:", 16),
        blocked_signals=_number(text, b"\nSigBlk:", 16),
        pending_signals=_number(text, b"\nSigPnd:", 16) | _number(text, b"\nShdPnd:", 16),
        uid=_number(text, b"\nUid:"),
    )


def _number(text: bytes, label: bytes, base: int = 10) -> int:
    """The first number after `label`; 0 where there is none."""
    at = text.find(label)
    if at < 0:
        return 0
    words = text[at + len(label) : at + len(label) + 40].split(None, 1)
    return int(words[0], base) if words else 0


def syscall(pid: int, tid: int) -> Syscall | None:
    """The system call that a thread is in (proc_pid_syscall(5)); None while it runs.

    One that sleeps outside of any, in a page fault for example, is told as number -1.
    """
    words = read(f"/proc/{pid}/task/{tid}/syscall", 512).split()
    if not words or words[0] == b"running":
        return None
    if words[0] == b"-1":
        return Syscall(-1, ())
    return Syscall(int(words[0]), tuple([int(word, 16) for word in words[1:7]]))


def wchan(pid: int, tid: int) -> str:
    """The kernel function that a thread sleeps in; empty where it is awake, or where it may not be known."""
    text = read(f"/proc/{pid}/task/{tid}/wchan", 256)
    return "" if text == b"0" else text.decode(errors="replace")


def threads(pid: int) -> list[int]:
    """The threads of a process, the main thread first."""
    tids = [int(name) for name in os.listdir(f"/proc/{pid}/task")]
    tids.sort(key=lambda tid: (tid != pid, tid))
    return tids


def children(pid: int, tids: Sequence[int] = ()) -> list[int]:
    """The children of a process, zombies included; empty when it is gone.

    Args:
        tids: its threads, where they are known: a child is listed with the thread that forked it.
    """
    found: list[int] = []
    try:
        forking = tids or threads(pid)
    except OSError:
        return found
    for tid in forking:
        try:
            found += map(int, read_long(f"/proc/{pid}/task/{tid}/children", _CHILDREN_LIMIT_BYTES).split())
        except OSError:
            continue  # that thread has ended
    return found


@cache
def lists_children() -> bool:
    """Whether the kernel does (CONFIG_PROC_CHILDREN)."""
    return os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def descriptors(pid: int) -> Iterator[Descriptor]:
    """What a process has open, as far as it may be known; one that is closed meanwhile is left out."""
    folder = os.open(f"/proc/{pid}/fd", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in os.listdir(folder):
            try:
                link = os.readlink(name, dir_fd=folder)
                bits = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            except OSError:
                continue
            # The link's own permission bits are how the descriptor was opened (proc_pid_fd(5)).
            mode: Literal["r", "w", "rw"] = "rw" if bits & 0o600 == 0o600 else "w" if bits & 0o200 else "r"
            yield Descriptor(int(name), link, mode)
    finally:
        os.close(folder)


def watched_by_epoll(pid: int, number: int) -> tuple[int, ...]:
    """The descriptors that an epoll descriptor watches (proc_pid_fdinfo(5))."""
    lines = read_long(f"/proc/{pid}/fdinfo/{number}", _FDINFO_LIMIT_BYTES).splitlines()
    return tuple(int(line.split()[1]) for line in lines if line.startswith(b"tfd:"))


def semaphores(pid: int) -> Iterator[SemaphoreMapping | None]:
    """The POSIX semaphores that a process has mapped; a None now and then is a place to pause."""
    seen = 0
    rest = b""
    with open(f"/proc/{pid}/maps", "rb", buffering=0) as file:
        while seen < _MAPS_LIMIT_BYTES and (chunk := file.read(_CHUNK_BYTES)):
            seen += len(chunk)
            block = rest + chunk
            whole = block.rfind(b"\n") + 1
            rest = block[whole:]
            if _SEMAPHORE_PATH in block:
                yield from _mapped(block[:whole])
            yield None


def _mapped(lines: bytes) -> Iterator[SemaphoreMapping]:
    for line in lines.splitlines():
        if _SEMAPHORE_PATH in line:
            span, _, _, _, inode, path = line.split(None, 5)
            start, _, end = span.partition(b"-")
            name = path.removesuffix(b" (deleted)")[len(_SEMAPHORE_PATH) :].decode(errors="replace")
            yield SemaphoreMapping(int(inode), int(start, 16), int(end, 16), name)


def memory(pid: int, address: int, length: int) -> bytes:
    """Some bytes of a process's memory; the process goes on meanwhile.

    Raises:
        OSError: there is no memory at that address, the process is gone, or it may not be looked into.
    """
    descriptor = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.pread(descriptor, length, address)
    except OverflowError:  # an address above 2**63: none of a program's
        found = b""
    finally:
        os.close(descriptor)
    if len(found) < length:
        raise ProcessLookupError(pid)
    return found


def is_there(pid: int, tid: int) -> bool:
    """Whether a thread has not ended yet."""
    return os.path.exists(f"/proc/{pid}/task/{tid}")


def is_hidden(pid: int) -> bool:
    """Whether a process lives of which ``/proc`` shows nothing (its mount option hidepid)."""
    try:
        read(f"/proc/{pid}/stat", 1)
    except PermissionError:
        return True
    except OSError:
        try:
            os.close(os.pidfd_open(pid))
        except OSError:
            return False
        return not os.path.exists(f"/proc/{pid}")
    return False


def why_not(pid: int, uid: int | None) -> str:
    """Why a process may not be looked into, given its real user where that is known (ptrace(2), proc(5))."""
    mine = os.geteuid()
    if uid is None:
        reason = "/proc is mounted with hidepid"
    elif uid != mine:
        reason = f"it runs as another user (uid {uid}, the engine as {mine})"
    elif (scope := _yama_scope()) > 0:
        reason = f"kernel.yama.ptrace_scope is {scope}"
    elif _is_undumpable(pid):
        reason = "it is set-uid, or has asked not to be looked into (PR_SET_DUMPABLE)"
    else:
        reason = "the kernel, or the container's rules, forbid it"
    return f"may not be looked into: permission denied ({reason})"


def _yama_scope() -> int:
    try:
        return int(read(_YAMA))
    except (OSError, ValueError):
        return 0


def _is_undumpable(pid: int) -> bool:
    """Its files in ``/proc`` are root's although it is not."""
    try:
        return os.stat(f"/proc/{pid}").st_uid != os.geteuid()
    except OSError:
        return False
