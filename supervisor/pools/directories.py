"""Where a pool's big payloads lie: a directory whose name says which process owns it, so that others may remove it.

Of a pool whose process was killed, its members remove the directory when they see that; what even they could not, the
next pool of the same user does. The owner is told by pid and start time, to processes that see the same pids.

    procdeck-pool-NAMESPACE-PID-STARTTIME-random        with the files of `supervisor.pools.payloads`
"""

from __future__ import annotations

import contextlib
import os
import stat
import time

_PREFIX = "procdeck-pool-"
_SHARED_MEMORY = "/dev/shm"
_STATE, _START_TIME = 0, 19
"""Where /proc/PID/stat has them, counted from behind the name (proc_pid_stat(5))."""
_OWNERS_END_S = 2.0
_LOOK_S = 0.02


def make() -> str:
    """A new directory of this process; those of processes that are gone are removed."""
    import tempfile

    parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else tempfile.gettempdir()
    _remove_orphans(parent)
    pid = os.getpid()
    return tempfile.mkdtemp(prefix=f"{_PREFIX}{_namespace()}-{pid}-{_started(pid)}-", dir=parent)


def remove(directory: str) -> None:
    """Remove a directory and the files in it."""
    with contextlib.suppress(OSError):
        for name in os.listdir(directory):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(directory, name))
        os.rmdir(directory)


def remove_after_owner(directory: str) -> None:
    """The pool has gone silent: remove its directory if its process is gone, or is about to be.

    A process that is killed closes its sockets a moment before it is seen to be dead. A member that is a thread of the
    owner looks at nothing: it may be ended by force at any step, with a file open.
    """
    if _owner(directory)[1] == str(os.getpid()):
        return
    end_s = time.monotonic() + _OWNERS_END_S
    while not is_orphan(directory):
        if time.monotonic() > end_s or not os.path.isdir(directory):
            return
        time.sleep(_LOOK_S)
    remove(directory)


def is_orphan(directory: str) -> bool:
    """Whether the process that made it is gone for sure."""
    namespace, pid, started = _owner(directory)
    return bool(started) and namespace == _namespace() and _started(int(pid)) != started


def _remove_orphans(parent: str) -> None:
    for name in os.listdir(parent):
        directory = os.path.join(parent, name)
        if name.startswith(_PREFIX) and is_orphan(directory):
            with contextlib.suppress(OSError):
                status = os.lstat(directory)
                if stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid():
                    remove(directory)


def _owner(directory: str) -> tuple[str, str, str]:
    """Namespace, pid and start time, empty where the name does not say so."""
    parts = os.path.basename(directory).removeprefix(_PREFIX).split("-", 3)
    if len(parts) == 4 and all(part.isdecimal() for part in parts[:3]):
        return parts[0], parts[1], parts[2]
    return "", "", ""


def _namespace() -> str:
    """The number of the namespace in which this process's pids are; 0 where that cannot be told."""
    try:
        return str(os.stat("/proc/self/ns/pid").st_ino)
    except OSError:
        return "0"


def _started(pid: int) -> str:
    """When a process was started, in the kernel's ticks; 0 when there is none, or nobody but its zombie."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
    except OSError:
        return "0"
    return "0" if words[_STATE] in b"ZX" else words[_START_TIME].decode()
