"""Blocking waits: a stop reaches them, the status board shows them, and an import costs no more than it must."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from supervisor.channels import (
    Empty,
    Pipe,
    PipeConnection,
    Queue,
    StatusBoard,
    StopRequested,
    announce_stop,
    set_board,
    set_interrupt,
)
from tests.channels.conftest import Crew, until


class Control:
    """A stand-in for the agent's control pipe: each byte is a message, "s" asks for a stop."""

    def __init__(self) -> None:
        self.fd, self.write_fd = os.pipe()
        self.seen: list[bytes] = []

    def check(self) -> bool:
        self.seen.append(os.read(self.fd, 1))
        return self.seen[-1] in (b"s", b"")

    def tell(self, message: bytes) -> None:
        os.write(self.write_fd, message)

    def close(self) -> None:
        os.close(self.fd)
        os.close(self.write_fd)


@pytest.fixture
def control() -> Iterator[Control]:
    control = Control()
    set_interrupt(control.fd, control.check)
    yield control
    set_interrupt(None)
    control.close()


@pytest.fixture
def full() -> Iterator[Queue]:
    queue = Queue(1, name="full")
    queue.put("held")
    yield queue
    queue.close()


@pytest.fixture
def empty() -> Iterator[Queue]:
    queue = Queue(name="empty")
    yield queue
    queue.close()


@pytest.fixture
def ends() -> Iterator[tuple[PipeConnection, PipeConnection]]:
    first, second = Pipe(name="pipe", buffer_bytes=2048)
    yield first, second
    first.close()
    second.close()


def finish(queue: Queue, count: int) -> None:
    for _ in range(count):
        queue.task_done()


def fill(connection: PipeConnection) -> None:
    while True:
        connection.send("x" * 100)


def test_stop_ends_every_blocking_call(
    control: Control, full: Queue, empty: Queue, ends: tuple[PipeConnection, PipeConnection]
) -> None:
    """get, put, iteration, join, send, recv and poll raise StopRequested, which is no Exception and exits with 0."""
    first, second = ends
    calls: list[Callable[[], object]] = [
        empty.get,
        lambda: full.put("more"),
        lambda: full.put("more", timeout=60),
        lambda: list(empty),
        full.join,
        second.recv,
        lambda: second.poll(60),
        lambda: fill(first),
    ]
    for call in calls:
        set_interrupt(control.fd, control.check)
        control.tell(b"s")
        with pytest.raises(StopRequested) as caught:
            call()
        assert not isinstance(caught.value, Exception)
        assert caught.value.code == 0
    assert full.get() == "held"


def test_other_messages_do_not_end_a_wait(control: Control, empty: Queue) -> None:
    """What the agent reads and does not take for a stop lets the call wait on."""
    control.tell(b"abc")
    teller = threading.Timer(0.05, control.tell, [b"s"])
    teller.start()
    with pytest.raises(StopRequested):
        empty.get()
    teller.join()
    assert control.seen == [b"a", b"b", b"c", b"s"]


def test_calls_that_need_not_wait_go_on_after_a_stop(control: Control, full: Queue) -> None:
    """Clean-up code may put and get what is possible; only a wait is ended."""
    control.tell(b"s")
    assert full.get() == "held"
    full.put("kept")
    assert control.seen == []
    with pytest.raises(StopRequested):
        full.put("more")
    assert full.get(timeout=60) == "kept"


def test_every_waiting_thread_is_told_once(control: Control, empty: Queue) -> None:
    """One thread reads the stop; the others are woken too, and each may wait again afterwards."""
    told: list[str] = []

    def wait_twice() -> None:
        try:
            empty.get()
        except StopRequested:
            told.append("stop")
        told.append(empty.get(timeout=60))

    threads = [threading.Thread(target=wait_twice) for _ in range(3)]
    for thread in threads:
        thread.start()
    control.tell(b"s")
    until(lambda: told == ["stop"] * 3, "three told threads")
    for _ in threads:
        empty.put("item")
    for thread in threads:
        thread.join()
    assert sorted(told) == ["item"] * 3 + ["stop"] * 3
    assert control.seen == [b"s"]


def test_agent_that_learned_of_a_stop_elsewhere_ends_the_waits(control: Control, empty: Queue) -> None:
    """announce_stop() does what a stop on the descriptor does."""
    announcer = threading.Timer(0.05, announce_stop)
    announcer.start()
    with pytest.raises(StopRequested):
        empty.get()
    announcer.join()
    assert control.seen == []


def test_closed_control_descriptor_does_not_make_waits_spin(empty: Queue) -> None:
    """A descriptor that is no longer one is dropped; the wait goes on."""
    with pytest.raises(Empty):
        empty.get(timeout=0.01)  # opens what a first wait opens
    fd = os.dup(0)
    set_interrupt(fd, lambda: pytest.fail("there is nothing to read"))
    os.close(fd)
    putter = threading.Timer(0.05, empty.put, ["item"])
    putter.start()
    assert empty.get() == "item"
    putter.join()
    set_interrupt(None)


def get_and_report(queue: Queue, answers: Queue) -> None:
    answers.put("ready")
    answers.put(queue.get(timeout=60))


def test_forked_child_does_not_hear_its_parents_stop(forked: Crew, control: Control, empty: Queue) -> None:
    """A child that a worker forks was not asked to stop: its waits are its own."""
    answers = Queue()
    control.tell(b"s")
    forked.start(get_and_report, empty, answers)
    set_interrupt(None)
    assert answers.get(timeout=60) == "ready"
    until(lambda: len(empty.census().waiting_readers) == 1, "a waiting child")
    empty.put("item")
    assert answers.get(timeout=60) == "item"
    assert forked.join() == [0]
    assert control.seen == []
    answers.close()


def test_hook_without_its_function_is_refused() -> None:
    """A descriptor that nobody reads would make every wait spin."""
    with pytest.raises(ValueError, match="needs the function"):
        set_interrupt(0)


def test_board_shows_what_blocks_and_only_while_it_blocks(
    full: Queue, empty: Queue, ends: tuple[PipeConnection, PipeConnection]
) -> None:
    """Channel, operation and time of the wait; nothing before and after, and nothing for what did not wait."""
    board = StatusBoard.create()
    set_board(board)
    empty.put("item")
    empty.get()
    assert board._cells[2].read() == b"", "no wait, no word"
    first, second = ends
    waits: list[tuple[Callable[[], object], Callable[[], object], tuple[str, str]]] = [
        (lambda: empty.get(timeout=60), lambda: empty.put("item"), ("empty", "get")),
        (lambda: full.put("more"), full.get, ("full", "put")),
        (full.join, lambda: finish(full, 2), ("full", "join")),
        (lambda: second.poll(60), lambda: first.send("word"), ("pipe", "poll")),
        (lambda: [second.recv(), second.recv()], lambda: first.send("word"), ("pipe", "recv")),
    ]
    for wait, release, expected in waits:
        thread = threading.Thread(target=wait)
        thread.start()
        until(lambda: board.read().channel != "", "the wait on the board")
        page = board.read()
        assert (page.channel, page.operation) == expected
        assert page.operation_since_s is not None
        release()
        thread.join()
        assert board.read().channel == ""
    set_board(None)
    board.close()


HEAVY = {"typing", "dataclasses", "multiprocessing", "logging", "socket", "pickle", "asyncio", "re", "enum", "ctypes"}


def test_import_loads_nothing_heavy() -> None:
    """What a worker pays for channels: a few modules of C, none of the slow ones."""
    program = "import sys; before = set(sys.modules); import supervisor.channels; print(*set(sys.modules) - before)"
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(__file__).parents[2])!r}); {program}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert HEAVY & set(done.stdout.split()) == set()
