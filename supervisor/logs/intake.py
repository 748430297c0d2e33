"""The engine's end of all lanes: reads each pipe in turn, a bounded piece at a time, and stores whole records at once.

::

    lane, stdout, stderr ──readable──► due ──a turn after 5 ms: ≤ 128 KiB of each──► Lane ──► append ──► segment
                                                                                     └─► Burst (a traceback on stderr)

A pipe that has become readable is left alone until the next turn: the worker goes on writing meanwhile, so that one
read takes many records and the engine is not woken for each of them.
"""

from __future__ import annotations

import fcntl
import os
import sys
import termios
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Literal

from supervisor.logs.gathering import Burst
from supervisor.logs.record import engine_line, time_text

if TYPE_CHECKING:
    import asyncio

    from supervisor.logs.lanes import Lane
    from supervisor.logs.segments import SegmentWriter

WhenFull = Literal["drop", "block"]

READ_BUDGET_BYTES: Final = 128 * 1024
"""What one lane may have of a turn, so that a talkative worker delays nobody."""

TURN_S: Final = 0.005
"""How long records may wait in their pipe before they are read."""

GATHERED_BYTES: Final = 512 * 1024
"""What is appended at once, some more at most. Where all lanes are full a turn reads and makes a hundred times as much:
the heap of who gathers that stays as large for hours, because something that lasts has come to lie above it."""

PENDING_BYTES: Final = 64 * 1024 * 1024
"""What the unfinished lines of all lanes may hold together; past it those that are longer than a MiB are cut."""
CUT_BYTES: Final = 1024 * 1024

PIPE_BYTES: Final = 1024 * 1024
PIPES_BUDGET_BYTES: Final = 48 * 1024 * 1024
"""An ordinary user's pipes share 64 MiB (fs.pipe-user-pages-soft); past it new ones hold two pages only."""


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
    """Reads one pipe into its lane until the pipe ends.

    Attributes:
        name: the replica that writes, ``parse.2``.
        stream: what it writes there.
        capacity_bytes: what the pipe holds before its writer must wait.
    """

    def __init__(self, intake: Intake, descriptor: int, lane: Lane) -> None:
        self._intake = intake
        self._descriptor = descriptor
        self._lane = lane
        self._burst = Burst() if lane.stream == "stderr" else None
        self._release_timer: asyncio.TimerHandle | None = None
        self.name = lane.name
        self.stream = lane.stream
        self.capacity_bytes = _capacity_bytes(descriptor)
        self.is_open = True
        self.when_closed: Callable[[], None] | None = None
        self.taps: list[Callable[[bytes], bool]] = []
        """Who else sees what is read. One that returns False has seen enough and is dropped."""
        self.await_more()

    @property
    def backlog_bytes(self) -> int:
        """What was written and is not read yet: the depth of this lane as a queue (FIONREAD, ioctl(2)); about 1 µs."""
        if not self.is_open:
            return 0
        try:
            found = fcntl.ioctl(self._descriptor, termios.FIONREAD, b"\0\0\0\0")
        except OSError:
            return 0
        return int.from_bytes(found, sys.byteorder)

    def await_more(self) -> None:
        """Be due again when there is something to read."""
        if self.is_open:
            self._intake.loop.add_reader(self._descriptor, self._on_readable)

    def _on_readable(self) -> None:
        self._intake.loop.remove_reader(self._descriptor)
        self._intake.make_due(self)

    def read(self) -> int:
        """Take what there is, one budget at most; how many bytes it was."""
        if not self.is_open:
            return 0
        try:
            chunk = os.read(self._descriptor, READ_BUDGET_BYTES)
        except BlockingIOError:
            return 0
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return 0
        if self.taps:
            self.taps = [tap for tap in self.taps if tap(chunk)]
        taken = self._intake.taken_bytes
        taken[self.name] = taken.get(self.name, 0) + len(chunk)
        self._feed(chunk)
        return len(chunk)

    def _feed(self, chunk: bytes) -> None:
        lane, intake, now = self._lane, self._intake, time_text(time.time())
        before = lane.pending_bytes
        lines = lane.feed(chunk, now)
        intake.pending_bytes += lane.pending_bytes - before
        if intake.pending_bytes > PENDING_BYTES and lane.pending_bytes > CUT_BYTES:
            before = lane.pending_bytes
            lines += lane.cut(now)
            intake.pending_bytes += lane.pending_bytes - before
        if self._burst is not None:
            lines = self._burst.offer(chunk, lines, intake.loop.time())
            if self._burst and self._release_timer is None:
                self._release_timer = intake.loop.call_at(self._burst.due_s, self._on_quiet)
        intake.store(lines, lane.level)

    def _on_quiet(self) -> None:
        self._release_timer = None
        if self._burst and self._intake.loop.time() < self._burst.due_s:
            self._release_timer = self._intake.loop.call_at(self._burst.due_s, self._on_quiet)
        else:
            self.release()

    def release(self) -> None:
        """Store the lines of a burst that are held back, if any are."""
        if self._release_timer is not None:
            self._release_timer.cancel()
            self._release_timer = None
        if self._burst:
            self._intake.store(self._burst.take(), self._lane.level)

    def drain(self) -> bool:
        """Take everything that is in the pipe now; True when the pipe has ended.

        No more than the largest pipe holds: who writes on meanwhile must not keep the loop.
        """
        taken = 0
        while taken <= PIPE_BYTES and (count := self.read()):
            taken += count
        self.release()
        return not self.is_open

    def close(self) -> None:
        """Store an unterminated last line and let go of the pipe."""
        if not self.is_open:
            return
        self.is_open = False
        self._intake.forget(self)
        self._intake.loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self.release()
        self._intake.pending_bytes -= self._lane.pending_bytes
        self._intake.store(self._lane.close(time_text(time.time())), self._lane.level)
        if self.when_closed is not None:
            self.when_closed()


def _capacity_bytes(descriptor: int) -> int:
    try:
        return fcntl.fcntl(descriptor, fcntl.F_GETPIPE_SZ)
    except (OSError, AttributeError):
        return 64 * 1024


class Intake:
    """Gives every due lane its turn, and appends what all of them gave with one call.

    Attributes:
        pending_bytes: what the unfinished lines of all lanes hold.
        taken_bytes: what was read of each replica's lanes, by its name.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        writer: SegmentWriter,
        when_stored: Callable[[], None] | None = None,
        report: Callable[[str, str], None] | None = None,
        *,
        when_full: WhenFull = "drop",
    ) -> None:
        """`report` is told, with a level, when the disk refuses records and when it takes them again; without it,
        a record says so.

        `when_full`: what to do once the memory for records that the disk refuses is short. ``drop`` the oldest, or
        ``block``: read no more, so that workers that go on writing wait in their pipes.
        """
        self.loop = loop
        self.pending_bytes = 0
        self.taken_bytes: dict[str, int] = {}
        self._readers: set[LaneReader] = set()
        self._writer = writer
        self._due: list[LaneReader] = []
        self._waiting: list[bytes] = []
        self._levels: list[str] = []
        self._gathered_bytes = 0
        self._when_stored = when_stored
        self._report = report or self._record
        self._when_full = when_full
        self._told = ""
        self._lost_before = 0
        self._retry: asyncio.TimerHandle | None = None

    def open_lane(self, descriptor: int, lane: Lane) -> LaneReader:
        """Read `descriptor`, the read end of a pipe that does not block, until it ends."""
        reader = LaneReader(self, descriptor, lane)
        self._readers.add(reader)
        return reader

    def forget(self, reader: LaneReader) -> None:
        """`reader` has come to its end."""
        self._readers.discard(reader)

    def backlogs(self) -> dict[str, int]:
        """Bytes that wait in the pipes of each replica; see `LaneReader.backlog_bytes`."""
        waiting: dict[str, int] = {}
        for reader in self._readers:
            waiting[reader.name] = waiting.get(reader.name, 0) + reader.backlog_bytes
        return waiting

    def make_due(self, reader: LaneReader) -> None:
        """Read this lane at the next turn."""
        if not self._due:
            self.loop.call_later(TURN_S, self._take_turn)
        self._due.append(reader)

    def _take_turn(self) -> None:
        """Read one budget of each due lane; those that have more are read again at once, after everybody else."""
        if self._must_wait():
            self.loop.call_later(max(TURN_S, self._writer.retry_in_s), self._take_turn)
            return
        readers, self._due = self._due, []
        for place, reader in enumerate(readers, 1):
            if reader.read() >= min(READ_BUDGET_BYTES, reader.capacity_bytes // 2):
                self._due.append(reader)
            else:
                reader.await_more()
            if self._writer.is_held_up:
                self.flush()
                if self._must_wait():
                    self._due += readers[place:]
                    break
        self.flush()
        if self._due:
            self.loop.call_soon(self._take_turn)

    def _must_wait(self) -> bool:
        """Whether what is read now might not be kept, though nothing is to be dropped."""
        return self._when_full == "block" and self._writer.is_short_of_room

    def store(self, lines: bytes, level: str = "") -> None:
        """Keep whole lines for the end of this turn, or until many have gathered.

        `level` is that of all of them, or empty.
        """
        if not lines:
            return
        if not self._waiting:
            self.loop.call_soon(self.flush)
        self._waiting.append(lines)
        self._levels.append(level)
        self._gathered_bytes += len(lines)
        if self._gathered_bytes >= GATHERED_BYTES:
            self.flush()

    def flush(self) -> None:
        """Append what has gathered."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            levels, self._levels = self._levels, []
            self._gathered_bytes = 0
            self._writer.append(lines, levels)
            self._look_after_writer()
            if self._when_stored is not None:
                self._when_stored()

    def close(self) -> None:
        """Append what has gathered or was held back, and try no more."""
        for reader in self._readers:
            reader.release()
        self.flush()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _look_after_writer(self) -> None:
        """See to another try where the disk has refused records, and say so: once when it begins, once when it ends."""
        if self._writer.is_held_up and self._retry is None:
            self._retry = self.loop.call_later(max(TURN_S, self._writer.retry_in_s), self._try_again)
        trouble, before = self._writer.last_trouble, self._told
        if bool(trouble) == bool(before):
            return
        self._told = trouble
        if trouble:
            self._lost_before = self._writer.lost
            self._report("ERROR", f"the log store has trouble: {trouble}; {self._what_happens()}")
        else:
            lost = self._writer.lost - self._lost_before
            self._report("WARNING" if lost else "INFO", f"the log store works again; {lost or 'no'} records were lost")

    def _record(self, level: str, text: str) -> None:
        self.store(engine_line(time.time(), level, text))

    def _what_happens(self) -> str:
        if not self._writer.is_held_up:
            return "the full segment is used on"
        if self._when_full == "block":
            return "records wait in memory, then in the pipes of the workers"
        return "records wait in memory, and the oldest are dropped when there are too many"

    def _try_again(self) -> None:
        self._retry = None
        self._writer.retry()
        self._look_after_writer()
        if self._when_stored is not None:
            self._when_stored()
