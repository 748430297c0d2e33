"""Pipes in the memory of one process, with the names and signatures of `supervisor.channels`."""

from __future__ import annotations

from collections import deque

from supervisor.channels.parcel import loads
from supervisor.simulation.memory_channels import Payload, pack, refuse_to_travel, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType
    from typing import Any, NoReturn, Self

    from supervisor.simulation.turns import Turns

__all__ = ["MemoryPipeEnd", "Tube", "memory_pipe"]


class Tube:
    """What a pipe holds: the messages on their way to each side, and whose the sides are."""

    def __init__(self, turns: Turns, name: str, owners: tuple[Sequence[str], Sequence[str]]) -> None:
        self.turns = turns
        self.name = name
        self.owners = owners
        self.messages: tuple[deque[Payload | bytes], deque[Payload | bytes]] = (deque(), deque())
        self.is_shut = [False, False]
        """Whether nothing more comes from this side."""
        self.sent_by: dict[str, int] = {}
        self.received_by: dict[str, int] = {}
        self.on_send: Callable[[Payload], object] | None = None

    def is_gone(self, side: int) -> bool:
        """Whether nobody is left at this side."""
        return self.is_shut[side] or not self.turns.is_anyone_left(self.owners[side])


def memory_pipe(tube: Tube, *, duplex: bool) -> tuple[MemoryPipeEnd, MemoryPipeEnd]:
    """Two connected ends, as `supervisor.channels.Pipe` makes them: the first receives, the second sends."""
    return MemoryPipeEnd(tube, 0, readable=True, writable=duplex), MemoryPipeEnd(
        tube, 1, readable=duplex, writable=True
    )


class MemoryPipeEnd:
    """One end of a pipe.

    Attributes:
        readable: whether this end receives.
        writable: whether this end sends.
        name: what error messages call the pipe.
        side: 0 for the first of the two ends, 1 for the second.
    """

    def __init__(self, tube: Tube, side: int, *, readable: bool, writable: bool) -> None:
        self.readable, self.writable, self.side = readable, writable, side
        self.name = tube.name
        self._tube = tube
        self._is_closed = False

    def send(self, obj: Any) -> None:
        """Send an object. BrokenPipeError when the other end is closed or over."""
        self._check(can=self.writable, otherwise="connection is read-only")
        payload = pack(obj)
        self._deliver(payload)
        if self._tube.on_send is not None:
            self._tube.on_send(payload)

    def recv(self) -> Any:
        """The next object. EOFError when nothing is left and the other end is closed or over."""
        message = self._receive()
        return unpack(message) if isinstance(message, Payload) else loads(message)

    def send_bytes(self, buf: bytes | bytearray | memoryview, offset: int = 0, size: int | None = None) -> None:
        """Send bytes as one message: all of `buf`, or `size` bytes from `offset` on."""
        self._check(can=self.writable, otherwise="connection is read-only")
        view = memoryview(buf).cast("B")
        size = view.nbytes - offset if size is None else size
        if offset < 0 or size < 0 or offset + size > view.nbytes:
            raise ValueError(f"offset {offset} and size {size} reach outside a buffer of {view.nbytes} bytes")
        self._deliver(bytes(view[offset : offset + size]))

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """The next message as bytes. OSError when it is longer than `maxlength`, EOFError as `recv`."""
        if maxlength is not None and maxlength < 0:
            raise ValueError("negative maxlength")
        message = self._receive()
        data = message.pickle if isinstance(message, Payload) else message
        if maxlength is not None and len(data) > maxlength:
            self.close()
            raise OSError("bad message length")
        return data

    def recv_bytes_into(self, buf: bytearray | memoryview, offset: int = 0) -> int:
        """Receive a message into a writable buffer, from `offset` on; returns its length."""
        view = memoryview(buf).cast("B")
        if not 0 <= offset <= view.nbytes:
            raise ValueError(f"offset {offset} is outside a buffer of {view.nbytes} bytes")
        data = self.recv_bytes()
        if offset + len(data) > view.nbytes:
            from multiprocessing import BufferTooShort

            raise BufferTooShort(data)
        view[offset : offset + len(data)] = data
        return len(data)

    def poll(self, timeout: float | None = 0.0) -> bool:
        """Whether a message, or the end, is there."""
        self._check(can=self.readable, otherwise="connection is write-only")
        with self._tube.turns.change:
            return self._tube.turns.wait(self._is_ready, timeout, lambda: self._why("poll"))

    def end(self) -> None:
        """Say that nothing more will be sent this way."""
        with self._tube.turns.change:
            self._tube.is_shut[self.side] = True
            self._tube.turns.changed()

    hang_up = end

    def close(self) -> None:
        """Let go of this end: the other one sees the end after the last message."""
        if not self._is_closed:
            self._is_closed = True
            self.end()

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._is_closed

    def fileno(self) -> int:
        """There is none; OSError, with what to do instead."""
        raise OSError(
            f"pipe {self.name!r} is in memory here and has no descriptor: use poll(), or run the profile for real"
        )

    def __reduce__(self) -> NoReturn:
        refuse_to_travel("pipe")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<PipeConnection {self.name!r} {'closed' if self._is_closed else 'in memory'}>"

    def _is_ready(self) -> bool:
        return bool(self._tube.messages[self.side]) or self._tube.is_gone(1 - self.side)

    def _deliver(self, message: Payload | bytes) -> None:
        tube, turns = self._tube, self._tube.turns
        with turns.change:
            if tube.is_gone(1 - self.side):
                raise BrokenPipeError("the other end of the pipe is closed")
            tube.messages[1 - self.side].append(message)
            tube.sent_by[turns.name] = tube.sent_by.get(turns.name, 0) + 1
            turns.changed()

    def _receive(self) -> Payload | bytes:
        self._check(can=self.readable, otherwise="connection is write-only")
        tube, turns = self._tube, self._tube.turns
        with turns.change:
            turns.wait(self._is_ready, None, lambda: self._why("recv"))
            if not tube.messages[self.side]:
                turns.told_end(tube.name)
                raise EOFError(f"the other end of {self.name} is closed")
            tube.received_by[turns.name] = tube.received_by.get(turns.name, 0) + 1
            turns.changed()
            return tube.messages[self.side].popleft()

    def _check(self, *, can: bool, otherwise: str) -> None:
        if not can:
            raise OSError(otherwise)
        if self._is_closed:
            raise OSError("handle is closed")
        self._tube.turns.check_process(f"pipe {self.name!r}")

    def _why(self, operation: str) -> str:
        others = ", ".join(self._tube.owners[1 - self.side]) or "nobody: no worker of the profile has its other end"
        return f"{self._tube.turns.name} waits in {operation}() of {self.name} for {others}"
