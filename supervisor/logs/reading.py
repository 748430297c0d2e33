"""Reads the store of one run: all segments as one list of lines, while the engine writes them or long after.

Reads only what is asked for, keeps no line, and follows growth, new segments and deleted ones.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from pathlib import Path

from supervisor.logs.block_index import BlockIndex
from supervisor.logs.segment_files import segment_name, segment_numbers

GONE_LINE = (
    b'{"time":"","level":"WARNING","message":"(this line was in a segment that has been deleted)",'
    b'"stream":"damaged","worker":"engine","incarnation":0}'
)


class _Segment:
    """One opened segment file."""

    def __init__(self, number: int, fd: int) -> None:
        self.number = number
        self.fd = fd
        self.index = BlockIndex(fd)
        self.line_count = 0
        self.is_final = False

    def refresh(self, budget_bytes: int | None) -> bool:
        if self.fd < 0:
            return False
        try:
            self.index.refresh(budget_bytes)
        except OSError:
            return False
        # Numbers that were handed out stay valid: a file that somebody has truncated keeps its count.
        has_grown = self.index.line_count > self.line_count
        self.line_count = max(self.line_count, self.index.line_count)
        return has_grown

    def read(self, first: int, count: int) -> bytes:
        """The bytes of `count` lines from `first`, newlines included; b"" where they cannot be read any more."""
        if self.fd < 0 or first + count > self.index.line_count:
            return b""
        try:
            start, end = self.index.offset(first), self.index.offset(first + count)
            return os.pread(self.fd, end - start, start)
        except OSError:
            return b""

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def close_if_deleted(self) -> None:
        """Give the disk its space back. The numbers of its lines stay; they read as `GONE_LINE`."""
        try:
            if self.fd >= 0 and os.fstat(self.fd).st_nlink == 0:
                self.close()
        except OSError:
            self.close()


class LogReader:
    """The lines of all segments in `directory`, numbered from 0 in the order in which they were stored.

    The directory may be empty or not exist yet. Call `refresh` first, and again when there may be more.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._segments: list[_Segment] = []
        self._starts: list[int] = []  # number of the first line of each segment
        self._names: list[int] = []
        self.line_count = 0

    def refresh(self, budget_bytes: int | None = None) -> bool:
        """See what was appended; True where there are new lines.

        Reads at most about `budget_bytes`; call again until it is False for the rest.
        Costs some 20 µs where nothing has changed, and 0.3 s for each GB that it sees for the first time.
        """
        numbers = segment_numbers(self._directory)
        if numbers != self._names:
            for segment in self._segments:
                segment.close_if_deleted()
            self._names = numbers
        newest = self._segments[-1].number if self._segments else 0
        pending = [number for number in numbers if number > newest]
        has_more = self._scan_newest(budget_bytes, is_followed=bool(pending))
        while pending and (not self._segments or self._segments[-1].is_final):
            if budget_bytes is not None and has_more:
                break
            self._open(pending.pop(0))
            has_more |= self._scan_newest(budget_bytes, is_followed=bool(pending))
        return has_more

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` lines from number `first`, without newlines; fewer at the end of the store."""
        out: list[bytes] = []
        for length, data in self._spans(first, count):
            found = data[:-1].split(b"\n")
            out += found if data and len(found) == length else [GONE_LINE] * length
        return out

    def block(self, first: int, count: int) -> bytes:
        """The same lines as bytes, each with its newline; lines of deleted segments are left out."""
        return b"".join(data for _, data in self._spans(first, count))

    def close(self) -> None:
        """Close all files."""
        for segment in self._segments:
            segment.close()

    def _open(self, number: int) -> None:
        try:
            fd = os.open(self._directory / segment_name(number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return  # deleted, or replaced by what is no file of ours
        self._segments.append(_Segment(number, fd))
        self._starts.append(self.line_count)

    def _scan_newest(self, budget_bytes: int | None, *, is_followed: bool) -> bool:
        """Scan the newest segment; it is final once a later one existed before it was scanned to its end."""
        if not self._segments:
            return False
        segment = self._segments[-1]
        has_grown = segment.refresh(budget_bytes)
        if is_followed and (budget_bytes is None or not has_grown):
            segment.is_final = True
        if has_grown:
            self.line_count = self._starts[-1] + segment.line_count
        return has_grown

    def _spans(self, first: int, count: int) -> list[tuple[int, bytes]]:
        """(lines, bytes) for each segment that the range touches; no bytes where it is gone."""
        first, end = max(first, 0), min(max(first, 0) + count, self.line_count)
        spans = []
        place = max(bisect_right(self._starts, first) - 1, 0)
        while first < end:
            segment, start = self._segments[place], self._starts[place]
            length = min(end, start + segment.line_count) - first
            if length > 0:
                spans.append((length, segment.read(first - start, length)))
                first += length
            place += 1
        return spans
