"""Copies of what waits in a queue: all of it, taken from nobody."""

from __future__ import annotations

import os
import pickle

from supervisor.channels import Queue
from supervisor.channels.parcel import INLINE_BYTES

MOST_BYTES = 4 << 20


def test_copies_are_what_waits_in_order() -> None:
    """Small items and those on trays, first item first; nothing is taken, whatever was received before."""
    queue = Queue(600)
    for number in range(500):
        queue.put(("early", number))
    for _ in range(300):
        queue.get()
    wanted = [("early", number) for number in range(300, 500)] + [b"x" * 3000, "last"]
    queue.put(wanted[-2])
    queue.put(wanted[-1])
    copies = queue.copies(1000, MOST_BYTES)
    assert [pickle.loads(item.pickled) for item in copies.items] == wanted
    assert copies.left_out == 0
    assert [queue.get() for _ in wanted] == wanted
    queue.close()


def test_big_item_is_told_by_its_file() -> None:
    """The file is there until the item is received."""
    queue = Queue()
    queue.put(b"x" * (INLINE_BYTES + 1))
    (item,) = queue.copies(10, MOST_BYTES).items
    assert item.pickled == b""
    assert os.path.exists(item.path)
    queue.get()
    queue.task_done()
    assert not os.path.exists(item.path)
    queue.close()


def test_no_more_is_copied_than_is_wished() -> None:
    """What is left out is counted."""
    queue = Queue()
    for _ in range(10):
        queue.put(b"x" * 1000)
    few, small = queue.copies(3, MOST_BYTES), queue.copies(10, 2500)
    assert (len(few.items), few.left_out) == (3, 7)
    assert (len(small.items), small.left_out) == (2, 8)
    queue.close()


def test_nothing_waits_in_an_empty_queue() -> None:
    """No items, and none left out."""
    queue = Queue()
    copies = queue.copies(10, MOST_BYTES)
    assert (copies.items, copies.left_out) == ((), 0)
    queue.close()
