"""Items too big for a record and too small for a file: they lie on trays, and no kill leaves one of those taken."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.channels import Full, Queue
from supervisor.channels.parcel import SMALL_BYTES
from supervisor.channels.trays import MOST_TRAYS
from tests.channels.actors import answer_lengths, fetch_and_die, forward_until_none, lay_on_a_tray_and_die, put_one
from tests.channels.conftest import Crew


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = Queue(name="tasks")
    yield queue
    queue.close()


def taken(queue: Queue) -> int:
    """How many trays have something on them."""
    return queue._conduit.trays.taken()


def files(queue: Queue) -> int:
    directory = Path(queue.describe()["spill_directory"])
    return len(list(directory.iterdir())) if directory.exists() else 0


@pytest.mark.parametrize("size", [SMALL_BYTES - 40, SMALL_BYTES, SMALL_BYTES + 1, 1000, 4096, 65_000])
def test_every_size_between_a_record_and_a_file_arrives(queue: Queue, size: int) -> None:
    """What fits a record and what does not look the same to the user, and leave nothing."""
    for _ in range(20):
        item = {"data": os.urandom(size)}
        queue.put(item)
        assert queue.get() == item
    queue.task_done()
    assert (taken(queue), files(queue)) == (0, 0)


@pytest.mark.parametrize(("size", "trays"), [(1000, MOST_TRAYS - 30), (60_000, 34)])
def test_more_items_than_trays_go_to_files(size: int, trays: int) -> None:
    """Nobody waits for long when nobody takes anything."""
    queue = Queue(MOST_TRAYS + 100)
    items = [number.to_bytes(2, "big") * (size // 2) for number in range(trays + 50)]
    for item in items:
        queue.put(item)
    assert (taken(queue) + files(queue), files(queue) > 0) == (len(items), True)
    assert taken(queue) >= trays
    assert [queue.get() for _ in items] == items
    queue.task_done()
    assert (taken(queue), files(queue)) == (0, 0)
    queue.close()


def test_items_of_all_sizes_keep_their_order(crew: Crew) -> None:
    """Whatever way they take, items of one producer arrive in the order in which they were put."""
    inbox, outbox = Queue(), Queue()
    crew.start(answer_lengths, inbox, outbox)
    sizes = [1, 600, 2, 70_000, 3, 5000, 60_000, 4, 500, 600, 700, 800, 900, 1000, 5] * 4
    for size in sizes:
        inbox.put(b"x" * size)
    inbox.end()
    assert [outbox.get(timeout=60) for _ in sizes] == sizes
    assert crew.join() == [0]
    inbox.close()
    outbox.close()


def test_what_finds_no_room_leaves_its_tray() -> None:
    """put() that raises Full keeps no tray and no place."""
    queue = Queue(1)
    queue.put("held")
    with pytest.raises(Full):
        queue.put(b"x" * 5000, timeout=0.01)
    assert taken(queue) == 0
    assert queue.drain() == 1
    queue.put(b"x" * 5000)
    assert (queue.drain(), taken(queue)) == (1, 0)
    queue.close()


def test_peek_shows_what_lies_on_a_tray(queue: Queue) -> None:
    """A look takes nothing from there."""
    queue.put(b"x" * 5000)
    waiting = queue.peek()
    assert waiting is not None
    assert waiting.preview.startswith("b'xxxx")
    assert waiting.bytes > 5000
    assert len(queue.get()) == 5000


@pytest.mark.parametrize("phase", ["not seen", "tray not freed", "in hand"])
def test_killed_consumer_loses_no_item_of_a_tray(crew: Crew, queue: Queue, phase: str) -> None:
    """Between the record, the copy and the tray: the item comes back whole, and the tray is free."""
    queue.put(b"x" * 5000)
    crew.start(fetch_and_die, queue, phase)
    assert crew.join() == [-signal.SIGKILL]
    assert queue.recover() == 1
    assert taken(queue) == 0
    waiting = queue.peek()
    assert waiting is not None
    assert waiting.attempts == 1
    assert queue.get(timeout=60) == b"x" * 5000
    queue.task_done()
    assert files(queue) == 0


def test_item_of_a_tray_becomes_a_dead_letter_whole(forked: Crew) -> None:
    """The letter has it all; requeued, it arrives as it was put."""
    queue = Queue(max_attempts=1)
    queue.put(b"x" * 5000)
    forked.start(fetch_and_die, queue, "not seen")
    assert forked.join() == [-signal.SIGKILL]
    queue.recover()
    (letter,) = queue.dead_letters()
    assert letter.bytes > 5000
    assert taken(queue) == 0
    assert queue.requeue(letter.id) == 1
    assert queue.get(timeout=60) == b"x" * 5000
    queue.close()


def test_at_most_once_frees_the_tray_of_what_is_gone(forked: Crew) -> None:
    """An item that is gone with its consumer leaves nothing."""
    queue = Queue(delivery="at-most-once")
    queue.put(b"x" * 5000)
    forked.start(fetch_and_die, queue, "not seen")
    assert forked.join() == [-signal.SIGKILL]
    queue.recover()
    assert (queue.qsize(), taken(queue)) == (0, 0)
    queue.close()


def test_tray_that_no_record_names_is_freed(forked: Crew, queue: Queue) -> None:
    """A producer killed between the tray and the record: once the queue is empty, it is clear whose tray that was."""
    queue.put("waits")
    forked.start(lay_on_a_tray_and_die, queue)
    assert forked.join() == [-signal.SIGKILL]
    queue.recover()
    assert taken(queue) == 1
    assert queue.get() == "waits"
    queue.recover()
    assert taken(queue) == 0


def test_items_of_a_dead_producer_stay_on_their_trays(forked: Crew, queue: Queue) -> None:
    """Its slot may have a new owner by the time they are received."""
    outbox = Queue()
    for size in (5000, 6000):
        forked.start(put_one, queue, b"x" * size)
        assert forked.join()[-1] == 0
        queue.recover()
    assert len(list(queue._ledger.used_slots())) == 1
    forked.start(forward_until_none, queue, outbox)
    assert [len(outbox.get(timeout=60)) for _ in range(2)] == [5000, 6000]
    queue.put(None)
    outbox.close()
