"""The queue between processes, under each start method: nothing lost, nobody blocked by a death, the standard names."""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import queue as standard
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.channels import EndOfStream, Queue
from supervisor.channels.conduit import Conduit
from tests.channels.actors import (
    Spoiled,
    forward,
    forward_until_none,
    produce,
    put_one,
    put_until_killed,
    receive_and_die,
    take_a_place_and_die,
    work_off,
)
from tests.channels.conftest import Crew, until


def free_places(queue: Queue) -> int:
    """What the queue's counter of places says."""
    assert queue._conduit.places is not None
    return queue._conduit.places.count()


def own_shared_memory() -> set[str]:
    """What this process has made in shared memory; other programs come and go there."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(f"procdeck-{os.getuid()}-{os.getpid()}-")}


def mapped_ledgers() -> int:
    return Path("/proc/self/maps").read_text().count("procdeck-ledger")


@given(st.lists(st.recursive(st.none() | st.integers() | st.text() | st.binary(), st.lists, max_leaves=5), max_size=20))
def test_items_come_out_as_they_went_in(items: list[object]) -> None:
    """First in, first out, and equal."""
    queue = Queue()
    for item in items:
        queue.put(item)
    assert queue.qsize() == len(items)
    assert [queue.get_nowait() for _ in items] == items
    assert queue.empty()
    queue.close()


@pytest.mark.parametrize("maxsize", [0, 1, 50])
def test_every_item_arrives_once(crew: Crew, maxsize: int) -> None:
    """Two producers, two consumers, and a bounded queue between: each item comes out exactly once."""
    inbox, outbox = Queue(maxsize, name="inbox"), Queue(name="outbox")
    producers = [crew.start(produce, inbox, first, 500) for first in (0, 500)]
    for _ in range(2):
        crew.start(forward_until_none, inbox, outbox)
    seen = sorted(outbox.get(timeout=60) for _ in range(1000))
    for producer in producers:
        producer.join()
    inbox.put(None)
    inbox.put(None)
    assert crew.join() == [0, 0, 0, 0]
    assert seen == list(range(1000))
    census = inbox.census()
    assert (census.put_total, census.got_total, census.depth) == (1002, 1002, 0)
    assert (outbox.census().put_total, outbox.census().got_total) == (1000, 1000)
    inbox.close()
    outbox.close()


def test_killed_idle_consumer_blocks_nobody(crew: Crew) -> None:
    """SIGKILL of a consumer that waits in get(): its siblings go on. multiprocessing.Queue stops for ever here."""
    inbox, outbox = Queue(name="inbox"), Queue(name="outbox")
    consumers = [crew.start(forward_until_none, inbox, outbox) for _ in range(3)]
    until(lambda: len(inbox.census().waiting_readers) == 3, "three waiting consumers")
    consumers[0].kill()
    consumers[0].join()
    left = {consumers[1].pid, consumers[2].pid}
    until(lambda: set(inbox.census().waiting_readers) == left, "the dead one to be seen to wait no more")
    for number in range(100):
        inbox.put(number)
    assert sorted(outbox.get(timeout=60) for _ in range(100)) == list(range(100))
    inbox.close()
    outbox.close()


def test_killed_producers_leave_whole_items_and_all_places(forked: Crew) -> None:
    """Producers killed in full swing, blocked or not: what came is whole and in order, and no place is lost."""
    queue = Queue(5, name="busy")
    last: dict[int, int] = {}
    for _ in range(20):
        producer = forked.start(put_until_killed, queue)
        for _ in range(10):
            pid, number = queue.get(timeout=60)
            assert number == last.get(pid, -1) + 1
            last[pid] = number
        producer.kill()
        producer.join()
        queue.recover()
    while not queue.empty():
        pid, number = queue.get()
        assert number == last.get(pid, -1) + 1
        last[pid] = number
    assert free_places(queue) >= 5
    queue.recover()
    assert free_places(queue) == 5, "places given back in doubt are taken away again"
    queue.close()


def test_place_of_a_dead_producer_comes_back(crew: Crew) -> None:
    """A producer that died with a place in its hand does not shrink the queue for good."""
    queue = Queue(1, name="narrow")
    crew.start(take_a_place_and_die, queue)
    assert crew.join() == [-signal.SIGKILL]
    assert queue.full()
    assert queue.recover() == 1
    assert free_places(queue) == 1
    assert queue.recover() == 0
    queue.put("works again", timeout=60)
    queue.close()


def test_place_of_a_dead_consumer_comes_back_when_the_next_one_joins(forked: Crew) -> None:
    """Without an engine too: whoever joins settles what the dead one owed, and gets what it held."""
    queue, outbox = Queue(1), Queue()
    forked.start(put_one, queue, "held by the dead")
    assert forked.join() == [0]
    forked.start(receive_and_die, queue).join()
    assert free_places(queue) == 0
    forked.start(forward_until_none, queue, outbox)
    until(lambda: free_places(queue) == 1, "the place")
    queue.put("works again", timeout=60)
    assert [outbox.get(timeout=60), outbox.get(timeout=60)] == ["held by the dead", "works again"]
    queue.put(None)
    assert forked.join() == [0, -signal.SIGKILL, 0]
    queue.close()
    outbox.close()


def test_blocked_put_goes_on_when_there_is_room(crew: Crew) -> None:
    """maxsize holds a producer back exactly, and each get() lets it go one further."""
    queue = Queue(3, name="bounded")
    producer = crew.start(produce, queue, 0, 10)
    until(lambda: queue.census().waiting_writers == (producer.pid,), "a blocked producer")
    assert (queue.qsize(), queue.full()) == (3, True)
    assert [queue.get(timeout=60) for _ in range(10)] == list(range(10))
    assert crew.join() == [0]
    assert (queue.qsize(), queue.full(), free_places(queue)) == (0, False, 3)
    queue.close()


def test_full_queue_raises_full_and_keeps_its_places() -> None:
    """put() that cannot wait, or not long enough, raises queue.Full and takes nothing."""
    queue = Queue(2)
    queue.put(1)
    queue.put(2)
    for block, timeout in ((False, None), (True, 0.01), (True, -1)):
        with pytest.raises(standard.Full):
            queue.put(3, block, timeout)
    with pytest.raises(standard.Full):
        queue.put_nowait(3)
    assert (queue.get(), queue.get(), queue.qsize(), free_places(queue)) == (1, 2, 0, 2)
    queue.close()


def test_empty_queue_raises_empty() -> None:
    """get() that cannot wait, or not long enough, raises queue.Empty."""
    queue = Queue()
    for attempt in (queue.get_nowait, lambda: queue.get(timeout=0.01), lambda: queue.get(True, -1)):
        with pytest.raises(standard.Empty) as caught:
            attempt()
        assert type(caught.value) is standard.Empty
    queue.close()


def test_readers_end_after_the_last_item(crew: Crew) -> None:
    """`for item in queue` ends when all is read and every writer has completed, in every reader."""
    inbox, outbox = Queue(name="inbox"), Queue(name="outbox")
    for _ in range(2):
        crew.start(forward, inbox, outbox)
    for number in range(20):
        inbox.put(number)
    inbox.end()
    assert crew.join() == [0, 0]
    outbox.end()
    assert sorted(outbox) == list(range(20))
    assert inbox.is_ended
    inbox.close()
    outbox.close()


def test_end_of_stream_can_be_taken_back() -> None:
    """A writer that starts again reopens the stream; end-of-stream is an Empty for those who do not know it."""
    queue = Queue(name="again")
    queue.put("before")
    queue.end()
    queue.end()
    assert list(queue) == ["before"]
    for attempt in (queue.get, queue.get_nowait, lambda: queue.get(timeout=0.01)):
        with pytest.raises(EndOfStream, match="every writer of again has completed"):
            attempt()
    queue.unend()
    queue.unend()
    with pytest.raises(standard.Empty) as caught:
        queue.get(timeout=0.01)
    assert type(caught.value) is standard.Empty
    queue.put("after")
    assert queue.get() == "after"
    queue.close()


def test_unpicklable_item_raises_in_put_and_sends_nothing() -> None:
    """The caller of put() learns it, nobody else does, and the place is free."""
    queue = Queue(1)
    with pytest.raises((TypeError, AttributeError)):
        queue.put(threading.Lock())
    assert (queue.qsize(), free_places(queue)) == (0, 1)
    queue.put("next")
    assert queue.get() == "next"
    queue.close()


def test_item_that_cannot_be_rebuilt_raises_in_its_get_only() -> None:
    """The get() that takes it raises; the next one takes the next item, and no place is lost."""
    queue = Queue(2)
    queue.put(Spoiled())
    queue.put("next")
    with pytest.raises(LookupError, match="cannot be rebuilt"):
        queue.get()
    assert queue.get() == "next"
    assert free_places(queue) == 2
    queue.close()


def test_join_waits_for_every_task_done(crew: Crew) -> None:
    """join() returns when task_done() came for each item, whoever called it."""
    queue = Queue(name="tasks")
    queue.join()
    for number in range(40):
        queue.put(number)
    assert queue.census().unfinished == 40
    for _ in range(2):
        crew.start(work_off, queue, 20)
    queue.join()
    assert crew.join() == [0, 0]
    with pytest.raises(ValueError, match="called too many times"):
        queue.task_done()
    queue.close()


def test_closed_queue_raises_value_error() -> None:
    """After close() every call says so, as the standard library does; close() twice is fine."""
    queue = Queue(name="shut")
    queue.close()
    queue.close()
    queue.join_thread()
    queue.cancel_join_thread()
    for attempt in (lambda: queue.put(1), queue.get, queue.qsize, queue.empty, queue.full, queue.census, queue.end):
        with pytest.raises(ValueError, match="'shut' closed> is closed"):
            attempt()


def test_unbounded_queue_blocks_at_the_kernels_limit_and_goes_on(forked: Crew) -> None:
    """More items than a small pipe holds: none lost, nobody stuck."""
    queue = Queue(buffer_bytes=8192)
    producer = forked.start(produce, queue, 0, 500)
    until(lambda: queue.census().waiting_writers == (producer.pid,), "a producer at the kernel's limit")
    assert [queue.get(timeout=60) for _ in range(500)] == list(range(500))
    assert forked.join() == [0]
    queue.close()


def test_timeout_at_the_kernels_limit_gives_the_place_back() -> None:
    """With room by maxsize but none in the kernel's buffer, put() raises Full and keeps no place."""
    queue = Queue(1000, buffer_bytes=4096)
    held = 0
    with contextlib.suppress(standard.Full):
        for number in range(1000):
            queue.put(number, timeout=0.01)
            held = number + 1
    assert 0 < held < 1000
    assert free_places(queue) == 1000 - held
    assert [queue.get() for _ in range(held)] == list(range(held))
    queue.close()


def test_exception_of_a_signal_handler_leaves_a_blocked_put_in_order() -> None:
    """A handler that raises ends the wait with its exception; the queue is as it was."""

    def give_up(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    def signal_once_it_waits() -> None:
        until(lambda: queue.census().waiting_writers == (os.getpid(),), "a blocked put")
        signal.pthread_kill(me, signal.SIGALRM)

    me = threading.get_ident()
    before = signal.signal(signal.SIGALRM, give_up)
    queue = Queue(1)
    queue.put("held")
    signaller = threading.Thread(target=signal_once_it_waits)
    try:
        signaller.start()
        with pytest.raises(KeyboardInterrupt):
            queue.put("waiting")
    finally:
        signaller.join()
        signal.signal(signal.SIGALRM, before)
    assert (queue.get(), queue.qsize(), free_places(queue)) == ("held", 0, 1)
    queue.close()


def test_described_queue_gives_a_process_only_its_end() -> None:
    """What is described as for reading cannot put, and the other way round; a queue handed over whole is cut down."""
    whole = Queue(4, name="paths")
    for mode, handed in (("read", "read"), ("write", "write"), ("read", "both"), ("write", "both")):
        fds = [os.dup(fd) for fd in whole.fds(handed)]  # type: ignore[arg-type]
        described = whole.describe(handed)  # type: ignore[arg-type]
        part = Queue.from_description(described, fds, mode)  # type: ignore[arg-type]
        assert (part.name, part.maxsize) == ("paths", 4)
        if mode == "read":
            whole.put("down")
            assert (part.qsize(), part.empty(), part.get()) == (1, False, "down")
            with pytest.raises(OSError, match=r"queue 'paths' was given to this process for reading only"):
                part.put("up")
        else:
            part.put("up")
            assert (part.qsize(), part.empty(), whole.get()) == (1, False, "up")
            with pytest.raises(OSError, match=r"queue 'paths' was given to this process for writing only"):
                part.get()
        part.close()
    whole.close()


def test_queue_without_a_reader_raises_broken_pipe() -> None:
    """put() into a queue that nobody can ever read says so instead of filling it."""
    whole = Queue(name="orphan")
    writer = Queue.from_description(whole.describe("write"), [os.dup(fd) for fd in whole.fds("write")], "write")
    whole.close()
    with pytest.raises(BrokenPipeError):
        writer.put("to nobody")
    writer.close()


def test_queue_passes_only_while_a_process_starts() -> None:
    """A queue as an item of a queue is refused in words, as the standard library refuses it."""
    queue = Queue()
    with pytest.raises(RuntimeError, match="a queue passes to another process only while that is started"):
        queue.put(queue)
    queue.close()


def test_census_counts_what_the_dead_did(crew: Crew) -> None:
    """Totals cover every process that ever used the queue; the list of users only the living."""
    queue = Queue(name="counted")
    for _ in range(3):
        crew.start(produce, queue, 0, 7).join()
    census = queue.census()
    assert (census.put_total, census.got_total, census.depth, census.pids) == (21, 0, 21, ())
    assert census.bytes_in == 21 * len(pickle.dumps(0, 5))
    assert census.oldest_age_s is not None
    queue.get()
    assert queue.census().pids == (os.getpid(),)
    assert len(list(queue._conduit.ledger.used_slots())) == 1, "slots of the dead are used again"
    queue.close()


def test_joining_twice_in_one_process_keeps_one_slot() -> None:
    """Closing one of two attachments of a process must not free the record lock of the other."""
    whole = Queue(name="twice")
    again = Queue.from_description(whole.describe(), [os.dup(fd) for fd in whole.fds()])
    again.put(1)
    again.close()
    whole.put(2)
    assert whole.census().pids == (os.getpid(),)
    slot_is_ours = os.fork()
    if slot_is_ours == 0:
        os._exit(0 if whole._conduit.ledger._try_lock(0) is False else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(slot_is_ours, 0)[1]) == 0
    whole.close()


def test_slot_is_never_shared_with_a_forked_child(forked: Crew) -> None:
    """A child that inherited the queue counts into a slot of its own."""
    queue = Queue()
    queue.put("parent")
    child = forked.start(produce, queue, 0, 3)
    assert forked.join() == [0]
    counts = [(slot[0], slot[2]) for _, slot in queue._conduit.ledger.used_slots()]
    assert counts == [(os.getpid(), 1), (child.pid, 3)]
    queue.close()


def test_thousand_rounds_of_create_use_close_leak_nothing() -> None:
    """A thousand queues later the process has the descriptors, mappings and shared memory it had."""

    def use(number: int) -> None:
        queue = Queue(number % 2 * 5)
        queue.put(number if number % 10 else b"x" * 70_000)
        queue.get()
        with contextlib.suppress(standard.Empty):
            queue.get(timeout=0)
        queue.close()

    use(0)
    gc.collect()  # what earlier tests have left must not go meanwhile
    before, mapped, shared = os.listdir("/proc/self/fd"), mapped_ledgers(), own_shared_memory()
    for number in range(1000):
        use(number)
    assert os.listdir("/proc/self/fd") == before
    assert mapped_ledgers() == mapped
    assert own_shared_memory() <= shared


def test_forgotten_queue_closes_itself() -> None:
    """A queue that goes out of scope lets go of its descriptors."""
    Queue().close()
    gc.collect()  # what earlier tests have left must not go meanwhile
    before = os.listdir("/proc/self/fd")
    Queue(3).put(1)
    assert os.listdir("/proc/self/fd") == before


def test_what_is_no_queue_is_refused() -> None:
    """A wrong descriptor in place of the ledger is an error in words."""
    queue = Queue()
    with pytest.raises(ValueError, match="is not the ledger of a queue"):
        Conduit.adopt(
            ["ended", "done", "ledger"],
            [os.dup(queue._conduit.ended), os.dup(queue._conduit.done), os.memfd_create("x")],
            "both",
        )
    queue.close()
