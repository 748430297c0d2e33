"""One blocking operation on a channel: waits on descriptors at zero CPU, shows itself on the status board.

Nothing here is touched by an operation that finds what it needs at once.
"""

from __future__ import annotations

import os
import select
import time

from supervisor.channels import interrupt, platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from supervisor.channels.board import StatusBoard

_LONGEST_POLL_MS = 86_400_000.0
_NAP_S = 0.002


class _Shown:
    """Where this process shows its waits."""

    board: StatusBoard | None = None


def set_board(board: StatusBoard | None) -> None:
    """Show the waits of this process on `board`; None ends that. A forked child starts without a board."""
    _Shown.board = board


class Blocking:
    """One operation that could not be done at once, from its first wait to its end.

    Use it as a context manager: the status board says what is waited for as long as the block lasts.
    `timeout_s` is None for ever; a negative one counts as 0. With `slot`, word `mark` of it says since when.
    A stop request does not end it when `is_interruptible` is false: what must be done before the thread may unwind.
    """

    def __init__(
        self,
        channel: str,
        operation: str,
        timeout_s: float | None,
        slot: memoryview | None = None,
        mark: int = 0,
        *,
        is_interruptible: bool = True,
    ) -> None:
        self._slot = slot
        self._mark = mark
        self._channel = channel
        self._operation = operation
        self._deadline_s = None if timeout_s is None else time.monotonic() + max(timeout_s, 0.0)
        self._board = _Shown.board
        self._is_interruptible = is_interruptible

    def __enter__(self) -> Self:
        if self._slot is not None:
            self._slot[self._mark] = time.monotonic_ns()
        if self._board is not None:
            self._board.waiting(self._channel, self._operation)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._slot is not None:
            self._slot[self._mark] = 0
        if self._board is not None:
            self._board.moving()

    def wait(self, *wanted: tuple[int, int], at_most_s: float | None = None) -> bool:
        """Wait until one of the (descriptor, poll event bits) is ready; False when the time is over.

        True as well when `at_most_s` has passed: the caller wants to look again then.
        Raises StopRequested when the worker is asked to stop. Signal handlers run meanwhile (PEP 475).
        """
        poller = select.poll()
        for fd, events in wanted:
            poller.register(fd, events)
        for fd in interrupt.watched_fds() if self._is_interruptible else ():
            poller.register(fd, platform.INPUT)
        own = {fd for fd, _ in wanted}
        look_s = None if at_most_s is None else time.monotonic() + at_most_s
        while True:
            ready = dict(poller.poll(_shorter_ms(self._deadline_s, look_s)))
            if self._is_interruptible:
                interrupt.examine(ready)
            if not own.isdisjoint(ready):
                return True
            if self._deadline_s is not None and time.monotonic() >= self._deadline_s:
                return False
            if look_s is not None and time.monotonic() >= look_s:
                return True
            _drop_invalid(poller, ready)


def nap(fd: int, events: int, timeout_s: float | None) -> float | None:
    """Wait a moment, 2 ms at most, for poll event bits of a descriptor; what is left of the timeout.

    For what mostly goes on at once: it costs a tenth of a `Blocking`, and neither the board nor a stop is looked at.
    """
    nap_s = _NAP_S if timeout_s is None else min(max(timeout_s, 0.0), _NAP_S)
    poller = select.poll()
    poller.register(fd, events)
    poller.poll(nap_s * 1000)
    return None if timeout_s is None else timeout_s - nap_s


def _shorter_ms(*ends_s: float | None) -> float:
    """How long until the first of these times of the monotonic clock."""
    known = [end_s for end_s in ends_s if end_s is not None]
    if not known:
        return _LONGEST_POLL_MS
    return min(max(min(known) - time.monotonic(), 0.0) * 1000, _LONGEST_POLL_MS)


def _drop_invalid(poller: select.poll, ready: dict[int, int]) -> None:
    for fd, events in ready.items():
        if events & platform.INVALID:
            poller.unregister(fd)


def _forget_after_fork() -> None:
    set_board(None)


os.register_at_fork(after_in_child=_forget_after_fork)
