"""Semaphores of the standard library, read from outside while other processes hold them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator

import pytest

from supervisor.diagnose import semaphores
from supervisor.diagnose.evidence import ProcessFacts
from supervisor.diagnose.looking import look
from supervisor.diagnose.semaphores import read_count, read_semaphore, self_test
from supervisor.diagnose.shared_things import inode_at
from tests.diagnose.programs import first_line, running
from tests.engines import wait_for

HOLDS = """
    import json, multiprocessing, os, signal, sys
    context = multiprocessing.get_context("fork")
    lock, free = context.Lock(), context.Semaphore(3)
    lock.acquire()
    waiter = context.Process(target=lock.acquire)
    waiter.start()
    inner = lock._semlock
    print(json.dumps({
        "handle": inner.handle, "object": id(inner), "child": waiter.pid, "free": free._semlock.handle,
    }), flush=True)
    signal.pause()
"""


@pytest.fixture(scope="module")
def holder() -> Iterator[tuple[ProcessFacts, ProcessFacts, dict[str, int]]]:
    """A process that holds a lock, its child that waits for it, and where the lock is in both."""
    with running(HOLDS) as process:
        told = json.loads(first_line(process))

        def both() -> dict[int, ProcessFacts]:
            return dict(look({process.pid: "w"}, has_descriptors=True).processes)

        try:
            wait_for(lambda: (seen := read_semaphore(both()[process.pid], told["handle"])) and seen.waiters, "a waiter")
            seen = both()
            yield seen[process.pid], seen[told["child"]], told
        finally:
            os.kill(told["child"], signal.SIGKILL)


Held = tuple[ProcessFacts, ProcessFacts, dict[str, int]]


def test_layouts_are_proved_in_this_process() -> None:
    """On this C library and this Python both structures are what they are taken for."""
    assert self_test()


def test_value_and_waiters_are_read(holder: Held) -> None:
    """A lock that is held has the value 0; who waits is counted; the inode is the same in both processes."""
    parent, child, told = holder
    held = read_semaphore(parent, told["handle"])
    assert held is not None
    assert (held.value, held.waiters) == (0, 1)
    assert held.inode == inode_at(parent, told["handle"]) == inode_at(child, told["handle"])
    free = read_semaphore(parent, told["free"])
    assert free is not None
    assert (free.value, free.waiters) == (3, 0)
    assert free.inode != held.inode


def test_count_says_who_holds(holder: Held) -> None:
    """Its bookkeeping is 1 in the holder and 0 in who waits, also where the process was started after the taking."""
    parent, child, told = holder
    mine = read_count(parent.pid, told["object"], handle=told["handle"])
    theirs = read_count(child.pid, told["object"], handle=told["handle"])
    assert mine is not None
    assert theirs is not None
    assert (mine[0], theirs[0]) == (1, 0)


def test_nothing_is_guessed(holder: Held) -> None:
    """No mapping, no memory, an object that is another by now: None."""
    parent, _, told = holder
    assert read_semaphore(parent, 0x1000) is None
    assert inode_at(parent, 0x1000) is None
    assert read_count(parent.pid, 0x1000) is None
    assert read_count(parent.pid, 2**64 - 64) is None
    assert read_count(parent.pid, told["object"], handle=1) is None


def test_a_failed_self_test_turns_reading_off(holder: Held, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a C library or a build with other structures nothing is told."""
    parent, _, told = holder
    monkeypatch.setattr(semaphores, "self_test", lambda: False)
    assert read_semaphore(parent, told["handle"]) is None
    assert read_count(parent.pid, told["object"]) is None
    monkeypatch.setattr(semaphores, "_OBJECT_HEAD_BYTES", 24)
    assert not semaphores._agrees()
