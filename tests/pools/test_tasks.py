"""What a death makes of a task."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from supervisor.pools.tasks import Task, after_death


class _Job:
    def __init__(self) -> None:
        self.settled: list[int] = []
        self.failed: list[int] = []

    def settle(self, first: int, values: list[Any]) -> None:
        self.settled.extend(range(first, first + len(values)))

    def fail(self, index: int, error: BaseException) -> None:
        self.failed.append(index)


def _task(job: _Job, stop: int, retries: int = 0) -> Task:
    return Task(job, 1, b"", 1, b"", 0, 100, 0, stop, retries=retries)


@given(st.integers(1, 40), st.lists(st.integers(0, 39)), st.integers(0, 3), st.data())
def test_every_item_has_one_outcome(stop: int, deaths: list[int], retries: int, data: st.DataObject) -> None:
    """Whatever dies where: each item is settled or failed once, and fails only after all its chances."""
    job = _Job()
    waiting = [_task(job, stop, retries)]
    died: dict[int, int] = {}
    for _ in deaths:
        if not waiting:
            break
        task = waiting.pop(0)
        task.settle(task.start, [None] * data.draw(st.integers(0, task.left)))
        index = data.draw(st.one_of(st.none(), st.integers(task.start, task.stop - 1)))
        if not task.is_done and index is not None:
            hand = max(index, task.settled)
            died[hand] = died.get(hand, 0) + 1
        again, lost = after_death(task, index)
        if lost is not None:
            job.fail(100 + lost, OSError())
            assert died[lost] > retries
        waiting = again + waiting
    for task in waiting:
        task.settle(task.start, [None] * (task.stop - task.start))
    assert sorted(job.settled + job.failed) == list(range(100, 100 + stop))


def test_an_item_that_was_not_begun_is_no_attempt() -> None:
    """A task behind the fatal one loses nothing."""
    again, lost = after_death(_task(_Job(), 3), None)
    assert ([(task.start, task.stop, task.attempts) for task in again], lost) == ([(0, 3, 0)], None)


def test_results_that_come_twice_count_once() -> None:
    """An item that was done again is settled by the first result."""
    job = _Job()
    task = _task(job, 4)
    task.settle(0, [1, 2])
    task.settle(1, [2, 3])
    assert job.settled == [100, 101, 102]
