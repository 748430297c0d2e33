"""The pipe: the standard library's behaviour, and an end that is seen at once."""

from __future__ import annotations

import gc
import multiprocessing
import os
from multiprocessing.connection import wait
from typing import Any

import pytest

from supervisor.channels import Pipe, PipeConnection
from tests.channels.actors import echo, shut_and_echo
from tests.channels.conftest import Crew, until


def test_duplex_pipe_talks_to_another_process(crew: Crew) -> None:
    """Objects go there and back; closing our end ends the other process."""
    mine, theirs = Pipe()
    process = crew.start(shut_and_echo, theirs, mine)
    theirs.close()
    for item in (1, "two", [3.0], None, b"\0" * 70_000):
        mine.send(item)
        assert mine.recv() == item
    mine.close()
    assert crew.join() == [0]
    assert process.exitcode == 0


def test_killed_peer_is_seen_as_the_end(crew: Crew) -> None:
    """When the other process is killed, recv() raises EOFError after what it had sent, and send() BrokenPipeError."""
    mine, theirs = Pipe(name="talk")
    process = crew.start(shut_and_echo, theirs, mine)
    theirs.close()
    mine.send("last words")
    until(mine.poll, "the answer")
    process.kill()
    process.join()
    assert mine.recv() == "last words"
    with pytest.raises(EOFError, match="the other end of talk is closed"):
        mine.recv()
    with pytest.raises(BrokenPipeError):
        mine.send("hello?")
    mine.close()


def test_what_was_sent_before_a_close_is_read_even_if_the_peer_left_messages_unread() -> None:
    """The kernel reports a reset first in that case; the reader still gets every message, then the end."""
    first, second = Pipe()
    first.send("never read")
    second.send("one")
    second.send("two")
    second.close()
    assert (first.recv(), first.recv()) == ("one", "two")
    with pytest.raises(EOFError):
        first.recv()
    first.close()


def test_simplex_pipe_goes_one_way() -> None:
    """The first end receives, the second sends, and neither does the other's work."""
    receiver, sender = Pipe(duplex=False)
    assert (receiver.readable, receiver.writable, sender.readable, sender.writable) == (True, False, False, True)
    sender.send("down")
    assert receiver.recv() == "down"
    with pytest.raises(OSError, match="connection is read-only"):
        receiver.send("up")
    with pytest.raises(OSError, match="connection is write-only"):
        sender.recv()
    receiver.close()
    sender.close()


def test_ended_pipe_is_read_to_its_last_message() -> None:
    """end() stops every sender of that side at once; the reader gets what was sent, then EOF."""
    receiver, sender = Pipe(duplex=False)
    copy = PipeConnection.from_description(sender.describe(), [os.dup(fd) for fd in sender.fds()])
    sender.send("last")
    sender.end()
    sender.end()
    with pytest.raises(BrokenPipeError):
        copy.send("too late")
    assert receiver.recv() == "last"
    assert receiver.poll()
    with pytest.raises(EOFError):
        receiver.recv()
    for end in (receiver, sender, copy):
        end.close()


def test_bytes_pass_as_they_are() -> None:
    """send_bytes, recv_bytes and recv_bytes_into, empty messages and parts of a buffer included."""
    first, second = Pipe()
    first.send_bytes(b"")
    assert second.recv_bytes() == b""
    first.send_bytes(bytearray(b"0123456789"), 2, 3)
    assert second.recv_bytes() == b"234"
    first.send_bytes(b"0123456789", 7)
    buffer = bytearray(10)
    assert second.recv_bytes_into(buffer, 4) == 3
    assert buffer == b"\0\0\0\0" + b"789" + b"\0\0\0"
    first.send_bytes(b"too long")
    with pytest.raises(multiprocessing.BufferTooShort) as caught:
        second.recv_bytes_into(bytearray(3))
    assert caught.value.args == (b"too long",)
    for offset, size in ((-1, None), (11, None), (5, 6), (0, -1)):
        with pytest.raises(ValueError, match="reach outside a buffer of 10 bytes"):
            first.send_bytes(b"0123456789", offset, size)
    first.send_bytes(b"too long")
    with pytest.raises(OSError, match="bad message length"):
        second.recv_bytes(3)
    assert second.closed
    first.close()


def test_poll_waits_as_long_as_it_is_told() -> None:
    """False when nothing came in time, True for a message and for the end."""
    first, second = Pipe()
    assert [second.poll(), second.poll(0.01), second.poll(-1)] == [False, False, False]
    first.send(1)
    assert [second.poll(), second.poll(None)] == [True, True]
    second.recv()
    first.close()
    assert second.poll(60)
    second.close()


def test_standard_wait_takes_our_ends() -> None:
    """multiprocessing.connection.wait works on them, through fileno()."""
    first, second = Pipe()
    waited_for: list[Any] = [second]
    assert wait(waited_for, 0) == []
    first.send(1)
    assert wait(waited_for, 60) == waited_for
    first.close()
    second.close()


def test_full_pipe_holds_the_sender_until_there_is_room(forked: Crew) -> None:
    """More than the buffer holds, to a process that sends everything back."""
    mine, theirs = Pipe(buffer_bytes=4096)
    forked.start(echo, theirs)
    got = 0
    for number in range(200):
        mine.send((number, "x" * 300))
        while mine.poll():
            assert mine.recv()[0] == got
            got += 1
    while got < 200:
        assert mine.recv()[0] == got
        got += 1
    mine.close()
    theirs.close()


def test_closed_end_says_so() -> None:
    """As the standard library: OSError, and a context manager that closes."""
    first, second = Pipe()
    with first as entered:
        assert (entered is first, first.closed) == (True, False)
    first.close()
    assert first.closed
    for attempt in (first.fileno, first.recv, lambda: first.send(1), first.end):
        with pytest.raises(OSError, match="handle is closed"):
            attempt()
    second.close()


def test_unpicklable_object_raises_in_send_and_sends_nothing() -> None:
    """The caller learns it; the other end sees nothing."""
    first, second = Pipe()
    with pytest.raises((TypeError, AttributeError)):
        first.send(lambda: None)
    assert not second.poll()
    first.close()
    second.close()


def test_rounds_of_create_use_close_keep_no_descriptor() -> None:
    """Two hundred pipes later the process has the descriptors it had."""
    Pipe()[0].close()
    gc.collect()  # what earlier tests have left must not go meanwhile
    before = os.listdir("/proc/self/fd")
    for number in range(200):
        first, second = Pipe(duplex=bool(number % 2))
        second.send(number)
        assert first.recv() == number
        first.close()
        second.close()
    assert os.listdir("/proc/self/fd") == before
