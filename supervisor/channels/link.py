"""How this process speaks to a manager: one connection for each thread, made when needed and made again after a loss.

It speaks the protocol of multiprocessing.managers, and can tell one incarnation of a manager from the next. It knows
nothing of dicts or lists.
"""

from __future__ import annotations

import _thread
import os
import pickle
import time
import weakref

from supervisor.channels.platform import INPUT
from supervisor.channels.waiting import Blocking

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from typing import Any

    Life = tuple[int, int]

BROKEN = (EOFError, ConnectionError, FileNotFoundError)
"""What a connection raises whose manager is gone."""

NEVER: Life = (0, 0)
"""Older than the life of any manager."""

_FIRST_PAUSE_S = 0.01
_LONGEST_PAUSE_S = 0.1


class SharedStateLost(ConnectionError):
    """The manager process of a dict, list or namespace died, and what was in it is gone.

    Raised once in each process for each loss; the next use works with the new, empty one. Where no manager comes back,
    every use raises it.
    """


class Line:
    """One connection to a manager, which only one thread at a time may use.

    Attributes:
        life: when the manager that answers was started (time.monotonic_ns) and its pid; later lives are greater.
    """

    def __init__(self, address: str, authkey: bytes, channel: str) -> None:
        from multiprocessing import connection, process

        self._connection: Connection = connection.Client(address)  # type: ignore[assignment,unused-ignore]
        try:
            self._await(channel, "connect")  # a manager that hangs is waited for where a stop is heard
            connection.answer_challenge(self._connection, authkey)
            connection.deliver_challenge(self._connection, authkey)
            caller = f"{process.current_process().name} ({os.getpid()})"
            request = pickle.dumps((None, "accept_connection", (caller,), {}))
            self.life: Life = result_of(self.exchange(request, channel, "connect"))
        except BaseException:
            self.close()
            raise

    def exchange(self, request: bytes, channel: str, operation: str) -> bytes:
        """Send a request and wait for its answer. After any exception the line is of no more use."""
        self._connection.send_bytes(request)
        self._await(channel, operation)
        return self._connection.recv_bytes()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _await(self, channel: str, operation: str) -> None:
        with Blocking(channel, operation, None) as blocking:
            blocking.wait((self._connection.fileno(), INPUT))


class Link:
    """The lines of this process to one manager. Get it with `to`; it ends with its last user.

    Attributes:
        address: the path of the manager's socket, or its abstract name.
        authkey: the secret that both sides know; None when this process was not told.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.authkey: bytes | None = None
        self._mine = _thread._local()  # noqa: SLF001  # threading.local without the import of threading

    @classmethod
    def to(cls, address: str, authkey: bytes | None) -> Link:
        """The link to this address; an `authkey` of None leaves it with the one it has, if any."""
        with _Links.lock:
            link = _Links.known.get(address)
            if link is None:
                link = _Links.known[address] = cls(address)
            link.authkey = authkey or link.authkey
            return link

    def take(self, channel: str, patience_s: float) -> Line:
        """A line for the calling thread, which gives it back unless it broke.

        Waits `patience_s` for a manager that does not answer, then raises what the last try raised, one of BROKEN.
        """
        line: Line | None = getattr(self._mine, "line", None)
        if line is not None:
            self._mine.line = None  # a signal handler or finalizer that calls meanwhile makes its own
            return line
        if self.authkey is None:
            raise RuntimeError(f"this process was never given the key of the manager of {channel!r}: share it with it")
        deadline_s = time.monotonic() + patience_s
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                return Line(self.address, self.authkey, channel)
            except BROKEN:
                if time.monotonic() >= deadline_s:
                    raise
            with Blocking(channel, "connect", pause_s) as blocking:
                blocking.wait()
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def give_back(self, line: Line) -> None:
        """Keep the line for the thread's next call."""
        if getattr(self._mine, "line", None) is None:
            self._mine.line = line
        else:
            line.close()

    def hang_up(self) -> None:
        """Close the lines of all threads that are not in a call; later calls make new ones."""
        self._mine = _thread._local()  # noqa: SLF001


class _Links:
    """The links of this process, and the lock that guards them."""

    known: weakref.WeakValueDictionary[str, Link] = weakref.WeakValueDictionary()  # noqa: RUF012  # one per process
    lock = _thread.RLock()


def request_for(ident: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """A call as bytes; what pickle raises for its arguments is raised here, with nothing sent."""
    from multiprocessing.reduction import ForkingPickler

    return bytes(ForkingPickler.dumps((ident, method, args, kwargs)))


def result_of(reply: bytes) -> Any:
    """What a call returned; what it raised in the manager is raised here."""
    kind, result = pickle.loads(reply)  # noqa: S301  # the manager has shown that it knows the key
    if kind == "#RETURN":
        return result
    from multiprocessing.managers import convert_to_error  # type: ignore[attr-defined]

    try:
        raise convert_to_error(kind, result)
    finally:
        del result  # no circle of exception and frame, which would keep the caller's objects until a collection


def _forget_after_fork() -> None:
    _Links.lock = _thread.RLock()
    for link in list(_Links.known.values()):
        link.hang_up()  # the lines are the parent's; closing our copies of them tells nobody


os.register_at_fork(after_in_child=_forget_after_fork)
