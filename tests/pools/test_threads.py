"""A pool whose members are threads: tasks and results are pickled as ever, and who cannot be killed is abandoned."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from supervisor.pools import Pool, TaskExited, TaskTimedOut
from supervisor.pools.errors import ResultLost
from supervisor.pools.threads import ThreadContext

_marks: list[str] = []


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2, context=ThreadContext()) as made:  # type: ignore[arg-type]
        yield made


def square(number: int) -> int:
    return number * number


def own_pid(_: int) -> int:
    return os.getpid()


def hang(number: int) -> int:
    while number == 2:
        pass
    return number


def sleep_long(number: int) -> int:
    if number == 1:
        time.sleep(3)
    return number


def leave(number: int) -> int:
    if number == 1:
        sys.exit(3)
    return number


def make_lock(_: int) -> object:
    return threading.Lock()


def test_members_are_threads_and_results_are_right(pool: Pool) -> None:
    """In order, from this very process."""
    assert pool.map(square, range(500)) == [number * number for number in range(500)]
    assert set(pool.map(own_pid, range(4))) == {os.getpid()}
    assert len(pool.map(bytes, [400_000] * 6, chunksize=1)) == 6


def test_what_cannot_be_pickled_fails_as_in_a_real_pool(pool: Pool) -> None:
    """Arguments, functions and results."""
    with pytest.raises(ResultLost, match="cannot be sent"):
        pool.apply(square, (threading.Lock(),))
    with pytest.raises(ResultLost, match="cannot be pickled"):
        pool.apply(make_lock, (1,))
    with pytest.raises(Exception, match="pickle"):
        Pool(1, lambda: None, context=ThreadContext())  # type: ignore[arg-type]


@pytest.mark.parametrize(("function", "slow"), [(hang, 2), (sleep_long, 1)])
def test_item_over_its_time_fails_and_a_new_thread_takes_its_place(
    pool: Pool, function: Callable[[int], int], slow: int
) -> None:
    """The others are done, and the pool goes on."""
    late = pool.apply_async(function, (slow,), timeout=0.3)
    others = [pool.apply_async(function, (number,)) for number in range(4) if number != slow]
    with pytest.raises(TaskTimedOut):
        late.get()
    assert [result.get() for result in others] == [number for number in range(4) if number != slow]
    assert pool.map(square, range(10)) == [number * number for number in range(10)]


def test_sys_exit_fails_its_item_only(pool: Pool) -> None:
    """A thread that left would take nobody along, but neither may it leave."""
    with pytest.raises(TaskExited):
        pool.map(leave, range(3), chunksize=1)
    assert pool.map(square, range(3)) == [0, 1, 4]


def remember(word: str) -> None:
    _marks.append(word)


def forget() -> None:
    _marks.append("left")


def test_initializer_and_finalizer_run_in_each_member() -> None:
    """Once each, with arguments that were pickled."""
    _marks.clear()
    with Pool(2, remember, ("hello",), context=ThreadContext(), finalizer=forget) as pool:  # type: ignore[arg-type]
        pool.map(square, range(10))
        pool.close()
        pool.join()
    assert sorted(_marks) == ["hello", "hello", "left", "left"]
