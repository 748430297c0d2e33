"""Dead letters: who becomes one, what can be done with it, what is told of it; and a look at what waits."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.channels import Pipe, Queue
from tests.channels.actors import take_and
from tests.channels.conftest import Crew


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    queue = Queue(name="tasks", max_attempts=2, dead_letter_directory=str(tmp_path))
    yield queue
    queue.close()


def kill_consumers(crew: Crew, queue: Queue, count: int) -> int:
    """Let so many consumers die with the first item; the last one's pid."""
    pid = 0
    for _ in range(count):
        mine, theirs = Pipe()
        crew.start(take_and, "kill", queue, theirs).join(60)
        pid = mine.recv()
        queue.recover()
        mine.close()
        theirs.close()
    return pid


def test_item_that_kills_its_consumers_becomes_a_dead_letter(crew: Crew, queue: Queue) -> None:
    """After max_attempts consumers it goes no further, and says what it was."""
    before_s = time.time()
    queue.put(("deadly", 7))
    pid = kill_consumers(crew, queue, 2)
    (letter,) = queue.dead_letters()
    assert (letter.attempts, letter.preview, letter.last_pid) == (2, "('deadly', 7)", pid)
    assert letter.cause == "2 of its consumers ended before they were done with it"
    assert before_s - 1 < letter.put_s <= letter.ended_s <= time.time()
    assert 0 < letter.bytes < 100
    census = queue.census()
    assert (census.depth, census.dead_letters, census.redelivered, census.unfinished) == (0, 1, 1, 0)
    queue.join()


def test_requeued_letter_starts_anew(forked: Crew, queue: Queue) -> None:
    """It is unfinished again, has no attempt counted, and its place is not asked for."""
    queue.put("again")
    kill_consumers(forked, queue, 2)
    assert queue.requeue() == 1
    waiting = queue.peek()
    assert waiting is not None
    assert (waiting.attempts, waiting.preview) == (0, "'again'")
    assert (queue.census().unfinished, queue.dead_letters()) == (1, [])
    assert queue.get(timeout=60) == "again"
    queue.task_done()
    queue.join()


def test_discarded_letter_goes_with_its_file(forked: Crew, queue: Queue, tmp_path: Path) -> None:
    """A big item keeps its file while it is a letter, and recovery leaves it alone."""
    directory = Path(queue.describe()["spill_directory"])
    queue.put(b"x" * 200_000)
    kill_consumers(forked, queue, 2)
    queue.recover()
    (letter,) = queue.dead_letters()
    assert letter.bytes > 200_000
    assert len(list(directory.iterdir())) == 1
    assert queue.discard(letter.id) == 1
    assert list(tmp_path.iterdir()) == []
    assert not directory.exists()
    assert queue.discard() == 0


def test_big_letter_comes_back_whole(forked: Crew, queue: Queue) -> None:
    """Requeued, a big item arrives as it was put."""
    queue.put(b"x" * 200_000)
    kill_consumers(forked, queue, 2)
    assert queue.requeue(queue.dead_letters()[0].id) == 1
    assert queue.get(timeout=60) == b"x" * 200_000


def test_unknown_letter_is_a_key_error(queue: Queue) -> None:
    """requeue() and discard() of one that is gone, or never was."""
    for act in (queue.requeue, queue.discard):
        with pytest.raises(KeyError, match="gone"):
            act("gone")


def test_letters_outlive_their_queue(forked: Crew, tmp_path: Path) -> None:
    """In a directory of its own a letter stays when every user is gone; without one it goes with the queue."""
    for directory in (str(tmp_path), None):
        queue = Queue(max_attempts=1, dead_letter_directory=directory)
        beside = Path(queue.describe()["spill_directory"])
        queue.put("kept")
        kill_consumers(forked, queue, 1)
        assert [letter.preview for letter in queue.dead_letters()] == ["'kept'"]
        assert beside.exists() == (directory is None)
        queue.close()
        assert not beside.exists()
    assert len(list(tmp_path.iterdir())) == 1


def test_letter_written_twice_is_one(forked: Crew, queue: Queue) -> None:
    """A recoverer killed between the letter and the hold makes the next one write it again: one letter, once done."""
    queue.put("item")
    kill_consumers(forked, queue, 1)

    def recover_and_die() -> None:
        queue._ledger.clear_hold = lambda index: os._exit(9)  # type: ignore[method-assign]
        queue.recover()

    mine, theirs = Pipe()
    forked.start(take_and, "kill", queue, theirs).join(60)
    forked.start(recover_and_die).join(60)
    queue.recover()
    assert (len(queue.dead_letters()), queue.census().unfinished) == (1, 0)
    mine.close()
    theirs.close()


def test_drained_queue_is_empty_and_done() -> None:
    """drain() throws away what waits, files and places included, and join() does not wait for it."""
    queue = Queue(5)
    directory = Path(queue.describe()["spill_directory"])
    for item in ("a", b"x" * 100_000, "b"):
        queue.put(item)
    assert queue.drain() == 3
    assert (queue.qsize(), queue.drain(), directory.exists()) == (0, 0, False)
    queue.join()
    for number in range(5):
        queue.put_nowait(number)
    assert queue.full()
    queue.close()


def test_peek_takes_nothing(queue: Queue) -> None:
    """A look at the first item leaves it where it is."""
    assert queue.peek() is None
    queue.put({"url": "https://example.org", "tries": 3})
    queue.put(b"x" * 100_000)
    waiting = queue.peek()
    assert waiting is not None
    assert queue.qsize() == 2
    assert waiting.preview == "{'url': 'https://example.org', 'tries': 3}"
    queue.get()
    waiting = queue.peek()
    assert waiting is not None
    assert waiting.preview.startswith("b'xxxx")
    assert waiting.bytes > 100_000
    assert len(queue.get()) == 100_000
