"""What a dead consumer held comes back: by which ends, to whom, how often, and with which places."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from supervisor.channels import Empty, EndOfStream, Full, Pipe, Queue, StopRequested
from supervisor.channels.recovery import Recovery
from tests.channels.actors import (
    count_a_put_and_die,
    die_in_get,
    forward,
    forward_until_none,
    put_and_die_before_it_is_counted,
    put_one,
    spill_and_die,
    take_and,
    work_off,
)
from tests.channels.conftest import Crew, until

LOST_ENDS = {"kill", "terminate", "exception", "exit 3", "os._exit"}
DONE_ENDS = {"return", "exit 0", "task_done, then kill", "close, then kill"}


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = Queue(name="tasks")
    yield queue
    queue.close()


def hold_and_end(crew: Crew, queue: Queue, end: str) -> int:
    """Let a process take an item and end; its pid."""
    mine, theirs = Pipe()
    process = crew.start(take_and, end, queue, theirs)
    pid: int = mine.recv()
    if end != "sleep":
        process.join(60)
    mine.close()
    theirs.close()
    return pid


def waiting_items(queue: Queue) -> list[Any]:
    found = []
    while True:
        try:
            found.append(queue.get_nowait())
        except Empty:
            return found


def put_until_full(queue: Queue) -> int:
    count = 0
    try:
        while True:
            queue.put_nowait(count)
            count += 1
    except Full:
        return count


@pytest.mark.parametrize("end", sorted(LOST_ENDS | DONE_ENDS))
def test_item_comes_back_unless_its_consumer_ended_well(crew: Crew, queue: Queue, end: str) -> None:
    """A death, an exception and an exit code return the item; a clean end, task_done() and close() do not."""
    queue.put("item")
    hold_and_end(crew, queue, end)
    expected = ["item"] if end in LOST_ENDS else []
    assert waiting_items(queue) == expected
    assert queue.census().redelivered == len(expected)


@pytest.mark.parametrize("maxsize", [0, 1])
@pytest.mark.parametrize("phase", ["received", "counted", "freed", "in hand"])
def test_kill_in_any_phase_of_get_loses_neither_item_nor_place(crew: Crew, phase: str, maxsize: int) -> None:
    """Between the kernel's copy, the count, the place and the hands of the user: the item comes back, the place too."""
    if not maxsize and phase in ("counted", "freed"):
        pytest.skip("without a maxsize there is no place to free")
    queue = Queue(maxsize)
    queue.put("item")
    crew.start(die_in_get, queue, phase)
    assert crew.join() == [-signal.SIGKILL]
    assert queue.recover() == 1
    assert (queue.qsize(), queue.census().got_total, queue.census().unfinished) == (1, 1, 1)
    assert queue.get(timeout=60) == "item"
    queue.recover()
    assert queue._conduit.places is None or queue._conduit.places.count() == maxsize
    queue.close()


def test_blocked_consumer_notices_the_death_of_a_holder(crew: Crew) -> None:
    """Used alone: who waits in get() is woken by the death and gets the item, at zero CPU until then."""
    inbox, outbox = Queue(name="inbox"), Queue()
    inbox.put("item")
    pid = hold_and_end(crew, inbox, "sleep")
    crew.start(forward_until_none, inbox, outbox)
    until(lambda: len(inbox.census().waiting_readers) == 1, "a blocked consumer")
    assert inbox.census().held[0][0] == pid
    os.kill(pid, signal.SIGKILL)
    assert outbox.get(timeout=60) == "item"
    inbox.put(None)
    inbox.close()
    outbox.close()


def test_blocked_producer_gets_the_place_of_a_dead_consumer(forked: Crew) -> None:
    """A consumer killed before it could free its place does not block the producers, nobody joining."""
    queue = Queue(1)
    queue.put("first")
    forked.start(put_one, queue, "second")
    until(lambda: len(queue.census().waiting_writers) == 1, "a blocked producer")
    forked.start(die_in_get, queue, "counted")
    until(lambda: not queue.census().waiting_writers, "the place")
    assert sorted([queue.get(timeout=60), queue.get(timeout=60)]) == ["first", "second"]
    queue.close()


def test_returned_item_goes_behind_those_that_wait(forked: Crew, queue: Queue) -> None:
    """The others are not held up by what killed its consumer."""
    queue.put("deadly")
    hold_and_end(forked, queue, "kill")
    queue.put("waiting")
    queue.recover()
    assert waiting_items(queue) == ["waiting", "deadly"]


def test_at_most_once_gives_an_item_to_one_consumer_only(crew: Crew) -> None:
    """With delivery at most once, what a dead consumer took is gone, and its file with it."""
    queue = Queue(delivery="at-most-once")
    for item in ("small", b"x" * 100_000):
        queue.put(item)
        hold_and_end(crew, queue, "kill")
        queue.recover()
        assert queue.empty()
    assert queue.census().held == ()
    assert not Path(queue.describe()["spill_directory"]).exists()
    queue.close()
    with pytest.raises(ValueError, match="delivery 'twice' is none of"):
        Queue(delivery="twice")  # type: ignore[arg-type]


def test_full_pipe_keeps_the_item_in_its_hold(forked: Crew) -> None:
    """Recovery never blocks: what does not fit waits where it is, and the next look sends it."""
    queue = Queue(buffer_bytes=4096)
    queue.put("held")
    hold_and_end(forked, queue, "kill")
    count = put_until_full(queue)
    queue.recover()
    assert queue.pending == 1
    assert [queue.get() for _ in range(count)] == list(range(count))
    assert queue.get(timeout=60) == "held"
    assert queue.pending == 0
    queue.close()


def test_killed_recoverer_loses_nothing(forked: Crew, queue: Queue) -> None:
    """Who is killed between sending the item and clearing the hold leaves it there twice, not nowhere."""
    queue.put("item")
    hold_and_end(forked, queue, "kill")

    def recover_and_die() -> None:
        queue._ledger.clear_hold = lambda index: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        queue.recover()

    forked.start(recover_and_die)
    assert forked.join()[-1] == -signal.SIGKILL
    assert waiting_items(queue) == ["item", "item"]


def test_each_thread_holds_its_own_item(queue: Queue) -> None:
    """Threads of one process that get() at once do not overwrite each other's item."""
    for number in range(3):
        queue.put(number)
    have, go = threading.Barrier(4), threading.Event()

    def take() -> None:
        queue.get(timeout=60)
        have.wait(60)
        go.wait(60)

    threads = [threading.Thread(target=take) for _ in range(3)]
    for thread in threads:
        thread.start()
    have.wait(60)
    assert [pid for pid, _ in queue.census().held] == [os.getpid()] * 3
    assert queue.census().pids == (os.getpid(),)
    go.set()
    for thread in threads:
        thread.join()
    assert queue.census().held == (), "a thread that has ended is done with its item"


def test_forked_child_leaves_the_items_of_its_parents_threads_alone(forked: Crew, queue: Queue) -> None:
    """The child drops what it has inherited of a thread that holds an item; the thread still holds it."""
    queue.put("item")
    have, go = threading.Event(), threading.Event()

    def take() -> None:
        queue.get(timeout=60)
        have.set()
        go.wait(60)

    thread = threading.Thread(target=take)
    thread.start()
    have.wait(60)
    forked.start(os.getpid)
    assert forked.join() == [0]
    assert [pid for pid, _ in queue.census().held] == [os.getpid()]
    go.set()
    thread.join()


def test_threads_that_come_and_go_share_places(queue: Queue) -> None:
    """A thread per item, a thousand times, uses a handful of slots."""
    for number in range(200):
        queue.put(number)
        thread = threading.Thread(target=queue.get)
        thread.start()
        thread.join()
    assert len(list(queue._ledger.used_slots())) <= 3


def test_reader_of_an_ended_queue_waits_for_what_may_come_back(crew: Crew) -> None:
    """The stream ends when no other process holds an item; the item of one that dies is still read."""
    inbox, outbox = Queue(name="inbox"), Queue()
    inbox.put("last")
    pid = hold_and_end(crew, inbox, "sleep")
    inbox.end()
    with pytest.raises(Empty) as caught:
        inbox.get_nowait()
    assert type(caught.value) is Empty, "not the end yet"
    reader = crew.start(forward, inbox, outbox)
    until(lambda: len(inbox.census().waiting_readers) == 1, "a reader that waits for the end")
    os.kill(pid, signal.SIGKILL)
    assert outbox.get(timeout=60) == "last"
    reader.join(60)
    assert reader.exitcode == 0
    with pytest.raises(EndOfStream):
        inbox.get(timeout=60)
    inbox.close()
    outbox.close()


def test_readers_that_hold_their_last_items_all_end(crew: Crew) -> None:
    """Several readers, each with an item in hand when the stream ends: none waits for another for ever."""
    for _ in range(3):
        inbox, outbox = Queue(), Queue()
        readers = [crew.start(forward, inbox, outbox) for _ in range(3)]
        for number in range(30):
            inbox.put(number)
        inbox.end()
        for reader in readers:
            reader.join(60)
        assert [reader.exitcode for reader in readers] == [0, 0, 0]
        inbox.close()
        outbox.close()


def test_file_of_a_big_item_stays_until_it_is_done(forked: Crew, queue: Queue) -> None:
    """A big item comes back whole; its file goes with task_done()."""
    directory = Path(queue.describe()["spill_directory"])
    queue.put(b"x" * 100_000)
    hold_and_end(forked, queue, "kill")
    assert queue.get(timeout=60) == b"x" * 100_000
    assert len(list(directory.iterdir())) == 1
    queue.task_done()
    assert not directory.exists()


def test_file_that_no_message_names_is_removed(forked: Crew, queue: Queue) -> None:
    """A producer killed between writing the file and sending the message leaves nothing in shared memory."""
    directory = Path(queue.describe()["spill_directory"])
    queue.put(b"y" * 100_000)
    forked.start(spill_and_die, queue)
    assert forked.join() == [-signal.SIGKILL]
    queue.recover()
    assert len(list(directory.iterdir())) == 2, "while items wait, nobody can tell whose file it is"
    assert queue.get(timeout=60) == b"y" * 100_000
    queue.recover()
    assert len(list(directory.iterdir())) == 1
    queue.task_done()
    assert not directory.exists()


def supervised_worker(queue: Queue) -> Queue:
    """The queue as the engine hands it to a worker's own process."""
    return Queue.from_description(queue.describe(), [os.dup(fd) for fd in queue.fds()])


def take_as_worker(queue: Queue, told: Any, is_stopped: bool) -> None:
    mine = supervised_worker(queue)
    mine.get()
    if is_stopped:
        StopRequested()
    told.send(os.getpid())


@pytest.mark.parametrize(
    ("is_clean", "is_stopped", "expected"), [(True, False, []), (False, False, ["item"]), (True, True, ["item"])]
)
def test_engine_says_how_a_worker_ended(forked: Crew, is_clean: bool, is_stopped: bool, expected: list[str]) -> None:
    """What it held waits for settle(); a stop while it had the item in hand returns it with no attempt counted."""
    queue = Queue(3, is_supervised=True)
    queue.put("item")
    mine, theirs = Pipe()
    forked.start(take_as_worker, queue, theirs, is_stopped)
    pid = mine.recv()
    forked.join()
    queue.recover()
    assert queue.empty(), "not before the engine has said how it ended"
    assert [pid for pid, _ in queue.census().held] == [pid]
    queue.settle(pid, is_clean=is_clean)
    assert queue.recover() == 1
    waiting = queue.peek()
    expected_attempts = (0 if is_stopped else 1) if expected else None
    assert (waiting and waiting.attempts) == expected_attempts
    assert waiting_items(queue) == expected
    assert queue._conduit.places is not None
    assert queue._conduit.places.count() == 3
    queue.close()
    mine.close()
    theirs.close()


def test_one_process_recovers_at_a_time(forked: Crew, queue: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second wish during a recovery is granted by the one who is at it, so that no death is overlooked."""
    looks = []
    settle_all = Recovery._settle_all

    def look(recovery: Recovery) -> int:
        looks.append(os.getpid())
        if len(looks) == 1:
            child = forked.start(queue.recover)
            child.join(60)
        return settle_all(recovery)

    monkeypatch.setattr(Recovery, "_settle_all", look)
    queue.recover()
    assert len(looks) == 2


@pytest.mark.parametrize("die", [count_a_put_and_die, put_and_die_before_it_is_counted])
def test_join_is_not_misled_by_a_producer_killed_in_a_put(forked: Crew, queue: Queue, die: Any) -> None:
    """Whether its last item was sent is found out when the queue is empty; join() waits for what was, and no more."""
    forked.start(die, queue)
    assert forked.join() == [-signal.SIGKILL]
    is_sent = die is put_and_die_before_it_is_counted
    queue.put("last")
    items = waiting_items(queue)
    assert items == ["item", "last"] if is_sent else ["last"]
    queue.recover()
    assert queue.census().unfinished == len(items)
    for _ in items:
        queue.task_done()
    queue.join()
    with pytest.raises(ValueError, match="called too many times"):
        queue.task_done()


def test_join_notices_a_death_by_itself(crew: Crew, tmp_path: Path) -> None:
    """Nobody else is left who could: the item of the killed consumer becomes a dead letter, and join() returns."""
    queue = Queue(max_attempts=1, dead_letter_directory=str(tmp_path))
    queue.put("last")
    pid = hold_and_end(crew, queue, "sleep")
    joined = threading.Thread(target=queue.join)
    joined.start()
    until(lambda: len(queue._ledger.desks) == 2, "a thread that joins")
    os.kill(pid, signal.SIGKILL)
    joined.join(60)
    assert not joined.is_alive()
    assert len(queue.dead_letters()) == 1
    queue.close()


def test_join_lets_the_next_consumer_have_the_item_of_a_dead_one(forked: Crew, queue: Queue) -> None:
    """A consumer killed with the last item: another that comes later finishes it, and join() returns."""
    queue.put("last")
    hold_and_end(forked, queue, "kill")
    joined = threading.Thread(target=queue.join)
    joined.start()
    until(lambda: queue.qsize() == 1, "the item to be back")
    forked.start(work_off, queue, 1)
    joined.join(60)
    assert not joined.is_alive()
