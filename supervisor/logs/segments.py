"""Appends stored lines to the segment files of one run. Owns files and counters; never raises on disk trouble.

::

    <run>/logs/000001.ndjson   64 MiB of whole lines
    <run>/logs/000002.ndjson   the newest; appended to with one writev

What cannot be stored is counted; once the disk takes lines again, the first of them says how many were lost.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from pathlib import Path

from supervisor.logs.record import engine_line

SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_SUFFIX = ".ndjson"

_MOST_BUFFERS = 1024  # IOV_MAX of Linux
_OPEN_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
_LEVEL_MARKS = (b'Z","level":"WARNING"', b'Z","level":"ERROR"', b'Z","level":"CRITICAL"')


def segment_name(number: int) -> str:
    """``000001.ndjson``; numbers begin at 1."""
    return f"{number:06d}{SEGMENT_SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """The numbers of the segments in `directory`, ascending; empty where there is no such directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    stems = (name[: -len(SEGMENT_SUFFIX)] for name in names if name.endswith(SEGMENT_SUFFIX))
    return sorted(int(stem) for stem in stems if stem.isdecimal())


class SegmentWriter:
    """The one writer of `directory`. A new segment follows once the newest holds `segment_bytes` or more.

    Attributes:
        records: lines stored.
        bytes: bytes stored.
        warnings: stored records of level WARNING.
        errors: stored records of level ERROR and CRITICAL.
        lost: lines that could not be stored.
        last_trouble: why, in words; empty while all is well.
    """

    def __init__(self, directory: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._fd = -1
        self._size_bytes = 0
        self._number = 0
        self._lost_unsaid = 0
        self._must_rotate = False
        self.records = 0
        self.bytes = 0
        self.warnings = 0
        self.errors = 0
        self.lost = 0
        self.last_trouble = ""

    @property
    def path(self) -> Path:
        """The newest segment."""
        return self._directory / segment_name(max(self._number, 1))

    def append(self, blocks: Sequence[bytes]) -> None:
        """Store blocks of whole lines, in order. Never raises: what the disk refuses is counted in `lost`."""
        blocks = [block for block in blocks if block]
        for start in range(0, len(blocks), _MOST_BUFFERS):
            self._append(blocks[start : start + _MOST_BUFFERS])

    def close(self) -> None:
        """Close the newest segment. A later `append` opens another."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _append(self, blocks: list[bytes]) -> None:
        if not blocks:
            return
        try:
            trouble = self._make_room()
            self._say_loss()
            stored = self._write(blocks)
        except OSError as error:
            self._lose(sum(block.count(b"\n") for block in blocks), error)
            return
        if not self._lost_unsaid:
            self.last_trouble = trouble
        self._count(stored)

    def _make_room(self) -> str:
        """See to an open segment that has its name and room; in words what keeps a full one in use."""
        if self._fd >= 0 and os.fstat(self._fd).st_nlink == 0:
            self.close()  # deleted under us: lines in it would be gone with the descriptor
        is_full = self._size_bytes >= self._segment_bytes or self._must_rotate
        if self._fd >= 0 and not is_full:
            return ""
        try:
            self._open_next()
        except OSError as error:
            if self._fd < 0 or self._must_rotate:
                raise
            return _words(error, self._directory)  # better a segment too long than lines lost
        return ""

    def _open_next(self) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            number = max([self._number, *segment_numbers(self._directory)]) + 1
            fd = os.open(segment_name(number), _OPEN_FLAGS | os.O_EXCL, 0o600, dir_fd=folder)
        finally:
            os.close(folder)
        self.close()
        self._fd, self._number, self._size_bytes, self._must_rotate = fd, number, 0, False

    def _write(self, blocks: list[bytes]) -> list[bytes]:
        """Write all blocks, or up to the last line that fits; the blocks as stored. Raises where none fits."""
        total = sum(map(len, blocks))
        written = os.writev(self._fd, blocks)
        if written == total:
            self._size_bytes += total
            return blocks
        whole = b"".join(blocks)
        try:
            while written < total:
                written += os.write(self._fd, memoryview(whole)[written:])
        except OSError as error:
            kept = whole[: whole.rfind(b"\n", 0, written) + 1]
            self._cut(written - len(kept))
            self._lose(whole.count(b"\n", len(kept)), error)
            whole = kept
        self._size_bytes += len(whole)
        return [whole]

    def _cut(self, torn_bytes: int) -> None:
        """Take back the part of a line that was written last, so that no line is ever torn."""
        try:
            os.ftruncate(self._fd, os.fstat(self._fd).st_size - torn_bytes)
        except OSError:
            self._must_rotate = True  # readers ignore an unfinished last line, so a new segment is as good

    def _lose(self, lines: int, error: OSError) -> None:
        self.lost += lines
        self._lost_unsaid += lines
        self.last_trouble = _words(error, self._directory)
        if error.errno in (errno.EFBIG, errno.EIO, errno.EBADF):
            self._must_rotate = True  # this file takes no more, another one may

    def _say_loss(self) -> None:
        """Leave a mark where lines are missing, once the disk takes lines again."""
        count = self._lost_unsaid
        if not count:
            return
        message = f"{count} log {'record' if count == 1 else 'records'} lost: {self.last_trouble}"
        line = engine_line(time.time(), "ERROR", message, extra={"lost": count})
        written = os.write(self._fd, line)
        if written < len(line):
            self._cut(written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._size_bytes += written
        self._lost_unsaid = 0
        self._count([line])

    def _count(self, stored: list[bytes]) -> None:
        warnings, errors, criticals = _LEVEL_MARKS
        for block in stored:
            self.records += block.count(b"\n")
            self.bytes += len(block)
            self.warnings += block.count(warnings)
            self.errors += block.count(errors) + block.count(criticals)


def _words(error: OSError, directory: Path) -> str:
    return f"{error.strerror or error} ({directory})"
