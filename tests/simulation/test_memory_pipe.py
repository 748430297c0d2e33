"""Pipes in memory: what real ones promise."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing import BufferTooShort
from typing import Any

import pytest

from supervisor.channels import Pipe
from supervisor.simulation.memory_pipes import Tube, memory_pipe
from supervisor.simulation.turns import Standstill, Turns


def _in_memory(duplex: bool) -> tuple[Any, Any]:
    turns = Turns(["me"])
    turns.begin("me")
    return memory_pipe(Tube(turns, "words", (["me"], ["me"])), duplex=duplex)


@pytest.fixture(params=[Pipe, _in_memory], ids=["real", "memory"])
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[Any, Any]]:
    """The receiving and the sending end of a pipe of either kind."""
    receiver, sender = request.param(False)
    yield receiver, sender
    receiver.close()
    sender.close()


def test_messages_come_whole_and_in_order(ends: tuple[Any, Any]) -> None:
    """Objects and bytes."""
    receiver, sender = ends
    sender.send({"a": 1})
    sender.send_bytes(b"hello", 1, 3)
    assert receiver.poll()
    assert receiver.recv() == {"a": 1}
    assert receiver.recv_bytes() == b"ell"
    assert not receiver.poll()


def test_end_is_seen_after_the_last_message(ends: tuple[Any, Any]) -> None:
    """EOFError when the other side is closed and nothing is left."""
    receiver, sender = ends
    sender.send(1)
    sender.close()
    assert receiver.recv() == 1
    with pytest.raises(EOFError):
        receiver.recv()


def test_sending_to_nobody_fails(ends: tuple[Any, Any]) -> None:
    """BrokenPipeError when the other end is closed."""
    receiver, sender = ends
    receiver.close()
    with pytest.raises(BrokenPipeError):
        sender.send(1)


def test_each_end_has_its_way(ends: tuple[Any, Any]) -> None:
    """One receives and one sends."""
    receiver, sender = ends
    with pytest.raises(OSError, match="read-only"):
        receiver.send(1)
    with pytest.raises(OSError, match="write-only"):
        sender.recv()


def test_message_that_does_not_fit_is_not_lost(ends: tuple[Any, Any]) -> None:
    """BufferTooShort has it."""
    receiver, sender = ends
    sender.send_bytes(b"0123456789")
    with pytest.raises(BufferTooShort) as caught:
        receiver.recv_bytes_into(bytearray(4))
    assert caught.value.args == (b"0123456789",)


def test_recv_that_can_never_end_is_an_error() -> None:
    """It names who is waited for."""
    turns = Turns(["client", "server"])
    turns.begin("client")
    end, _ = memory_pipe(Tube(turns, "calls", (["client"], ["server"])), duplex=True)
    with pytest.raises(Standstill, match=r"client waits in recv\(\) of calls for server"):
        end.recv()


def test_pipe_in_memory_has_no_descriptor() -> None:
    """Who would wait with `multiprocessing.connection.wait` is told what to use."""
    receiver, _ = _in_memory(False)
    with pytest.raises(OSError, match=r"use poll\(\)"):
        receiver.fileno()
