"""Hangs on locks, and on events, conditions and barriers: what one process waits for until another does its part.

Everyday `multiprocessing` code; HANGLAB_METHOD says how the children are made, and changes no verdict.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier, Condition, Event, Lock

multiprocessing.set_start_method(os.environ.get("HANGLAB_METHOD", "forkserver"), force=True)


# -- a cycle --------------------------------------------------------------------------------------------------------


def abba() -> None:
    """DEADLOCK: two processes take the same two locks, each in another order."""
    accounts, orders, both_hold = multiprocessing.Lock(), multiprocessing.Lock(), multiprocessing.Barrier(2)
    clerks = [
        multiprocessing.Process(target=transfer, args=(accounts, orders, both_hold), daemon=True),
        multiprocessing.Process(target=refund, args=(orders, accounts, both_hold), daemon=True),
    ]
    for clerk in clerks:
        clerk.start()
    for clerk in clerks:
        clerk.join()


def transfer(accounts: Lock, orders: Lock, both_hold: Barrier) -> None:
    with accounts:
        both_hold.wait()
        with orders:
            print("never printed")


def refund(orders: Lock, accounts: Lock, both_hold: Barrier) -> None:
    with orders:
        both_hold.wait()
        with accounts:
            print("never printed")


def philosophers() -> None:
    """DEADLOCK: three at a table, a fork in every left hand, and all wait for the one at their right."""
    forks = [multiprocessing.Lock() for _ in range(3)]
    all_hold = multiprocessing.Barrier(3)
    for seat in range(3):
        hands = (forks[seat], forks[(seat + 1) % 3])
        multiprocessing.Process(target=dine, args=(*hands, all_hold), daemon=True).start()
    for diner in multiprocessing.active_children():
        diner.join()


def dine(left: Lock, right: Lock, all_hold: Barrier) -> None:
    with left:
        all_hold.wait()
        with right:
            print("never printed")


def self_deadlock() -> None:
    """SELF_DEADLOCK: a function that holds a lock calls another that takes it; `RLock` would have let it."""
    lock = multiprocessing.Lock()
    with lock:
        add_to_total(lock)


def add_to_total(lock: Lock) -> None:
    with lock:
        print("never printed")


# -- a holder -------------------------------------------------------------------------------------------------------


def lock_held() -> None:
    """LOCK_WAIT: another process keeps a lock while it does something long."""
    lock, is_taken = multiprocessing.Lock(), multiprocessing.Event()
    multiprocessing.Process(target=keep, args=(lock, is_taken), daemon=True).start()
    is_taken.wait()
    with lock:
        print("never printed")


def keep(lock: Lock, is_taken: Event) -> None:
    with lock:
        is_taken.set()
        while True:
            time.sleep(3600)


def lock_orphaned() -> None:
    """ORPHANED_LOCK: the process that held the lock was killed; a semaphore has no owner who could give it back."""
    lock, is_taken = multiprocessing.Lock(), multiprocessing.Event()
    holder = multiprocessing.Process(target=keep, args=(lock, is_taken), daemon=True)
    holder.start()
    is_taken.wait()
    kill(holder)
    with lock:
        print("never printed")


def value_orphaned() -> None:
    """ORPHANED_LOCK: the same with the lock that every `Value` has inside."""
    counter, is_taken = multiprocessing.Value("q", 0), multiprocessing.Event()
    holder = multiprocessing.Process(target=count, args=(counter, is_taken), daemon=True)
    holder.start()
    is_taken.wait()
    kill(holder)
    counter.value += 1


def count(counter: Synchronized[int], is_taken: Event) -> None:
    with counter.get_lock():
        counter.value += 1
        is_taken.set()
        while True:
            time.sleep(3600)


def kill(child: multiprocessing.Process) -> None:
    """What the out-of-memory killer does."""
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()


# -- a part that nobody does ----------------------------------------------------------------------------------------


def event_never_set() -> None:
    """STARVED: whoever was to set the event has ended without it."""
    is_loaded = multiprocessing.Event()
    loader = multiprocessing.Process(target=load, args=(is_loaded, 0), daemon=True)
    loader.start()
    loader.join()
    is_loaded.wait()


def load(is_loaded: Event, files: int) -> None:
    for _ in range(files):
        is_loaded.set()


def condition_missed() -> None:
    """SIGNAL_WAIT: the notification came before the wait, and a condition remembers none."""
    changed, is_told = multiprocessing.Condition(), multiprocessing.Event()
    multiprocessing.Process(target=notify, args=(changed, is_told), daemon=True).start()
    is_told.wait()
    with changed:
        changed.wait()


def notify(changed: Condition, is_told: Event) -> None:
    with changed:
        changed.notify_all()
    is_told.set()
    while True:
        time.sleep(3600)


def barrier_short() -> None:
    """BARRIER_WAIT: a barrier for three; one of them is late, and the others wait for it."""
    start_line = multiprocessing.Barrier(3)
    for runner in (line_up, sleep_late):
        multiprocessing.Process(target=runner, args=(start_line,), daemon=True).start()
    start_line.wait()


def line_up(start_line: Barrier) -> None:
    start_line.wait()


def sleep_late(start_line: Barrier) -> None:
    while start_line.n_waiting < start_line.parties:
        time.sleep(3600)
    start_line.wait()
