"""Hangs inside one process: locks between threads, the interpreter's own, and code that never comes to an end."""

from __future__ import annotations

import ctypes
import importlib
import multiprocessing
import re
import threading
import time


def fork_lock() -> None:
    """FORK_LOCK: forked while another thread held a lock: in the child it stays locked, and its holder is not there."""
    lock, is_taken = threading.Lock(), threading.Event()
    threading.Thread(target=write_slowly, args=(lock, is_taken), name="log-writer", daemon=True).start()
    is_taken.wait()
    child = multiprocessing.get_context("fork").Process(target=log_from_child, args=(lock,), daemon=True)
    child.start()
    child.join()


def write_slowly(lock: threading.Lock, is_taken: threading.Event) -> None:
    with lock:
        is_taken.set()
        while True:
            time.sleep(3600)


def log_from_child(lock: threading.Lock) -> None:
    with lock:
        print("never printed")


def threads_abba() -> None:
    """DEADLOCK: two threads take the same two locks, each in another order."""
    cache, disk, both_hold = threading.RLock(), threading.RLock(), threading.Barrier(2)
    threading.Thread(target=load, args=(disk, cache, both_hold), name="loader", daemon=True).start()
    evict(cache, disk, both_hold)


def load(disk: threading.RLock, cache: threading.RLock, both_hold: threading.Barrier) -> None:
    with disk:
        both_hold.wait()
        with cache:
            print("never printed")


def evict(cache: threading.RLock, disk: threading.RLock, both_hold: threading.Barrier) -> None:
    with cache:
        both_hold.wait()
        with disk:
            print("never printed")


def import_lock() -> None:
    """IMPORT_LOCK: a module that waits while it is imported holds up every other thread that imports it."""
    is_inside = threading.Event()
    threading.has_begun = is_inside  # type: ignore[attr-defined]
    threading.Thread(target=import_slowly, name="importer", daemon=True).start()
    is_inside.wait()
    import_slowly()


def import_slowly() -> None:
    importlib.import_module("slow_to_import")


def gil_held() -> None:
    """GIL_HELD: a C function that keeps the interpreter lock while it waits; no other thread can run meanwhile."""
    threading.Thread(target=call_c, name="driver", daemon=True).start()
    while True:
        time.sleep(0.1)


def call_c() -> None:
    library = ctypes.PyDLL(None)  # CDLL would let the interpreter lock go
    while True:
        library.sleep(3600)


def native_loop() -> None:
    """CPU_BOUND_C: a regular expression that tries every way to split a line; 2 to the power of 60 of them."""
    re.match(r"(a+)+$", "a" * 60 + "!")


def hot_loop() -> None:
    """CPU_BOUND: busy in a loop of Python that has no end, and silent: without a heartbeat, a HANG is told."""
    number = 27
    while number:
        number = number * 3 + 1 if number % 2 else number // 2
