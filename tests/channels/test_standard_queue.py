"""The documented behaviour of the standard library's Queue, JoinableQueue and Pipe, asked of theirs and of ours."""

from __future__ import annotations

import multiprocessing
import queue as standard
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor.channels import Pipe, Queue
from tests.channels.conftest import METHODS, until

Maker = Callable[[int], Any]


class Side:
    """One implementation, with processes of one start method."""

    def __init__(self, name: str, method: str) -> None:
        self.context: Any = multiprocessing.get_context(method)
        self.is_ours = name == "ours"
        self.queues: list[Any] = []

    def queue(self, maxsize: int = 0, is_joinable: bool = False) -> Any:
        if self.is_ours:
            made: Any = Queue(maxsize)
        else:
            made = self.context.JoinableQueue(maxsize) if is_joinable else self.context.Queue(maxsize)
        self.queues.append(made)
        return made

    def pipe(self, duplex: bool = True) -> Any:
        return Pipe(duplex) if self.is_ours else self.context.Pipe(duplex)

    def run(self, target: Callable[..., object], *args: object) -> Any:
        process = self.context.Process(target=target, args=args)
        process.start()
        return process


@pytest.fixture(params=[f"{name}-{method}" for name in ("theirs", "ours") for method in METHODS])
def side(request: pytest.FixtureRequest) -> Iterator[Side]:
    side = Side(*request.param.split("-"))
    yield side
    for queue in side.queues:
        queue.close()
        queue.join_thread()


@pytest.fixture(params=["theirs", "ours"])
def near(request: pytest.FixtureRequest) -> Iterator[Side]:
    """For what happens in one process only."""
    side = Side(request.param, "fork")
    yield side
    for queue in side.queues:
        queue.close()
        queue.join_thread()


def answer(inbox: Any, outbox: Any) -> None:
    while (item := inbox.get()) is not None:
        outbox.put([item, "seen"])


def finish_all(tasks: Any, count: int) -> None:
    for _ in range(count):
        tasks.get()
        tasks.task_done()


def send_back(connection: Any) -> None:
    while (item := connection.recv()) is not None:
        connection.send(item)
    connection.close()


def test_objects_pass_between_processes_in_order(side: Side) -> None:
    """Returns a process shared queue: what one process puts, another gets, first in first out."""
    inbox, outbox = side.queue(), side.queue()
    process = side.run(answer, inbox, outbox)
    items = [1, "two", [3.0, None], {"four": (5,)}, b"\0" * 70_000]
    for item in items:
        inbox.put(item)
    assert [outbox.get(timeout=60) for _ in items] == [[item, "seen"] for item in items]
    inbox.put(None)
    process.join(60)
    assert process.exitcode == 0


def test_join_returns_when_every_task_is_done(side: Side) -> None:
    """Block until all items in the queue have been gotten and processed; task_done() once too often is a ValueError."""
    tasks = side.queue(is_joinable=True)
    for number in range(10):
        tasks.put(number)
    process = side.run(finish_all, tasks, 10)
    tasks.join()
    process.join(60)
    with pytest.raises(ValueError, match="called too many times"):
        tasks.task_done()


def test_pipe_ends_talk_both_ways(side: Side) -> None:
    """Each connection object has send() and recv() methods among others."""
    mine, theirs = side.pipe()
    process = side.run(send_back, theirs)
    for item in ([1, "hello", None], {"x": 1.5}):
        mine.send(item)
        assert mine.recv() == item
    mine.send(None)
    process.join(60)
    mine.close()
    theirs.close()


def test_qsize_empty_and_full_tell_the_state(near: Side) -> None:
    """qsize() is the approximate size; empty() and full() as named."""
    queue = near.queue(2)
    assert (queue.empty(), queue.full(), queue.qsize()) == (True, False, 0)
    queue.put(1)
    queue.put(2)
    until(lambda: not queue.empty(), "the item in the pipe")
    assert (queue.full(), queue.qsize()) == (True, 2)
    assert (queue.get(timeout=60), queue.get(timeout=60)) == (1, 2)
    until(queue.empty, "an empty queue")


def test_put_raises_full(near: Side) -> None:
    """put(block=False), put_nowait() and a timeout raise queue.Full when no slot is free."""
    queue = near.queue(1)
    queue.put("held")
    attempts: list[Callable[[], object]] = [
        lambda: queue.put(1, False),
        lambda: queue.put_nowait(1),
        lambda: queue.put(1, True, 0.01),
    ]
    for attempt in attempts:
        with pytest.raises(standard.Full):
            attempt()
    assert queue.get(timeout=60) == "held"


def test_get_raises_empty(near: Side) -> None:
    """get(block=False), get_nowait() and a timeout raise queue.Empty when no item is there."""
    queue = near.queue()
    attempts: list[Callable[[], object]] = [lambda: queue.get(False), queue.get_nowait, lambda: queue.get(True, 0.01)]
    for attempt in attempts:
        with pytest.raises(standard.Empty):
            attempt()


def test_get_and_put_wait_for_each_other(near: Side) -> None:
    """With block true and no timeout, both wait as long as it takes."""
    queue = near.queue(1)
    got: list[int] = []
    reader = threading.Thread(target=lambda: got.extend(queue.get() for _ in range(50)))
    reader.start()
    for number in range(50):
        queue.put(number)
    reader.join(60)
    assert got == list(range(50))


def test_closed_queue_refuses(near: Side) -> None:
    """After close() put() and get() raise ValueError."""
    queue = near.queue()
    queue.close()
    with pytest.raises(ValueError, match="closed"):
        queue.put(1)
    with pytest.raises(ValueError, match="closed"):
        queue.get(timeout=0.01)


def test_simplex_pipe_has_one_direction(near: Side) -> None:
    """Pipe(False): conn1 can only be used for receiving, conn2 only for sending."""
    conn1, conn2 = near.pipe(False)
    conn2.send("down")
    assert (conn1.poll(60), conn1.recv()) == (True, "down")
    with pytest.raises(OSError, match="read-only"):
        conn1.send(1)
    with pytest.raises(OSError, match="write-only"):
        conn2.recv()
    conn1.close()
    conn2.close()


def test_recv_raises_eof_when_the_other_end_was_closed(near: Side) -> None:
    """EOFError if there is nothing left to receive and the other end was closed."""
    conn1, conn2 = near.pipe()
    conn2.send("last")
    conn2.close()
    assert conn1.recv() == "last"
    with pytest.raises(EOFError):
        conn1.recv()
    conn1.close()


def test_bytes_messages_are_complete(near: Side) -> None:
    """send_bytes with offset and size, recv_bytes with a limit, recv_bytes_into and BufferTooShort."""
    conn1, conn2 = near.pipe()
    conn1.send_bytes(b"0123456789", 2, 5)
    assert conn2.recv_bytes() == b"23456"
    conn1.send_bytes(b"thank you")
    buffer = bytearray(20)
    assert (conn2.recv_bytes_into(buffer, 1), bytes(buffer[:10])) == (9, b"\0thank you")
    conn1.send_bytes(b"too long for this")
    with pytest.raises(multiprocessing.BufferTooShort) as caught:
        conn2.recv_bytes_into(bytearray(4))
    assert caught.value.args[0] == b"too long for this"
    conn1.send_bytes(b"too long")
    with pytest.raises(OSError, match="bad message length"):
        conn2.recv_bytes(3)
    conn1.close()
    conn2.close()


def test_poll_says_whether_something_is_there(near: Side) -> None:
    """poll() returns at once, poll(seconds) waits, poll(None) waits for ever; connections are context managers."""
    conn1, conn2 = near.pipe()
    with conn1, conn2:
        assert (conn2.poll(), conn2.poll(0.01)) == (False, False)
        sender = threading.Timer(0.02, conn1.send, ["here"])
        sender.start()
        assert conn2.poll(None)
        assert conn2.recv() == "here"
        sender.join()
    assert (conn1.closed, conn2.closed) == (True, True)
