"""Tasks and what a death makes of them. Pure: nothing here knows a process or a clock.

A task is a run of items of one job that a member gets in one message. When its member dies with item k in hand::

    start ........ settled ........ k ............... stop
    └─ results came ─┘ └─ again ──┘ └ its own fate ┘ └─ again ─┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Job(Protocol):
        """Who is told of the items of a task: index counts from the first item of the job."""

        def settle(self, first: int, values: list[Any]) -> None: ...
        def fail(self, index: int, error: BaseException) -> None: ...


@dataclass(slots=True, eq=False)
class Task:
    """A run of items.

    Attributes:
        function: the number of the function, 0 where the payload has it; members are taught it once.
        code: its pickle.
        payload: the pickled items, or the name of the file with them.
        base: the job's index of the payload's first item.
        start, stop: which of the payload's items are to be done, in its own numbers.
        settled: the first item whose result has not come.
        timeout_s: for each item; 0 for none.
        retries: how often an item may be tried again after its member died.
        attempts: how often the first item was tried.
        number: given when it is sent.
    """

    job: Job
    function: int
    code: bytes
    mode: int
    payload: bytes
    form: int
    base: int
    start: int
    stop: int
    timeout_s: float = 0.0
    retries: int = 0
    attempts: int = 0
    number: int = 0
    settled: int = -1
    sent_s: float = 0.0
    is_cancelled: bool = False

    def __post_init__(self) -> None:
        if self.settled < self.start:
            self.settled = self.start

    @property
    def is_done(self) -> bool:
        return self.settled >= self.stop

    @property
    def left(self) -> int:
        """Items that are not settled."""
        return self.stop - self.settled

    def settle(self, first: int, values: list[Any]) -> None:
        """Results have come for the items from `first` on, in order."""
        known = max(0, self.settled - first)
        if known < len(values):
            self.settled = first + len(values)
            self.job.settle(self.base + first + known, values[known:] if known else values)

    def fail(self, index: int, error: BaseException) -> None:
        """An item has failed; all before it are settled."""
        if index >= self.settled:
            self.settled = index + 1
            self.job.fail(self.base + index, error)

    def fail_all(self, error: BaseException) -> None:
        """Nothing more will come."""
        for index in range(self.settled, self.stop):
            self.job.fail(self.base + index, error)
        self.settled = self.stop

    def part(self, start: int, stop: int, attempts: int = 0) -> Task:
        """The items from `start` to `stop` as a task of their own."""
        return replace(self, start=start, stop=stop, settled=start, attempts=attempts, number=0)


def after_death(task: Task, index: int | None) -> tuple[list[Task], int | None]:
    """What is to be done of a task whose member died: tasks in the order of their items, and the item that is lost.

    Args:
        index: the item in hand; None where the member had not begun the task.

    An item that may be tried again is among the tasks; the lost one is None then.
    """
    if index is None or index < task.settled:
        index = None if index is None else task.settled
    if task.is_done:
        return [], None
    if index is None:
        return [task.part(task.settled, task.stop, task.attempts if task.settled == task.start else 0)], None
    again: list[Task] = []
    if index > task.settled:
        again.append(task.part(task.settled, index))
    attempts = (task.attempts if index == task.start else 0) + 1
    lost: int | None = index
    if attempts <= task.retries:
        again.append(task.part(index, index + 1, attempts))
        lost = None
    if index + 1 < task.stop:
        again.append(task.part(index + 1, task.stop))
    return again, lost
