"""A small thread beside a pool: hears the engine's wishes, and tells it how far the pool is, at most 4 times a second.

What a report says comes from whom it is made for; nothing is sent while nothing has changed.
"""

from __future__ import annotations

import os
import select
import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from supervisor.poolrun.host import Host, Wish

    class Reported(Protocol):
        """A pool that reports."""

        def name(self) -> str: ...
        def report(self, now_s: float) -> dict[str, Any]: ...
        def untold_failures(self, most: int) -> list[dict[str, Any]]: ...
        def wish(self, wish: Wish) -> None: ...
        def stop(self) -> None: ...
        def is_gone(self) -> bool: ...


TICK_S = 0.25
STEADY_S = 1.0
"""While items run, time alone is worth a report so often."""
FAILURES_A_TICK = 12
LAST_WORD_S = 0.5
"""How long the last report may wait for room in the control pipe."""
_TIMELY = (
    "elapsed_s",
    "eta_s",
    "rate",
    "history",
    "start_share",
    "wait_share",
    "work_share",
    "slowest",
    "pickle_share",
)
"""What changes with time alone."""


class Reporter:
    """Reports one pool from `start` to `end`.

    Args:
        leaves_stop: read what is about pools, and leave a stop to whoever waits for it.
    """

    def __init__(self, pool: Reported, host: Host, *, leaves_stop: bool = False) -> None:
        self._pool = pool
        self._host = host
        self._hear = host.check_pools if leaves_stop else host.check
        self._bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._is_ending = self._is_over = self._has_failed = False
        self._door = threading.Lock()
        self._sent: dict[str, Any] = {}
        self._sent_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"{pool.name()}-reports", daemon=True)

    def start(self) -> None:
        self._host.hear(self._pool.name(), self._pool.wish)
        self._thread.start()

    def end(self) -> None:
        """Send the last report, and end."""
        with self._door:
            is_running = self._thread.ident is not None and not self._is_over
            self._is_ending = True
            if is_running:
                os.eventfd_write(self._bell, 1)
        if is_running:
            self._thread.join()

    def _run(self) -> None:
        poll = select.poll()
        poll.register(self._bell, select.POLLIN)
        if self._host.fileno() >= 0:
            poll.register(self._host.fileno(), select.POLLIN)
        is_stopping = False
        while not self._has_to_end():
            self._try_to_tell()
            due_s = time.monotonic() + TICK_S
            while not self._has_to_end() and (left_s := due_s - time.monotonic()) > 0:
                poll.poll(left_s * 1000)
                if not is_stopping and self._hear():  # though nothing is readable: another thread may have read it
                    is_stopping = True
                    poll.unregister(self._host.fileno())  # it stays readable
                    self._pool.stop()
        self._tell_last()
        self._host.hear(self._pool.name(), None)
        with self._door:
            self._is_over = True
            os.close(self._bell)

    def _has_to_end(self) -> bool:
        return self._is_ending or self._pool.is_gone()

    def _try_to_tell(self) -> None:
        """A report that fails must not make the pool deaf to a stop."""
        try:
            self._tell()
        except Exception as error:
            if not self._has_failed:
                self._has_failed = True
                self._host.say("ERROR", f"a report of {self._pool.name()} failed", extra={}, error=error)

    def _tell(self) -> None:
        now_s = time.monotonic()
        for failure in self._pool.untold_failures(FAILURES_A_TICK):
            self._host.send("pool-failure", pool=self._pool.name(), failure=failure)
        report = self._pool.report(now_s)
        steady = {name: value for name, value in report.items() if name not in _TIMELY}
        is_due = now_s - self._sent_s >= STEADY_S and report["in_flight"]
        has_moved = steady != self._sent
        if (has_moved or is_due) and self._host.send("pool", report=report):
            self._sent, self._sent_s = steady, now_s
            self._show(report, has_moved=has_moved)

    def _tell_last(self) -> None:
        deadline_s = time.monotonic() + LAST_WORD_S
        report = self._pool.report(time.monotonic())
        words: list[tuple[str, dict[str, Any]]] = [
            ("pool-failure", {"pool": self._pool.name(), "failure": one}) for one in self._pool.untold_failures(200)
        ]
        words.append(("pool", {"report": report}))
        for operation, fields in words:
            while not self._host.send(operation, **fields) and time.monotonic() < deadline_s:
                time.sleep(0.01)
        self._show(report, has_moved=True)

    def _show(self, report: dict[str, Any], *, has_moved: bool) -> None:
        done = report["done"] + report["skipped"]
        self._host.show(words_of(report), done, report["total"] or 0, has_moved=has_moved)


def words_of(report: dict[str, Any]) -> str:
    """``1,204 of 5,000, 3 failed, 250/s``: what the worker's row shows as its doing."""
    done = report["done"] + report["skipped"]
    words = [f"{done:,} of {report['total']:,}" if report["total"] is not None else f"{done:,} done"]
    if report["failed"]:
        words.append(f"{report['failed']:,} failed")
    if report["state"] == "paused":
        words.append("paused")
    elif report["rate"]:
        words.append(f"{report['rate']:,.0f}/s" if report["rate"] >= 10 else f"{report['rate']:.1f}/s")
    return ", ".join(words)
