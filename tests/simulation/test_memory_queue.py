"""Queues in memory: what real ones promise, and an error where a real one would wait for ever."""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor.channels import Empty, EndOfStream, Queue, StopRequested
from supervisor.simulation.memory_channels import MemoryQueue, Tank
from supervisor.simulation.turns import MOST_FRUITLESS, Standstill, Turns


def _in_memory() -> MemoryQueue:
    turns = Turns(["me"])
    turns.begin("me")
    return MemoryQueue(Tank(turns, "paths", writers=["me", "walk"]))


@pytest.fixture(params=[Queue, _in_memory], ids=["real", "memory"])
def queue(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A queue of either kind."""
    make: Callable[[], Any] = request.param
    made = make()
    yield made
    made.close()


def test_items_come_in_order_and_as_copies(queue: Any) -> None:
    """What is changed after put() is not changed for who gets it."""
    item = {"path": ["a"]}
    queue.put(item)
    queue.put_nowait(2)
    item["path"].append("b")
    assert queue.qsize() == 2
    assert (queue.get(), queue.get(timeout=1)) == ({"path": ["a"]}, 2)
    assert queue.empty()


def test_what_cannot_be_pickled_fails_in_put(queue: Any) -> None:
    """With nothing put."""
    with pytest.raises((pickle.PicklingError, AttributeError)):
        queue.put(lambda: 0)
    assert queue.qsize() == 0


def test_what_cannot_be_unpickled_fails_in_get(queue: Any) -> None:
    """And the next get() goes on behind it."""
    queue.put(Unbuildable())
    queue.put(2)
    with pytest.raises(ZeroDivisionError):
        queue.get()
    assert queue.get() == 2


class Unbuildable:
    """Its pickle raises when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return divmod, (1, 0)


def test_empty_queue_is_empty_at_once_for_who_does_not_wait(queue: Any) -> None:
    """get_nowait() and a get() whose time is over raise Empty."""
    with pytest.raises(Empty):
        queue.get_nowait()
    with pytest.raises(Empty):
        queue.get(timeout=0.01)


def test_iteration_ends_with_the_writers(queue: Any) -> None:
    """`for item in queue` gives every item and ends; a get() then raises EndOfStream."""
    queue.put(1)
    queue.put(2)
    queue.end()
    assert queue.is_ended
    assert list(queue) == [1, 2]
    with pytest.raises(EndOfStream):
        queue.get()


def test_task_done_is_counted(queue: Any) -> None:
    """join() returns when all are done; one too many is a ValueError."""
    queue.put(1)
    queue.get()
    queue.task_done()
    queue.join()
    with pytest.raises(ValueError, match="too many times"):
        queue.task_done()


def test_closed_queue_refuses(queue: Any) -> None:
    """With a ValueError."""
    queue.close()
    for call in (queue.get, queue.qsize, lambda: queue.put(1)):
        with pytest.raises(ValueError, match="closed"):
            call()


def test_big_arrays_arrive_as_they_were() -> None:
    """Buffers beside the pickle are copied on their way in and out."""
    queue = _in_memory()
    data = bytearray(b"x" * 100_000)
    queue.put(pickle.PickleBuffer(data))
    data[0] = 0
    got = queue.get()
    assert bytes(got[:1]) == b"x"


def test_queue_takes_no_more_than_its_way() -> None:
    """The end for reading cannot put, the one for writing cannot get."""
    tank = Tank(Turns(), "paths")
    with pytest.raises(OSError, match="reading only"):
        MemoryQueue(tank, "read").put(1)
    with pytest.raises(OSError, match="writing only"):
        MemoryQueue(tank, "write").get()


def test_get_that_can_never_end_says_whose_turn_is_to_come() -> None:
    """Not a hang: who waits, for what, for whom."""
    turns = Turns(["parse", "walk"])
    turns.begin("parse")
    queue = MemoryQueue(Tank(turns, "paths", writers=["walk"]))
    with pytest.raises(Standstill, match=r"parse waits in get\(\) of paths for walk, whose turn comes later"):
        queue.get()


def test_standstill_passes_what_catches_exceptions() -> None:
    """A worker's `except Exception` does not make a loop of it."""
    assert not issubclass(Standstill, Exception)


def test_get_without_writers_says_so() -> None:
    """A queue that no worker writes to never has anything."""
    turns = Turns(["parse"])
    turns.begin("parse")
    with pytest.raises(Standstill, match="nobody: no worker of the profile writes to it"):
        MemoryQueue(Tank(turns, "paths")).get()


def test_join_that_can_never_end_says_so() -> None:
    """Those who would call task_done() have no turn before it returns."""
    turns = Turns(["walk", "parse"])
    turns.begin("walk")
    queue = MemoryQueue(Tank(turns, "paths", writers=["walk"]))
    queue.put(1)
    with pytest.raises(Standstill, match=r"walk waits in join\(\) of paths for task_done\(\) of 1 item"):
        queue.join()


def test_asking_for_ever_is_a_standstill_too() -> None:
    """A loop around a get() with a timeout is ended once nothing can change."""
    turns = Turns(["parse", "walk"])
    turns.begin("parse")
    queue = MemoryQueue(Tank(turns, "paths", writers=["walk"]))
    for _ in range(MOST_FRUITLESS - 1):
        with pytest.raises(Empty):
            queue.get(timeout=60.0)
    with pytest.raises(Standstill, match="times in a row"):
        queue.get(timeout=60.0)


def test_who_goes_on_asking_at_the_end_is_asked_to_stop() -> None:
    """A worker that takes the end for a pause is stopped, as `down` would stop it."""
    turns = Turns(["parse"])
    turns.begin("parse")
    queue = MemoryQueue(Tank(turns, "paths", is_fed=True))
    for _ in range(2):
        with pytest.raises(EndOfStream):
            queue.get(timeout=1.0)
    with pytest.raises(StopRequested):
        queue.get(timeout=1.0)
    assert turns.wish.check()


def test_item_of_a_failed_worker_comes_back_until_it_is_a_dead_letter() -> None:
    """Behind those that wait, and no more often than the profile allows."""
    turns = Turns(["walk", "parse.1", "parse.2"])
    tank = Tank(turns, "paths", writers=["walk"], max_attempts=2)
    queue = MemoryQueue(tank)
    turns.begin("walk")
    queue.put("bad")
    queue.put("good")
    turns.end(is_clean=True)
    turns.begin("parse.1")
    assert queue.get() == "bad"
    turns.end(is_clean=False)
    turns.begin("parse.2")
    assert [queue.get(), queue.get()] == ["good", "bad"]
    turns.end(is_clean=False)
    assert (len(tank.items), len(tank.letters)) == (0, 1)


def test_thread_of_the_worker_is_waited_for() -> None:
    """With a thread of its own, waiting is no standstill."""
    queue = _in_memory()
    asked = threading.Event()

    def put_later() -> None:
        asked.wait()
        queue.put("from a thread")

    thread = threading.Thread(target=put_later)
    thread.start()
    asked.set()
    assert queue.get() == "from a thread"
    thread.join()


def test_threads_that_all_wait_are_a_standstill() -> None:
    """None of them can bring what another waits for; those that wait still when the turn is over are told too."""
    turns = Turns(["me", "walk"])
    turns.begin("me")
    queue = MemoryQueue(Tank(turns, "paths", writers=["walk"]))
    told: list[str] = []

    def wait() -> None:
        try:
            queue.get()
        except Standstill as standstill:
            told.append(str(standstill))

    threads = [threading.Thread(target=wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    with pytest.raises(Standstill):
        queue.get()
    turns.end(is_clean=False)
    for thread in threads:
        thread.join()
    assert len(told) == 2


def test_thread_of_an_earlier_worker_is_not_waited_for() -> None:
    """A daemon thread that somebody has left does nothing for the next one."""
    turns, is_over = Turns(["early", "late"]), threading.Event()
    turns.begin("early")
    thread = threading.Thread(target=is_over.wait, daemon=True)
    thread.start()
    turns.end(is_clean=True)
    turns.begin("late")
    with pytest.raises(Standstill):
        MemoryQueue(Tank(turns, "paths", writers=["late"])).get()
    is_over.set()
    thread.join()


def test_queue_cannot_travel_to_a_process() -> None:
    """Neither as an item or argument, nor by a fork."""
    queue = _in_memory()
    with pytest.raises(RuntimeError, match="in memory cannot be pickled"):
        pickle.dumps(queue)
    queue._turns._owner_pid = os.getppid()  # as it is in a child of the process that has made it
    with pytest.raises(RuntimeError, match="this is a child of it"):
        queue.put(1)
