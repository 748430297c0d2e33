"""Members of a simulated pool: threads of the caller's process. Tasks, results and errors are pickled as ever.

A thread cannot be killed. One that is to be is abandoned: its stream and its page are taken from it, an exception is
raised in it at its next step of Python, and a new member takes its place meanwhile.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import socket
import threading
import time

from supervisor.pools.member import ABANDONED, PAGE_WORDS, Member

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from supervisor.pools.crew import Ended, Failed, Started

LAST_WAIT_S = 1.0
"""How long the end of a pool waits for its threads, all together."""

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)


class Abandoned(SystemExit):
    """Raised in a member that nobody listens to any more."""


class ThreadContext:
    """In the place of a context of `multiprocessing`: what a pool asks of it, for members that are threads."""

    def get_start_method(self) -> str:
        return "thread"

    def RawArray(self, kind: str, length: int) -> Any:  # noqa: N802 - multiprocessing's name
        from multiprocessing.sharedctypes import RawArray

        return RawArray(kind, length)


class _MemberThread:
    """One member.

    Attributes:
        number: the kernel's of its thread, in the place of a pid.
        news: readable once it has ended.
        exit_code: 0, or 1 after an exception of its own.
    """

    def __init__(self, sock: socket.socket, page: memoryview, directory: str, start: bytes, name: str) -> None:
        self._socket = sock
        self._page = page
        self._directory = directory
        self._start = start
        self._is_known = threading.Event()
        self._gate = threading.Lock()
        self._member: Member | None = None
        self.number = 0
        self.news = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.exit_code = 0
        self.is_abandoned = False
        self._is_over = False
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> int:
        """Begin; the number of its thread. RuntimeError when the system gives no thread."""
        self.thread.start()
        self._is_known.wait()
        return self.number

    def _run(self) -> None:
        self.number = threading.get_native_id()
        self._is_known.set()
        with contextlib.suppress(Abandoned):  # wherever it comes
            self._serve()

    def _serve(self) -> None:
        try:
            self._member = Member(self._socket, self._page, self._directory, *pickle.loads(self._start))
            self._member.live()
        except (BrokenPipeError, ConnectionResetError):
            pass  # the pool is over
        except BaseException:
            if not self.is_abandoned:
                self.exit_code = 1
                raise
        finally:
            self._leave()

    def _leave(self) -> None:
        with self._gate:
            if not self.is_abandoned:
                self._socket.close()
                self._is_over = True
                os.eventfd_write(self.news, 1)

    def abandon(self) -> None:
        """Take from it what it could disturb others with, and tell it to end."""
        with self._gate:
            if self.is_abandoned or self._is_over:
                return
            self.is_abandoned = True
            self.exit_code = ABANDONED
            _raise_in(self.thread.ident or 0, Abandoned)
            if self._member is not None:
                self._member.let_go_of_page()
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            self._socket.close()
            os.eventfd_write(self.news, 1)


class Threaded:
    """Starts members as threads. For the pool's thread only.

    Raises whatever pickling the initializer, its arguments or the finalizer raises: a real pool sends them as well.
    """

    is_slow = False
    """Whether a start takes so long that a member is kept in reserve."""

    def __init__(self, context: Any, name: str, arguments: tuple[Any, ...]) -> None:  # noqa: ARG002 - as other crews
        pages, self._directory, start = arguments
        self._pages = memoryview(pages).cast("B")
        self._name = name
        self._start = pickle.dumps(start)
        self._members: dict[int, _MemberThread] = {}
        self._count = 0

    def start(self, slot: int, theirs: socket.socket, started: Started) -> None:
        """Start a member; `started` is called before this returns. OSError when no thread can be made."""
        self._count += 1
        page = self._pages[slot * PAGE_WORDS * 8 : (slot + 1) * PAGE_WORDS * 8]
        member = _MemberThread(theirs.dup(), page, self._directory, self._start, f"{self._name}-{self._count}")
        try:
            number = member.start()
        except RuntimeError as error:
            os.close(member.news)
            raise OSError(0, f"cannot start a thread: {error}") from error
        self._members[number] = member
        started(slot, number)

    def descriptors(self) -> dict[int, int]:
        """What becomes readable when a member ends, by its number."""
        return {member.news: number for number, member in self._members.items()}

    def on_readable(self, descriptor: int, started: Started, ended: Ended, failed: Failed) -> None:  # noqa: ARG002
        """One of `descriptors` is readable."""
        for number, member in list(self._members.items()):
            if member.news == descriptor:
                del self._members[number]
                ended(number, member.exit_code)
                os.close(member.news)

    def kill(self, pid: int) -> None:
        """Abandon a member."""
        member = self._members.get(pid)
        if member is not None and not member.is_abandoned:
            import logging

            logging.getLogger("procdeck.agent").warning(
                "simulated: member %d is a thread and cannot be killed; it is abandoned and told to end, and a new one "
                "takes its place", pid,
            )  # fmt: skip
            member.abandon()

    def close(self) -> None:
        """Abandon all that live, and wait a moment for them."""
        for member in self._members.values():
            member.abandon()
        end_s = time.monotonic() + LAST_WAIT_S
        for member in self._members.values():
            member.thread.join(max(0.0, end_s - time.monotonic()))
            os.close(member.news)
        self._members.clear()
