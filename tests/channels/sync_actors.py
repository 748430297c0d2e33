"""What the processes of the tests of locks, semaphores, events, conditions and barriers run."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from supervisor.channels import Queue
from supervisor.channels.latch import FINISHED, HOLD, STARTED
from supervisor.channels.units import ATTEMPTS, RELEASING


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def hold_until_killed(lock: Any, report: Queue, depth: int = 1) -> None:
    for _ in range(depth):
        lock.acquire()
    report.put("held")
    time.sleep(3600)


def hold_until(lock: Any, report: Queue, over: Queue) -> None:
    """Take it, say so, and give it back when told."""
    with lock:
        report.put("held")
        over.get()
    report.put("released")


def try_to_take(lock: Any, report: Queue) -> None:
    """Every way of not getting it, then the state of a release."""
    report.put([lock.acquire(False), lock.acquire(True, 0.01), lock.acquire(timeout=-1)])


def take_and_tell(lock: Any, report: Queue) -> None:
    """Wait for it, say what one is told, give it back."""
    with lock:
        report.put((os.getpid(), getattr(lock, "was_abandoned", None)))


def take_and_die(lock: Any) -> None:
    lock.acquire()
    die()


def add_up(lock: Any, page: Any, count: int) -> None:
    """Steps that are lost if two are in it at a time."""
    for _ in range(count):
        with lock:
            number = page[0]
            time.sleep(0)
            page[0] = number + 1


def release_once(lock: Any, report: Queue) -> None:
    try:
        lock.release()
    except (ValueError, AssertionError) as error:
        report.put(type(error).__name__)
    else:
        report.put("released")


def release_often(semaphore: Any, count: int) -> None:
    for _ in range(count):
        semaphore.release()


def acquire_often(semaphore: Any, count: int, report: Queue) -> None:
    for _ in range(count):
        semaphore.acquire()
    report.put("acquired")


def swing(semaphore: Any) -> None:
    while True:
        with semaphore:
            time.sleep(0)


def wait_for_event(event: Any, report: Queue) -> None:
    report.put(event.wait())


def set_event(event: Any) -> None:
    event.set()


def wait_in_condition(condition: Any, report: Queue, timeout: float | None = None) -> None:
    with condition:
        report.put("waits")
        report.put((os.getpid(), condition.wait(timeout)))


def wait_for_number(condition: Any, number: Any, report: Queue) -> None:
    with condition:
        report.put(condition.wait_for(lambda: number.value >= 3))


def step_number(condition: Any, number: Any) -> None:
    for _ in range(3):
        with condition:
            number.value += 1
            condition.notify()


def notify_and_die(condition: Any) -> None:
    with condition:
        condition.notify_all()
        die()


def pass_barrier(barrier: Any, report: Queue, times: int = 1) -> None:
    for _ in range(times):
        report.put(barrier.wait())


def pass_or_tell(barrier: Any, report: Queue) -> None:
    try:
        report.put(barrier.wait())
    except Exception as error:
        report.put(type(error).__name__)


def note_action() -> None:
    """The action of a barrier, which each process gets as a pickle."""
    os.environ["PROCDECK_TEST_ACTION"] = "done"


def die_as_action() -> None:
    die()


def die_in_step(lock: Any, step: int, timeout: float | None = None) -> None:
    """Die between two steps of acquire (0 to 2) or release (3 to 5), as a kill in the middle would have it."""
    latch = lock._latch
    seat = latch.join()
    if step < 3:
        latch.started = seat[STARTED] = latch.started + 1
        if step and latch.step_in(False) and step == 2:
            seat[HOLD] = time.monotonic_ns()
        die()
    if latch.take("lock", "acquire", timeout):
        seat[HOLD] = 0
        if step > 3:
            latch.step_out()
        if step > 4:
            latch.finished = seat[FINISHED] = latch.finished + 1
    die()


def take_exclusively(lock: Any, page: Any) -> None:
    """Take and give back in full swing; counts in page[2] whenever somebody else was in it."""
    while True:
        with lock:
            if page[0] and not lock.was_abandoned:
                page[2] += 1
            page[0] = os.getpid()
            time.sleep(0)
            if page[0] != os.getpid():
                page[2] += 1
            page[0] = 0
            page[1] += 1


def pulse(event: Any) -> None:
    event.set()
    event.clear()


def mark_notified_and_die(condition: Any) -> None:
    """Die within notify(), after the mark and before the ring."""
    condition.acquire()
    condition._roster.ring = die
    condition.notify()


def die_in_semaphore(semaphore: Any, phase: str) -> None:
    """SIGKILL in one phase of acquire() or release(), as exactly as a kill can be aimed."""
    units = semaphore._units
    seat = units.join()
    step_in, step_out = units.step_in, units.step_out
    if phase == "not begun":
        seat[ATTEMPTS] += 1
    if phase == "stepped in":
        seat[ATTEMPTS] += 1
        assert step_in(False)
    if phase in ("not stepped out", "stepped out"):
        semaphore.acquire()
        seat[RELEASING] += 1
    if phase == "stepped out":
        step_out()
    os.kill(os.getpid(), signal.SIGKILL)


def hold_uncounted(semaphore: Any, report: Queue) -> None:
    """Take a unit and get no further."""
    units = semaphore._units
    units.join()[ATTEMPTS] += 1
    assert units.step_in(False)
    report.put("taken")
    time.sleep(3600)
