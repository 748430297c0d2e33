"""Sets what a process may use and who it is: rlimits, niceness, umask, groups and user, in the order that works.

Runs before any code of the user, in the agent and in the engine's own child between fork and exec. What cannot be set
is raised with its reason, so that nothing ever runs as the wrong user or without a limit that was asked for.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # typing itself would cost every worker 3 ms
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

UNLIMITED = -1
_LAST = ("nproc", "stack", "data", "as")
"""Limits that this process itself could stumble over, set after the others."""

_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4
_FOR_NOW = (errno.EAGAIN, errno.ENOMEM)


class LimitRefused(Exception):
    """A limit could not be set; the text says which, why, and what to do."""

    def __init__(self, text: str, *, is_permanent: bool = True) -> None:
        super().__init__(text)
        self.is_permanent = is_permanent


def apply(limits: dict[str, Any]) -> None:
    """Set all of `limits` on this process.

    Args:
        limits: ``{"rlimits": {"nofile": [64, 128]}, "nice": 5, "umask": 23, "identity": {"name": "www-data (uid 33)",
            "uid": 33, "gid": 33, "groups": [33]}}``, each part optional; -1 stands for unlimited, a uid of None for
            the present one.

    Raises:
        LimitRefused: one could not be set; those before it are.
    """
    rlimits = limits.get("rlimits") or {}
    for name in sorted(rlimits, key=lambda name: (_LAST.index(name) if name in _LAST else -1, name)):
        _set_rlimit(name, *rlimits[name])
    if limits.get("nice") is not None:
        _set_nice(limits["nice"])
    if limits.get("umask") is not None:
        os.umask(limits["umask"])
    if limits.get("identity"):
        _become(limits["identity"])


def _set_rlimit(name: str, soft: int, hard: int) -> None:
    import resource

    what = f"cannot set limits.{name} = {_shown(soft, hard)}"
    number = getattr(resource, f"RLIMIT_{name.upper()}", None)
    if number is None:
        raise LimitRefused(f"{what}: this system has no such limit; leave it out")
    had = resource.getrlimit(number)[1]
    if name == "cpu" and soft == hard != UNLIMITED and (had == resource.RLIM_INFINITY or hard < had):
        hard += 1  # at the hard limit the kernel sends SIGKILL, which has no name; a second earlier comes SIGXCPU
    try:
        resource.setrlimit(number, (soft, hard))
    except (OSError, ValueError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise LimitRefused(f"{what}: {why}{_rlimit_advice(name, hard, had)}") from None


def _shown(soft: int, hard: int) -> str:
    words = ["unlimited" if limit == UNLIMITED else str(limit) for limit in (soft, hard)]
    return words[0] if soft == hard else f"[{', '.join(words)}]"


def _rlimit_advice(name: str, hard: int, had: int) -> str:
    if had != UNLIMITED and (hard == UNLIMITED or hard > had) and os.geteuid() != 0:
        return f"; the hard limit here is {had}, and only root may raise it (ulimit -H, or LimitNOFILE= and the like)"
    if name == "nofile":
        try:
            with open("/proc/sys/fs/nr_open") as file:
                return f"; the kernel allows {file.read().strip()} at the most (fs.nr_open)"
        except OSError:
            pass
    return "; choose a lower limit"


def _set_nice(nice: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except OSError as error:
        has = os.getpriority(os.PRIO_PROCESS, 0)
        raise LimitRefused(
            f"cannot set nice = {nice}: {error.strerror}; it is {has} here, and only root may lower it"
        ) from None


def _become(identity: dict[str, Any]) -> None:
    """Take on groups, group and user for good, and make sure that the old ones cannot be had back."""
    name, uid, gid = identity["name"], identity["uid"], identity["gid"]
    set_option = _prctl()  # found now: the new user may not be able to read this interpreter's library
    try:
        _give_streams(uid, gid)
        os.setgroups(identity["groups"])
        os.setresgid(gid, gid, gid)
        if uid is not None:
            os.setresuid(uid, uid, uid)
    except OSError as error:
        raise LimitRefused(
            f"cannot become {name}: {error.strerror}{_identity_advice(error)}",
            is_permanent=error.errno not in _FOR_NOW,
        ) from None
    if not _is_for_good(uid, gid, identity["groups"]):
        raise LimitRefused(f"cannot become {name} for good: the kernel would give the old user or groups back")
    if uid is not None:
        set_option(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        set_option(_PR_SET_DUMPABLE, 1, 0, 0, 0)  # else its files in /proc belong to root, its own eyes included


def _identity_advice(error: OSError) -> str:
    if error.errno == errno.EPERM:
        return "; only root may run a worker as another user, and a container may forbid it as well"
    if error.errno == errno.EINVAL:
        return "; this user or group does not exist in the container's user namespace"
    if error.errno == errno.EAGAIN:
        return "; that user has as many processes as it may (limits.nproc)"
    return ""


def _give_streams(uid: int | None, gid: int) -> None:
    """Let the new user open ``/dev/stdout`` and ``/dev/stderr``, which are pipes of ours."""
    for descriptor in (1, 2):
        try:
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.fchown(descriptor, -1 if uid is None else uid, gid)
        except OSError:
            pass  # writing to them works all the same


def _is_for_good(uid: int | None, gid: int, groups: list[int]) -> bool:
    if os.getresgid() != (gid, gid, gid) or set(os.getgroups()) != set(groups):
        return False
    if uid is None or uid == 0:
        return True
    if os.getresuid() != (uid, uid, uid):
        return False
    try:
        os.setresuid(-1, 0, -1)
    except OSError:
        return True
    return False


def _prctl() -> Callable[..., object]:
    """The system's prctl(2); something that does nothing where there is none: the user is changed all the same."""
    try:
        import ctypes

        found: Callable[..., object] = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return lambda *_: None
    return found
