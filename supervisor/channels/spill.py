"""Where payloads wait that are too big for a message: one file each, in memory where the machine has /dev/shm.

A file holds a pickle and the buffers that belong beside it. The reader maps it, so that an array arrives without a
copy, and unlinks it at once. A directory of a run is the engine's to remove; a private one comes and goes with its
files.

    file   count 8 | sizes 8 each, bit 63 = read-only | pickle | buffers, each from a multiple of 64 on
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import time

from supervisor.channels import platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from supervisor.channels.parcel import Pickled

_WORD = struct.Struct("<Q")
_READ_ONLY = 1 << 63
_ALIGNMENT = 64
_SHARED_MEMORY = "/dev/shm"
_MOST_MAPPED = 256


class _Payload(mmap.mmap):
    """A mapped payload; counts itself, because before Python 3.13 each costs a descriptor while it lives."""

    alive = 0
    is_counted = False

    def count(self) -> None:
        self.is_counted = True
        _Payload.alive += 1

    def __del__(self) -> None:
        if self.is_counted:
            _Payload.alive -= 1


class Spill:
    """One directory of big payloads.

    Args:
        directory: where the files go. With `is_private` it is made for the first file and removed with the last.
    """

    def __init__(self, directory: str, *, is_private: bool) -> None:
        self.directory = directory
        self.is_private = is_private
        self._count = 0

    @classmethod
    def private(cls) -> Spill:
        """A directory of one channel that is used without an engine; what is unread goes when its maker exits."""
        parent = _SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK | os.X_OK) else _temporary_directory()
        name = f"procdeck-{os.getuid()}-{os.getpid()}-{os.urandom(8).hex()}"
        spill = cls(os.path.join(parent, name), is_private=True)
        _Private.sweep_at_exit(spill.directory)
        return spill

    def write(self, pickled: Pickled, prefix: str) -> tuple[str, int]:
        """Write a payload; returns the file's name and its size in bytes. Nothing is left when it fails."""
        name = self._new_name(prefix)
        return name, self._write_into(self._create(name), name, pickled)

    def write_over(self, used: str, pickled: Pickled, prefix: str) -> str | None:
        """Write a payload into a file that was kept, whose memory is there already; its new name, None without one."""
        name = self._new_name(prefix)
        path = os.path.join(self.directory, name)
        try:
            os.rename(os.path.join(self.directory, used), path)
        except FileNotFoundError:
            return None
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._write_into(fd, name, pickled)
        return name

    def keep(self, name: str, used: str) -> None:
        """Keep a file that was read for `write_over`, instead of one that was kept so before."""
        with contextlib.suppress(FileNotFoundError):
            os.rename(os.path.join(self.directory, name), os.path.join(self.directory, used))

    def _new_name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{os.getpid()}-{time.monotonic_ns():x}-{self._count}"

    def _write_into(self, fd: int, name: str, pickled: Pickled) -> int:
        try:
            size = _fill(fd, pickled)
            os.ftruncate(fd, size)
        except BaseException:
            self.remove(name)
            raise
        finally:
            os.close(fd)
        return size

    def read(self, name: str) -> tuple[memoryview, list[memoryview]]:
        """The pickle and its buffers, mapped copy-on-write; the mapping stays good when the file is removed.

        Raises OSError when the payload is not there any more.
        """
        fd = self.open(name)
        try:
            return _split(_map(fd))
        finally:
            os.close(fd)

    def open(self, name: str) -> int:
        """A descriptor of a file, to read its header, its pickle and then its buffers. Raises OSError as `read`."""
        path = os.path.join(self.directory, os.path.basename(name))
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError as error:
            raise OSError(
                error.errno, "a big item's payload was removed before it was received; the item is lost", path
            ) from None
        if os.fstat(fd).st_uid != os.geteuid():
            os.close(fd)
            raise PermissionError(f"{path} belongs to another user; it is not unpickled")
        return fd

    def remove(self, name: str) -> None:
        """Remove a file that nobody will read, or that was read; and a private directory with its last one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(self.directory, os.path.basename(name)))
        if self.is_private:
            with contextlib.suppress(OSError):
                os.rmdir(self.directory)

    def sweep(self, prefix: str) -> None:
        """Remove the files of a channel that nobody can receive any more."""
        if self.is_private:
            if _sweep(self.directory, prefix):
                _Private.directories.discard(self.directory)
        else:
            for name in self.names(prefix):
                self.remove(name)

    def names(self, prefix: str) -> list[str]:
        """The files that begin so, in the order of their names."""
        try:
            return sorted(name for name in os.listdir(self.directory) if name.startswith(prefix))
        except FileNotFoundError:
            return []

    def has(self, name: str) -> bool:
        """Whether the file is there."""
        return os.path.exists(os.path.join(self.directory, name))

    def size(self, name: str) -> int:
        """How many bytes a file has; 0 when it is gone."""
        try:
            return os.stat(os.path.join(self.directory, name)).st_size
        except FileNotFoundError:
            return 0

    def write_whole(self, name: str, data: bytes) -> bool:
        """Write a file that is there whole or not at all; False when there is one of this name already."""
        passing = f"{name}.{os.getpid()}-{time.monotonic_ns():x}"
        fd = self._create(passing)
        try:
            _write_all(fd, data)
            path = os.path.join(self.directory, name)
            try:
                os.link(os.path.join(self.directory, passing), path)
            except FileExistsError:
                return False
        finally:
            os.close(fd)
            os.unlink(os.path.join(self.directory, passing))
        return True

    def read_whole(self, name: str) -> bytes:
        """What a file holds. FileNotFoundError when it is gone."""
        with open(os.path.join(self.directory, os.path.basename(name)), "rb") as file:
            return file.read()

    def _create(self, name: str) -> int:
        while True:
            if self.is_private:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(self.directory, 0o700)
            try:
                return self._create_inside(name)
            except FileNotFoundError:
                if not self.is_private:
                    raise
                # The reader of the last file has just removed the directory.

    def _create_inside(self, name: str) -> int:
        where = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(where).st_uid != os.geteuid():
                raise PermissionError(f"{self.directory} belongs to another user; no item is written there")
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            return os.open(name, flags, 0o600, dir_fd=where)
        finally:
            os.close(where)


def _temporary_directory() -> str:
    from tempfile import gettempdir

    return gettempdir()


def _sweep(directory: str, prefix: str) -> bool:
    """Remove the files with this prefix, then the directory if it is empty; whether it is gone."""
    try:
        for name in os.listdir(directory):
            if name.startswith(prefix):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(os.path.join(directory, name))
        os.rmdir(directory)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


class _Private:
    """The private directories that this process made, to be swept when it exits."""

    directories: set[str] = set()  # noqa: RUF012  # one per process is the point
    pid = -1

    @classmethod
    def sweep_at_exit(cls, directory: str) -> None:
        if cls.pid != os.getpid():
            from multiprocessing.util import Finalize

            cls.directories = set()  # a parent's are its own to sweep
            cls.pid = os.getpid()
            # A negative priority runs after multiprocessing has joined the children, who may still read.
            Finalize(None, cls._sweep_all, exitpriority=-10)
        cls.directories.add(directory)

    @classmethod
    def _sweep_all(cls) -> None:
        for directory in cls.directories:
            _sweep(directory, "")


def _fill(fd: int, pickled: Pickled) -> int:
    pieces = [memoryview(piece).cast("B") for piece in pickled.pieces]
    sizes = [sum(piece.nbytes for piece in pieces)]
    sizes += [view.nbytes | (_READ_ONLY if view.readonly else 0) for view in pickled.buffers]
    header = b"".join(_WORD.pack(word) for word in (len(sizes), *sizes))
    at = _write_all(fd, header)
    for piece in pieces:
        at += _write_all(fd, piece)
    for view in pickled.buffers:
        at = _aligned(at)
        os.lseek(fd, at, os.SEEK_SET)
        at += _write_all(fd, view)
    return at


def _write_all(fd: int, data: bytes | memoryview) -> int:
    view = memoryview(data)
    at = 0
    while at < view.nbytes:
        at += os.write(fd, view[at:])
    return at


def _aligned(at: int) -> int:
    return -(-at // _ALIGNMENT) * _ALIGNMENT


def _map(fd: int) -> memoryview:
    size = os.fstat(fd).st_size
    if platform.maps_hold_descriptors():
        if _Payload.alive >= _MOST_MAPPED:
            return _copied(fd, size)
        payload = _Payload(fd, size, access=mmap.ACCESS_COPY)
    else:
        payload = _Payload(fd, size, access=mmap.ACCESS_COPY, trackfd=False)  # type: ignore[call-arg,unused-ignore]
    payload.count()
    return memoryview(payload)


def _copied(fd: int, size: int) -> memoryview:
    """The payload as plain memory: many that live long would use up the process's descriptors."""
    data = bytearray(size)
    view = memoryview(data)
    at = 0
    while at < size and (count := os.preadv(fd, [view[at:]], at)):
        at += count
    return view


def _split(view: memoryview) -> tuple[memoryview, list[memoryview]]:
    (count,) = _WORD.unpack_from(view)
    sizes = [_WORD.unpack_from(view, 8 * (index + 1))[0] for index in range(count)]
    at = 8 * (count + 1)
    pickle = view[at : at + sizes[0]]
    at += sizes[0]
    buffers = []
    for word in sizes[1:]:
        size = word & ~_READ_ONLY
        at = _aligned(at)
        part = view[at : at + size]
        buffers.append(part.toreadonly() if word & _READ_ONLY else part)
        at += size
    return pickle, buffers
