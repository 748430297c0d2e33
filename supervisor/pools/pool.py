"""`Pool`: the names and signatures of `multiprocessing.Pool`, and an outcome for every task, whatever happens."""

from __future__ import annotations

import itertools
import multiprocessing
import os
from multiprocessing import util

from supervisor.channels.parcel import Pickled, press
from supervisor.channels.spill import Spill
from supervisor.pools import directories, payloads, wire
from supervisor.pools.crew import crew_class
from supervisor.pools.errors import PoolClosed, ResultLost
from supervisor.pools.feeding import Feeder, Work, module_of
from supervisor.pools.member import PAGE_WORDS
from supervisor.pools.pool_thread import PoolThread
from supervisor.pools.results import AsyncResult, IMapIterator, MapResult
from supervisor.pools.staff import SPARES
from supervisor.pools.tasks import Task

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from multiprocessing.context import BaseContext
    from types import TracebackType
    from typing import Any

    from supervisor.pools.progress import PoolProgress
    from supervisor.pools.tasks import Job

MOST_MEMBERS = 1024
CHUNKS_EACH = 4
"""Chunks for each member that a map is cut into, unless it is told."""
AT_ONCE = 1000
"""So many items of a map are given to the pool's thread together, so that it is not woken for each chunk."""
LONG_RANGE = 64
"""So many numbers of a `range` travel as a range: they need not be pickled one by one."""

_names = itertools.count(1)


class Pool:
    """Processes that run tasks. Drop-in for `multiprocessing.Pool`; what is more is named below.

    A member that is killed, crashes or calls ``os._exit`` fails its item with `MemberDied` and no other; with `retries`
    the item is tried again. Items whose results were on the way with it are done again: at least once, each. A member
    that dies idle is replaced. An item that runs for longer than `timeout` is killed and fails with `TaskTimedOut`.
    Results and exceptions that cannot be brought here become `ResultLost`. An initializer that keeps failing breaks the
    pool with its traceback (`InitializerFailed`). Nothing waits for ever.

    Args:
        processes: members; as many as processors by default.
        initializer, initargs: called in each member when it starts.
        maxtasksperchild: a member leaves after so many items, and is replaced.
        context: of multiprocessing; decides the start method. With fork, members are forked by a process that is itself
            forked when the pool is made, so that the caller's threads endanger none of them.
        timeout: seconds that an item may run; None for ever. Calls may say otherwise.
        retries: how often an item whose member died is tried again. Calls may say otherwise.
        finalizer: called in each member that leaves in good order.
        name: of processes and the thread.
    """

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
        context: BaseContext | None = None,
        *,
        timeout: float | None = None,
        retries: int = 0,
        finalizer: Callable[[], object] | None = None,
        name: str = "",
    ) -> None:
        count = processes if processes is not None else (os.cpu_count() or 1)
        _check(count, initializer, maxtasksperchild, timeout, retries)
        self._context = context or multiprocessing.get_context()
        self._timeout, self._retries = timeout, retries
        self._name = name or f"Pool-{next(_names)}"
        self._processes = count
        self._state = "running"
        self._owner = os.getpid()
        self._pages = self._context.RawArray("Q", (MOST_MEMBERS + SPARES) * PAGE_WORDS)
        self._spill = Spill(directories.make(), is_private=False)
        start = (initializer, tuple(initargs), finalizer, maxtasksperchild or 0)
        arguments = (self._pages, self._spill.directory, start)
        method = self._context.get_start_method()
        self._feeders: set[Feeder] = set()
        try:
            crew = crew_class(method)(self._context, self._name, arguments)
        except BaseException:  # a daemonic process may have no children
            directories.remove(self._spill.directory)
            raise
        self._thread = PoolThread(crew, memoryview(self._pages).cast("B").cast("Q"), self._spill, count, self._name)
        self._thread.start()
        self._finalize = util.Finalize(
            self, _terminate, args=(self._thread, self._feeders, self._spill.directory, self._owner), exitpriority=15
        )

    # --- as the standard one ---

    def apply(self, func: Callable[..., Any], args: Sequence[Any] = (), kwds: Mapping[str, Any] | None = None) -> Any:
        """Call ``func(*args, **kwds)`` in a member and wait for the result."""
        return self.apply_async(func, args, kwds).get()

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
        """The same, without waiting. What cannot be pickled is the result's error, not this call's."""
        self._check_running()
        self._thread.foresee(module_of(func))
        result = AsyncResult(callback, error_callback, self._thread.cancel)
        call = (func, tuple(args), dict(kwds or {}))
        try:
            payload, form = self._pressed(call)
        except Exception as error:
            result.fail(0, _not_sent(error))
            return result
        self._submit([Task(result, 0, b"", wire.CALL, payload, form, 0, 0, 1)], timeout, retries)
        return result

    def map(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int | None = None, **options: Any
    ) -> list[Any]:
        """The results of ``func(item)`` for each item, in order; raises what the first failing item raised.

        Options: `timeout` and `retries`, for each item.
        """
        return self.map_async(func, iterable, chunksize, **options).get()  # type: ignore[no-any-return]

    def starmap(
        self, func: Callable[..., Any], iterable: Iterable[Sequence[Any]], chunksize: int | None = None, **options: Any
    ) -> list[Any]:
        """Like `map`, with ``func(*item)``."""
        return self.starmap_async(func, iterable, chunksize, **options).get()  # type: ignore[no-any-return]

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        **options: Any,
    ) -> MapResult:
        """`map` without waiting."""
        return self._map(func, wire.EACH, iterable, chunksize, callback, error_callback, **options)

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Sequence[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[Any]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        **options: Any,
    ) -> MapResult:
        """`starmap` without waiting."""
        return self._map(func, wire.STAR, iterable, chunksize, callback, error_callback, **options)

    def imap(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int = 1, **options: Any
    ) -> IMapIterator:
        """Results in the order of the items, as they come. Items are taken as results are, some ahead."""
        return self._imap(func, iterable, chunksize, is_ordered=True, **options)

    def imap_unordered(
        self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int = 1, **options: Any
    ) -> IMapIterator:
        """The same, in the order in which they come."""
        return self._imap(func, iterable, chunksize, is_ordered=False, **options)

    def close(self) -> None:
        """Take no more tasks; members leave when all are done."""
        if self._state == "running":
            self._state = "closed"
            self._thread.close()

    def terminate(self) -> None:
        """Kill the members now; what is not done fails with `PoolClosed`."""
        self._state = "terminated"
        self._finalize()

    def join(self) -> None:
        """Wait until the members have left. ValueError unless closed or terminated."""
        if self._state == "running":
            raise ValueError("Pool is still running; close() or terminate() it first")
        for feeder in tuple(self._feeders):
            feeder.lift()
        self._thread.join()
        self._finalize()

    def __enter__(self) -> Pool:
        self._check_running()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.terminate()

    # --- more ---

    def resize(self, processes: int) -> None:
        """Have so many members from now on; those that are too many leave when they are done with what they have."""
        _check(processes, None, None, None, 0)
        self._check_running()
        self._processes = processes
        self._thread.resize(processes)

    def pause(self) -> None:
        """Give out no more tasks until `resume`; what runs goes on."""
        self._thread.pause(is_paused=True)

    def resume(self) -> None:
        """Give out tasks again."""
        self._thread.pause(is_paused=False)

    def kill_member(self, pid: int) -> bool:
        """Kill a member, which is replaced; its item fails with `MemberDied` or is tried again. False if it is none."""
        return self._thread.kill_member(pid)

    def cancel(self, job: object, index: int | None = None) -> None:
        """Take back what a job has fed, or one item of it: what has not begun is not run, and who runs it is killed."""
        self._thread.cancel(job, index)

    def progress(self) -> PoolProgress:
        """How far it is, and what each member does."""
        return self._thread.progress()

    def feed(
        self,
        job: Job,
        work: Work,
        items: Sequence[Any],
        base: int,
        *,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> None:
        """Have items done as one chunk, and a job of the caller's own told of them, in the pool's thread.

        The first item is the job's item `base`, the others follow. ValueError when the pool is not running.
        """
        self._check_running()
        self._submit(self.cut(job, work, items, base, len(items)), timeout, retries)

    # --- tasks ---

    def _map(
        self,
        func: Callable[..., Any],
        mode: int,
        iterable: Iterable[Any],
        chunksize: int | None,
        callback: Callable[[list[Any]], object] | None,
        error_callback: Callable[[BaseException], object] | None,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> MapResult:
        self._check_running()
        items = iterable if isinstance(iterable, (list, tuple, range)) else list(iterable)
        work = Work(func, mode)
        size = max(1, chunksize) if chunksize else -(-len(items) // (CHUNKS_EACH * self._processes)) or 1
        result = MapResult(len(items), callback, error_callback, self._thread.cancel)
        stride = size * max(1, AT_ONCE // size)
        for start in range(0, len(items), stride):
            self._submit(self.cut(result, work, items[start : start + stride], start, size), timeout, retries)
        return result

    def _imap(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Any],
        chunksize: int,
        *,
        is_ordered: bool,
        timeout: float | None = None,
        retries: int | None = None,
    ) -> IMapIterator:
        self._check_running()
        if chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize:n}")
        work = Work(func, wire.EACH)
        feeder = Feeder(
            iter(iterable),
            chunksize,
            window=max(4 * chunksize * self._processes, 64),
            cut=lambda job, items, base: self.cut(job, work, items, base, chunksize),
            submit=lambda task: self._submit([task], timeout, retries),
            leave=self._leave,
            name=f"{self._name}-items",
        )
        iterator = IMapIterator(is_ordered=is_ordered, consumed=feeder.consumed, cancel=self._thread.cancel)
        self._feeders.add(feeder)
        self._thread.hold(1)
        feeder.start(iterator)
        return iterator

    def _leave(self, feeder: Feeder) -> None:
        self._feeders.discard(feeder)
        self._thread.hold(-1)

    def cut(self, job: Job, work: Work, items: Sequence[Any], base: int, size: int) -> list[Task]:
        """The tasks of some items, so many in each; items that cannot be pickled fail here, and they alone."""
        if work.error is not None:
            for index in range(len(items)):
                job.fail(base + index, _not_sent(work.error))
            return []
        self._thread.foresee(work.module)
        tasks = []
        for start in range(0, len(items), size):
            chunk = items[start : start + size]
            for first, part in self._sendable(job, chunk, base + start):
                payload, form, count = part
                tasks.append(Task(job, work.number, work.code, work.mode, payload, form, first, 0, count))
        return tasks

    def _sendable(self, job: Job, chunk: Sequence[Any], base: int) -> list[tuple[int, tuple[bytes, int, int]]]:
        """The payloads of a chunk: one, unless an item of it cannot be pickled."""
        try:
            whole = chunk if isinstance(chunk, range) and len(chunk) >= LONG_RANGE else list(chunk)
            return [(base, (*self._pressed(whole), len(chunk)))]
        except Exception as error:
            if len(chunk) == 1:
                job.fail(base, _not_sent(error))
                return []
        return [part for index, item in enumerate(chunk) for part in self._sendable(job, [item], base + index)]

    def _pressed(self, value: object) -> tuple[bytes, int]:
        pressed: bytes | Pickled = press(value)
        if isinstance(pressed, bytes) and len(pressed) <= payloads.BESIDE_BYTES:
            return pressed, wire.INLINE
        return payloads.put(self._spill, pressed).encode(), wire.BESIDE

    def _submit(self, tasks: list[Task], timeout: float | None, retries: int | None) -> None:
        for task in tasks:
            task.timeout_s = (timeout if timeout is not None else self._timeout) or 0.0
            task.retries = retries if retries is not None else self._retries
        self._thread.submit(tasks)

    def _check_running(self) -> None:
        if self._state != "running" or os.getpid() != self._owner:
            raise ValueError("Pool not running")

    def __reduce__(self) -> str:
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")


def _terminate(thread: PoolThread, feeders: set[Feeder], directory: str, owner: int) -> None:
    if os.getpid() != owner:
        return
    for feeder in tuple(feeders):
        feeder.stop(PoolClosed("the pool was terminated"))
    thread.terminate()
    thread.join()
    directories.remove(directory)


def _not_sent(error: BaseException) -> BaseException:
    lost = ResultLost(f"it cannot be sent to a member: {type(error).__name__}: {error}")
    lost.__cause__ = error
    return lost


def _check(
    processes: int,
    initializer: object,
    maxtasksperchild: int | None,
    timeout: float | None,
    retries: int,
) -> None:
    if processes < 1:
        raise ValueError("Number of processes must be at least 1")
    if processes > MOST_MEMBERS:
        raise ValueError(f"a pool has at most {MOST_MEMBERS} processes, not {processes}")
    if initializer is not None and not callable(initializer):
        raise TypeError("initializer must be a callable")
    if maxtasksperchild is not None and maxtasksperchild <= 0:
        raise ValueError("maxtasksperchild must be a positive int or None")
    if timeout is not None and timeout <= 0:
        raise ValueError(f"timeout is a number of seconds above 0, or None, not {timeout}")
    if retries < 0:
        raise ValueError(f"retries is 0 or more, not {retries}")
