"""Ends threads that cannot be signalled: an exception raised in them from outside, and sleeps that hear of it.

A thread takes the exception at its next step of Python. `time.sleep` and waits in channels end at once for it, those of
`slicing` soon; one that waits elsewhere in C code (a `threading.Lock`, a socket) takes it when that is over.
"""

from __future__ import annotations

import ctypes
import os
import select
import threading
import time

from supervisor.channels import StopRequested
from supervisor.simulation.parts import Part, current
from supervisor.simulation.slicing import SLICE_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread
    from typing import Any

SHORT_S = 0.01
"""Sleeps up to this length are left as they are."""

BIRTH_PATIENCE_S = 0.2
"""How long whoever raises an exception in a thread waits for one that is just being started."""

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = (ctypes.c_ulong, ctypes.py_object)
_real_sleep = time.sleep


class Killed(SystemExit):
    """What ends a thread in the place of SIGKILL; code that catches everything lives on."""

    def __init__(self, code: int = 137) -> None:
        super().__init__(code)

    def __str__(self) -> str:
        return "the thread was to be killed"


def raise_in(part: Part, thread: Thread, error: type[BaseException]) -> None:
    """Raise `error` in `thread`, which is one of `part`'s, at its next step of Python."""
    is_quiet = part.births.acquire(timeout=BIRTH_PATIENCE_S)
    try:
        if thread.ident is not None and thread.is_alive():
            _raise_in(thread.ident, error)
    finally:
        if is_quiet:
            part.births.release()


def take_back(thread: Thread) -> None:
    """Forget an exception that `thread` has not taken yet."""
    if thread.ident is not None:
        _raise_in(thread.ident, ctypes.py_object())


def wake_sleepers() -> None:
    """From now on have `time.sleep` end when the part that sleeps is stopped."""
    time.sleep = _sleep
    os.register_at_fork(after_in_child=_sleep_undisturbed)


def _sleep_undisturbed() -> None:
    """In a forked child of a part, which is not asked to stop."""
    time.sleep = _real_sleep


def _sleep(seconds: Any, /) -> None:
    part = current()
    if part is None or part.is_over or not seconds > SHORT_S:
        _real_sleep(seconds)
        return
    is_main = threading.get_ident() == part.main_thread
    if is_main and part.is_killed:
        raise Killed  # the exception has come while a finalizer ran, which lets none out
    if part.hook.is_told():
        _real_sleep(seconds)
    elif is_main:
        _sleep_in(part, seconds)
    else:
        _sleep_in_slices(seconds)


def _sleep_in_slices(seconds: float) -> None:
    """In a thread that a part has started, which no stop concerns: it ends when its worker has ended."""
    end_s = time.monotonic() + seconds
    while (left_s := end_s - time.monotonic()) > 0:
        _real_sleep(min(left_s, SLICE_S))


def _sleep_in(part: Part, seconds: float) -> None:
    deadline_s = time.monotonic() + seconds
    poll = select.poll()
    poll.register(part.hook.announced, select.POLLIN)
    while (left_s := deadline_s - time.monotonic()) > 0:
        if poll.poll(min(left_s, 86_400.0) * 1000):
            part.hook.told.is_told = True
            raise Killed if part.is_killed else StopRequested
