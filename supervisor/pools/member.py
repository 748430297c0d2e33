"""What runs in a pool's member: takes a task from its socket, runs it item by item, sends what came of it.

Before each item it writes into its page which one that is; whoever kills it leaves that behind. It sends results when a
chunk is done, or has taken long enough to be waited for, so that little is lost with it. It looks at the clock once for
some items, if they are quick, and for each of them where they have a time limit.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import signal
import socket
import sys
import threading
import traceback
from time import monotonic_ns

from supervisor.channels.parcel import loads, press
from supervisor.channels.spill import Spill
from supervisor.pools import payloads, wire
from supervisor.pools.directories import remove_after_owner
from supervisor.pools.errors import RemoteTraceback, ResultLost, TaskExited
from supervisor.pools.payloads import BESIDE_BYTES
from supervisor.pools.wire import Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from supervisor.channels.parcel import Pickled

PAGE_WORDS = 8
"""What a member writes of itself: the task, the index of the item, since when it runs, how many items are done; since
when it is ready, and has the task; how long the tasks before this one took, and pickling in all of them."""
TASK, INDEX, SINCE_NS, DONE, READY_NS, BEGUN_NS, WORK_NS, PICKLE_NS = range(PAGE_WORDS)
BATCH_NS = 50_000
"""Quick items are run in batches that take about so long, with one look at the clock."""
MOST_IN_BATCH = 64
FLUSH_NS = 20_000_000
"""Results do not wait longer than this for those that come after them."""
ABANDONED = -1000
"""The exit code of a member that is a thread and was to be killed."""
_PLAIN = frozenset({int, float, bool, str, bytes, type(None)})
"""What is rebuilt from a pickle for sure."""
_LONG = frozenset({str, bytes})
"""What of it may be big."""


class Member:
    """One member's life.

    Args:
        page: its `PAGE_WORDS` words of shared memory.
        directory: where big payloads go.
        most_items: after so many it leaves, to be replaced; 0 for never.
    """

    def __init__(
        self,
        sock: socket.socket,
        page: Any,
        directory: str,
        initializer: Callable[..., object] | None,
        initargs: Sequence[Any],
        finalizer: Callable[[], object] | None,
        most_items: int,
    ) -> None:
        self._socket = sock
        self._page = memoryview(page).cast("B").cast("Q")
        self._spill = Spill(directory, is_private=False)
        self._initializer = initializer
        self._initargs = initargs
        self._finalizer = finalizer
        self._most_items = most_items
        self._functions: dict[int, Any] = {}

    def live(self) -> None:
        """Serve until told to leave, or until the pool is gone."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to hear; it ends its members
        reader = Reader(self._socket)
        if not self._stand_by(reader):
            return
        failure = self._initialize()
        if not failure:
            self._page[READY_NS] = monotonic_ns()
        self._send(wire.HELLO, pickle.dumps(failure))
        if failure:
            return
        while True:
            found = reader.next()
            if found is None:
                remove_after_owner(self._spill.directory)
                break
            if found[0] == wire.END:
                break
            kind, body = found
            if kind == wire.FUNCTION:
                self._learn(body)
            else:
                self._run(body)
                if self._most_items and self._page[DONE] >= self._most_items:
                    break
        if self._finalizer is not None:
            self._finalizer()

    def let_go_of_page(self) -> None:
        """Write into it no more: the next step that would fails. For a member that cannot be killed."""
        self._page.release()

    def _stand_by(self, reader: Reader) -> bool:
        """Import what members need until told to be one; False when it is not to be."""
        while (found := reader.next()) is not None and found[0] == wire.MODULES:
            for name in found[1].decode().splitlines():
                with contextlib.suppress(BaseException):  # whoever needs it will say so
                    importlib.import_module(name)
        if found is None:
            remove_after_owner(self._spill.directory)
        return found is not None and found[0] == wire.BEGIN

    def _initialize(self) -> str:
        """Call the initializer; its traceback where it fails."""
        if self._initializer is not None:
            try:
                self._initializer(*self._initargs)
            except BaseException:
                return traceback.format_exc()
        return ""

    def _learn(self, body: bytes) -> None:
        (number,) = wire.FUNCTION_HEAD.unpack_from(body)
        if len(self._functions) == wire.FUNCTIONS_KEPT:
            del self._functions[next(iter(self._functions))]
        try:
            self._functions[number] = loads(body[wire.FUNCTION_HEAD.size :])
        except BaseException as error:
            lost = ResultLost(f"the function cannot be rebuilt in the member: {_words(error)}")
            self._functions[number] = _Failing(lost)

    # --- a task ---

    def _run(self, body: bytes) -> None:
        task, number, mode, start, stop, form = wire.TASK_HEAD.unpack_from(body)
        page, begun_ns = self._page, monotonic_ns()
        page[INDEX] = start
        page[SINCE_NS] = page[BEGUN_NS] = begun_ns
        page[TASK] = task
        try:
            items = self._unpack(body[wire.TASK_HEAD.size :], form)
        except BaseException as error:
            lost = ResultLost(f"the arguments cannot be rebuilt in the member: {_words(error)}")
            for index in range(start, stop):
                self._fail(task, index, lost)
        else:
            page[PICKLE_NS] += monotonic_ns() - begun_ns
            if mode == wire.CALL:
                self._run_call(task, *items)
            else:
                self._run_items(task, self._functions.get(number), mode, items, start, stop)
        page[TASK] = 0
        page[WORK_NS] += monotonic_ns() - begun_ns

    def _unpack(self, payload: bytes, form: int) -> Any:
        if form == wire.INLINE:
            return pickle.loads(payload)
        return payloads.take(self._spill, payload.decode())[0]

    def _run_call(self, task: int, function: Any, args: Any, kwds: Any) -> None:
        try:
            result = function(*args, **kwds)
        except BaseException as error:
            self._fail(task, 0, error)
        else:
            self._page[DONE] += 1
            self._flush(task, 0, [result])

    def _run_items(self, task: int, function: Any, mode: int, items: Any, start: int, stop: int) -> None:
        page, run = self._page, _RUNS[mode]
        results: list[Any] = []
        at, first, size = start, start, 1
        done = page[DONE] - start
        now_ns = monotonic_ns()
        flush_ns = now_ns + FLUSH_NS
        while at < stop:
            if now_ns > flush_ns:
                page[DONE] = done + at
                self._flush(task, first, results)
                now_ns = monotonic_ns()
                results, first, flush_ns = [], at, now_ns + FLUSH_NS
            page[SINCE_NS] = begun_ns = now_ns
            try:
                run(page, function, items[at : min(at + size, stop)], at, results.append)
            except BaseException as error:
                at = first + len(results)
                self._flush(task, first, results)
                self._fail(task, at, error)
                results, first = [], at + 1
                at += 1
            else:
                at = first + len(results)
            now_ns = monotonic_ns()
            size = min(2 * size, MOST_IN_BATCH) if now_ns - begun_ns < BATCH_NS else max(1, size // 2)
        page[DONE] = done + stop
        self._flush(task, first, results)

    def _flush(self, task: int, first: int, results: list[Any]) -> None:
        if not results:
            return
        payload, begun_ns = b"", monotonic_ns()
        kinds = {*map(type, results)}
        if kinds <= _PLAIN and (kinds.isdisjoint(_LONG) or not any(_is_big(result) for result in results)):
            payload = pickle.dumps(results, 5)
        self._page[PICKLE_NS] += monotonic_ns() - begun_ns
        if not payload or len(payload) > BESIDE_BYTES:
            self._flush_singly(task, first, results)
            return
        self._send(wire.RESULTS, wire.RESULTS_HEAD.pack(task, first, len(results), wire.INLINE), payload)

    def _flush_singly(self, task: int, first: int, results: list[Any]) -> None:
        """Send results that one by one may not be rebuilt, or are big: the fate of one is not that of the others."""
        together: list[bytes] = []
        begun = first
        for index, result in enumerate(results, first):
            self._page[INDEX] = index  # whoever dies of pickling a result dies of this one
            begun_ns = monotonic_ns()
            try:
                pressed: bytes | Pickled | None = press(result)
            except BaseException as error:
                pressed, lost = None, ResultLost(f"the result ({_kind(result)}) cannot be pickled: {_words(error)}")
            self._page[PICKLE_NS] += monotonic_ns() - begun_ns
            if isinstance(pressed, bytes) and len(pressed) <= BESIDE_BYTES:
                together.append(pressed)
                continue
            self._send_together(task, begun, together)
            together, begun = [], index + 1
            if pressed is None:
                self._fail(task, index, lost)
            else:
                self._send_beside(task, index, pressed)
        self._send_together(task, begun, together)

    def _send_together(self, task: int, first: int, pickles: list[bytes]) -> None:
        if pickles:
            head = wire.RESULTS_HEAD.pack(task, first, len(pickles), wire.SINGLY)
            self._send(wire.RESULTS, head, pickle.dumps(pickles, 5))

    def _send_beside(self, task: int, index: int, pressed: bytes | Pickled) -> None:
        name = payloads.put_again(self._spill, pressed)
        self._send(wire.RESULTS, wire.RESULTS_HEAD.pack(task, index, 1, wire.BESIDE_SINGLE), name.encode())

    def _fail(self, task: int, index: int, error: BaseException) -> None:
        self._send(wire.FAILED, wire.FAILED_HEAD.pack(task, index), sendable(error))

    def _send(self, kind: int, *parts: bytes) -> None:
        self._socket.sendall(wire.frame(kind, *parts))


def _each(page: Any, function: Any, items: Any, start: int, keep: Callable[[Any], None]) -> None:
    """Run a batch of items."""
    for page[INDEX], item in enumerate(items, start):
        keep(function(item))


def _star(page: Any, function: Any, items: Any, start: int, keep: Callable[[Any], None]) -> None:
    for page[INDEX], item in enumerate(items, start):
        keep(function(*item))


def _timed_each(page: Any, function: Any, items: Any, start: int, keep: Callable[[Any], None]) -> None:
    """Run a batch of items that have a time limit: no item is seen with the time of the one before it."""
    for index, item in enumerate(items, start):
        page[SINCE_NS] = monotonic_ns()
        page[INDEX] = index
        keep(function(item))


def _timed_star(page: Any, function: Any, items: Any, start: int, keep: Callable[[Any], None]) -> None:
    for index, item in enumerate(items, start):
        page[SINCE_NS] = monotonic_ns()
        page[INDEX] = index
        keep(function(*item))


_RUNS = {
    wire.EACH: _each,
    wire.STAR: _star,
    wire.EACH | wire.TIMED: _timed_each,
    wire.STAR | wire.TIMED: _timed_star,
}


def sendable(error: BaseException) -> bytes:
    """The pickle of an exception and of its traceback's text; of one that tells it, where it could not be rebuilt."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    if isinstance(error, SystemExit):
        return pickle.dumps((TaskExited(f"the task called sys.exit({error.code!r})"), text), 5)
    try:
        data = pickle.dumps((error, text), 5)
        if type(pickle.loads(data)[0]) is type(error):
            return data
        why = "it is rebuilt as another one"
    except BaseException as trouble:
        why = _words(trouble)
    lost = ResultLost(
        f"the task raised {_words(error)}, which cannot be brought here: {why}. Give the exception all its arguments "
        "with super().__init__(...), or a __reduce__"
    )
    return pickle.dumps((lost, text), 5)


def rebuilt(data: bytes) -> BaseException:
    """The exception of `sendable`, its traceback as the cause."""
    error, text = pickle.loads(data)
    error.__cause__ = RemoteTraceback(text)
    return error  # type: ignore[no-any-return]


def _is_big(value: Any) -> bool:
    return type(value) in _LONG and len(value) > BESIDE_BYTES


def _kind(value: object) -> str:
    return type(value).__qualname__


def _words(error: BaseException) -> str:
    try:
        return f"{_kind(error)}: {error}"[:500]
    except BaseException:
        return _kind(error)


class _Failing:
    """In place of a function that cannot be had."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __call__(self, *_args: object, **_kwargs: object) -> None:
        raise self._error


def serve(sock: socket.socket, pages: Any, slot: int, directory: str, start: tuple[Any, ...]) -> None:
    """Be the member of `slot` until told to leave; the target of its process."""
    page = memoryview(pages).cast("B")[slot * PAGE_WORDS * 8 : (slot + 1) * PAGE_WORDS * 8]
    try:
        Member(sock, page, directory, *start).live()
    except (BrokenPipeError, ConnectionResetError):
        remove_after_owner(directory)  # the pool is gone
    except FileNotFoundError:
        if os.path.isdir(directory):
            raise
    finally:
        sock.close()
        sys.stdout.flush()


def exit_words(code: int | None) -> str:
    """How a member ended: ``was killed by SIGKILL (the kernel does that when memory runs out)``."""
    if code is None:
        return "ended"
    if code == ABANDONED:
        return "was abandoned: it is a thread, which can be told to end but not be killed"
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}" + (" (the kernel does so when memory runs out)" if -code == signal.SIGKILL else "")
