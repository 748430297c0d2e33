"""What channels ask of the kernel: record pipes, message sockets, counters to wait on, shared pages, record locks.

The rest of this room is free of platform checks. Where the kernel lacks one of these, `require` says so in one
sentence instead of failing in the middle of a call.
"""

from __future__ import annotations

import _socket
import contextlib
import fcntl
import mmap
import os
import select
import struct
import sys

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from typing import Any

INPUT = 0x001
OUTPUT = 0x004
INVALID = 0x020
"""Event bits of poll(2)."""

_HAS_UNTRACKED_MAPS = sys.version_info >= (3, 13)
_UNREAD_REQUEST = 0x541B
_PAGE_BYTES = 4096
_TEE_NONBLOCK = 2
_ONE_PIPE_BYTES = 4096
_RECORD = struct.Struct("hhqqi4x")
_CLOSES_STRANGE_SEMAPHORES = "CS_GNU_LIBC_VERSION" in os.confstr_names
"""Only glibc's sem_close takes one that sem_open did not make, and does nothing; elsewhere it is never called."""
_kept: list[object] = []
_SEALS = ("F_SEAL_SHRINK", "F_SEAL_GROW", "F_SEAL_SEAL")


def is_supported() -> bool:
    """Whether this kernel and this Python have all that kill-safe channels stand on."""
    return hasattr(os, "eventfd") and hasattr(os, "memfd_create") and hasattr(_socket, "SOCK_SEQPACKET")


def require() -> None:
    """Raise NotImplementedError where `is_supported` is false."""
    if not is_supported():
        raise NotImplementedError(
            f"channels need Linux (memfd, eventfd and SOCK_SEQPACKET sockets); this is {sys.platform}"
        )


def record_pipe(size_bytes: int) -> tuple[int, int]:
    """The reading and the writing end of a non-blocking pipe, with as much room as the kernel grants up to a wish.

    A user may have so much in pipes altogether (fs.pipe-user-pages-soft); beyond that the kernel gives a few pages.
    Records of one size that divides 4096 are written and read whole, whoever is killed.
    """
    require()
    ends = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    while size_bytes >= _PAGE_BYTES:
        try:
            fcntl.fcntl(ends[1], fcntl.F_SETPIPE_SZ, size_bytes)
        except PermissionError:
            size_bytes //= 2
        else:
            break
    return ends


def dies_of_broken_pipes() -> bool:
    """Whether writing to a pipe that nobody reads would end this process: it has SIGPIPE as Python does not."""
    import _signal  # type: ignore[import-not-found]  # signal imports enum

    return bool(_signal.getsignal(_signal.SIGPIPE) == _signal.SIG_DFL)


def glance(fd: int, size_bytes: int) -> bytes:
    """What comes first in a pipe, left where it is; b"" when nothing does, or where this system cannot tell."""
    import ctypes

    tee = getattr(ctypes.CDLL(None), "tee", None)
    if tee is None:
        return b""
    inner, outer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        if size_bytes > _ONE_PIPE_BYTES:
            with contextlib.suppress(OSError):  # then it is as much as fits
                fcntl.fcntl(outer, fcntl.F_SETPIPE_SZ, fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ))
        size = tee(fd, outer, ctypes.c_size_t(size_bytes), _TEE_NONBLOCK)
        return os.read(inner, size) if size > 0 else b""
    finally:
        os.close(inner)
        os.close(outer)


def message_pair(buffer_bytes: int) -> tuple[_socket.socket, _socket.socket]:
    """Two connected, non-blocking sockets that carry whole messages, each with as much room as the kernel grants.

    The kernel cuts the wish for `buffer_bytes` down to net.core.wmem_max without an error.
    """
    require()
    pair = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_SEQPACKET, 0)
    for end in pair:
        end.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, buffer_bytes)
        end.setblocking(False)
    return pair


def open_socket(fd: int) -> _socket.socket:
    """The socket behind `fd`, which it owns from now on."""
    end = _socket.socket(fileno=fd)
    end.setblocking(False)
    return end


def send_room_bytes(end: _socket.socket) -> int:
    """How many bytes, the kernel's own bookkeeping included, may wait in the socket's buffer."""
    return end.getsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF)


def unread_bytes(fd: int) -> int:
    """Bytes that wait in the pipe of which this is either end."""
    return int.from_bytes(fcntl.ioctl(fd, _UNREAD_REQUEST, b"\0\0\0\0"), sys.byteorder)


def is_ready(fd: int, events: int) -> bool:
    """Whether poll(2) has one of these events to report now, or, unasked, an error or a hang-up."""
    poller = select.poll()
    poller.register(fd, events)
    return bool(poller.poll(0))


def counter(initial: int) -> int:
    """A kernel counter to poll: readable while above zero; a read takes all."""
    require()
    return os.eventfd(initial, os.EFD_CLOEXEC | os.EFD_NONBLOCK)


def shared_page(label: str, size_bytes: int) -> int:
    """A file in memory whose size is sealed, so that no process can truncate it under another's mapping."""
    require()
    fd = os.memfd_create(label, os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, size_bytes)
    seals = 0
    for seal in _SEALS:
        seals |= getattr(fcntl, seal)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    return fd


def map_shared(fd: int, size_bytes: int, offset: int = 0) -> mmap.mmap:
    """Map a shared page, or the part of it from `offset` on, for reading and writing."""
    if _HAS_UNTRACKED_MAPS:
        return mmap.mmap(fd, size_bytes, offset=offset, trackfd=False)  # type: ignore[call-arg,unused-ignore]
    return mmap.mmap(fd, size_bytes, offset=offset)


def maps_hold_descriptors() -> bool:
    """Whether every mapping keeps a file descriptor of its own (Python before 3.13)."""
    return not _HAS_UNTRACKED_MAPS


def try_lock(fd: int, start: int, length: int) -> bool:
    """Take a record lock that the kernel frees when this process dies; False when another process has it."""
    try:
        fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
    except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, as the system likes
        return False
    return True


def unlock(fd: int, start: int, length: int) -> None:
    """Give a record lock back."""
    fcntl.lockf(fd, fcntl.LOCK_UN, length, start)


def lock_holder(fd: int, start: int, length: int) -> int | None:
    """The pid of the *other* process that holds this record lock, or None. One's own lock is not seen."""
    question = _RECORD.pack(fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    kind, _, _, _, pid = _RECORD.unpack(fcntl.fcntl(fd, fcntl.F_GETLK, question))
    return None if kind == fcntl.F_UNLCK else pid


def prepare_atomic_counter(page: mmap.mmap, offset: int, units: int = 1) -> None:
    """Make the 64 bytes at `offset` of a shared mapping a POSIX semaphore with so many units in it."""
    import ctypes

    is_shared = 1
    if ctypes.pythonapi.sem_init(ctypes.c_void_p(_address(page, offset)), is_shared, units):
        raise NotImplementedError("this system has no semaphores that are shared between processes")


def atomic_counter(page: mmap.mmap, offset: int, *, most: int = 1) -> Any:
    """The one step that Python has to offer which is atomic between processes: multiprocessing's semaphore.

    It works on the prepared bytes, wherever they are mapped here; the mapping must outlive it.
    """
    from _multiprocessing import SemLock  # type: ignore[import-not-found]

    counting = 1
    unit = SemLock._rebuild(_address(page, offset), counting, most, None)  # noqa: SLF001
    if not _CLOSES_STRANGE_SEMAPHORES:
        _kept.append(unit)
    return unit


def _address(page: mmap.mmap, offset: int) -> int:
    from _ctypes import _SimpleCData, addressof  # ctypes itself would cost every worker 20 ms

    class Byte(_SimpleCData):  # type: ignore[type-arg]  # it is not generic at run time
        _type_ = "c"

    return addressof(Byte.from_buffer(page, offset))
