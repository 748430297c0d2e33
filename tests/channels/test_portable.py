"""The queue of platforms without message sockets, forced here: the standard behaviour, and what it says it lacks."""

from __future__ import annotations

import os
import queue as standard
import threading

import pytest

from supervisor.channels import EndOfStream, Queue
from tests.channels.actors import forward, forward_until_none, produce, work_off
from tests.channels.conftest import Crew, until


@pytest.fixture(autouse=True)
def portable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCDECK_PORTABLE_QUEUES", "1")


@pytest.mark.parametrize("maxsize", [0, 3])
def test_every_item_arrives_once(crew: Crew, maxsize: int) -> None:
    """Two producers, two consumers, every start method: each item comes out exactly once."""
    inbox, outbox = Queue(maxsize, name="inbox"), Queue(name="outbox")
    assert type(inbox).__name__ == "PortableQueue"
    for first in (0, 100):
        crew.start(produce, inbox, first, 100)
    for _ in range(2):
        crew.start(forward_until_none, inbox, outbox)
    assert sorted(outbox.get(timeout=60) for _ in range(200)) == list(range(200))
    inbox.put(None)
    inbox.put(None)
    assert crew.join() == [0, 0, 0, 0]
    census = inbox.census()
    assert (census.put_total, census.got_total, census.depth) == (202, 202, 0)
    inbox.close()
    outbox.close()


def test_it_says_what_it_lacks() -> None:
    """The promises that it cannot keep are sentences; the kill-safe queue lacks none."""
    queue = Queue()
    assert "an item in the hands of a consumer that dies is lost" in queue.lacking[0]
    assert Queue.lacking == ()
    assert (queue.recover(), queue.dead_letters(), queue.requeue(), queue.discard(), queue.peek()) == (
        0,
        [],
        0,
        0,
        None,
    )
    queue.close()


def test_limits_and_timeouts_raise_as_in_the_standard_library() -> None:
    """Full and Empty, at once and after a time; the place of what was not put stays free."""
    queue = Queue(1)
    for attempt in (queue.get_nowait, lambda: queue.get(timeout=0.01)):
        with pytest.raises(standard.Empty):
            attempt()
    queue.put("held")
    assert (queue.full(), queue.qsize(), queue.empty()) == (True, 1, False)
    with pytest.raises(standard.Full):
        queue.put("more", timeout=0.01)
    with pytest.raises(standard.Full):
        queue.put_nowait("more")
    with pytest.raises((TypeError, AttributeError)):
        queue.put(threading.Lock())
    assert queue.get() == "held"
    queue.put("next")
    assert (queue.drain(), queue.census().unfinished) == (1, 1)
    queue.close()
    with pytest.raises(ValueError, match="closed"):
        queue.put(1)


def test_readers_end_after_the_last_item(crew: Crew) -> None:
    """end() and unend() as in the kill-safe queue."""
    inbox, outbox = Queue(), Queue()
    crew.start(forward, inbox, outbox)
    for number in range(20):
        inbox.put(number)
    inbox.end()
    assert crew.join() == [0]
    assert [outbox.get() for _ in range(20)] == list(range(20))
    with pytest.raises(EndOfStream):
        inbox.get()
    inbox.unend()
    with pytest.raises(standard.Empty) as caught:
        inbox.get(timeout=0.01)
    assert type(caught.value) is standard.Empty
    inbox.close()
    outbox.close()


def test_join_waits_for_every_task_done(forked: Crew) -> None:
    """One class is Queue and JoinableQueue here too."""
    queue = Queue()
    for number in range(20):
        queue.put(number)
    forked.start(work_off, queue, 20)
    queue.join()
    with pytest.raises(ValueError, match="called too many times"):
        queue.task_done()
    queue.close()


def test_killed_idle_consumer_blocks_nobody(forked: Crew) -> None:
    """Who waits holds no lock, so its death is not in the way of the others."""
    inbox, outbox = Queue(), Queue()
    victim = forked.start(forward_until_none, inbox, outbox)
    inbox.put("first")
    assert outbox.get(timeout=60) == "first"
    victim.kill()
    victim.join()
    forked.start(forward_until_none, inbox, outbox)
    inbox.put("second")
    assert outbox.get(timeout=60) == "second"
    inbox.put(None)
    inbox.close()
    outbox.close()


def test_damaged_stream_is_an_error_in_words() -> None:
    """Half an item in the pipe is never unpickled."""
    queue = Queue(name="broken")
    os.write(queue.fds()[1], b"half of something")
    with pytest.raises(OSError, match="broken is damaged: a process was killed while it moved an item"):
        queue.get(timeout=60)
    queue.close()


def test_described_queue_gives_a_process_only_its_end() -> None:
    """As handed over by an engine: for reading it cannot put, for writing it cannot get."""
    whole = Queue(2, name="paths")
    reader = Queue.from_description(whole.describe("read"), [os.dup(fd) for fd in whole.fds("read")], "read")
    writer = Queue.from_description(whole.describe(), [os.dup(fd) for fd in whole.fds()], "write")
    writer.put("down")
    until(lambda: reader.qsize() == 1, "the item")
    assert reader.get() == "down"
    with pytest.raises(OSError, match="for reading only"):
        reader.put("up")
    with pytest.raises(OSError, match="for writing only"):
        writer.get()
    for queue in (whole, reader, writer):
        queue.close()
