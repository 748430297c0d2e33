"""What the standard library documents of its locks and the like, asked of its own classes and of ours."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor import channels
from supervisor.channels import Queue
from tests.channels.conftest import Crew, until
from tests.channels.sync_actors import (
    acquire_often,
    add_up,
    hold_until,
    pass_barrier,
    pass_or_tell,
    release_often,
    release_once,
    set_event,
    step_number,
    try_to_take,
    wait_for_event,
    wait_for_number,
    wait_in_condition,
)

Maker = Callable[..., Any]


@pytest.fixture(params=["multiprocessing", "supervisor.channels"])
def make(request: pytest.FixtureRequest, crew: Crew) -> Maker:
    """Makes what is asked for, of one library and then of the other."""
    home = crew.context if request.param == "multiprocessing" else channels
    return lambda name, *args, **words: getattr(home, name)(*args, **words)


@pytest.fixture(params=["multiprocessing", "supervisor.channels"])
def make_here(request: pytest.FixtureRequest) -> Maker:
    """The same for what one process can show."""
    home: Any = multiprocessing if request.param == "multiprocessing" else channels
    return lambda name, *args, **words: getattr(home, name)(*args, **words)


@pytest.fixture
def report() -> Iterator[Queue]:
    queue = Queue(name="report")
    yield queue
    queue.close()


@pytest.fixture
def over() -> Iterator[Queue]:
    queue = Queue(name="over")
    yield queue
    queue.close()


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Semaphore", "BoundedSemaphore"])
def test_held_lock_is_had_by_nobody_else(make: Maker, crew: Crew, report: Queue, over: Queue, kind: str) -> None:
    """acquire() that may not wait, or not long enough, returns False; after the release it can be had."""
    lock = make(kind)
    crew.start(hold_until, lock, report, over)
    assert report.get(timeout=60) == "held"
    assert (lock.acquire(False), lock.acquire(True, 0.01), lock.acquire(timeout=-1)) == (False, False, False)
    over.put("go on")
    assert lock.acquire(timeout=60) is True
    crew.start(try_to_take, lock, report)
    assert [report.get(timeout=60), report.get(timeout=60)] == ["released", [False, False, False]]
    lock.release()
    assert crew.join() == [0, 0]


@pytest.mark.parametrize("kind", ["Lock", "RLock", "Semaphore", "Condition"])
def test_one_at_a_time_is_in_it(make: Maker, crew: Crew, kind: str) -> None:
    """Steps under the lock, by three processes, add up."""
    lock = make(kind)
    page = crew.context.Array("q", 1, lock=False)
    for _ in range(3):
        crew.start(add_up, lock, page, 300)
    assert crew.join() == [0, 0, 0]
    assert page[0] == 900


@pytest.mark.parametrize("kind", ["Lock", "BoundedSemaphore"])
def test_release_of_a_free_lock_is_a_value_error(make_here: Maker, kind: str) -> None:
    """As the standard library has it."""
    lock = make_here(kind)
    with pytest.raises(ValueError, match="release"):
        lock.release()
    with lock:
        pass
    with pytest.raises(ValueError, match="release"):
        lock.release()


def test_lock_may_be_released_by_another_thread(make_here: Maker) -> None:
    """A Lock belongs to no thread."""
    lock = make_here("Lock")
    assert lock.acquire()
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    assert lock.acquire(False)
    lock.release()


def test_lock_is_not_recursive(make_here: Maker) -> None:
    """The thread that has it does not get it again."""
    lock = make_here("Lock")
    with lock:
        assert lock.acquire(False) is False
        assert lock.acquire(timeout=0.01) is False
    assert lock.acquire(False) is True
    lock.release()


def test_threads_share_a_lock(make_here: Maker) -> None:
    """A blocked thread gets the lock when another one of its process releases it."""
    lock, got = make_here("Lock"), []

    def take() -> None:
        with lock:
            got.append(1)

    lock.acquire()
    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    lock.release()
    for thread in threads:
        thread.join(60)
    assert got == [1, 1, 1, 1]


def test_rlock_needs_as_many_releases(make: Maker, crew: Crew, report: Queue) -> None:
    """It is free for others after the last one."""
    lock = make("RLock")
    assert (lock.acquire(), lock.acquire(False), lock.acquire(timeout=0)) == (True, True, True)
    for _ in range(2):
        lock.release()
    crew.start(try_to_take, lock, report).join()
    assert report.get(timeout=60) == [False, False, False]
    lock.release()
    crew.start(try_to_take, lock, report).join()
    assert report.get(timeout=60) == [True, True, True]


def test_rlock_is_released_by_its_owner_only(make: Maker, crew: Crew, report: Queue) -> None:
    """Another process, another thread and nobody's release are assertion errors."""
    lock = make("RLock")
    with pytest.raises(AssertionError, match="attempt to release recursive lock not owned by thread"):
        lock.release()
    lock.acquire()
    crew.start(release_once, lock, report)
    assert report.get(timeout=60) == "AssertionError"
    thread = threading.Thread(target=release_once, args=(lock, report))
    thread.start()
    thread.join()
    assert report.get(timeout=60) == "AssertionError"
    lock.release()


@pytest.mark.parametrize("kind", ["Semaphore", "BoundedSemaphore"])
def test_semaphore_counts(make_here: Maker, kind: str) -> None:
    """As many have it as it was made with."""
    semaphore = make_here(kind, 2)
    assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]
    semaphore.release()
    assert semaphore.get_value() == 1
    with semaphore:
        assert semaphore.get_value() == 0
    semaphore.release()
    assert semaphore.get_value() == 2


def test_semaphore_may_be_released_above_its_start(make_here: Maker) -> None:
    """Without a bound it counts what it is given; a negative start is a mistake."""
    semaphore = make_here("Semaphore", 0)
    semaphore.release()
    semaphore.release()
    assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]


def test_semaphore_signals_from_process_to_process(make: Maker, crew: Crew, report: Queue) -> None:
    """Released by one, acquired by another: what the first gave stays when it ends."""
    semaphore = make("Semaphore", 0)
    crew.start(acquire_often, semaphore, 5, report)
    crew.start(release_often, semaphore, 5)
    assert report.get(timeout=60) == "acquired"
    assert crew.join() == [0, 0]


def test_event_lets_its_waiters_go(make: Maker, crew: Crew, report: Queue) -> None:
    """All who wait, in any process, and all who come later, until it is cleared."""
    event = make("Event")
    assert (event.is_set(), event.wait(0.01), event.wait(0)) == (False, False, False)
    for _ in range(2):
        crew.start(wait_for_event, event, report)
    crew.start(set_event, event)
    assert [report.get(timeout=60), report.get(timeout=60)] == [True, True]
    assert (event.is_set(), event.wait(), event.wait(0)) == (True, True, True)
    event.set()
    event.clear()
    assert (event.is_set(), event.wait(0.01)) == (False, False)
    assert crew.join() == [0, 0, 0]


@pytest.mark.parametrize("lock", [None, "Lock", "RLock"])
def test_notify_wakes_one_and_notify_all_the_rest(make: Maker, crew: Crew, report: Queue, lock: str | None) -> None:
    """A waiter goes on when it is notified and the lock is free."""
    condition = make("Condition", None if lock is None else make(lock))
    for _ in range(3):
        crew.start(wait_in_condition, condition, report)
    assert [report.get(timeout=60) for _ in range(3)] == ["waits"] * 3
    with condition:  # a waiter that said so while it held the lock waits when the lock can be had
        condition.notify()
    assert report.get(timeout=60)[1] is True
    with condition:
        condition.notify_all()
    assert [report.get(timeout=60)[1] for _ in range(2)] == [True, True]
    assert crew.join() == [0, 0, 0]


def test_condition_wait_ends_in_time(make_here: Maker) -> None:
    """wait() returns False when nobody notified, with the lock held."""
    condition = make_here("Condition")
    with condition:
        with condition:
            assert condition.wait(0.01) is False
            condition.notify()
        assert condition.wait_for(lambda: False, 0.01) is False
        assert condition.wait_for(lambda: "found") == "found"


def test_condition_needs_its_lock(make_here: Maker) -> None:
    """wait() and notify() without it are assertion errors."""
    condition = make_here("Condition")
    for attempt in (condition.wait, condition.notify, condition.notify_all):
        with pytest.raises(AssertionError):
            attempt()


def test_wait_for_goes_on_when_its_predicate_holds(make: Maker, crew: Crew, report: Queue) -> None:
    """Not at the first notification, but when what it waits for is so."""
    condition, number = make("Condition"), crew.context.Value("i", 0, lock=False)
    crew.start(wait_for_number, condition, number, report)
    crew.start(step_number, condition, number)
    assert report.get(timeout=60) is True
    assert crew.join() == [0, 0]


def test_barrier_lets_all_go_together_again_and_again(make: Maker, crew: Crew, report: Queue) -> None:
    """Each round gives each party a number of its own."""
    barrier = make("Barrier", 3)
    for _ in range(3):
        crew.start(pass_barrier, barrier, report, 4)
    numbers = sorted(report.get(timeout=60) for _ in range(12))
    assert numbers == [0] * 4 + [1] * 4 + [2] * 4
    assert crew.join() == [0, 0, 0]
    assert (barrier.parties, barrier.n_waiting, barrier.broken) == (3, 0, False)


def test_aborted_barrier_is_broken_until_reset(make: Maker, crew: Crew, report: Queue) -> None:
    """abort() and reset() turn away who waits; after reset() it works again."""
    barrier = make("Barrier", 2)
    crew.start(pass_or_tell, barrier, report)
    until(lambda: barrier.n_waiting == 1, "a waiting party")
    barrier.abort()
    assert report.get(timeout=60) == "BrokenBarrierError"
    assert barrier.broken
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait()
    barrier.reset()
    assert not barrier.broken
    crew.start(pass_or_tell, barrier, report)
    until(lambda: barrier.n_waiting == 1, "a waiting party")
    barrier.reset()
    assert report.get(timeout=60) == "BrokenBarrierError"
    crew.start(pass_barrier, barrier, report)
    assert sorted([barrier.wait(60), report.get(timeout=60)]) == [0, 1]
    assert crew.join() == [0, 0, 0]


def test_barrier_that_is_not_full_in_time_breaks(make_here: Maker) -> None:
    """By its own timeout or that of one wait()."""
    for barrier, timeout in ((make_here("Barrier", 2), 0.01), (make_here("Barrier", 2, timeout=0.01), None)):
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(timeout)
        assert barrier.broken


def test_last_party_does_the_action(make_here: Maker) -> None:
    """Once for each round; if it raises, the barrier breaks."""
    done: list[int] = []
    barrier = make_here("Barrier", 1, lambda: done.append(1))
    assert [barrier.wait(), barrier.wait(), done] == [0, 0, [1, 1]]
    failing = make_here("Barrier", 1, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        failing.wait()
    assert failing.broken
    with pytest.raises(ValueError, match="parties"):
        channels.Barrier(0)
