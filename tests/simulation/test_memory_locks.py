"""Locks and their kin in memory: what real ones promise, and an error instead of a deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from supervisor import channels
from supervisor.simulation.memory_locks import MemoryBoundedSemaphore, MemoryLock, MemoryRLock, MemorySemaphore
from supervisor.simulation.memory_meetings import MemoryBarrier, MemoryCondition, MemoryEvent
from supervisor.simulation.turns import Standstill, Turns


def _turns(*coming: str) -> Turns:
    turns = Turns(["me", *coming])
    turns.begin("me")
    return turns


Make = Callable[[], Any]

LOCKS: list[Make] = [channels.Lock, lambda: MemoryLock(_turns())]
RLOCKS: list[Make] = [channels.RLock, lambda: MemoryRLock(_turns())]
BOUNDED: list[Make] = [channels.BoundedSemaphore, lambda: MemoryBoundedSemaphore(_turns())]
SEMAPHORES: list[Make] = [channels.Semaphore, lambda: MemorySemaphore(_turns())]
EVENTS: list[Make] = [channels.Event, lambda: MemoryEvent(_turns())]
CONDITIONS: list[Make] = [channels.Condition, lambda: MemoryCondition(_turns())]
BARRIERS: list[Make] = [lambda: channels.Barrier(2), lambda: MemoryBarrier(_turns(), 2)]
KINDS = ["real", "memory"]


@pytest.mark.parametrize("make", LOCKS, ids=KINDS)
def test_lock_is_taken_once(make: Make) -> None:
    """Whoever does not wait is told; a release that nobody owes is a ValueError."""
    lock = make()
    with lock:
        assert lock.locked()
        assert not lock.acquire(block=False)
        assert not lock.acquire(timeout=0.01)
    assert not lock.locked()
    with pytest.raises(ValueError, match="free"):
        lock.release()
    lock.close()


@pytest.mark.parametrize("make", RLOCKS, ids=KINDS)
def test_rlock_is_taken_again_by_its_thread(make: Make) -> None:
    """As often as it was taken it must be released; once more is an AssertionError."""
    lock = make()
    assert lock.acquire()
    assert lock.acquire()
    lock.release()
    assert lock.is_held_here()
    lock.release()
    with pytest.raises(AssertionError):
        lock.release()
    lock.close()


@pytest.mark.parametrize("make", SEMAPHORES, ids=KINDS)
def test_semaphore_counts(make: Make) -> None:
    """Units go and come, more than at first too."""
    semaphore = make()
    assert semaphore.acquire()
    assert not semaphore.acquire(block=False)
    semaphore.release()
    semaphore.release()
    assert semaphore.get_value() == 2
    semaphore.close()


@pytest.mark.parametrize("make", BOUNDED, ids=KINDS)
def test_bounded_semaphore_refuses_a_unit_too_many(make: Make) -> None:
    """With a ValueError."""
    semaphore = make()
    with pytest.raises(ValueError, match="too many times"):
        semaphore.release()
    semaphore.close()


@pytest.mark.parametrize("make", EVENTS, ids=KINDS)
def test_event_is_set_and_cleared(make: Make) -> None:
    """wait() tells whether it is."""
    event = make()
    assert not event.wait(0.01)
    event.set()
    assert event.wait()
    event.clear()
    assert not event.is_set()
    event.close()


@pytest.mark.parametrize("make", CONDITIONS, ids=KINDS)
def test_condition_wakes_a_thread(make: Make) -> None:
    """notify() needs the lock, and lets go who waits."""
    condition = make()
    with pytest.raises(AssertionError):
        condition.notify()
    seen: list[str] = []

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: bool(seen))
            seen.append("woken")

    thread = threading.Thread(target=wait)
    thread.start()
    with condition:
        seen.append("told")
        condition.notify_all()
    thread.join()
    assert seen == ["told", "woken"]
    condition.close()


@pytest.mark.parametrize("make", BARRIERS, ids=KINDS)
def test_barrier_lets_all_go_together(make: Make) -> None:
    """Each gets another number; one that nobody else comes to is broken."""
    barrier = make()
    numbers: list[int] = []
    thread = threading.Thread(target=lambda: numbers.append(barrier.wait()))
    thread.start()
    numbers.append(barrier.wait())
    thread.join()
    assert sorted(numbers) == [0, 1]
    with pytest.raises(threading.BrokenBarrierError):
        barrier.wait(0.01)
    assert barrier.broken
    barrier.reset()
    assert not barrier.broken
    barrier.close()


def test_lock_that_nobody_can_release_is_an_error() -> None:
    """A worker that takes its lock twice is told so, instead of waiting for ever."""
    lock = MemoryLock(_turns(), "total")
    lock.acquire()
    with pytest.raises(Standstill, match=r"me waits in acquire\(\) of lock total, which it holds itself"):
        lock.acquire()


def test_event_that_is_set_later_is_an_error() -> None:
    """It names those who share it and have no turn yet."""
    event = MemoryEvent(_turns("tally"), "ready", ["me", "tally"])
    with pytest.raises(Standstill, match=r"which nobody has set \(tally: their turn comes later\)"):
        event.wait()


def test_barrier_of_several_parties_is_an_error_in_one_thread() -> None:
    """They would have to wait at the same time."""
    with pytest.raises(Standstill, match="where 3 parties must be at the same time"):
        MemoryBarrier(_turns(), 3, "start").wait()


def test_condition_that_nobody_can_notify_is_an_error() -> None:
    """And the lock is held again when it is raised."""
    condition = MemoryCondition(_turns(), "full")
    with condition, pytest.raises(Standstill, match="nobody can notify it"):
        condition.wait()


def test_what_a_worker_leaves_locked_is_free_for_the_next() -> None:
    """As after the death of a process: the next holder is told."""
    turns = _turns("next")
    lock, semaphore = MemoryLock(turns, "total"), MemorySemaphore(turns, 1)
    lock.acquire()
    semaphore.acquire()
    turns.end(is_clean=True)
    turns.begin("next")
    assert lock.acquire()
    assert lock.was_abandoned
    assert semaphore.acquire()
    lock.release()
    assert not lock.was_abandoned
