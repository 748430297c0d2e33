"""Semaphores: what a dead process held comes back, what it gave stays."""

from __future__ import annotations

import gc
import os
import random
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.channels import BoundedSemaphore, Queue, Semaphore
from tests.channels.conftest import Crew, until
from tests.channels.sync_actors import (
    acquire_often,
    die_in_semaphore,
    hold_uncounted,
    hold_until_killed,
    release_often,
    swing,
    take_and_die,
    take_and_tell,
)


@pytest.fixture
def report() -> Iterator[Queue]:
    queue = Queue(name="report")
    yield queue
    queue.close()


def waiting_pids(semaphore: Semaphore) -> set[int]:
    return {waiter.pid for waiter in semaphore.census().waiting}


@pytest.mark.parametrize("kind", [Semaphore, BoundedSemaphore])
def test_units_of_a_killed_holder_go_to_who_waits(crew: Crew, report: Queue, kind: type[Semaphore]) -> None:
    """Both of them, at once, to two who wait."""
    semaphore = kind(2, name="slots")
    holder = crew.start(hold_until_killed, semaphore, report, 2)
    assert report.get(timeout=60) == "held"
    waiters = {crew.start(acquire_often, semaphore, 1, report).pid for _ in range(2)}
    until(lambda: waiting_pids(semaphore) == waiters, "two who wait")
    assert (semaphore.census().value, semaphore.census().holders) == (0, ((holder.pid, 2),))
    holder.kill()
    assert [report.get(timeout=60) for _ in range(2)] == ["acquired"] * 2
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    assert (semaphore.census().value, semaphore.get_value()) == (2, 2)
    semaphore.close()


def test_units_of_the_dead_are_had_at_once(crew: Crew) -> None:
    """Whoever comes later needs not wait."""
    semaphore = Semaphore(1)
    crew.start(take_and_die, semaphore).join()
    assert semaphore.acquire(False) is True
    assert semaphore.acquire(False) is False
    semaphore.release()
    semaphore.close()


def test_what_the_dead_gave_stays(crew: Crew, report: Queue) -> None:
    """Signals of a process outlive it, also when a later one has its seat; only what is held comes back."""
    semaphore = Semaphore(0)
    for _ in range(3):
        crew.start(release_often, semaphore, 2).join()
    assert semaphore.get_value() == 6
    crew.start(take_and_die, semaphore).join()
    assert semaphore.get_value() == 6
    crew.start(acquire_often, semaphore, 4, report).join()
    assert report.get(timeout=60) == "acquired"
    assert semaphore.get_value() == 6
    assert semaphore._units.roster.used_seats() == 1
    semaphore.close()


def test_killed_waiter_is_simply_gone(crew: Crew, report: Queue) -> None:
    """Its unit goes to another."""
    semaphore = Semaphore(1)
    semaphore.acquire()
    waiters = [crew.start(take_and_tell, semaphore, report) for _ in range(3)]
    until(lambda: len(waiting_pids(semaphore)) == 3, "three who wait")
    waiters[0].kill()
    waiters[0].join()
    semaphore.release()
    assert {report.get(timeout=60)[0] for _ in range(2)} == {waiters[1].pid, waiters[2].pid}
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    semaphore.close()


@pytest.mark.parametrize("units", [1, 2])
def test_kills_in_full_swing_lose_no_unit(forked: Crew, units: int) -> None:
    """However often a user is killed, all units are there in the end."""
    semaphore = BoundedSemaphore(units)
    workers = [forked.start(swing, semaphore) for _ in range(3)]
    for _ in range(40):
        for _ in range(random.randint(1, 5)):
            assert semaphore.acquire(timeout=60)
            semaphore.release()
        victim = workers.pop(random.randrange(3))
        victim.kill()
        victim.join()
        workers.append(forked.start(swing, semaphore))
    forked.dismiss()
    assert semaphore.get_value() == units
    semaphore.close()


@settings(max_examples=60)
@given(st.integers(0, 3), st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=8))
def test_balance_of_each_process_decides(value: int, lives: list[tuple[bool, int]]) -> None:
    """Lives of processes that release or acquire and die: what is there is the start and what was given."""
    semaphore = Semaphore(value)
    expected = value
    for is_giver, count in lives:
        child = os.fork()
        if child == 0:
            for _ in range(count):
                if is_giver:
                    semaphore.release()
                else:
                    semaphore.acquire(False)
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        expected += count if is_giver else 0
        assert semaphore.census().value == expected
    assert semaphore.get_value() == expected
    semaphore.close()


def test_semaphore_cannot_start_below_zero() -> None:
    """A mistake, in words."""
    with pytest.raises(ValueError, match="starts with 0 units or more, not with -1"):
        Semaphore(-1)


def test_described_semaphore_is_the_same() -> None:
    """What the engine hands over."""
    semaphore = BoundedSemaphore(2, name="slots")
    again = BoundedSemaphore.from_description(semaphore.describe(), [os.dup(fd) for fd in semaphore.fds()])
    assert again.acquire()
    assert semaphore.get_value() == 1
    semaphore.release()
    with pytest.raises(ValueError, match="'slots' released too many times"):
        again.release()
    assert repr(again) == "<BoundedSemaphore 'slots' value=2>"
    semaphore.close()
    again.close()


def test_rounds_of_create_use_close_keep_no_descriptor() -> None:
    """Two hundred semaphores later the process has the descriptors it had."""
    gc.collect()
    before = os.listdir("/proc/self/fd")
    for round_number in range(200):
        semaphore = Semaphore()
        with semaphore:
            pass
        if round_number % 2:
            semaphore.close()
    del semaphore
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.parametrize("phase", ["not begun", "stepped in", "not stepped out", "stepped out"])
def test_kill_in_any_phase_of_an_operation_loses_and_makes_no_unit(forked: Crew, phase: str) -> None:
    """Between the words and the step, in acquire() and release(): the sum tells what the dead had done."""
    semaphore = BoundedSemaphore(2)
    forked.start(die_in_semaphore, semaphore, phase)
    assert forked.join() == [-signal.SIGKILL]
    assert [semaphore.acquire(False) for _ in range(3)] == [True, True, False]
    semaphore.release()
    semaphore.release()
    assert (semaphore.get_value(), semaphore.census().value, semaphore.census().holders) == (2, 2, ())
    semaphore.close()


def test_waiter_gets_the_unit_of_one_that_died_in_between(crew: Crew, report: Queue) -> None:
    """A unit that was taken and never counted goes to who waits for it, woken by the death."""
    semaphore = Semaphore(1)
    holder = crew.start(hold_uncounted, semaphore, report)
    assert report.get(timeout=60) == "taken"
    waiter = crew.start(acquire_often, semaphore, 1, report)
    until(lambda: waiting_pids(semaphore) == {waiter.pid}, "one who waits")
    holder.kill()
    assert report.get(timeout=60) == "acquired"
    assert crew.join() == [-signal.SIGKILL, 0]
    assert semaphore.get_value() == 1
    semaphore.close()
