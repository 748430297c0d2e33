"""Locks that a kill frees: at every instant, under every start method, for those who wait and those who come later."""

from __future__ import annotations

import gc
import os
import random
import signal
import threading
from collections.abc import Iterator
from time import monotonic, monotonic_ns
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervisor.channels import Lock, LockHolder, Queue, RLock, StatusBoard, StopRequested, set_board, set_interrupt
from supervisor.channels.latch import FINISHED, HOLD, STARTED
from supervisor.channels.roster import Roster
from tests.channels.conftest import Crew, until
from tests.channels.sync_actors import (
    die_in_step,
    hold_until_killed,
    release_once,
    take_and_die,
    take_and_tell,
    take_exclusively,
)

KINDS = {"Lock": Lock, "RLock": RLock}
STEPS = range(6)


@pytest.fixture(params=KINDS)
def lock(request: pytest.FixtureRequest) -> Iterator[Any]:
    lock = KINDS[request.param](name="guard")
    yield lock
    lock.close()


@pytest.fixture
def report() -> Iterator[Queue]:
    queue = Queue(name="report")
    yield queue
    queue.close()


def is_whole(lock: Any) -> bool:
    """Whether nobody has the lock, and one and only one can have it."""
    return lock._latch._is_free() == 1 and not lock.locked()


def waiting_pids(lock: Any) -> set[int]:
    return {waiter.pid for waiter in lock.census().waiting}


def test_lock_of_a_killed_holder_goes_to_who_waits(crew: Crew, lock: Any, report: Queue) -> None:
    """All who wait get it in turn; the first of them, and nobody after it, is told that it was abandoned."""
    holder = crew.start(hold_until_killed, lock, report, 2 if lock.kind == "rlock" else 1)
    assert report.get(timeout=60) == "held"
    waiters = [crew.start(take_and_tell, lock, report) for _ in range(3)]
    until(lambda: waiting_pids(lock) == {each.pid for each in waiters}, "three who wait")
    assert lock.holder().pid == holder.pid
    assert 0 < lock.holder().since_s <= monotonic()
    holder.kill()
    told = [report.get(timeout=60) for _ in range(3)]
    assert {pid for pid, _ in told} == {each.pid for each in waiters}
    assert [was_abandoned for _, was_abandoned in told] == [True, False, False]
    assert crew.join() == [-signal.SIGKILL, 0, 0, 0]
    census = lock.census()
    assert (census.holder, census.acquisitions, census.abandonments, census.waiting) == (None, 4, 1, ())
    assert is_whole(lock)


def test_lock_of_a_dead_holder_is_had_at_once(crew: Crew, lock: Any) -> None:
    """Whoever comes later gets it, without waiting too, and sees that it was abandoned until it gives it back."""
    crew.start(take_and_die, lock).join()
    assert (lock.holder(), lock.locked()) == (None, False)
    assert lock.acquire(False) is True
    assert (lock.was_abandoned, lock.holder().pid) == (True, os.getpid())
    lock.release()
    with lock:
        assert not lock.was_abandoned
    assert is_whole(lock)


def test_killed_waiter_is_simply_gone(crew: Crew, lock: Any, report: Queue) -> None:
    """The others still get it; multiprocessing's lock survives this too."""
    lock.acquire()
    waiters = [crew.start(take_and_tell, lock, report) for _ in range(3)]
    until(lambda: len(waiting_pids(lock)) == 3, "three who wait")
    waiters[0].kill()
    waiters[0].join()
    assert waiting_pids(lock) == {waiters[1].pid, waiters[2].pid}
    lock.release()
    assert {report.get(timeout=60)[0] for _ in range(2)} == {waiters[1].pid, waiters[2].pid}
    assert crew.join() == [-signal.SIGKILL, 0, 0]
    assert is_whole(lock)


@pytest.mark.parametrize("step", STEPS)
def test_death_in_any_step_of_acquire_and_release_leaves_one_lock(
    forked: Crew, lock: Any, report: Queue, step: int
) -> None:
    """Between any two steps: afterwards the lock is there, once, and abandoned if the dead one had really had it."""
    forked.start(die_in_step, lock, step).join()
    assert lock.acquire(timeout=60) is True
    assert lock.was_abandoned == (step == 2)
    forked.start(take_and_tell, lock, report)
    until(lambda: len(waiting_pids(lock)) == 1, "one who waits")
    lock.release()
    assert report.get(timeout=60)[1] is False
    forked.join()
    assert is_whole(lock)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(STEPS), st.booleans()), max_size=6))
def test_any_sequence_of_deaths_leaves_one_lock(deaths: list[tuple[int, bool]]) -> None:
    """Deaths in any steps, one upon the other or with a living holder between them."""
    lock = Lock()
    for step, is_used_after in deaths:
        child = os.fork()
        if child == 0:
            die_in_step(lock, step, timeout=0)
        os.waitpid(child, 0)
        if is_used_after:
            assert lock.acquire(timeout=60)
            lock.release()
    assert lock.acquire(timeout=60)
    assert lock.acquire(False) is False
    lock.release()
    assert is_whole(lock)
    lock.close()


def test_doubt_about_the_dead_waits_for_the_living(forked: Crew) -> None:
    """As long as a living process may have the unit that a dead one may have had, nobody takes it twice."""
    lock = Lock()
    forked.start(die_in_step, lock, 1).join()
    seat = lock._latch.join()
    lock._latch.started = seat[STARTED] = (
        lock._latch.started + 1
    )  # as a thread of this process would that is about to find out
    assert lock.acquire(False) is False
    seat[HOLD] = monotonic_ns()  # it had it
    assert lock.acquire(False) is False
    dead = next(each for _, each in lock._latch.roster.seats() if each[0] != os.getpid())
    assert dead[STARTED] == dead[FINISHED], "so the dead one had not"
    lock.release()
    assert is_whole(lock)
    lock.close()


def test_mutual_exclusion_holds_through_kills_in_full_swing(crew: Crew, lock: Any) -> None:
    """Two never have it at a time, whoever is killed whenever; and the others always go on."""
    page = crew.context.Array("q", 3, lock=False)  # who is in it, how often one was, violations
    rounds = 12 if crew.method != "fork" else 40
    workers = [crew.start(take_exclusively, lock, page) for _ in range(3)]
    for _ in range(rounds):
        seen = page[1]
        until(lambda seen=seen: page[1] >= seen + random.randint(1, 50), "work under the lock")  # type: ignore[misc]
        victim = workers.pop(random.randrange(3))
        victim.kill()
        victim.join()
        workers.append(crew.start(take_exclusively, lock, page))
    crew.dismiss()
    assert page[2] == 0
    assert lock.acquire(timeout=60)
    lock.release()
    assert is_whole(lock)


def test_fork_leaves_the_lock_with_the_parent(forked: Crew, lock: Any, report: Queue) -> None:
    """The child does not hold what its parent held when it forked, and cannot release it."""
    lock.acquire()
    forked.start(release_once, lock, report).join()
    assert report.get(timeout=60) == ("ValueError" if lock.kind == "lock" else "AssertionError")
    assert lock.holder().pid == os.getpid()
    forked.start(take_and_tell, lock, report)
    until(lambda: len(waiting_pids(lock)) == 1, "one who waits")
    lock.release()
    assert report.get(timeout=60)[1] is False
    forked.join()


def test_only_the_holding_process_may_release(crew: Crew, report: Queue) -> None:
    """Unlike multiprocessing's Lock; the error names the holder."""
    lock = Lock(name="mine")
    with lock:
        crew.start(release_once, lock, report)
        assert report.get(timeout=60) == "ValueError"
    with pytest.raises(ValueError, match="'mine' by a process that does not hold it: it is free"):
        lock.release()
    lock.close()


def test_lock_that_is_forgotten_while_held_is_abandoned(forked: Crew, lock: Any, report: Queue) -> None:
    """Its process lives on, but nobody could give it back any more."""
    lock.acquire()
    forked.start(take_and_tell, lock, report)
    until(lambda: len(waiting_pids(lock)) == 1, "one who waits")
    lock.close()
    assert report.get(timeout=60)[1] is True
    forked.join()


def test_stop_request_ends_a_wait_for_a_lock(lock: Any) -> None:
    """A blocked acquire() raises StopRequested in its thread, and the lock is not taken."""
    fd, write_fd = os.pipe()
    set_interrupt(fd, lambda: os.read(fd, 1) == b"s")
    board = StatusBoard.create()
    set_board(board)
    lock.acquire()
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            lock.acquire()
        except StopRequested as stop:
            raised.append(stop)

    thread = threading.Thread(target=wait)
    thread.start()
    until(lambda: board.read().channel == "guard", "a wait on the board")
    assert board.read().operation == "acquire"
    os.write(write_fd, b"s")
    thread.join(60)
    assert len(raised) == 1
    assert board.read().channel == ""
    lock.release()
    assert is_whole(lock)
    set_board(None)
    set_interrupt(None)
    board.close()
    os.close(fd)
    os.close(write_fd)


def test_described_lock_is_the_same_lock(lock: Any) -> None:
    """What the engine hands over, and twice to one process: closing one leaves the other its lock."""
    again = type(lock).from_description(lock.describe(), [os.dup(fd) for fd in lock.fds()])
    assert (again.name, again.kind) == ("guard", lock.kind)
    lock.acquire()
    assert again.holder() == lock.holder() == LockHolder(os.getpid(), lock.holder().since_s)
    again.close()
    assert lock.locked()
    lock.release()
    assert repr(lock) == f"<{type(lock).__name__} 'guard' free>"
    with pytest.raises(ValueError, match="is closed"):
        again.fds()


def test_what_is_no_lock_is_refused() -> None:
    """A wrong descriptor is an error in words, and nothing stays open."""
    gc.collect()  # what earlier tests have left must not go meanwhile
    before = os.listdir("/proc/self/fd")
    with pytest.raises(ValueError, match="is not the page of a lock"):
        Lock.from_description({"name": "x"}, [os.memfd_create("x"), os.eventfd(0)])
    assert os.listdir("/proc/self/fd") == before


def test_lock_passes_only_while_a_process_starts(lock: Any, report: Queue) -> None:
    """A lock as an item of a queue is refused in words."""
    with pytest.raises(RuntimeError, match="lock passes to another process only while that is started"):
        report.put(lock)


def test_seats_of_the_dead_are_used_again(forked: Crew, lock: Any, report: Queue) -> None:
    """A hundred processes, one after the other, need one seat."""
    for _ in range(20):
        forked.start(take_and_tell, lock, report).join()
    assert lock._latch.roster.used_seats() == 1


def test_rounds_of_create_use_close_keep_no_descriptor() -> None:
    """Two hundred locks later the process has the descriptors and mappings it had, closed or forgotten."""
    gc.collect()  # what earlier tests have left
    before, mapped = os.listdir("/proc/self/fd"), mapped_pages()
    for kind in (Lock, RLock):
        for round_number in range(200):
            lock = kind()
            with lock:
                pass
            if round_number % 2:
                lock.close()
    del lock
    assert os.listdir("/proc/self/fd") == before
    assert mapped_pages() == mapped


def mapped_pages() -> int:
    with open("/proc/self/maps") as lines:
        return sum("procdeck-seats" in line for line in lines)


def test_roster_is_full_at_1024() -> None:
    """More live users than seats are refused in words."""
    roster = Roster.create()
    for _ in range(1024):
        roster.sit_apart()
    with pytest.raises(RuntimeError, match="1024 live users share this already"):
        roster.sit()
    roster.release()
