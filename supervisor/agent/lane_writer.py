"""The worker's end of its log lane: whole NDJSON lines into a pipe, one write each.

Owns that records of threads and of forked children never interleave, and that a lane nobody reads any more ends
quietly. Knows nothing of what is in a line.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading
import weakref

ATOMIC_BYTES = 4096
"""PIPE_BUF of Linux: writes up to this size are never torn by the kernel, however many processes write."""

_writers: weakref.WeakSet[LaneWriter] = weakref.WeakSet()


class LaneWriter:
    """Writes lines to the descriptor `fd`, which it does not own and never closes.

    A line of up to 4096 bytes is one atomic write. A longer one can be written in parts, so every writer of the process
    holds a thread lock meanwhile; once the worker has forked, a POSIX record lock keeps its children out as well
    (the kernel frees it when its holder dies).
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.RLock()  # re-entrant: a signal handler that logs may interrupt a write of its own thread
        self._is_shared = False
        _writers.add(self)

    @property
    def is_open(self) -> bool:
        """False once the reader is gone; writing then does nothing."""
        return self._fd >= 0

    def write(self, line: bytes) -> bool:
        """Write one line that ends with a newline; False when nobody reads it. Blocks while the pipe is full."""
        fd = self._fd
        if fd < 0:
            return False
        try:
            with self._lock:
                fd = self._fd  # it may have been closed meanwhile, and its number be another's
                if self._is_shared or len(line) > ATOMIC_BYTES:
                    self._write_guarded(fd, line)
                else:
                    os.write(fd, line)
        except BlockingIOError:  # somebody made the pipe non-blocking; an atomic write that failed wrote nothing
            return self._write_when_writable(fd, line)
        except OSError:
            self._fd = -1  # the engine is gone, or user code closed every descriptor
            return False
        return True

    def _write_when_writable(self, fd: int, line: bytes) -> bool:
        try:
            with self._lock:
                self._write_guarded(fd, line)
        except OSError:
            self._fd = -1
            return False
        return True

    def _write_guarded(self, fd: int, line: bytes) -> None:
        # A signal handler that raises between two parts would leave half a record in the lane, so signals wait.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            if self._is_shared:
                fcntl.lockf(fd, fcntl.LOCK_EX)
            try:
                _write_all(fd, line)
            finally:
                if self._is_shared:
                    fcntl.lockf(fd, fcntl.LOCK_UN)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def close(self) -> None:
        """Write nothing any more, and close the pipe."""
        with self._lock:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    def before_fork(self) -> None:
        """From now on other processes may write to the same pipe: no record of a thread may be half in it."""
        self._lock.acquire()
        self._is_shared = True

    def after_fork(self) -> None:
        """In the parent: let its threads write again."""
        self._lock.release()

    def after_fork_in_child(self) -> None:
        """The child has one thread, and nobody who would release the lock."""
        self._lock = threading.RLock()


def _write_all(fd: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        try:
            rest = rest[os.write(fd, rest) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(fd, select.POLLOUT)
            poll.poll()


_held: list[LaneWriter] = []


def _before_fork() -> None:
    for writer in sorted(_writers, key=id):  # always in the same order, for threads may fork at the same time
        writer.before_fork()
        _held.append(writer)


def _after_fork() -> None:
    while _held:
        _held.pop().after_fork()


def _after_fork_in_child() -> None:
    while _held:
        _held.pop().after_fork_in_child()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork_in_child)
