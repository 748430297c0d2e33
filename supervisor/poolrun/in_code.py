"""The pools that a worker's code makes with ``ctx.pool("X")``: set up from the profile, seen and controlled as others.

Items, results and errors are the code's: nothing of them is written here, or tried again.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from supervisor.poolrun.failing import MOST_UNTOLD, failure_of
from supervisor.poolrun.intake import Entry
from supervisor.poolrun.plan import Named, Plan
from supervisor.poolrun.reporting import Reporter
from supervisor.poolrun.reports import averages_of, eta_s, members_of
from supervisor.poolrun.staffing import context_of
from supervisor.poolrun.tally import Tally
from supervisor.pools import Pool
from supervisor.pools.feeding import name_of
from supervisor.pools.pool import MOST_MEMBERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from supervisor.poolrun.host import Host, Wish
    from supervisor.pools import AsyncResult
    from supervisor.pools.feeding import Work
    from supervisor.pools.pool_thread import PoolThread
    from supervisor.pools.progress import PoolProgress
    from supervisor.pools.tasks import Job, Task


class PoolInCode(Pool):
    """A `supervisor.Pool` with what a ``[pools.X]`` without items says of it, which the engine sees.

    Retries are the pool's own: of items whose member died.
    """

    def __init__(self, plan: Plan, host: Host) -> None:
        super().__init__(
            plan.processes,
            Named(plan.initializer) if plan.initializer else None,
            plan.initargs,
            plan.maxtasksperchild,
            context_of(plan),
            timeout=plan.timeout_s,
            retries=plan.retries,
            finalizer=Named(plan.finalizer) if plan.finalizer else None,
            name=plan.name,
        )
        self._told = _Told(plan, self._thread, host)
        self._reporter = Reporter(self._told, host, leaves_stop=True)
        self._reporter.start()

    def cut(self, job: Job, work: Work, items: Sequence[Any], base: int, size: int) -> list[Task]:
        """As the pool's own."""
        self._told.function = work.name
        self._told.chunksize = min(size, len(items))
        return super().cut(job, work, items, base, size)

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] = (),
        kwds: Mapping[str, Any] | None = None,
        callback: Callable[[Any], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> AsyncResult:
        """As the pool's own."""
        self._told.function = name_of(func)
        return super().apply_async(func, args, kwds, callback, error_callback, timeout=timeout, retries=retries)

    def _submit(self, tasks: list[Task], timeout: float | None, retries: int | None) -> None:
        for task in tasks:
            job: Any = task.job
            job.noted = self._told.note
        super()._submit(tasks, timeout, retries)

    def resize(self, processes: int) -> None:
        """As the pool's own."""
        super().resize(processes)
        self._told.processes = processes

    def terminate(self) -> None:
        """As the pool's own."""
        self._told.end()
        super().terminate()
        self._reporter.end()

    def join(self) -> None:
        """As the pool's own."""
        super().join()
        self._told.end()
        self._reporter.end()


class _Told:
    """Such a pool, as its reporter sees it; it keeps the pool itself from nothing, so that one forgotten ends."""

    def __init__(self, plan: Plan, thread: PoolThread, host: Host) -> None:
        self._plan = plan
        self._thread = thread
        self._host = host
        self._tally = Tally(time.monotonic())
        self.function = plan.function
        self.chunksize = 1
        self.processes = plan.processes
        self._last: PoolProgress | None = None
        self._untold: deque[dict[str, Any]] = deque(maxlen=MOST_UNTOLD)

    def end(self) -> None:
        """What it is now is what is told from now on: what a terminated pool has not done has not failed."""
        self._last = self._last or replace(self._thread.progress(), members=(), waiting=0, in_flight=0)

    def name(self) -> str:
        return self._plan.name

    def stop(self) -> None:
        """The code's own affair."""

    def is_gone(self) -> bool:
        """Whether its thread has ended though nobody has said so: the code has forgotten the pool."""
        return not self._thread._thread.is_alive()  # noqa: SLF001 - the pool thread tells no other way

    def note(self, index: int, error: BaseException) -> None:
        """An item has failed; in the pool's thread."""
        if self._last is None:
            self._untold.append(failure_of(index, f"item {index}", error, 1))

    def untold_failures(self, most: int) -> list[dict[str, Any]]:
        return [self._untold.popleft() for _ in range(min(most, len(self._untold)))]

    def report(self, now_s: float) -> dict[str, Any]:
        """How far it is; it is over when all that was given to it is."""
        progress, tally = self._last or self._thread.progress(), self._tally
        if progress.done > tally.done:
            tally.count_done(now_s, progress.done - tally.done)
        members, running = members_of(progress, _nameless, now_s)
        rate = tally.rate(now_s)
        is_open = self._last is None and self._thread._holds > 0  # noqa: SLF001 - iterators that bring more items
        total = None if is_open else progress.submitted or None
        state = "finished" if self._last else "paused" if progress.is_paused else "running"
        return {
            "pool": self._plan.name,
            "function": self.function,
            "state": state,
            "start_method": self._plan.start_method,
            "processes": self.processes,
            "members": members,
            "total": total,
            "submitted": progress.submitted,
            "done": progress.done,
            "failed": progress.failed,
            "retried": progress.retried,
            "retries": self._plan.retries,
            "skipped": 0,
            "waiting": progress.waiting,
            "in_flight": progress.in_flight,
            "replaced": progress.replaced,
            "chunksize": self.chunksize,
            "rate": round(rate, 2),
            "eta_s": eta_s(total, progress.done + progress.failed, rate),
            "elapsed_s": round(now_s - tally.begun_s, 2),
            "history": tally.history(now_s),
            "slowest": tally.slowest(running),
            **averages_of(progress),
        }

    def wish(self, wish: Wish) -> None:
        """What the engine wishes; in the thread that has heard it. Items are the code's to cancel and to try again."""
        what, processes, pid = wish.get("do"), wish.get("processes"), wish.get("pid")
        if what == "resize" and isinstance(processes, int) and 1 <= processes <= MOST_MEMBERS:
            self.processes = processes
            self._thread.resize(processes)
        elif what in ("pause", "resume"):
            self._thread.pause(is_paused=what == "pause")
        elif what == "kill-member" and isinstance(pid, int):
            self._thread.kill_member(pid)
        else:
            text = f"{str(what)[:40]} is not for {self._plan.name}: its items belong to the code that has made it"
            self._host.say("WARNING", text, extra={})


def _nameless(index: int) -> Entry:
    """What is known of an item of the code's: its number."""
    entry = Entry(index, None, index)
    entry.shown = f"item {index}"
    return entry


def open_pool(orders: Mapping[str, dict[str, Any]], name: str, host: Host) -> PoolInCode:
    """The pool that the profile calls `name`. ValueError where it calls none so."""
    if name not in orders:
        known = ", ".join(sorted(orders)) or "none"
        raise ValueError(f"the profile has no [pools.{name}] for code (without items); it has: {known}")
    return PoolInCode(Plan.of(orders[name]), host)
