"""Waits without an end, cut into short ones, so that a thread which is told to end gets to hear of it.

An exception from outside is raised at a thread's next step of Python; one that waits in a lock or a selector takes
none. As a process such a worker would be woken by its signal.
"""

from __future__ import annotations

import threading
import time

from supervisor.agent.awaiting import when_imported
from supervisor.simulation.parts import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

SLICE_S = 0.2
_SELECTORS = ("EpollSelector", "PollSelector", "SelectSelector")


def slice_waits() -> None:
    """From now on cut the waits of parts: conditions, and so events, queues and futures; joins; selectors."""
    condition: Any = threading.Condition
    condition.wait = _wait_of(condition.wait)
    thread: Any = threading.Thread
    thread.join = _join_of(thread.join)
    when_imported("selectors", _slice_selectors, purpose="simulation")


def _wait_of(original: Any) -> Any:
    def wait(self: Any, timeout: float | None = None) -> Any:
        """As the library has it, but for the wait itself; only so is no notification lost between two slices."""
        if timeout is not None or current() is None or not self._is_owned():
            return original(self, timeout)
        waiter = threading.Lock()
        waiter.acquire()
        self._waiters.append(waiter)
        saved = self._release_save()
        is_notified = False
        try:
            while not waiter.acquire(timeout=SLICE_S):
                pass
            is_notified = True
            return True
        finally:
            self._acquire_restore(saved)
            if not is_notified and waiter in self._waiters:
                self._waiters.remove(waiter)

    return wait


def _join_of(original: Any) -> Any:
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        if timeout is None and current() is not None and self is not threading.current_thread():
            while self.is_alive():
                original(self, SLICE_S)
        original(self, timeout)

    return join


def _slice_selectors(module: ModuleType) -> None:
    for name in _SELECTORS:
        kind = getattr(module, name, None)
        if kind is not None:
            kind.select = _select_of(kind.select)


def _select_of(original: Any) -> Any:
    def select(self: Any, timeout: float | None = None) -> Any:
        if current() is None or (timeout is not None and timeout <= SLICE_S):
            return original(self, timeout)
        end_s = None if timeout is None else time.monotonic() + timeout
        while True:
            left_s = SLICE_S if end_s is None else min(SLICE_S, end_s - time.monotonic())
            ready = original(self, max(left_s, 0.0))
            if ready or (end_s is not None and time.monotonic() >= end_s):
                return ready

    return select
