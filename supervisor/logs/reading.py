"""Reads the store of one run: all segments as one list of lines, while the engine writes them or long after.

Reads only what is asked for, keeps no line, and follows growth, new segments and deleted ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple
from weakref import WeakMethod

from supervisor.logs.block_index import BlockIndex
from supervisor.logs.index_file import BlockFacts, read_index
from supervisor.logs.open_files import OpenFiles, StoredFile
from supervisor.logs.segment_files import BLOCK_BYTES, SegmentFile, segment_numbers

GONE_LINE = (
    b'{"time":"","level":"WARNING","message":"(this line was in a segment that has been deleted)",'
    b'"stream":"damaged","worker":"engine","incarnation":0}'
)

MARGIN_BYTES: Final = 4096
"""Most lines that end in a block begin at most so many bytes before it."""

MOST_INDEXED: Final = 4
"""Segments of which it is held in memory where their lines begin, some 50 bytes for each 64 KiB."""

MOST_WAIT_US: Final = 10 * 60 * 1_000_000
"""A record that a full disk has kept waiting for longer than this may be missed by a search up to a time."""


class _Segment:
    """One segment, open as long as it can be read. Where its lines begin is known, or can be found out again."""

    def __init__(self, directory: Path, number: int, files: OpenFiles, keep: Callable[[_Segment], None]) -> None:
        """`keep` is told whenever it has found that out. Raises OSError where it cannot be opened."""
        self.number = number
        self.stored_before: int | None = None
        """How many lines were stored before its first, as far as its index tells."""
        self._directory = directory
        self._keep = WeakMethod(keep)  # who forgets a reader without closing it gets its descriptors back at once
        self._file: SegmentFile | None = StoredFile(files, number)
        self._index: BlockIndex | None = self._indexed(self._file)
        self.line_count = self._index.line_count
        self.is_final = False
        keep(self)

    @property
    def index(self) -> BlockIndex:
        """Where its lines begin. Raises OSError where it cannot be read any more."""
        if self._file is None:
            raise OSError(f"segment {self.number} has been deleted")
        if self._index is None:
            index = self._indexed(self._file)
            index.refresh()
            self._index = index
            if (keep := self._keep()) is not None:
                keep(self)
        return self._index

    def _indexed(self, file: SegmentFile) -> BlockIndex:
        noted_now = partial(read_index, self._directory, self.number)
        noted = noted_now()
        self.stored_before = noted.lines_before
        return BlockIndex(file, noted, noted_now)

    def rest(self) -> None:
        """Hold nothing in memory that can be found out again. Only where it is final."""
        self._index = None

    def refresh(self, budget_bytes: int | None) -> bool:
        try:
            index = self.index
            index.refresh(budget_bytes)
        except OSError:
            return False
        # Numbers that were handed out stay valid: a file that somebody has truncated keeps its count.
        has_grown = index.line_count > self.line_count
        self.line_count = max(self.line_count, index.line_count)
        return has_grown

    def read(self, first: int, count: int) -> bytes:
        """The bytes of `count` lines from `first`, newlines included; b"" where they cannot be read any more."""
        try:
            index, file = self.index, self._file
            if file is None or first + count > index.line_count:
                return b""
            start, end = index.offset(first), index.offset(first + count)
            return file.read(end - start, start)
        except OSError:
            return b""

    @property
    def block_count(self) -> int:
        """Blocks in which whole lines end; 0 where they cannot be read any more."""
        try:
            return self.index.block_count
        except OSError:
            return 0

    @property
    def stored_bytes(self) -> int:
        """Bytes of all its lines that are known; 0 where they cannot be read any more."""
        try:
            return self.index.scanned_bytes
        except OSError:
            return 0

    def lines_before(self, block: int) -> int:
        """How many lines end before a block; all of them where it cannot be read any more."""
        try:
            return self.index.lines_before(block)
        except OSError:
            return self.line_count

    def chunk(self, first_block: int, end_block: int) -> tuple[int, bytes]:
        """The lines that end in these blocks: the number of the first, and their bytes; none where they are gone."""
        first, end = self.lines_before(first_block), self.lines_before(end_block)
        file = self._file
        if file is None or first == end:
            return first, b""
        try:
            index, start = self.index, first_block * BLOCK_BYTES
            before = min(start, MARGIN_BYTES)
            size = min(end_block * BLOCK_BYTES, index.scanned_bytes) - start
            data = file.read(size + before, start - before)
            begin = data.rfind(b"\n", 0, before) + 1 if before else 0
            if before and not begin:  # the first line is a long one
                begin_at = index.offset(first)
                data = file.read(size + start - begin_at, begin_at)
        except OSError:
            return first, b""
        return first, data[begin : data.rfind(b"\n") + 1]

    def may_hold(self, first_block: int, end_block: int, since_us: int, until_us: int) -> bool:
        """False where no record in these blocks can be as young as `since_us`, or as old as `until_us`.

        Records are stored after they were made, so what was stored before the one holds none. What blocks' first
        records say of the other is true but for records that have waited `MOST_WAIT_US` to be stored. Each block is
        asked: a clock may have been put back between them.
        """
        try:
            facts = [self.index.facts(block) for block in range(first_block, end_block)]
        except OSError:
            return True
        if since_us and all(0 < each.stored_us < since_us for each in facts):
            return False
        begun_us = [each.first_us for each in facts if each.first_us]
        return not (until_us and begun_us and min(begun_us) > until_us + MOST_WAIT_US)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = self._index = None

    @property
    def is_gone(self) -> bool:
        """Its lines cannot be read any more. Their numbers stay, and they read as `GONE_LINE`."""
        return self._file is None

    def close_if_deleted(self) -> None:
        """Give the disk its space back."""
        if self._file is not None and self._file.is_deleted:
            self.close()

    def stand_for(self, line_count: int) -> None:
        """Take the place of those before as well, which are gone too: so many lines in all."""
        self.line_count = line_count


class _Missed(_Segment):
    """Segments that were deleted before anybody had opened them."""

    def __init__(self, number: int, line_count: int) -> None:
        """`number`: of the last of them; `line_count`: of all together."""
        self.number, self.line_count = number, line_count
        self.is_final = True
        self._file = self._index = None


class Chunk(NamedTuple):
    """Neighbouring lines, as many as end in some blocks of one segment."""

    segment: int
    """The number of the segment."""
    first: int
    """The number of the first line, in that segment."""
    line: int
    """The number of the first line, in the whole store."""
    data: bytes
    """The lines, each with its newline."""


class StoredBlock(NamedTuple):
    """What is known of 64 KiB of the store without a look at its lines."""

    line: int
    """The number of the first line that ends in it."""
    facts: BlockFacts


class LogReader:
    """The lines of all segments in `directory`, numbered from 0 in the order in which they were stored.

    The directory may be empty or not exist yet. Call `refresh` first, and again when there may be more.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files = OpenFiles(directory)
        self._segments: list[_Segment] = []
        self._starts: list[int] = []  # number of the first line of each segment
        self._names: list[int] = []
        self._indexed: dict[int, _Segment] = {}  # those that hold where their lines begin, the oldest to do so first
        self._not_ours: int | None = None  # lines that were stored before number 0
        self.line_count = 0

    def refresh(self, budget_bytes: int | None = None) -> bool:
        """See what was appended; True where there are new lines.

        Reads at most about `budget_bytes`; call again until it is False for the rest.
        Costs some 20 µs where nothing has changed, and 0.3 s for each GB that it sees for the first time and of which
        no index tells.
        """
        numbers = segment_numbers(self._directory)
        if numbers != self._names:
            listed = set(numbers)
            self._files.close_renamed()
            for segment in self._segments:
                if segment.number not in listed:
                    segment.close_if_deleted()
            self._join_gone()
            self._names = numbers
        newest = self._segments[-1].number if self._segments else 0
        pending = [number for number in numbers if number > newest]
        has_more = self._scan_newest(budget_bytes, is_followed=bool(pending))
        while pending and (not self._segments or self._segments[-1].is_final):
            if budget_bytes is not None and has_more:
                break
            has_more |= self._open(pending.pop(0))
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

    def chunks_back(
        self, blocks: int = 16, *, since_us: int = 0, until_us: int = 0, end_line: int | None = None
    ) -> Iterator[Chunk]:
        """All lines there are now, or those before `end_line`, the newest chunk first, `blocks` blocks in each.

        Left out are chunks in which surely no record is as young as `since_us`, or as old as `until_us`; 0: no limit.
        """
        for place in range(len(self._segments) - 1, -1, -1):
            segment, start = self._segments[place], self._starts[place]
            if end_line is not None and start >= end_line:
                continue
            end = segment.block_count
            while end > 0:
                first_block = max(0, end - blocks)
                first = segment.lines_before(first_block)
                if not (end_line is not None and start + first >= end_line) and segment.may_hold(
                    first_block, end, since_us, until_us
                ):
                    number, data = segment.chunk(first_block, end)
                    if data:
                        yield Chunk(segment.number, number, start + number, data)
                end = first_block

    def blocks(self, from_line: int = 0) -> Iterator[StoredBlock]:
        """What is known of every block, or of those from the one in which line number `from_line` ends; oldest first.

        Counts what nobody has noted, some 0.1 ms for each such block.
        """
        place = max(bisect_right(self._starts, from_line) - 1, 0)
        for segment, start in zip(self._segments[place:], self._starts[place:], strict=True):
            count = segment.block_count
            first = bisect_right(range(count), from_line - start, key=segment.lines_before) - 1
            for block in range(max(first, 0), count):
                try:
                    yield StoredBlock(start + segment.index.lines_before(block), segment.index.facts(block))
                except OSError:
                    break

    def line_at(self, segment_number: int, line: int) -> int | None:
        """The number in the whole store of a line of one segment; None where the segment is not known, or gone."""
        for segment, start in zip(self._segments, self._starts, strict=True):
            if segment.number == segment_number and not segment.is_gone:
                return start + line
        return None

    def gone_at(self, line: int) -> int:
        """How many lines from number `line` on were in segments that have been deleted, as far as that is known."""
        end, place = line, max(bisect_right(self._starts, line) - 1, 0)
        while place < len(self._segments) and self._segments[place].is_gone:
            end = self._starts[place] + self._segments[place].line_count
            place += 1
        return max(end - line, 0)

    @property
    def stored_bytes(self) -> int:
        """Bytes of all lines that are known."""
        return sum(segment.stored_bytes for segment in self._segments)

    def close(self) -> None:
        """Close all files."""
        for segment in self._segments:
            segment.close()

    def _open(self, number: int) -> bool:
        """Add a segment; whether some of its lines are known already."""
        try:
            segment = _Segment(self._directory, number, self._files, self._keep_index)
        except OSError:
            return False  # deleted, or replaced by what is no file of ours
        missed = self._missed_before(segment)
        if missed:
            self._append(_Missed(number - 1, missed))
        self._append(segment)
        return bool(missed) or segment.line_count > 0

    def _append(self, segment: _Segment) -> None:
        self._segments.append(segment)
        self._starts.append(self.line_count)
        self.line_count += segment.line_count

    def _missed_before(self, segment: _Segment) -> int:
        """How many lines were stored between the last that is known and those of `segment`."""
        if segment.stored_before is None:
            return 0
        if self._not_ours is None:
            self._not_ours = segment.stored_before - self.line_count
        return max(segment.stored_before - self._not_ours - self.line_count, 0)

    def _join_gone(self) -> None:
        """Hold one for the oldest that are gone, however many they are; a store may be followed for weeks."""
        gone = next((at for at, each in enumerate(self._segments) if not each.is_gone), len(self._segments))
        for segment in self._segments[:gone]:
            self._indexed.pop(segment.number, None)
        if gone > 1:
            last = self._segments[gone - 1]
            last.stand_for(self._starts[gone - 1] + last.line_count)
            self._segments[:gone], self._starts[:gone] = [last], [0]

    def _keep_index(self, segment: _Segment) -> None:
        """Let one know where its lines begin; of the others only some may, and never has one that grows to forget."""
        self._indexed[segment.number] = segment
        for other in list(self._indexed.values()):
            if len(self._indexed) <= MOST_INDEXED:
                break
            if other is not segment and other.is_final:
                del self._indexed[other.number]
                other.rest()

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
