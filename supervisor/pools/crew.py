"""Starts and ends the processes of a pool's members, whatever the start method.

With fork the pool cannot start them itself: its thread runs beside the caller's, and a fork copies the locks that other
threads hold. So a nursery, forked while the pool is made, forks them all::

    pool ── socket: a member's end of its stream, its place ──► nursery ── fork ──► member
      ◄──────────────── pid, exit status ──────────────────────────┘
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import struct

from supervisor.pools.directories import remove_after_owner
from supervisor.pools.member import serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import BaseContext
    from typing import Any, Protocol

    Started = Callable[[int, int], None]
    """Slot and pid."""
    Ended = Callable[[int, int | None], None]
    """Pid and exit code."""
    Failed = Callable[[int, str], None]
    """Slot, and why no process could be made."""

    class Crew(Protocol):
        """Whoever starts members, each of which runs `supervisor.pools.member.serve`. For the pool's thread only.

        Attributes:
            is_slow: a start takes so long that a member which waits for somebody's death is worth its memory.
        """

        is_slow: bool

        def start(self, slot: int, theirs: socket.socket, started: Started) -> None:
            """Start a member for a slot, with its end of the stream, which the caller closes; `started` is called once
            it lives, now or from `on_readable`. OSError when none can be made."""

        def descriptors(self) -> dict[int, int]:
            """What becomes readable when there is news; asked again after each start and each end."""

        def on_readable(self, descriptor: int, started: Started, ended: Ended, failed: Failed) -> None:
            """One of `descriptors` is readable: tell of who lives, who has ended and who could not be made.
            ChildProcessError when nobody can be made any more."""

        def kill(self, pid: int) -> None:
            """End a member at once; `ended` is called for it later. One that has ended already is left alone."""

        def close(self) -> None:
            """End all that live, and wait for their ends."""


_ORDER = struct.Struct("<i")
"""Fork a member for this slot."""
_LEAVE = -1
"""In place of a slot: the pool ends in good order."""
_NEWS = struct.Struct("<iii")
"""A member lives: pid, slot. It has ended: pid, exit code. It could not be forked: errno, slot."""
_BORN, _DEAD, _UNBORN = 1, 2, 3
_PARENT_LOOK_S = 2.0


class Spawned:
    """Members that are started with spawn or forkserver: nothing of the caller's threads gets into them."""

    is_slow = True

    def __init__(self, context: BaseContext, name: str, arguments: tuple[Any, ...]) -> None:
        self._context = context
        self._name = name
        self._arguments = arguments
        self._processes: dict[int, Any] = {}
        self._count = 0

    def start(self, slot: int, theirs: socket.socket, started: Started) -> None:
        """Start a member; `started` is called before this returns. OSError when no process can be made."""
        pages, directory, rest = self._arguments
        self._count += 1
        process = self._context.Process(  # type: ignore[attr-defined]
            target=serve,
            args=(theirs, pages, slot, directory, rest),
            name=f"{self._name}-{self._count}",
            daemon=True,
        )
        process.start()
        self._processes[process.pid] = process
        started(slot, process.pid)

    def descriptors(self) -> dict[int, int]:
        """What becomes readable when a member ends, by its pid."""
        return {process.sentinel: pid for pid, process in self._processes.items()}

    def on_readable(self, descriptor: int, started: Started, ended: Ended, failed: Failed) -> None:  # noqa: ARG002
        """One of `descriptors` is readable."""
        for pid, process in list(self._processes.items()):
            if process.sentinel == descriptor:
                process.join()
                del self._processes[pid]
                ended(pid, process.exitcode)
                process.close()

    def kill(self, pid: int) -> None:
        """SIGKILL to a member that is not reaped."""
        process = self._processes.get(pid)
        if process is not None:
            process.kill()

    def close(self) -> None:
        """Kill and reap what is left."""
        for process in self._processes.values():
            process.kill()
        for process in self._processes.values():
            process.join()
            process.close()
        self._processes.clear()


class Nursed:
    """Members that are forked by a nursery. Made before the pool's thread runs."""

    is_slow = False

    def __init__(self, context: BaseContext, name: str, arguments: tuple[Any, ...]) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = context.Process(  # type: ignore[attr-defined]
            target=_nurse, args=(theirs, self._socket, name, arguments), name=f"{name}-nursery"
        )
        self._process.start()
        theirs.close()
        self._socket.setblocking(False)
        self._pidfds: dict[int, int] = {}

    def start(self, slot: int, theirs: socket.socket, started: Started) -> None:  # noqa: ARG002 - the nursery tells
        """Have a member forked; `on_readable` tells when it lives."""
        socket.send_fds(self._socket, [_ORDER.pack(slot)], [theirs.fileno()])

    def descriptors(self) -> dict[int, int]:
        """The nursery's news and its own end."""
        return {self._socket.fileno(): 0}

    def on_readable(self, descriptor: int, started: Started, ended: Ended, failed: Failed) -> None:  # noqa: ARG002
        """The nursery has news. Raises ChildProcessError when it is dead, and its members with it."""
        while True:
            try:
                news = self._socket.recv(_NEWS.size)
            except BlockingIOError:
                return
            except OSError:
                news = b""
            if not news:
                self._kill_all()
                raise ChildProcessError("the process that forks the pool's members is dead")
            what, pid, number = _NEWS.unpack(news)
            if what == _BORN:
                self._take_in(pid)
                started(number, pid)
            elif what == _DEAD:
                self._forget(pid)
                ended(pid, number)
            else:
                failed(number, os.strerror(pid))

    def _take_in(self, pid: int) -> None:
        try:
            self._pidfds[pid] = os.pidfd_open(pid)
        except OSError:
            pass  # it has ended, and the nursery is about to say so

    def _forget(self, pid: int) -> None:
        if pid in self._pidfds:
            os.close(self._pidfds.pop(pid))

    def kill(self, pid: int) -> None:
        """SIGKILL to a member, and to nobody who has its number after it."""
        if pid in self._pidfds:
            try:
                signal.pidfd_send_signal(self._pidfds[pid], signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _kill_all(self) -> None:
        for pid in list(self._pidfds):
            self.kill(pid)
            self._forget(pid)

    def close(self) -> None:
        """End the nursery, which reaps its members."""
        with contextlib.suppress(OSError):
            self._socket.send(_ORDER.pack(_LEAVE))
        self._kill_all()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # processes that the caller has forked since hold it open too
        self._socket.close()
        self._process.join()
        self._process.close()


def crew_class(method: str) -> Callable[..., Crew]:
    """Who starts members by this start method; "thread" in a simulated run."""
    if method == "thread":
        from supervisor.pools.threads import Threaded

        return Threaded
    return Nursed if method == "fork" else Spawned


def _nurse(orders: socket.socket, pools_end: socket.socket, name: str, arguments: tuple[Any, ...]) -> None:
    """Fork a member for each order and tell how each ends, until the pool is gone."""
    from multiprocessing.connection import wait

    pools_end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nursery = _Nursery(orders, name, arguments)
    parent = os.getppid()
    try:
        while os.getppid() == parent:
            readable = wait([orders, *nursery.members], timeout=_PARENT_LOOK_S)
            nursery.bury([one for one in readable if isinstance(one, int)])
            if orders in readable and not nursery.obey():
                break
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        processes = list(nursery.members.values())
        for process in processes:
            process.kill()
        for process in processes:
            process.join()
        if not nursery.is_dismissed:
            remove_after_owner(arguments[1])


class _Nursery:
    """Forks members.

    Attributes:
        members: those that live, by what becomes readable at their end.
        is_dismissed: the pool has said that it ends.
    """

    def __init__(self, orders: socket.socket, name: str, arguments: tuple[Any, ...]) -> None:
        import multiprocessing

        self._context = multiprocessing.get_context("fork")
        self._orders = orders
        self._name = name
        self._arguments = arguments
        self._count = 0
        self.members: dict[int, Any] = {}
        self.is_dismissed = False

    def bury(self, sentinels: list[int]) -> None:
        for sentinel in sentinels:
            process = self.members.pop(sentinel)
            process.join()
            self._tell(_DEAD, process.pid, process.exitcode or 0)
            process.close()

    def obey(self) -> bool:
        """Fork who is asked for; False when nobody is there to ask any more."""
        order, descriptors, _, _ = socket.recv_fds(self._orders, _ORDER.size, 1)
        if not order:
            return False
        (slot,) = _ORDER.unpack(order)
        if slot == _LEAVE:
            self.is_dismissed = True
            return False
        self._start(slot, socket.socket(fileno=descriptors[0]))
        return True

    def _tell(self, *news: int) -> None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the end of the orders is read after this
            self._orders.send(_NEWS.pack(*news))

    def _start(self, slot: int, theirs: socket.socket) -> None:
        self._count += 1
        process = self._context.Process(
            target=_serve_apart,
            args=(self._orders, theirs, slot, self._arguments),
            name=f"{self._name}-{self._count}",
            daemon=True,
        )
        try:
            process.start()
        except OSError as error:
            self._tell(_UNBORN, error.errno or 0, slot)
        else:
            self.members[process.sentinel] = process
            self._tell(_BORN, process.pid or 0, slot)
        finally:
            theirs.close()


def _serve_apart(orders: socket.socket, theirs: socket.socket, slot: int, arguments: tuple[Any, ...]) -> None:
    """A member has nothing of the nursery's."""
    orders.close()
    theirs.setblocking(True)
    pages, directory, rest = arguments
    serve(theirs, pages, slot, directory, rest)
