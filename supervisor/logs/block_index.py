"""Where the lines of one segment begin: newline counts per 64 KiB, so that any line is found by reading one block.

Two million lines cost some 30 KiB. Only whole lines are counted; an unfinished last line does not exist yet. What the
writer has noted of whole blocks is taken over, as far as it fits the file.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable
from itertools import accumulate

from supervisor.logs.index_file import BlockFacts, NotedBlocks, facts_of
from supervisor.logs.segment_files import BLOCK_BYTES, SegmentFile, newlines

_READ_BYTES = 2 * BLOCK_BYTES
"""What caches hold; a MiB at a time would also leave holes in the heap of a process that reads on for hours."""


class BlockIndex:
    """The line index of one growing file, which it does not own.

    Args:
        noted: what the writer has noted of its first blocks; a reader that has to count for itself gives none.
        noted_now: gives what the writer has noted since as well.

    Attributes:
        line_count: whole lines found so far.
        scanned_bytes: the end of the last of them.
    """

    def __init__(
        self,
        file: SegmentFile,
        noted: NotedBlocks | None = None,
        noted_now: Callable[[], NotedBlocks] = NotedBlocks,
    ) -> None:
        self._file = file
        self._lines_up_to = array("Q")  # newlines before the end of each whole block
        self._tail_lines = 0  # newlines after the last whole block
        self._noted = NotedBlocks()
        self._noted_now = noted_now
        self._noted_blocks = 0
        self._facts: dict[int, BlockFacts] = {}
        self._nearest = (0, 0)  # a line, and where it begins: pages that adjoin share one end
        self.line_count = 0
        self.scanned_bytes = 0
        if noted:
            self._take_over(noted)

    def refresh(self, budget_bytes: int | None = None) -> bool:
        """Count what was appended since the last call, at most about `budget_bytes`; True where there was a new line.

        Raises OSError where the file cannot be read.
        """
        size = self._file.size()
        if size < self.scanned_bytes:
            self._forget()  # somebody truncated the file
        before, origin = self.line_count, self.scanned_bytes
        end = size if budget_bytes is None else min(size, self.scanned_bytes + max(budget_bytes, BLOCK_BYTES))
        while self.scanned_bytes < end:
            start = self.scanned_bytes
            data = self._file.read(min(_READ_BYTES, end - start), start)
            whole = data.rfind(b"\n") + 1
            # A line longer than a read; what the budget has cut is left for the next call, unless it is all there is.
            while not whole and start + len(data) < size and (end == size or start == origin):
                more = self._file.read(_READ_BYTES, start + len(data))
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
        if self._nearest[0] == line:
            return self._nearest[1]
        block = bisect_left(self._lines_up_to, line)  # the block that holds newline number `line`
        nth = line - (self._lines_up_to[block - 1] if block else 0)
        start = block * BLOCK_BYTES
        data = self._file.read(BLOCK_BYTES, start)
        rest = data.split(b"\n", nth)
        if len(rest) <= nth:
            raise OSError(f"segment shrank: block {block} holds {len(rest) - 1} newlines, {nth} expected")
        self._nearest = (line, start + len(data) - len(rest[nth]))
        return self._nearest[1]

    @property
    def block_count(self) -> int:
        """Blocks in which whole lines end, the last one included."""
        return -(-self.scanned_bytes // BLOCK_BYTES)

    def lines_before(self, block: int) -> int:
        """How many lines end before block number `block`; `block_count` gives `line_count`."""
        if block == 0:
            return 0
        return self._lines_up_to[block - 1] if block <= len(self._lines_up_to) else self.line_count

    def facts(self, block: int) -> BlockFacts:
        """What is in block number `block`. Counts it where nobody has noted it. Raises OSError."""
        if block < self._noted_blocks:
            return self._noted[block]
        known = self._facts.get(block)
        if known is not None:
            return known
        if block < len(self._lines_up_to) and self._has_been_noted(block):
            return self._noted[block]
        start = block * BLOCK_BYTES
        margin = min(start, 64)  # a level's mark may begin in the block before
        data = self._file.read(BLOCK_BYTES + margin, start - margin)[: self.scanned_bytes - start + margin]
        facts = facts_of(data, margin, len(data))
        if start + BLOCK_BYTES <= self.scanned_bytes:
            self._facts[block] = facts
        return facts

    def _has_been_noted(self, block: int) -> bool:
        """See what the writer has noted since; believed is what fits the lines that were counted."""
        noted = self._noted_now()
        if block >= len(noted) or noted[block].lines != self.lines_before(block + 1) - self.lines_before(block):
            return False
        self._noted, self._noted_blocks = noted, block + 1
        whole = min(len(noted), len(self._lines_up_to))
        if noted[whole - 1].lines == self.lines_before(whole) - self.lines_before(whole - 1):
            self._noted_blocks = whole
        return True

    def _take_over(self, noted: NotedBlocks) -> None:
        """Believe what fits the file: so many blocks, and the first and the last of them as they are noted."""
        try:
            count = min(len(noted), self._file.size() // BLOCK_BYTES)
            for block in {0, count - 1} if count else ():
                if newlines(self._file.read(BLOCK_BYTES, block * BLOCK_BYTES)) != noted[block].lines:
                    return
            end = count * BLOCK_BYTES
            while end > 0:  # the end of the last whole line; one of many megabytes spans blocks
                last = self._file.read(BLOCK_BYTES, end - BLOCK_BYTES).rfind(b"\n") + 1
                if last:
                    end += last - BLOCK_BYTES
                    break
                end -= BLOCK_BYTES
        except OSError:
            return
        totals = array("Q", accumulate(noted.lines()[:count]))
        whole = end // BLOCK_BYTES
        self._lines_up_to = totals[:whole]
        self._noted, self._noted_blocks = noted, count
        self.line_count = totals[-1] if totals else 0
        self._tail_lines = self.line_count - (totals[whole - 1] if whole else 0)
        self.scanned_bytes = end

    def _count(self, data: bytes, whole: int) -> None:
        """Take ``data[:whole]``, which begins at `scanned_bytes` and ends with a newline, into the blocks."""
        position = 0
        while position < whole:
            room = BLOCK_BYTES - (self.scanned_bytes + position) % BLOCK_BYTES
            taken = min(room, whole - position)
            self._tail_lines += newlines(data, position, position + taken)
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
        self._facts.clear()
        self._noted_blocks = 0
        self._nearest = (0, 0)
