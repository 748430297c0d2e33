"""How a stop reaches code that is blocked in a channel: the agent lends a descriptor, every wait watches it.

Each thread is told once: after it got StopRequested, its later waits block again, so that clean-up code may still put
a last item. A forked child of the worker does not take part, because the stop was not sent to it.
In a simulated run one process has several workers: which of them a thread belongs to is asked of `watch_by_thread`'s.
"""

from __future__ import annotations

import _thread
import os

from supervisor.channels import platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Callable


class StopRequested(SystemExit):
    """The engine asked this worker to stop while it waited in a channel.

    A SystemExit with code 0, so that `except Exception` in user code does not swallow a stop.
    """

    def __init__(self, code: int = 0) -> None:
        super().__init__(code)
        for tell in _told_first:
            tell()


_told_first: list[Callable[[], None]] = []


def when_stopping(tell: Callable[[], None]) -> None:
    """Call `tell` in each process that is asked to stop, before StopRequested is raised in a thread of it."""
    _told_first.append(tell)


class Hook:
    """What the agent registered, and the counter that wakes the threads which did not read the message."""

    def __init__(self, fd: int, check: Callable[[], bool]) -> None:
        self.fd: int | None = fd
        self.check = check
        self.announced = platform.counter(0)
        self.told = _thread._local()  # noqa: SLF001  # threading.local without the import of threading
        self.checking = _thread.RLock()

    def is_told(self) -> bool:
        """Whether the calling thread has got its StopRequested."""
        return getattr(self.told, "is_told", False)

    def announce(self) -> None:
        """Raise StopRequested in every thread that is, or will be, blocked in a channel."""
        os.eventfd_write(self.announced, 1)

    def close(self) -> None:
        """Let go of the counter; no wait may watch it any more."""
        os.close(self.announced)


class _Watched:
    """What every wait of this process watches."""

    hook: Hook | None = None
    find: Callable[[], Hook | None] | None = None


def watch_by_thread(find: Callable[[], Hook | None]) -> None:
    """Let `find` say in each wait what the calling thread watches: its worker's hook, or nothing."""
    _Watched.find = find


def is_shared() -> bool:
    """Whether this process has several workers, each with its own stop."""
    return _Watched.find is not None


def current_hook() -> Hook | None:
    """What the calling thread watches."""
    return _Watched.hook if _Watched.find is None else _Watched.find()


def set_interrupt(fd: int | None, check: Callable[[], bool] | None = None) -> None:
    """Watch `fd` in every blocking wait of this process; None ends that.

    When `fd` is readable, `check` is called: it reads what came, without blocking, and returns True when the worker
    shall stop. Calls of `check` from several threads come one at a time.
    """
    previous, _Watched.hook = _Watched.hook, None
    if previous is not None:
        previous.close()
    if fd is not None:
        if check is None:
            raise ValueError("set_interrupt(fd, check) needs the function that reads what comes on fd")
        _Watched.hook = Hook(fd, check)


def announce_stop() -> None:
    """Raise StopRequested in every thread that is, or will be, blocked in a channel.

    For an agent that learned of the stop elsewhere, in a signal handler say. Does nothing without a hook.
    """
    hook = current_hook()
    if hook is not None:
        hook.announce()


def watched_fds() -> tuple[int, ...]:
    """The descriptors that a wait of the calling thread must watch besides its own."""
    hook = current_hook()
    if hook is None:
        return ()
    fds = [] if hook.is_told() else [hook.announced]
    if hook.fd is not None:
        fds.append(hook.fd)
    return tuple(fds)


def examine(events: dict[int, int]) -> None:
    """Look at what poll said about the watched descriptors; raises StopRequested when a stop was asked for."""
    hook = current_hook()
    if hook is None:
        return
    if hook.fd in events:
        if events[hook.fd] & platform.INVALID:
            hook.fd = None  # the agent closed it: watching it further would spin
        elif _was_stop_read(hook, hook.fd):
            hook.announce()
            hook.told.is_told = True
            raise StopRequested
    if hook.announced in events and not hook.is_told():
        hook.told.is_told = True
        raise StopRequested


def _was_stop_read(hook: Hook, fd: int) -> bool:
    with hook.checking:
        # Another thread that woke for the same message may have read it by now.
        return platform.is_ready(fd, platform.INPUT) and hook.check()


def _forget_after_fork() -> None:
    set_interrupt(None)
    _Watched.find = None


os.register_at_fork(after_in_child=_forget_after_fork)
