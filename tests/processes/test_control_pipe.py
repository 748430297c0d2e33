"""The engine's end of a control pipe: whatever comes, it is counted or understood, and nobody waits."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from supervisor.processes import control_pipe
from supervisor.processes.control_pipe import ControlPipe


class Hearer:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, dict[str, Any]]] = []
        self.closed = 0
        self.quarantined: list[int] = []

    def on_frame(self, operation: str, message: dict[str, Any]) -> None:
        self.frames.append((operation, message))

    def on_pipe_closed(self) -> None:
        self.closed += 1

    def on_quarantined(self, frames: int) -> None:
        self.quarantined.append(frames)


class Talk:
    """A pipe, who hears it, and the worker's end."""

    def __init__(self) -> None:
        self.hearer = Hearer()
        self.pipe = ControlPipe(asyncio.get_running_loop(), self.hearer)
        self.worker = socket.socket(fileno=os.dup(self.pipe.child_end))
        self.worker.setblocking(False)
        self.pipe.close_child_end()
        self.pipe.listen()

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not is_so():
                await asyncio.sleep(0.001)

    def close(self) -> None:
        self.pipe.close()
        self.worker.close()


@pytest.fixture
async def talk() -> AsyncIterator[Talk]:
    talk = Talk()
    yield talk
    talk.close()


async def test_frames_are_heard_and_wishes_arrive(talk: Talk) -> None:
    """One JSON object a packet, both ways."""
    talk.worker.send(b'{"op":"running","hears_stop":true}')
    await talk.until(lambda: bool(talk.hearer.frames))
    assert talk.hearer.frames == [("running", {"op": "running", "hears_stop": True})]
    talk.pipe.say("stop")
    assert json.loads(talk.worker.recv(1000)) == {"op": "stop"}


@pytest.mark.parametrize(
    "garbage",
    [b"", b"\x00\xff", b"[1]", b'{"op": 3}', b'{"op"', b"[" * 50_000, b"x" * 65_000],
    ids=["empty", "bytes", "list", "no word", "cut", "deep", "too long"],
)
async def test_what_is_no_frame_is_counted_and_what_follows_is_heard(talk: Talk, garbage: bytes) -> None:
    """An empty packet is not the end of the pipe."""
    talk.worker.send(garbage)
    talk.worker.send(b'{"op":"ready"}')
    await talk.until(lambda: bool(talk.hearer.frames))
    assert (talk.pipe.garbage_frames, talk.hearer.closed, talk.hearer.frames[0][0]) == (1, 0, "ready")


async def test_pipe_of_garbage_is_quarantined_once(talk: Talk) -> None:
    """After so many, nothing is read any more, and the loop is not woken by it."""
    sent = 0
    while talk.hearer.quarantined == [] and sent < 10 * control_pipe.GARBAGE_LIMIT:
        try:
            talk.worker.send(b"garbage")
            sent += 1
        except BlockingIOError:
            pass
        await asyncio.sleep(0)
    talk.worker.send(b'{"op":"ready"}')
    for _ in range(10):
        await asyncio.sleep(0)
    talk.pipe.read_rest()
    assert talk.hearer.quarantined == [control_pipe.GARBAGE_LIMIT]
    assert talk.hearer.frames == []


async def test_end_of_the_pipe_is_told_once(talk: Talk) -> None:
    """Wishes to nobody are dropped."""
    talk.worker.send(b'{"op":"finished"}')
    talk.worker.close()
    await talk.until(lambda: talk.hearer.closed > 0)
    for _ in range(10):
        await asyncio.sleep(0)
    talk.pipe.say("stop")
    talk.pipe.read_rest()
    assert (talk.hearer.closed, [operation for operation, _ in talk.hearer.frames]) == (1, ["finished"])


async def test_wishes_to_a_worker_that_does_not_read_never_block(talk: Talk) -> None:
    """Far more than the socket's buffer holds; whoever says the last ones is told that they are not heard."""
    heard = [talk.pipe.say("stop") for _ in range(5000)]
    assert (heard[0], heard[-1]) == (True, False)


async def test_wishes_have_fields_and_count_until_they_are_read(talk: Talk) -> None:
    """What waits in the pipe is known, so that less urgent wishes can leave room for others."""
    assert talk.pipe.unread_bytes == 0
    assert talk.pipe.say("pool", pool="hash", do="resize", processes=8)
    assert talk.pipe.unread_bytes > 0
    assert json.loads(talk.worker.recv(1000)) == {"op": "pool", "pool": "hash", "do": "resize", "processes": 8}
    assert talk.pipe.unread_bytes == 0


async def test_frames_that_make_no_sense_to_the_hearer_count_too(talk: Talk) -> None:
    """The one too many quarantines the pipe, whoever has counted it."""
    for _ in range(control_pipe.GARBAGE_LIMIT + 5):
        talk.pipe.count_garbage()
    assert talk.hearer.quarantined == [control_pipe.GARBAGE_LIMIT]
    assert talk.pipe.garbage_frames == control_pipe.GARBAGE_LIMIT + 5


async def test_last_words_are_read_after_the_end() -> None:
    """What a dead worker has said is there, though the loop has not turned since."""
    talk = Talk()
    for number in range(150):
        talk.worker.send(json.dumps({"op": "failed", "number": number}).encode())
    talk.worker.close()
    talk.pipe.read_rest()
    assert len(talk.hearer.frames) == 150
    talk.close()
