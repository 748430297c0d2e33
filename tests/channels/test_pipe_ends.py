"""The end of a pipe is seen at once, whoever has inherited descriptors of it and closed none of them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.channels import Pipe, PipeConnection, Queue
from tests.channels.conftest import Crew, until


@pytest.fixture
def report() -> Iterator[Queue]:
    queue = Queue(name="report")
    yield queue
    queue.close()


def send_and_wait(end: PipeConnection, *items: Any) -> None:
    for item in items:
        end.send(item)
    time.sleep(3600)


def send_and_end(end: PipeConnection, item: Any) -> None:
    end.send(item)


def send_close_and_wait(end: PipeConnection, report: Queue) -> None:
    end.send("sent")
    end.close()
    report.put("closed")
    time.sleep(3600)


def wait_only(_: PipeConnection, report: Queue) -> None:
    report.put(os.getpid())
    time.sleep(3600)


def read_to_the_end(end: PipeConnection, report: Queue) -> None:
    """Report what comes, and the end."""
    try:
        while True:
            report.put(end.recv())
    except EOFError:
        report.put("EOF")


def hold_and_wait(report: Queue) -> None:
    report.put(os.getpid())
    time.sleep(3600)


def parent_that_dies(method: str, report: Queue) -> None:
    """Give a child the reading end, write, and be killed with the writing end open."""
    reader, writer = Pipe(duplex=False)
    Crew(method).start(read_to_the_end, reader, report)
    writer.send("last words")
    assert report.get(timeout=60) == "last words"
    report.task_done()
    os.kill(os.getpid(), signal.SIGKILL)


def fill(end: PipeConnection, report: Queue) -> None:
    """Send until nobody is left to read."""
    try:
        while True:
            end.send("x" * 1000)
    except BrokenPipeError:
        report.put("broken")


def test_killed_child_is_seen_by_its_parent(crew: Crew) -> None:
    """recv() raises EOFError after what the child had sent, poll() tells of it, send() raises; nobody closed a copy."""
    mine, theirs = Pipe(name="talk")
    child = crew.start(send_and_wait, theirs, "one", "two")
    assert mine.recv() == "one"
    assert mine.poll(60)
    child.kill()
    assert mine.recv() == "two"
    with pytest.raises(EOFError, match="the other end of talk is closed"):
        mine.recv()
    assert mine.poll()
    with pytest.raises(BrokenPipeError):
        mine.send("to nobody")
    mine.close()
    theirs.close()


def test_blocked_reader_is_woken_by_the_death_of_the_writer(crew: Crew) -> None:
    """It sleeps in recv() when the kill comes."""
    mine, theirs = Pipe(duplex=False)
    child = crew.start(send_and_wait, theirs, "ready")
    assert mine.recv() == "ready"
    seen: list[str] = []

    def read() -> None:
        try:
            mine.recv()
        except EOFError:
            seen.append("EOF")

    reader = threading.Thread(target=read)
    reader.start()
    child.kill()
    reader.join(60)
    assert seen == ["EOF"]
    mine.close()
    theirs.close()


def test_death_between_two_looks_is_seen(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer is alive when the reader looks, and dead before it sleeps."""
    mine, theirs = Pipe(name="talk")
    child = crew.start(send_and_wait, theirs, "ready")
    assert mine.recv() == "ready"
    assert mine.holders is not None
    look = mine.holders.is_gone

    def look_then_kill(side: int) -> bool:
        is_gone = look(side)
        child.kill()
        child.join(60)
        return is_gone

    monkeypatch.setattr(mine.holders, "is_gone", look_then_kill)
    with pytest.raises(EOFError, match="the other end of talk is closed"):
        mine.recv()
    mine.close()
    theirs.close()


def test_child_that_ends_in_order_is_seen_too(crew: Crew) -> None:
    """As with a kill."""
    mine, theirs = Pipe(duplex=False)
    crew.start(send_and_end, theirs, "only")
    assert mine.recv() == "only"
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()
    theirs.close()


def test_close_of_the_other_end_is_seen_although_copies_are_open(crew: Crew, report: Queue) -> None:
    """The one who has it has closed it; it lives on."""
    mine, theirs = Pipe(duplex=False)
    crew.start(send_close_and_wait, theirs, report)
    assert mine.recv() == "sent"
    with pytest.raises(EOFError):
        mine.recv()
    assert report.get(timeout=60) == "closed"
    mine.close()
    theirs.close()


def test_child_killed_before_it_used_its_end_is_seen(crew: Crew, report: Queue) -> None:
    """It was handed the end, which is enough."""
    mine, theirs = Pipe(duplex=False)
    child = crew.start(wait_only, theirs, report)
    assert report.get(timeout=60) == child.pid
    child.kill()
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()
    theirs.close()


def test_two_children_see_each_others_death(crew: Crew, report: Queue) -> None:
    """Their parent has copies of both ends, the reader may have inherited one of the writer's: the end is seen."""
    first, second = Pipe(duplex=False)
    crew.start(read_to_the_end, first, report)
    writer = crew.start(send_and_wait, second, "hello")
    assert report.get(timeout=60) == "hello"
    writer.kill()
    assert report.get(timeout=60) == "EOF"
    first.close()
    second.close()


def test_killed_parent_is_seen_by_its_child(crew: Crew, report: Queue) -> None:
    """A forked child has a copy of the end that its parent wrote to; it holds nothing up."""
    crew.start(parent_that_dies, crew.method, report).join()
    assert report.get(timeout=60) == "EOF"


def test_bystander_that_inherited_both_ends_holds_nothing_up(forked: Crew, report: Queue) -> None:
    """A child forked later has descriptors of all, and no part in it."""
    mine, theirs = Pipe(duplex=False)
    writer = forked.start(send_and_wait, theirs, "ready")
    forked.start(hold_and_wait, report)
    report.get(timeout=60)
    assert mine.recv() == "ready"
    writer.kill()
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()
    theirs.close()


def test_end_given_to_two_children_ends_with_the_second(crew: Crew) -> None:
    """As long as one of them lives there is no end."""
    mine, theirs = Pipe(duplex=False)
    writers = [crew.start(send_and_wait, theirs, "ready") for _ in range(2)]
    assert [mine.recv() for _ in writers] == ["ready", "ready"]
    writers[0].kill()
    writers[0].join()
    assert not mine.poll(0.05)
    writers[1].kill()
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()
    theirs.close()


def test_end_may_be_given_to_one_child_after_another(crew: Crew) -> None:
    """A parent that starts a new writer when the last has died: recv() hears the living one, and no early end."""
    mine, theirs = Pipe(duplex=False)
    for number in range(4):
        child = crew.start(send_and_wait, theirs, number)
        assert mine.recv() == number
        child.kill()
        with pytest.raises(EOFError):
            mine.recv()
    mine.close()
    theirs.close()


def test_parent_that_uses_the_end_itself_holds_it(crew: Crew) -> None:
    """Handed to a child and used here too: there is no end before this process closes it."""
    mine, theirs = Pipe(duplex=False)
    child = crew.start(send_and_wait, theirs, "child")
    assert mine.recv() == "child"
    theirs.send("parent")
    assert mine.recv() == "parent"
    child.kill()
    child.join()
    assert not mine.poll(0.05)
    theirs.send("still here")
    assert mine.recv() == "still here"
    theirs.close()
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()


def test_both_ends_in_one_process_never_end_by_themselves() -> None:
    """Threads that talk to each other, one of which has not begun yet."""
    first, second = Pipe()
    assert not first.poll(0.02)
    seen: list[Any] = []
    reader = threading.Thread(target=lambda: seen.append(first.recv()))
    reader.start()
    until(lambda: bool(first.holders and first.holders.roster.seat), "a reader")
    second.send("late")
    reader.join(60)
    assert seen == ["late"]
    first.close()
    second.close()


def test_end_that_a_forked_child_uses_unasked_is_its_own(forked: Crew) -> None:
    """Not among its arguments, but in what its function knows."""
    mine, theirs = Pipe(duplex=False)

    def write() -> None:
        theirs.send("from a closure")
        time.sleep(3600)

    child = forked.start(write)
    assert mine.recv() == "from a closure"
    child.kill()
    with pytest.raises(EOFError):
        mine.recv()
    mine.close()
    theirs.close()


def test_blocked_sender_is_woken_by_the_death_of_the_reader(crew: Crew, report: Queue) -> None:
    """A full buffer and nobody left to empty it: BrokenPipeError, not a wait for ever."""
    first, second = Pipe(duplex=False, buffer_bytes=4096)
    reader = crew.start(wait_only, first, report)
    assert report.get(timeout=60) == reader.pid
    writer = crew.start(fill, second, report)
    reader.kill()
    assert report.get(timeout=60) == "broken"
    writer.join()
    assert writer.exitcode == 0
    first.close()
    second.close()


def test_supervised_pipe_keeps_no_account() -> None:
    """The engine knows who has what: a worker gets one descriptor."""
    first, second = Pipe(is_supervised=True)
    assert [len(end.fds()) for end in (first, second)] == [1, 1]
    first.close()
    second.close()


def test_parent_that_closes_its_copies_at_once_ends_nothing(crew: Crew, report: Queue) -> None:
    """As multiprocessing advises: the reader is there before the writer has started, and sees no early end."""
    for _ in range(3):
        first, second = Pipe(duplex=False)
        crew.start(read_to_the_end, first, report)
        writer = crew.start(send_and_wait, second, "hello")
        first.close()
        second.close()
        assert report.get(timeout=60) == "hello"
        writer.kill()
        assert report.get(timeout=60) == "EOF"
