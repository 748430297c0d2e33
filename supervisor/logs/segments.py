"""Appends stored lines to the segment files of one run. Owns files and counters; never raises on disk trouble.

::

    <run>/logs/000001.ndjson   64 MiB of whole lines
    <run>/logs/000002.ndjson   the newest; appended to with one writev
                  ▲
    blocks ───────┴── refused by the disk ──► Backlog (bounded memory, the oldest go) ──► tried again ever more seldom

What had to be dropped is counted; once the disk takes lines again, a line says how many are missing there.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from supervisor.logs.backlog import BACKLOG_BYTES, Backlog
from supervisor.logs.index_file import IndexWriter
from supervisor.logs.record import engine_line
from supervisor.logs.retention import KEEP_ALL, Retention, expendable, remove_segment, stored_segments
from supervisor.logs.segment_files import segment_name, segment_numbers

SEGMENT_BYTES = 64 * 1024 * 1024

RETRY_MIN_S: Final = 0.1
RETRY_MAX_S: Final = 5.0
"""How long the disk is left alone after a refusal: the shorter first, then twice as long up to the longer."""

RETAIN_EVERY_S: Final = 60.0
"""How often it is looked for segments that are too old; whenever one is begun as well."""

LOOK_EVERY_S: Final = 1.0
"""How often it is checked that the newest segment is still where its name says, and tried again to begin another."""

_MOST_BUFFERS = 1024  # IOV_MAX of Linux
_OPEN_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_FILE_TROUBLE = {errno.EFBIG, errno.EIO, errno.EBADF}
"""This file takes no more; another one may."""
_MOST_LANES_SAID = 20


_LANE_MARK = re.compile(rb',"stream":"(\w+)","worker":"([^"]*)","incarnation":\d+\}\n')


class SegmentWriter:
    """The one writer of `directory`. A new segment follows once the newest holds `segment_bytes` or is old enough.

    Attributes:
        records: lines stored.
        bytes: bytes stored.
        warnings: stored records of level WARNING.
        errors: stored records of level ERROR and CRITICAL.
        lost: lines that were dropped because the disk did not take them in time.
        lost_of: the same by lane, ``parse.2 stdout``.
        removed_bytes: what was deleted because more is not to be kept.
        last_trouble: what the disk refuses, in words; empty while all is well.
    """

    def __init__(
        self,
        directory: Path,
        segment_bytes: int = SEGMENT_BYTES,
        *,
        segment_age_s: float | None = None,
        retention: Retention = KEEP_ALL,
        backlog_bytes: int = BACKLOG_BYTES,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._segment_age_s = segment_age_s
        self._retention = retention
        self._monotonic_s = monotonic_s
        self._index: IndexWriter | None = None
        self._opened_s = self._retained_s = 0.0
        self._marks: list[bytes] = []
        self._backlog = Backlog(backlog_bytes)
        self._retry_at_s = 0.0
        self._pause_s = RETRY_MIN_S
        self._looked_s = 0.0
        self._fd = -1
        self._size_bytes = 0
        self._number = 0
        self._lost_unsaid: Counter[str] = Counter()
        self._must_rotate = False
        self._records_before = 0
        self._is_vanished = False
        self.records = 0
        self.bytes = 0
        self.warnings = 0
        self.errors = 0
        self.lost = 0
        self.lost_of: Counter[str] = Counter()
        self.removed_bytes = 0
        self.last_trouble = ""

    def go_by(self, segment_bytes: int, segment_age_s: float | None, retention: Retention) -> None:
        """Begin segments, and keep them, by other rules from now on."""
        self._segment_bytes = segment_bytes
        self._segment_age_s = segment_age_s
        self._retention = retention

    @property
    def path(self) -> Path:
        """The newest segment."""
        return self._directory / segment_name(max(self._number, 1))

    @property
    def is_held_up(self) -> bool:
        """The disk refuses, and what was not stored waits in memory or has been dropped."""
        return bool(self._backlog) or bool(self._lost_unsaid)

    @property
    def is_short_of_room(self) -> bool:
        """So much waits in memory that what comes next may cost what came first."""
        return self._backlog.is_full

    @property
    def retry_in_s(self) -> float:
        """When `retry` is worth a call; only while `is_held_up`."""
        return max(0.0, self._retry_at_s - self._monotonic_s())

    def append(self, blocks: Sequence[bytes], levels: Sequence[str] = ()) -> None:
        """Store blocks of whole lines, in order. Never raises: what the disk refuses waits, and is stored later.

        `levels`: for each block the level of all its lines, empty where they have to be looked at, as without it.
        """
        if self._marks or not all(blocks):
            blocks, self._marks, levels = [block for block in (*self._marks, *blocks) if block], [], ()
        if not self.is_held_up:
            blocks = self._store(blocks, levels)
        if blocks:
            self._drop(*self._backlog.add(blocks))
            if self._monotonic_s() >= self._retry_at_s:
                self.retry()

    def retry(self) -> None:
        """Try again to store what waits."""
        try:
            trouble = self._make_room()
            self._say_loss()
        except OSError as error:
            self._hold_off(error)
            return
        while self._backlog:
            left = self._store([self._backlog.take()])
            if left:
                self._backlog.put_back(left[0])
                return
        self._pause_s = RETRY_MIN_S
        self.last_trouble = trouble

    def close(self) -> None:
        """Close the newest segment; what still waits is lost. A later `append` opens another."""
        if self._marks:
            self.append([])
        if self.is_held_up:
            self.retry()
            while self._backlog:
                self._drop(self._backlog.take())
        self._close_file()

    def _close_file(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._index is not None:
            self._index.close()
            self._index = None

    def _store(self, blocks: Sequence[bytes], levels: Sequence[str] = ()) -> Sequence[bytes]:
        """Write blocks; what the disk has refused of them, as whole lines."""
        for start in range(0, len(blocks), _MOST_BUFFERS):
            some = blocks[start : start + _MOST_BUFFERS]
            try:
                trouble = self._make_room()
                left = self._write(some, levels[start : start + _MOST_BUFFERS])
            except OSError as error:
                self._hold_off(error)
                return blocks[start:]
            if left:
                return [left, *blocks[start + _MOST_BUFFERS :]]
            self.last_trouble = trouble
        return []

    def _make_room(self) -> str:
        """See to an open segment that has its name and room; in words what keeps a full one in use."""
        if self._fd >= 0 and os.fstat(self._fd).st_nlink == 0:
            self._close_file()  # deleted under us: lines in it would be gone with the descriptor
            self._say_vanished()
        is_wanted = self._is_full() or self._must_rotate or self._has_moved()
        if self._fd >= 0 and not (is_wanted and self._monotonic_s() >= self._retry_at_s):
            return self.last_trouble if is_wanted else ""
        try:
            self._open_next()
        except OSError as error:
            if self._fd < 0 or self._must_rotate:
                raise
            self._retry_at_s = self._monotonic_s() + LOOK_EVERY_S
            return _words(error, self._directory)  # better a segment too long than lines lost
        return ""

    def _is_full(self) -> bool:
        if self._size_bytes >= self._segment_bytes:
            return True
        now_s = self._monotonic_s()
        if self._retention and self._fd >= 0 and now_s >= self._retained_s + RETAIN_EVERY_S:
            self._retain()
        is_old = self._segment_age_s is not None and now_s >= self._opened_s + self._segment_age_s
        return is_old and self._size_bytes > 0

    def _has_moved(self) -> bool:
        """Whether another file, or none, stands where the newest segment should; a look each second."""
        now_s = self._monotonic_s()
        if self._fd < 0 or now_s < self._looked_s + LOOK_EVERY_S:
            return False
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            there = None
        is_moved = there is None or not os.path.samestat(there, os.fstat(self._fd))
        if not is_moved:
            self._looked_s = now_s  # one that has moved is looked at again until another segment could be opened
        elif not self._is_vanished:
            self._say_vanished()
        return is_moved

    def _say_vanished(self) -> None:
        """Leave a mark, and a count, where somebody else has taken the newest segment away."""
        count = self.records - self._records_before
        text = f"log segment {self.path.name} was deleted or moved while it was in use; {count} records were in it"
        self._marks.append(engine_line(time.time(), "WARNING", text, extra={"segment": self._number, "records": count}))
        self._is_vanished = True

    def _open_next(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            number = max([self._number, *segment_numbers(self._directory)]) + 1
            fd = os.open(segment_name(number), _OPEN_FLAGS | os.O_EXCL, 0o600, dir_fd=folder)
            self._close_file()
            self._index = IndexWriter(folder, number, self.records)
        finally:
            os.close(folder)
        self._fd, self._number, self._size_bytes, self._must_rotate = fd, number, 0, False
        self._looked_s = self._opened_s = self._monotonic_s()
        self._records_before, self._is_vanished = self.records, False
        if self._retention:
            self._retain()

    def _retain(self) -> None:
        """Delete the oldest segments where there is more than is to be kept, and leave a mark that says so."""
        self._retained_s = self._monotonic_s()
        gone_bytes = count = 0
        for segment in expendable(stored_segments(self._directory), self._retention, time.time()):
            try:
                remove_segment(self._directory, segment.number)
            except OSError:
                break  # tried again with the next segment
            gone_bytes += segment.size_bytes
            count += 1
        if count:
            self.removed_bytes += gone_bytes
            what = "oldest log segment was" if count == 1 else f"{count} oldest log segments were"
            text = f"the {what} deleted, as [logs] says"
            self._marks.append(engine_line(time.time(), "INFO", text, extra={"segments": count, "bytes": gone_bytes}))

    def _write(self, blocks: Sequence[bytes], levels: Sequence[str]) -> bytes:
        """Write all blocks, or up to the last line that fits; the lines that did not fit. Raises where none did."""
        total = sum(map(len, blocks))
        written = os.writev(self._fd, blocks)
        if written == total:
            self._count(blocks, levels)
            return b""
        whole = b"".join(blocks)
        try:
            while written < total:
                written += os.write(self._fd, memoryview(whole)[written:])
        except OSError as error:
            kept = whole.rfind(b"\n", 0, written) + 1
            self._cut(written - kept)
            self._hold_off(error)
            self._count([whole[:kept]])
            return whole[kept:]
        self._count([whole])
        return b""

    def _cut(self, torn_bytes: int) -> None:
        """Take back the part of a line that was written last, so that no line is ever torn."""
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - torn_bytes)
        except OSError:
            self._must_rotate = True  # readers ignore an unfinished last line, so a new segment is as good

    def _hold_off(self, error: OSError) -> None:
        """Leave the disk alone for a while, a longer one each time."""
        self.last_trouble = _words(error, self._directory)
        is_first_of_file = error.errno in _FILE_TROUBLE and self._pause_s == RETRY_MIN_S
        self._must_rotate |= error.errno in _FILE_TROUBLE
        self._retry_at_s = self._monotonic_s() + (0.0 if is_first_of_file else self._pause_s)
        self._pause_s = min(2 * self._pause_s, RETRY_MAX_S)

    def _drop(self, *blocks: bytes) -> None:
        """Count the lines of `blocks`, which are lost, for each lane."""
        for block in blocks:
            count = block.count(b"\n")
            lanes = Counter(_LANE_MARK.findall(block))
            found = Counter({f"{name.decode()} {stream.decode()}": n for (stream, name), n in lanes.items()})
            if found.total() < count:
                found["?"] = count - found.total()
            self.lost += count
            self.lost_of += found
            self._lost_unsaid += found

    def _say_loss(self) -> None:
        """Leave a mark where lines are missing, once the disk takes lines again."""
        count = self._lost_unsaid.total()
        if not count:
            return
        message = f"{count} log {'record' if count == 1 else 'records'} lost: {self.last_trouble}"
        extra = {"lost": count, "of": dict(self._lost_unsaid.most_common(_MOST_LANES_SAID))}
        line = engine_line(time.time(), "ERROR", message, extra=extra)
        written = os.write(self._fd, line)
        if written < len(line):
            self._cut(written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._lost_unsaid = Counter()
        self._count([line])

    def _count(self, stored: Sequence[bytes], levels: Sequence[str] = ()) -> None:
        index = self._index
        assert index is not None
        now = time.time()
        before = index.warnings, index.errors
        for block, level in zip(stored, levels or [""] * len(stored), strict=True):
            self._size_bytes += len(block)
            self.bytes += len(block)
            self.records += index.add(block, now, level)
        self.warnings += index.warnings - before[0]
        self.errors += index.errors - before[1]


def _words(error: OSError, directory: Path) -> str:
    return f"{error.strerror or error} ({directory})"
