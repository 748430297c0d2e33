"""What comes of tasks: results and exceptions rebuilt and handed to their jobs, counted, and payloads removed."""

from __future__ import annotations

import pickle
import sys

from supervisor.channels.parcel import loads
from supervisor.pools import payloads, wire
from supervisor.pools.errors import ResultLost
from supervisor.pools.member import rebuilt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from supervisor.channels.spill import Spill
    from supervisor.pools.tasks import Task


class Outcomes:
    """Settles the items of tasks.

    Attributes:
        counts: items, by what became of them, members that were replaced, and bytes, as items and results travelled.
        has_kept: members find files that they may write results into.
    """

    def __init__(self, spill: Spill) -> None:
        self._spill = spill
        names = ("submitted", "done", "failed", "retried", "replaced", "item_bytes", "result_bytes")
        self.counts = dict.fromkeys(names, 0)
        self.has_kept = False

    def accept(self, task: Task) -> None:
        """A task was submitted."""
        self.counts["submitted"] += task.left
        is_beside = task.form == wire.BESIDE
        self.counts["item_bytes"] += self._spill.size(task.payload.decode()) if is_beside else len(task.payload)

    def settle(self, task: Task, body: bytes) -> None:
        """Results have come."""
        _, first, _, form = wire.RESULTS_HEAD.unpack_from(body)
        payload = body[wire.RESULTS_HEAD.size :]
        self.counts["result_bytes"] += len(payload)
        if form == wire.INLINE:
            self._deliver(task, first, pickle.loads(payload))
            return
        for index, value in enumerate(self._singles(payload, form), first):
            if isinstance(value, _Lost):
                self.fail(task, index, value.error)
            else:
                self._deliver(task, index, [value])

    def _singles(self, payload: bytes, form: int) -> list[Any]:
        """Results that were sent one by one, each rebuilt by itself."""
        if form == wire.SINGLY:
            return [_rebuilt(lambda data=data: loads(data)) for data in pickle.loads(payload)]  # type: ignore[misc]
        return [_rebuilt(lambda: self._take(payload.decode()))]

    def _take(self, name: str) -> Any:
        """A result from its file, which is kept or goes."""
        is_kept = False
        try:
            value, byte_count, is_copied = payloads.take(self._spill, name)
            self.counts["result_bytes"] += byte_count
            is_kept = is_copied and payloads.keep(self._spill, name, byte_count)
            self.has_kept = self.has_kept or is_kept
            return value
        finally:
            if not is_kept:
                self._spill.remove(name)

    def forget_kept(self) -> None:
        """Nothing big has come for a while: the memory of kept files is somebody else's."""
        self.has_kept = False
        self._spill.sweep(payloads.USED)

    def _deliver(self, task: Task, first: int, values: list[Any]) -> None:
        try:
            self.counts["done"] += task.settle(first, values)
        except Exception as error:  # a callback's
            self.counts["done"] += len(values)
            sys.excepthook(type(error), error, error.__traceback__)

    def fail(self, task: Task, index: int, error: BaseException) -> None:
        """An item has failed."""
        try:
            self.counts["failed"] += task.fail(index, error)
        except Exception as trouble:  # a callback's
            self.counts["failed"] += 1
            sys.excepthook(type(trouble), trouble, trouble.__traceback__)

    def drop(self, task: Task, index: int, error: BaseException) -> None:
        """Nobody waits for an item any more, whatever becomes of it."""
        task.dropped |= {index}
        self.counts["failed"] += 1
        try:
            task.job.fail(task.base + index, error)
        except Exception as trouble:  # a callback's
            sys.excepthook(type(trouble), trouble, trouble.__traceback__)

    def fail_all(self, task: Task, error: BaseException) -> None:
        """Nothing more will come of a task."""
        for index in range(task.settled, task.stop):
            self.fail(task, index, error)
        self.forget_payload(task)

    def forget_payload(self, task: Task) -> None:
        """A task is over: what lies beside its message goes, unless another has the same."""
        task.shares[0] -= 1
        if task.form == wire.BESIDE and not task.shares[0]:
            self._spill.remove(task.payload.decode())


class _Lost:
    """In place of a result that cannot be rebuilt."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


def _rebuilt(make: Callable[[], Any]) -> Any:
    try:
        return make()
    except BaseException as error:
        return _Lost(ResultLost(f"the result cannot be rebuilt from its pickle: {type(error).__name__}: {error}"))


def rebuilt_exception(data: bytes) -> BaseException:
    """What a task raised, as `supervisor.pools.member.sendable` sent it."""
    try:
        return rebuilt(data)
    except BaseException as error:
        return ResultLost(f"the task's exception cannot be rebuilt here: {type(error).__name__}: {error}")
