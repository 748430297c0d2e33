"""Kills holders and waiters of locks at random, over every kind and start method, and counts.

    workers ──▶ take, look whether they are alone, give back ──▶ their counts, in a file that outlives them
       ▲ killed and replaced by this process

Broken: two were where one may be, or more holders of a semaphore than units. Unnoticed: a holder died at work, and the
next one was not told. A stall: nobody came in for ten seconds, so somebody sleeps although the lock is free.
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import random
import tempfile
import time
from dataclasses import dataclass, fields
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from supervisor import channels

KINDS = ("Lock", "RLock", "Semaphore", "Condition")
WORKERS = 4
UNITS = 2
MOST_ITEMS = 3
STALL_S = 10.0
PAUSES_S = {"fork": 0.008, "forkserver": 0.03, "spawn": 0.1}
"""The longest time between two kills."""

OWNER, ITEMS, BROKEN, UNNOTICED, ORPHANED = range(5)
ENTRIES = 8
"""First of the workers' counts of how often each came in."""
INSIDE = ENTRIES + WORKERS
"""First of the marks of who is inside: its count, 0 when it is not."""
PIDS = INSIDE + WORKERS
_WORDS = PIDS + WORKERS

PF_EXITING = 0x4
"""The flag of a process that has begun to end (linux/sched.h; proc_pid_stat(5))."""


@dataclass
class LockScore:
    """What happened."""

    kills: int = 0
    entries: int = 0
    orphaned: int = 0
    """Locks whose holder was killed, as the next holder was told."""
    broken: int = 0
    unnoticed: int = 0
    stalls: int = 0
    units_lost: int = 0

    def add(self, other: LockScore) -> None:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))

    @property
    def is_bad(self) -> bool:
        return bool(self.broken or self.unnoticed or self.stalls or self.units_lost)


def open_page(path: str) -> memoryview:
    """The words that all workers share."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.ftruncate(fd, _WORDS * 8)
    page = memoryview(mmap.mmap(fd, _WORDS * 8)).cast("q")
    os.close(fd)
    return page


def come_in(lock: Any, page: memoryview) -> None:
    """Look for a dead holder's traces, and leave one's own."""
    if lock.was_abandoned:
        page[ORPHANED] += 1
    elif page[OWNER]:
        page[UNNOTICED] += 1
    page[OWNER] = os.getpid()


def enter(page: memoryview, place: int) -> None:
    """What is done inside: see whether anybody else is there."""
    time.sleep(0)
    if page[OWNER] != os.getpid():
        page[BROKEN] += 1
    page[ENTRIES + place] += 1


def use_lock(lock: Any, path: str, place: int) -> None:
    page = open_page(path)
    while True:
        with lock:
            come_in(lock, page)
            enter(page, place)
            page[OWNER] = 0


def use_rlock(lock: Any, path: str, place: int) -> None:
    page = open_page(path)
    while True:
        with lock, lock:
            come_in(lock, page)
            enter(page, place)
            page[OWNER] = 0


def use_semaphore(semaphore: Any, path: str, place: int) -> None:
    page = open_page(path)
    page[PIDS + place] = os.getpid()
    while True:
        with semaphore:
            page[ENTRIES + place] += 1
            page[INSIDE + place] = page[ENTRIES + place]
            if len(insiders(page)) > UNITS:
                page[BROKEN] += 1
            time.sleep(0)
            page[INSIDE + place] = 0


def insiders(page: memoryview) -> set[int]:
    """The places of the living who were all inside at one moment."""
    first = [page[INSIDE + place] for place in range(WORKERS)]
    living = {place for place in range(WORKERS) if first[place] and is_running(page[PIDS + place])}
    return {place for place in living if page[INSIDE + place] == first[place]}


def is_running(pid: int) -> bool:
    """Whether a process runs code of its own; one that is dead, or on its way out in the kernel, does not.

    A process that was killed gives up its descriptors, and what they hold, before it is called dead.
    """
    try:
        with open(f"/proc/{pid}/stat") as file:
            words = file.read().rpartition(")")[2].split()
    except OSError:
        return False
    return words[0] not in ("Z", "X") and not int(words[6]) & PF_EXITING


def use_condition(condition: Any, path: str, place: int) -> None:
    """Half of the workers make items and wait while there are enough, the others take them and wait while none is."""
    page = open_page(path)
    lock = condition._lock
    change = 1 if place % 2 else -1

    def is_ready() -> bool:
        return page[ITEMS] < MOST_ITEMS if change > 0 else page[ITEMS] > 0

    while True:
        with condition:
            come_in(lock, page)
            while not is_ready():
                page[OWNER] = 0
                condition.wait()
                come_in(lock, page)
            enter(page, place)
            page[ITEMS] += change
            page[OWNER] = 0
            condition.notify()


USERS = {"Lock": use_lock, "RLock": use_rlock, "Semaphore": use_semaphore, "Condition": use_condition}


class LockRound:
    """One lock, its users, and what came of it."""

    def __init__(self, kind: str, method: str, chance: random.Random, folder: str) -> None:
        self.kind = kind
        self.context: Any = multiprocessing.get_context(method)
        self.pause_s = PAUSES_S[method]
        self.chance = chance
        self.path = str(Path(folder, "page"))
        self.page = open_page(self.path)
        self.lock: Any = channels.Semaphore(UNITS) if kind == "Semaphore" else getattr(channels, kind)()
        self.users: list[BaseProcess] = []

    def run(self, seconds: float) -> LockScore:
        """Kill for so long; then all are killed, and the lock must be free."""
        score = LockScore()
        self.users = [self.start(place) for place in range(WORKERS)]
        over_s = heard_s = time.monotonic()
        over_s += seconds
        seen = 0
        while (now_s := time.monotonic()) < over_s or not seen:
            time.sleep(self.chance.random() * self.pause_s)
            entries = sum(self.page[ENTRIES : ENTRIES + WORKERS])
            if entries != seen:
                seen, heard_s = entries, now_s
                self.kill_one()
                score.kills += 1
            elif now_s - heard_s > STALL_S:
                score.stalls += 1
                break
        for user in self.users:
            end(user)
        self.count(score)
        self.lock.close()
        return score

    def start(self, place: int) -> BaseProcess:
        process: BaseProcess = self.context.Process(
            target=USERS[self.kind], args=(self.lock, self.path, place), daemon=True
        )
        process.start()
        return process

    def kill_one(self) -> None:
        """Kill a user in whatever it is doing, holding or waiting, and start another in its place."""
        place = self.chance.randrange(WORKERS)
        end(self.users[place])
        self.page[INSIDE + place] = 0
        self.users[place] = self.start(place)

    def count(self, score: LockScore) -> None:
        score.entries = sum(self.page[ENTRIES : ENTRIES + WORKERS])
        score.orphaned, score.broken, score.unnoticed = (self.page[at] for at in (ORPHANED, BROKEN, UNNOTICED))
        if self.kind == "Semaphore":
            score.units_lost = abs(UNITS - self.lock.get_value())
        elif self.lock.acquire(timeout=STALL_S):
            self.lock.release()
        else:
            score.stalls += 1


def end(process: BaseProcess) -> None:
    process.kill()
    process.join()
    process.close()


def run_all(shares: dict[str, float], seconds: float, chance: random.Random) -> LockScore:
    """Every kind under every start method, each for its share of the time; prints a row for each."""
    total = LockScore()
    print(f"{'':42}{'kills':>7}{'entries':>10}{'broken':>8}{'orphaned':>10}{'unnoticed':>11}{'stalls':>8}", flush=True)
    for method, share in shares.items():
        for kind in KINDS:
            with tempfile.TemporaryDirectory() as folder:
                score = LockRound(kind, method, chance, folder).run(seconds * share / len(KINDS))
            total.add(score)
            print_row(f"{method}, {kind}", score)
    print_row("all", total)
    print(f"units lost {total.units_lost}", flush=True)
    return total


def print_row(name: str, score: LockScore) -> None:
    print(
        f"{name:<42}{score.kills:>7,}{score.entries:>10,}{score.broken:>8,}{score.orphaned:>10,}"
        f"{score.unnoticed:>11,}{score.stalls:>8,}",
        flush=True,
    )
