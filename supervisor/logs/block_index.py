"""Where the lines of one segment begin: newline counts per 64 KiB, so that any line is found by reading one block.

Two million lines cost some 30 KiB. Only whole lines are counted; an unfinished last line does not exist yet.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left

BLOCK_BYTES = 64 * 1024
_READ_BYTES = 16 * BLOCK_BYTES


class BlockIndex:
    """The line index of one growing file, given as the descriptor `fd`, which it does not own.

    Attributes:
        line_count: whole lines found so far.
        scanned_bytes: the end of the last of them.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lines_up_to = array("Q")  # newlines before the end of each whole block
        self._tail_lines = 0  # newlines after the last whole block
        self.line_count = 0
        self.scanned_bytes = 0

    def refresh(self, budget_bytes: int | None = None) -> bool:
        """Count what was appended since the last call, at most about `budget_bytes`; True where there was a new line.

        Raises OSError where the file cannot be read.
        """
        size = os.fstat(self._fd).st_size
        if size < self.scanned_bytes:
            self._forget()  # somebody truncated the file
        before, origin = self.line_count, self.scanned_bytes
        end = size if budget_bytes is None else min(size, self.scanned_bytes + max(budget_bytes, BLOCK_BYTES))
        while self.scanned_bytes < end:
            start = self.scanned_bytes
            data = os.pread(self._fd, min(_READ_BYTES, end - start), start)
            whole = data.rfind(b"\n") + 1
            # A line longer than a read; what the budget has cut is left for the next call, unless it is all there is.
            while not whole and start + len(data) < size and (end == size or start == origin):
                more = os.pread(self._fd, _READ_BYTES, start + len(data))
                if not more:
                    break
                data += more
                whole = data.rfind(b"\n") + 1
            if not whole:
                break
            self._count(data, whole)
        return self.line_count != before

    def offset(self, line: int) -> int:
        """Where line number `line` begins, from 0; for `line_count` the end of the last line.

        Raises IndexError outside of ``0 <= line <= line_count``.
        """
        if not 0 <= line <= self.line_count:
            raise IndexError(f"line {line} of {self.line_count}")
        if line == 0:
            return 0
        if line == self.line_count:
            return self.scanned_bytes
        block = bisect_left(self._lines_up_to, line)  # the block that holds newline number `line`
        nth = line - (self._lines_up_to[block - 1] if block else 0)
        start = block * BLOCK_BYTES
        data = os.pread(self._fd, BLOCK_BYTES, start)
        rest = data.split(b"\n", nth)
        if len(rest) <= nth:
            raise OSError(f"segment shrank: block {block} holds {len(rest) - 1} newlines, {nth} expected")
        return start + len(data) - len(rest[nth])

    def _count(self, data: bytes, whole: int) -> None:
        """Take ``data[:whole]``, which begins at `scanned_bytes` and ends with a newline, into the blocks."""
        position = 0
        while position < whole:
            room = BLOCK_BYTES - (self.scanned_bytes + position) % BLOCK_BYTES
            taken = min(room, whole - position)
            self._tail_lines += data.count(b"\n", position, position + taken)
            position += taken
            if taken == room:
                before = self._lines_up_to[-1] if self._lines_up_to else 0
                self._lines_up_to.append(before + self._tail_lines)
                self._tail_lines = 0
        self.scanned_bytes += whole
        self.line_count = (self._lines_up_to[-1] if self._lines_up_to else 0) + self._tail_lines

    def _forget(self) -> None:
        self._lines_up_to = array("Q")
        self._tail_lines = self.line_count = self.scanned_bytes = 0
