"""The door of the control socket: where it is bound, and whose connections are let in.

It trusts the kernel's word on who called (SO_PEERCRED) and nothing that the caller says. It knows no HTTP.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from typing import TYPE_CHECKING, Final

from supervisor.errors import AlreadyRunning, ProjectError
from supervisor.paths import SOCKET_PATH_LIMIT_BYTES

if TYPE_CHECKING:
    from pathlib import Path

BACKLOG: Final = 64
"""Connections the kernel keeps for us while the loop is busy."""

_PROBE_TIMEOUT_S: Final = 1.0


def bind_socket(path: Path) -> socket.socket:
    """A listening, non-blocking Unix socket at `path`, which only its owner can open.

    A socket file that nobody listens on is replaced. Anything else that stands there is left alone.

    Raises:
        AlreadyRunning: somebody listens on `path`.
        ProjectError: the path is too long for a socket, or something that is no socket stands there.
    """
    size = len(os.fsencode(path))
    if size > SOCKET_PATH_LIMIT_BYTES:
        raise ProjectError(
            f"{path}: {size} bytes are too long for a socket's path, {SOCKET_PATH_LIMIT_BYTES} is the most; "
            "set PROCDECK_RUNTIME_DIR to a shorter directory"
        )
    _clear_the_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        previous_umask = os.umask(0o077)
        try:
            listener.bind(os.fspath(path))
        finally:
            os.umask(previous_umask)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise ProjectError(f"{path}: cannot listen here: {error.strerror}") from error
    return listener


def _clear_the_way(path: Path) -> None:
    """Remove a socket file that nobody listens on; refuse to remove anything else."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ProjectError(f"{path} is in the way and is not a socket; move it elsewhere")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_PROBE_TIMEOUT_S)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError:
            # A full backlog and a missing permission look different from a dead socket: somebody is there.
            pass
    raise AlreadyRunning(f"{path}: another engine listens here; `procdeck status` shows it, `procdeck down` ends it")


FileIdentity = tuple[int, int]
"""Device and inode."""


def file_identity(path: str) -> FileIdentity | None:
    """What tells the file at `path` from others; None where there is none."""
    try:
        seen = os.lstat(path)
    except OSError:
        return None
    return seen.st_dev, seen.st_ino


def peer_uid(connection: socket.socket) -> int:
    """The user id of the process at the other end, as the kernel noted it when it connected.

    Raises:
        OSError: the kernel does not tell.
    """
    if hasattr(socket, "SO_PEERCRED"):
        credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        _pid, uid, _gid = struct.unpack("3i", credentials)
        return int(uid)
    # macOS and the BSDs: `struct xucred` of sys/ucred.h, whose second word is the uid; LOCAL_PEERCRED is 1.
    _version, uid = struct.unpack("2I", connection.getsockopt(0, 1, 76)[:8])
    return int(uid)


def is_welcome(uid: int) -> bool:
    """Whether a user may command this engine: its owner and root."""
    return uid in {os.geteuid(), 0}
