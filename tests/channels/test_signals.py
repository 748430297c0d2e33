"""Events, conditions and barriers: a killed waiter holds up nobody, a killed party breaks the barrier."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.channels import Barrier, Condition, Event, Lock, Queue, RLock, StopRequested, set_interrupt
from tests.channels.conftest import Crew, until
from tests.channels.sync_actors import (
    die_as_action,
    mark_notified_and_die,
    note_action,
    notify_and_die,
    pass_or_tell,
    pulse,
    wait_for_event,
    wait_in_condition,
)


@pytest.fixture
def report() -> Iterator[Queue]:
    queue = Queue(name="report")
    yield queue
    queue.close()


def waiting_pids(channel: Any) -> set[int]:
    return {waiter.pid for waiter in channel.census().waiting}


def waiters_in(crew: Crew, condition: Condition, report: Queue, count: int) -> list[Any]:
    """So many processes in wait(), the first in line first."""
    waiters = []
    for _ in range(count):
        waiters.append(crew.start(wait_in_condition, condition, report))
        assert report.get(timeout=60) == "waits"
        until(lambda: waiters[-1].pid in waiting_pids(condition), "one more who waits")
    return waiters


def test_killed_waiter_of_an_event_is_simply_gone(crew: Crew, report: Queue) -> None:
    """The others wake when it is set."""
    event = Event(name="go")
    waiters = [crew.start(wait_for_event, event, report) for _ in range(3)]
    until(lambda: len(waiting_pids(event)) == 3, "three who wait")
    waiters[0].kill()
    waiters[0].join()
    assert waiting_pids(event) == {waiters[1].pid, waiters[2].pid}
    event.set()
    assert [report.get(timeout=60) for _ in range(2)] == [True, True]
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    event.close()


def test_event_that_is_cleared_at_once_lets_its_waiters_go(crew: Crew, report: Queue) -> None:
    """set() is for everybody who waits at that moment."""
    event = Event()
    for _ in range(3):
        crew.start(wait_for_event, event, report)
    until(lambda: len(waiting_pids(event)) == 3, "three who wait")
    crew.start(pulse, event)
    assert [report.get(timeout=60) for _ in range(3)] == [True] * 3
    assert crew.join() == [0] * 4
    assert not event.is_set()
    event.close()


@pytest.mark.parametrize("kind", [Lock, RLock])
def test_killed_waiter_does_not_hold_up_notify(crew: Crew, report: Queue, kind: Any) -> None:
    """The notification goes to the next in line; multiprocessing's notify() blocks for ever here."""
    condition = Condition(kind(), name="news")
    waiters = waiters_in(crew, condition, report, 3)
    waiters[0].kill()
    waiters[0].join()
    with condition:
        condition.notify()
    assert report.get(timeout=60) == (waiters[1].pid, True)
    with condition:
        condition.notify_all()
    assert report.get(timeout=60) == (waiters[2].pid, True)
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    condition.close()


def test_notification_of_a_waiter_that_dies_with_it_passes_on(forked: Crew, report: Queue) -> None:
    """Notified, then killed before it went on: another that was waiting goes on in its place."""
    condition = Condition()
    waiters = waiters_in(forked, condition, report, 2)
    with condition:  # none of them can go on while the lock is held
        condition.notify()
        waiters[0].kill()
        waiters[0].join()
    assert report.get(timeout=60) == (waiters[1].pid, True)
    assert forked.join() == [-signal.SIGKILL, 0]
    condition.close()


def test_holder_that_dies_after_notify_holds_up_nobody(crew: Crew, report: Queue) -> None:
    """Its lock is free, so those it notified go on."""
    condition = Condition()
    waiters = waiters_in(crew, condition, report, 2)
    crew.start(notify_and_die, condition).join()
    assert {report.get(timeout=60) for _ in range(2)} == {(each.pid, True) for each in waiters}
    assert crew.join() == [0, 0, -signal.SIGKILL]
    condition.close()


def test_notify_that_died_in_the_middle_is_made_good_by_the_next(forked: Crew, report: Queue) -> None:
    """Marked, not woken: the next notify() wakes the one that was marked too."""
    condition = Condition()
    waiters = waiters_in(forked, condition, report, 2)
    forked.start(mark_notified_and_die, condition).join()
    with condition:
        condition.notify()
    assert {report.get(timeout=60) for _ in range(2)} == {(each.pid, True) for each in waiters}
    forked.join()
    condition.close()


def test_stopped_waiter_has_the_lock_and_passes_its_notification_on(forked: Crew, report: Queue) -> None:
    """StopRequested leaves wait() with the lock held, as the `with` around it needs; the next waiter goes on."""
    condition = Condition(name="news")
    fd, write_fd = os.pipe()
    set_interrupt(fd, lambda: os.read(fd, 1) == b"s")
    told: list[str] = []

    def wait() -> None:
        with condition:
            try:
                condition.wait()
            except StopRequested:
                told.append("held" if condition._lock.is_held_here() else "not held")

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: waiting_pids(condition) == {os.getpid()}, "a waiting thread")
    other = waiters_in(forked, condition, report, 1)[0]
    with condition:
        os.write(write_fd, b"s")
        until(lambda: os.getpid() not in waiting_pids(condition), "the stop")
        set_interrupt(None)
        condition.notify()
    thread.join(60)
    assert told == ["held"]
    assert report.get(timeout=60) == (other.pid, True)
    forked.join()
    os.close(fd)
    os.close(write_fd)
    condition.close()


def test_party_that_dies_while_it_waits_breaks_the_barrier(crew: Crew, report: Queue) -> None:
    """Those who wait are told at once, those who come later too, until reset()."""
    barrier = Barrier(4, name="start")
    parties = [crew.start(pass_or_tell, barrier, report) for _ in range(3)]
    until(lambda: barrier.n_waiting == 3 and len(waiting_pids(barrier)) == 3, "three waiting parties")
    parties[0].kill()
    assert [report.get(timeout=60) for _ in range(2)] == ["BrokenBarrierError"] * 2
    with pytest.raises(threading.BrokenBarrierError, match="start is broken"):
        barrier.wait()
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    barrier.reset()
    assert (barrier.broken, barrier.n_waiting) == (False, 0)
    for _ in range(3):
        crew.start(pass_or_tell, barrier, report)
    assert sorted([barrier.wait(60), *(report.get(timeout=60) for _ in range(3))]) == [0, 1, 2, 3]
    barrier.close()


def test_only_party_that_died_is_found_by_the_next(crew: Crew, report: Queue) -> None:
    """Nobody saw it die, and another process may have its seat: whoever arrives is told."""
    barrier = Barrier(3)
    party = crew.start(pass_or_tell, barrier, report)
    until(lambda: barrier.n_waiting == 1, "a waiting party")
    party.kill()
    party.join()
    crew.start(pass_or_tell, barrier, report)
    assert report.get(timeout=60) == "BrokenBarrierError"
    assert barrier.census().is_broken
    barrier.close()


def test_party_that_dies_in_the_action_breaks_the_barrier(crew: Crew, report: Queue) -> None:
    """The action has not ended, so nobody is let go."""
    barrier = Barrier(2, die_as_action)
    crew.start(pass_or_tell, barrier, report)
    crew.start(pass_or_tell, barrier, report)
    assert report.get(timeout=60) == "BrokenBarrierError"
    assert sorted(filter(None, crew.join())) == [-signal.SIGKILL]
    barrier.close()


def test_action_passes_to_other_processes(crew: Crew, report: Queue) -> None:
    """Whoever is last has it."""
    barrier = Barrier(1, note_action, timeout=60)
    crew.start(pass_or_tell, barrier, report)
    assert report.get(timeout=60) == 0
    assert crew.join() == [0]
    barrier.close()


def test_party_that_is_stopped_leaves_a_gap_for_another(forked: Crew, report: Queue) -> None:
    """A stop request is no death: the barrier stays whole and waits for one more; numbers stay distinct."""
    barrier = Barrier(3)
    fd, write_fd = os.pipe()
    set_interrupt(fd, lambda: os.read(fd, 1) == b"s")
    stopped: list[BaseException] = []

    def wait() -> None:
        try:
            barrier.wait()
        except StopRequested as stop:
            stopped.append(stop)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: barrier.n_waiting == 1, "a waiting thread")
    forked.start(pass_or_tell, barrier, report)
    until(lambda: barrier.n_waiting == 2, "two waiting parties")
    os.write(write_fd, b"s")
    thread.join(60)
    assert (len(stopped), barrier.n_waiting, barrier.broken) == (1, 1, False)
    set_interrupt(None)
    for _ in range(2):
        forked.start(pass_or_tell, barrier, report)
    assert sorted(report.get(timeout=60) for _ in range(3)) == [0, 1, 2]
    os.close(fd)
    os.close(write_fd)
    barrier.close()


def test_described_ones_are_the_same() -> None:
    """What the engine hands over."""
    event, condition, barrier = Event(name="e"), Condition(Lock(), name="c"), Barrier(1, name="b")
    for channel in (event, condition, barrier):
        kind: Any = type(channel)
        again = kind.from_description(channel.describe(), [os.dup(fd) for fd in channel.fds()])
        assert (again.name, again.kind, again.census()) == (channel.name, channel.kind, channel.census())
        again.close()
    event.set()
    with condition:
        condition.notify_all()
    assert (barrier.wait(), event.wait()) == (0, True)
    for channel in (event, condition, barrier):
        channel.close()
    with pytest.raises(TypeError, match="a condition needs a Lock or RLock"):
        Condition(threading.Lock())  # type: ignore[arg-type]


def test_rounds_of_create_use_close_keep_no_descriptor() -> None:
    """A hundred rounds later the process has the descriptors it had."""
    gc.collect()
    before = os.listdir("/proc/self/fd")
    for round_number in range(100):
        event, condition, barrier = Event(), Condition(), Barrier(1)
        event.wait(0)
        with condition:
            condition.wait(0)
        barrier.wait()
        if round_number % 2:
            event.close()
            condition.close()
            barrier.close()
    del event, condition, barrier
    assert os.listdir("/proc/self/fd") == before
