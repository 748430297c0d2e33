"""A thread that is a worker of its own lets go of a queue as a process does by its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor.channels import Queue, StopRequested, interrupt
from supervisor.channels.interrupt import Hook, announce_stop, current_hook, is_shared, watch_by_thread
from supervisor.channels.parting import leave_thread


@pytest.fixture
def queue() -> Iterator[Queue]:
    made = Queue(name="items", is_supervised=True)
    yield made
    made.close()


def run_in_thread(act: Callable[[], Any]) -> Any:
    """What `act` returns, in a thread of its own."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    thread.join()
    return results[0]


def test_item_in_hand_of_an_unclean_end_comes_back(queue: Queue) -> None:
    """With one attempt more, behind those that wait."""
    queue.put("first")
    queue.put("second")

    def work() -> Any:
        item = queue.get()
        leave_thread(is_clean=False)
        return item

    assert run_in_thread(work) == "first"
    queue.recover()
    assert [queue.get(), queue.get()] == ["second", "first"]
    assert queue.census().redelivered == 1


def test_item_in_hand_of_a_clean_end_is_done(queue: Queue) -> None:
    """And the thread's place is free for the next one."""
    queue.put("only")

    def work() -> Any:
        item = queue.get()
        leave_thread(is_clean=True)
        return item

    assert run_in_thread(work) == "only"
    queue.recover()
    assert queue.empty()
    assert queue.census().redelivered == 0


def test_each_thread_hears_its_own_stop(queue: Queue) -> None:
    """In a process of several workers the stop of one is nobody else's, in their waits as in their hands."""
    local = threading.local()
    ends = {name: os.pipe() for name in ("stopped", "other")}
    hooks = {name: Hook(ends[name][0], lambda: True) for name in ends}
    heard: dict[str, str] = {}

    def work(name: str) -> None:
        local.hook = hooks[name]
        try:
            heard[name] = queue.get()
        except StopRequested:
            heard[name] = "stop"

    watch_by_thread(lambda: getattr(local, "hook", None))
    try:
        assert is_shared()
        assert current_hook() is None
        threads = {name: threading.Thread(target=work, args=(name,)) for name in ends}
        for thread in threads.values():
            thread.start()
        hooks["stopped"].announce()
        threads["stopped"].join()
        announce_stop()  # of this thread, which has no hook: nobody's
        queue.put("item")
        threads["other"].join()
    finally:
        _be_one_worker_again()
        for name, hook in hooks.items():
            hook.close()
            for descriptor in ends[name]:
                os.close(descriptor)
    assert heard == {"stopped": "stop", "other": "item"}


def _be_one_worker_again() -> None:
    interrupt._Watched.find = None
