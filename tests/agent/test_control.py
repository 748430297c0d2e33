"""The worker's end of the control pipe: wishes for pools reach them, a stop reaches who waits for it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from supervisor.agent.control import Control


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Control]]:
    """The engine's end, and the worker's."""
    engine, worker = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with engine, worker:
        yield engine, Control(worker.fileno())


def say(engine: socket.socket, **message: Any) -> None:
    engine.send(json.dumps(message).encode())


def test_a_wish_reaches_its_pool(ends: tuple[socket.socket, Control]) -> None:
    """And no other; what nobody hears is dropped."""
    (engine, control), heard = ends, list[Any]()
    control.hear("a", heard.append)
    say(engine, op="pool", pool="b", do="pause")
    say(engine, op="pool", pool="a", do="pause")
    engine.send(b"no JSON")
    engine.send(b"[]")
    assert control.check() is False
    assert [wish["pool"] for wish in heard] == ["a"]
    control.hear("a", None)
    say(engine, op="pool", pool="a", do="resume")
    assert control.check() is False
    assert len(heard) == 1


def test_who_looks_for_wishes_leaves_a_stop(ends: tuple[socket.socket, Control]) -> None:
    """It is read by whoever waits for it."""
    (engine, control), heard = ends, list[Any]()
    control.hear("a", heard.append)
    assert control.check_pools() is False
    say(engine, op="pool", pool="a", do="pause")
    say(engine, op="stop")
    assert control.check_pools() is True
    assert control.check_pools() is True
    assert len(heard) == 1
    assert control.is_stop_wished is False
    assert control.check() is True
    assert control.is_stop_wished


def test_who_looks_for_wishes_leaves_the_end(ends: tuple[socket.socket, Control]) -> None:
    """The engine is gone for whoever asks."""
    engine, control = ends
    engine.shutdown(socket.SHUT_RDWR)
    assert control.check_pools() is True
    assert control.check() is True
    assert control.is_engine_gone
