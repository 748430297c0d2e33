"""A pipe between two processes, with the names of multiprocessing's: whole messages, and an end that is seen at once.

conn1 ◀── SOCK_SEQPACKET pair ──▶ conn2        with duplex=False: conn1 receives, conn2 sends
             holders: who has which end        without an engine, which knows that by itself
"""

from __future__ import annotations

import os

from supervisor.channels import platform
from supervisor.channels.crossing import reduce_channel
from supervisor.channels.envelope import Envelopes, new_prefix
from supervisor.channels.holders import Holders
from supervisor.channels.parcel import BYTES, INLINE_BYTES, RECEIVE_BYTES, press
from supervisor.channels.platform import INPUT, OUTPUT
from supervisor.channels.spill import Spill
from supervisor.channels.waiting import Blocking, nap

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    import _socket
    from collections.abc import Sequence
    from types import TracebackType
    from typing import Any, Self

    from supervisor.channels.parcel import Pickled

_BUFFER_BYTES = 1 << 20
_NO_SIGNAL = 0x4000  # MSG_NOSIGNAL: sending to nobody raises, whatever the worker did with SIGPIPE
_NAMES = "ab"
"""What the files of each side are called by."""
_SENDING_SIDE = 1  # SHUT_WR
_BOTH_WAYS = 2  # SHUT_RDWR


def Pipe(  # noqa: N802  # the standard library's name
    duplex: bool = True,
    *,
    name: str = "",
    spill_directory: str | None = None,
    is_supervised: bool = False,
    buffer_bytes: int = _BUFFER_BYTES,
) -> tuple[PipeConnection, PipeConnection]:
    """Two connected ends, as multiprocessing.Pipe: both send and receive, or with `duplex` false the first receives
    and the second sends.

    An end has ended when every process that has it is dead or has closed it: recv() raises EOFError after the last
    message, at once, and send() BrokenPipeError, at the latest when it would wait. Nobody needs to close what it does
    not use. A process has an end that it made, that was among the arguments of its multiprocessing Process, or that it
    has used; who hands an end to a child has let go of it until it uses it again. So a pipe whose only writer died is
    at its end although the parent keeps a copy for the next one; once that is started, the same recv() goes on.
    multiprocessing.connection.wait() looks at descriptors only: there, close the copies, or wait for the process too.

    In a profile the engine keeps both ends. When the process at one end has ended for good, the other one sees the end
    as above. When it will be started again, the other one just waits: what was sent is kept, and the next incarnation
    goes on with the same pipe.

    Args:
        duplex: whether both ends send and receive.
        name: what the status board and error messages call the pipe.
        spill_directory: where messages above 64 KiB wait; without it a private directory is made when needed.
        is_supervised: whether an engine keeps the ends, and says with `hang_up` when one is over.
        buffer_bytes: the wish for the socket's buffer; the kernel cuts it to net.core.wmem_max.
    """
    first, second = platform.message_pair(buffer_bytes)
    spill = Spill.private() if spill_directory is None else Spill(spill_directory, is_private=False)
    inline_bytes = min(INLINE_BYTES, platform.send_room_bytes(second) // 4)
    prefix = new_prefix()
    ways = ((True, duplex), (duplex, True))
    holders = None if is_supervised else Holders.create()
    holder_fds: Sequence[Sequence[int]] = ((), ()) if holders is None else holders.pairs()
    conn1, conn2 = (
        PipeConnection(
            end,
            Envelopes(spill, inline_bytes, prefix, f"{_NAMES[side]}-"),
            name=name,
            side=side,
            ways=ways[side],
            holder_fds=holder_fds[side],
        )
        for side, end in enumerate((first, second))
    )
    if holders is not None:
        holders.release()
    return conn1, conn2


class PipeConnection:
    """One end of a pipe; made by `Pipe` or `from_description`.

    Attributes:
        readable: whether this end receives.
        writable: whether this end sends.
        name: what the status board and error messages call the pipe.
        side: 0 for the first of the two ends, 1 for the second.
        holders: who has which end; None where an engine knows.
    """

    _end: _socket.socket | None = None
    _has_ended = False
    _is_other_gone = False
    holders: Holders | None = None

    def __init__(
        self,
        end: _socket.socket,
        envelopes: Envelopes,
        *,
        name: str,
        side: int,
        ways: tuple[bool, bool],
        holder_fds: Sequence[int],
    ) -> None:
        self.readable, self.writable = ways
        self.name = name
        self.side = side
        self._envelopes = envelopes
        self._end = end
        self._holder_fds = tuple(holder_fds)
        if holder_fds:
            self.holders = Holders.of(*holder_fds)
            self.holders.open(side)

    def send(self, obj: Any) -> None:
        """Send an object; waits while the buffer is full. What pickle raises is raised here, with nothing sent.

        Raises BrokenPipeError when the other end is closed.
        """
        end = self._sending_end()
        self._deliver(end, press(obj))

    def recv(self) -> Any:
        """The next object. Raises EOFError when nothing is left and the other end is closed or has ended."""
        message = self._receive()
        try:
            return self._envelopes.open(message)
        finally:
            self._envelopes.discard(message)

    def send_bytes(self, buf: bytes | bytearray | memoryview, offset: int = 0, size: int | None = None) -> None:
        """Send bytes as one message: all of `buf`, or `size` bytes from `offset` on."""
        end = self._sending_end()
        view = memoryview(buf).cast("B")
        size = view.nbytes - offset if size is None else size
        if offset < 0 or size < 0 or offset + size > view.nbytes:
            raise ValueError(f"offset {offset} and size {size} reach outside a buffer of {view.nbytes} bytes")
        self._deliver(end, bytes(view[offset : offset + size]), BYTES)

    def recv_bytes(self, maxlength: int | None = None) -> bytes:
        """The next message as bytes. OSError when it is longer than `maxlength`, EOFError as `recv`."""
        if maxlength is not None and maxlength < 0:
            raise ValueError("negative maxlength")
        data = self._receive_bytes()
        if maxlength is not None and len(data) > maxlength:
            self.close()
            raise OSError("bad message length")
        return data

    def recv_bytes_into(self, buf: bytearray | memoryview, offset: int = 0) -> int:
        """Receive a message into a writable buffer, from `offset` on; returns its length.

        Raises multiprocessing.BufferTooShort, with the whole message in it, when it does not fit.
        """
        view = memoryview(buf).cast("B")
        if not 0 <= offset <= view.nbytes:
            raise ValueError(f"offset {offset} is outside a buffer of {view.nbytes} bytes")
        data = self._receive_bytes()
        if offset + len(data) > view.nbytes:
            from multiprocessing import BufferTooShort

            raise BufferTooShort(data)
        view[offset : offset + len(data)] = data
        return len(data)

    def poll(self, timeout: float | None = 0.0) -> bool:
        """Whether a message, or the end, is there; waits `timeout` seconds for it, None for ever."""
        end = self._receiving_end()
        if platform.is_ready(end.fileno(), INPUT) or self._is_over():
            return True
        if timeout is not None and timeout <= 0:
            return False
        with Blocking(self._label, "poll", timeout) as blocking:
            self._wait(blocking, end, INPUT)
        return platform.is_ready(end.fileno(), INPUT) or self._is_over()

    def end(self) -> None:
        """Say that nothing more will be sent this way, by any process: the reader sees EOF after the last message."""
        self._has_ended = True
        self._shut(_SENDING_SIDE)

    def hang_up(self) -> None:
        """Say that nobody has this end any more, in any process (the engine does).

        Who receives from it sees EOF after the last message, who sends to it gets BrokenPipeError.
        """
        self._has_ended = True
        self._shut(_BOTH_WAYS)

    def close(self) -> None:
        """Let go of this end in this process."""
        end, self._end = self._end, None
        if end is not None:
            # A hang-up means that the other end is gone, or that both sides have ended and may still read.
            if not self._has_ended and platform.is_ready(end.fileno(), 0):
                self._envelopes.sweep()
            end.close()
            if self.holders is not None:
                self.holders.close(self.side)

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._end is None

    def fileno(self) -> int:
        """The descriptor, for `multiprocessing.connection.wait` and the like."""
        return self._open_end().fileno()

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs besides the descriptor, as JSON can carry it."""
        return {
            "kind": "pipe",
            "name": self.name,
            "side": self.side,
            "readable": self.readable,
            "writable": self.writable,
            **self._envelopes.describe(),
            "fds": self.fds(),
        }

    def fds(self) -> list[int]:
        """The descriptors to hand over beside `describe()`. They stay this end's own."""
        return [self._open_end().fileno(), *self._holder_fds]

    @classmethod
    def from_description(cls, description: dict[str, Any], fds: Sequence[int]) -> PipeConnection:
        """The end that another process described; it owns the descriptors from now on."""
        fd, *holder_fds = fds
        for each in fds:
            os.set_inheritable(each, False)  # a shell command that the worker runs is no user of the pipe
        side = description["side"]
        made = cls(
            platform.open_socket(fd),
            Envelopes.from_description(description, f"{_NAMES[side]}-"),
            name=description["name"],
            side=side,
            ways=(description["readable"], description["writable"]),
            holder_fds=holder_fds,
        )
        if made.holders is not None:
            made.holders.take(side, description.get("giver", 0))
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        reduced = reduce_channel(PipeConnection.from_description, {**self.describe(), "giver": os.getpid()}, self.fds())
        if self.holders is not None:
            self.holders.hand_on(self.side)
        return reduced

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self._end is None else f"fd={self._end.fileno()}"
        return f"<PipeConnection {self.name!r} {state}>" if self.name else f"<PipeConnection {state}>"

    def __del__(self) -> None:
        self.close()

    @property
    def _label(self) -> str:
        return self.name or "pipe"

    def _deliver(self, end: _socket.socket, payload: bytes | Pickled, kind: int | None = None) -> None:
        message = self._envelopes.seal(payload) if kind is None else self._envelopes.seal(payload, kind=kind)
        is_sent = False
        try:
            if self._is_other_gone and self._is_over():
                raise BrokenPipeError("the other end of the pipe is closed")
            is_sent = _try_send(end, message)
            if not is_sent:
                with Blocking(self._label, "send", None) as blocking:
                    while not is_sent:
                        self._wait(blocking, end, OUTPUT)
                        is_sent = _try_send(end, message)
                        if not is_sent and self._is_over():
                            raise BrokenPipeError("the other end of the pipe is closed")
        finally:
            if not is_sent:
                self._envelopes.discard(message)

    def _receive_bytes(self) -> bytes:
        message = self._receive()
        try:
            return self._envelopes.open_bytes(message)
        finally:
            self._envelopes.discard(message)

    def _receive(self) -> bytes:
        end = self._receiving_end()
        message = _try_receive(end)
        if message is None:
            nap(end.fileno(), INPUT, None)
            message = _try_receive(end)
        if message is None:
            with Blocking(self._label, "recv", None) as blocking:
                while message is None:
                    self._wait(blocking, end, INPUT)
                    is_over = self._is_over()
                    message = _try_receive(end)  # asked before: who is gone sends nothing after this
                    if message is None and is_over:
                        raise EOFError(f"the other end of {self._label} is closed")
        if not message:
            # Who sent from there is gone or has ended: what is still beside messages was never sent.
            self._envelopes.sweep(f"{_NAMES[1 - self.side]}-")
            raise EOFError(f"the other end of {self._label} is closed")
        return message

    def _wait(self, blocking: Blocking, end: _socket.socket, events: int) -> None:
        """Wait for the socket, or until the other end is over."""
        if self.holders is None:
            blocking.wait((end.fileno(), events))
        else:
            self.holders.wait(blocking, end.fileno(), events, 1 - self.side)

    def _is_over(self) -> bool:
        """Whether the other end has ended, in a way that the kernel cannot tell."""
        self._is_other_gone = self.holders is not None and self.holders.is_gone(1 - self.side)
        return self._is_other_gone

    def _shut(self, ways: int) -> None:
        try:
            self._open_end().shutdown(ways)
        except OSError as error:
            if not _is_gone(error):
                raise

    def _open_end(self) -> _socket.socket:
        if self._end is None:
            raise OSError("handle is closed")
        return self._end

    def _sending_end(self) -> _socket.socket:
        if not self.writable:
            raise OSError("connection is read-only")
        return self._used_end()

    def _receiving_end(self) -> _socket.socket:
        if not self.readable:
            raise OSError("connection is write-only")
        return self._used_end()

    def _used_end(self) -> _socket.socket:
        end = self._open_end()
        if self.holders is not None:
            self.holders.use(self.side)
        return end


def _try_send(end: _socket.socket, message: bytes) -> bool:
    try:
        end.send(message, _NO_SIGNAL)
    except BlockingIOError:
        return False
    except ConnectionResetError:
        # The other end closed without reading all; the kernel says so once, and broken pipe from then on.
        raise BrokenPipeError("the other end of the pipe is closed") from None
    return True


def _try_receive(end: _socket.socket) -> bytes | None:
    """A message, b"" at the end, None when there is nothing yet."""
    for _ in range(2):
        try:
            return end.recv(RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except ConnectionResetError:
            # Said once, before what is still to be read, when the other end closed without reading all.
            continue
    return b""


def _is_gone(error: OSError) -> bool:
    from errno import ENOTCONN, EPIPE

    return error.errno in (ENOTCONN, EPIPE)
