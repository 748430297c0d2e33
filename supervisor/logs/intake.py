"""The engine's end of all lanes: reads each pipe in turn, a bounded piece at a time, and stores whole records at once.

::

    lane, stdout, stderr of every incarnation ──read ≤ 256 KiB a turn──► Lane ──► one append a loop turn ──► segment
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio

    from supervisor.logs.lanes import Lane
    from supervisor.logs.segments import SegmentWriter

READ_BUDGET_BYTES: Final = 256 * 1024
"""What one lane may have of a loop turn, so that a talkative worker delays nobody."""

PIPE_BYTES: Final = 1024 * 1024
PIPES_BUDGET_BYTES: Final = 48 * 1024 * 1024
"""An ordinary user's pipes share 64 MiB (fs.pipe-user-pages-soft); past it new ones hold two pages only."""


def time_text(wall_s: float) -> str:
    """`wall_s` as records have it: UTC, microseconds, 27 characters."""
    whole = int(wall_s)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{int((wall_s - whole) * 1e6):06d}Z"


def pipe_bytes(expected_pipes: int) -> int:
    """How large each pipe may be so that all of them fit an ordinary user's budget."""
    fair = PIPES_BUDGET_BYTES // max(1, expected_pipes)
    return max(64 * 1024, min(PIPE_BYTES, 1 << (fair.bit_length() - 1)))


def open_pipe(size_bytes: int) -> tuple[int, int]:
    """A pipe for a lane: (read end, not blocking; write end, blocking)."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    try:
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, size_bytes)
    except (OSError, AttributeError):
        pass  # over the user's budget: the kernel's own size has to do
    return read_end, write_end


class LaneReader:
    """Reads one pipe into its lane until the pipe ends."""

    def __init__(self, intake: Intake, descriptor: int, lane: Lane) -> None:
        self._intake = intake
        self._descriptor = descriptor
        self._lane = lane
        self.is_open = True
        self.when_closed: Callable[[], None] | None = None
        intake.loop.add_reader(descriptor, self.read)

    def read(self) -> bool:
        """Take what there is, one budget at most; False when there is nothing more for now."""
        if not self.is_open:
            return False
        try:
            chunk = os.read(self._descriptor, READ_BUDGET_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return False
        self._intake.store(self._lane.feed(chunk, self._intake.time_text()))
        return True

    def drain(self) -> bool:
        """Take everything that is in the pipe now; True when the pipe has ended."""
        while self.read():
            pass
        return not self.is_open

    def close(self) -> None:
        """Store an unterminated last line and let go of the pipe."""
        if not self.is_open:
            return
        self.is_open = False
        self._intake.loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._intake.store(self._lane.close(self._intake.time_text()))
        if self.when_closed is not None:
            self.when_closed()


class Intake:
    """Gathers what all lanes give in one turn of the loop and appends it with one call."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, writer: SegmentWriter, when_stored: Callable[[], None] | None = None
    ) -> None:
        self.loop = loop
        self._writer = writer
        self._waiting: list[bytes] = []
        self._when_stored = when_stored

    def time_text(self) -> str:
        return time_text(time.time())

    def open_lane(self, descriptor: int, lane: Lane) -> LaneReader:
        return LaneReader(self, descriptor, lane)

    def store(self, lines: bytes) -> None:
        """Keep whole lines for the end of this turn."""
        if not lines:
            return
        if not self._waiting:
            self.loop.call_soon(self.flush)
        self._waiting.append(lines)

    def flush(self) -> None:
        """Append what has gathered."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._writer.append(lines)
            if self._when_stored is not None:
                self._when_stored()
