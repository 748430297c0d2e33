"""Tasks and what a death makes of them. Pure: nothing here knows a process or a clock.

A task is a run of items of one job that a member gets in one message. When its member dies with item k in hand::

    start ........ settled ........ k ............... stop
    └─ results came ─┘ └─ again ──┘ └ its own fate ┘ └─ again ─┘
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

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
        dropped: items of which nothing more is wanted, their fate told already, in the payload's numbers.
        shares: how many tasks have this payload, in a list that they share.
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
    dropped: frozenset[int] = frozenset()
    shares: list[int] = field(default_factory=lambda: [1])

    def __post_init__(self) -> None:
        if self.settled < self.start:
            self.settled = self.start

    @property
    def is_done(self) -> bool:
        return self.settled >= self.stop

    @property
    def left(self) -> int:
        """Items of which nobody has been told."""
        left = self.stop - self.settled
        return left - sum(self.settled <= index < self.stop for index in self.dropped) if self.dropped else left

    def wants(self, index: int) -> bool:
        """Whether one of its items is to be done, and nobody was told of it."""
        return self.settled <= index < self.stop and index not in self.dropped

    def settle(self, first: int, values: list[Any]) -> int:
        """Results have come for the items from `first` on, in order. How many of them are news."""
        known = max(0, self.settled - first)
        if known >= len(values):
            return 0
        self.settled = first + len(values)
        if known:
            first, values = first + known, values[known:]
        if not self.dropped:
            self.job.settle(self.base + first, values)
            return len(values)
        runs = _runs(first, self.settled, self.dropped)
        for start, stop in runs:
            self.job.settle(self.base + start, values[start - first : stop - first])
        return sum(stop - start for start, stop in runs)

    def fail(self, index: int, error: BaseException) -> bool:
        """An item has failed; all before it are settled. Whether that is news."""
        if index < self.settled:
            return False
        self.settled = index + 1
        if index in self.dropped:
            return False
        self.job.fail(self.base + index, error)
        return True

    def part(self, start: int, stop: int, attempts: int = 0) -> Task:
        """The items from `start` to `stop` as a task of their own."""
        self.shares[0] += 1
        return replace(self, start=start, stop=stop, settled=start, attempts=attempts, number=0)

    def parts(self, start: int, stop: int) -> list[Task]:
        """The items from `start` to `stop` but for those that are dropped, as tasks of their own."""
        runs = _runs(start, stop, self.dropped)
        return [self.part(*run, self.attempts if run[0] == self.start else 0) for run in runs]


def _runs(start: int, stop: int, without: frozenset[int]) -> list[tuple[int, int]]:
    """The runs of numbers from `start` to `stop` in which none of some numbers is."""
    found = []
    for gap in sorted(number for number in without if start <= number < stop):
        if start < gap:
            found.append((start, gap))
        start = gap + 1
    if start < stop:
        found.append((start, stop))
    return found


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
        return task.parts(task.settled, task.stop), None
    again = task.parts(task.settled, index)
    attempts = (task.attempts if index == task.start else 0) + 1
    lost: int | None = index
    if attempts <= task.retries and index not in task.dropped:
        again.append(task.part(index, index + 1, attempts))
        lost = None
    return [*again, *task.parts(index + 1, task.stop)], lost
