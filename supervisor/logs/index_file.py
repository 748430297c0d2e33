"""What is in each 64 KiB block of a segment, in a file beside it: written as the segment grows, and never waited for.

::

    000002.index   b"pdindex2", 8 bytes: how many lines were stored before this segment;
                   then 40 bytes for each whole block: lines that end in it, records by level, two times

A reader believes it as far as it fits the segment, and counts for itself what is missing; so a writer that was killed
at any moment, or a disk that took the lines and not the index, costs time and nothing else.
"""

from __future__ import annotations

import os
import struct
from array import array
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, overload

from supervisor.logs.segment_files import BLOCK_BYTES, index_name, newlines

INDEX_HEAD: Final = b"pdindex2"
_BEFORE: Final = struct.Struct("<Q")
_HEAD_BYTES: Final = len(INDEX_HEAD) + _BEFORE.size
_ENTRY: Final = struct.Struct("<IIIIIIqq")
_NAMES: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_LEVELS: Final = tuple(f'Z","level":"{level}"'.encode() for level in _NAMES)
_LIKELY_FIRST: Final = (1, 2, 3, 0, 4)
_TIME_AT: Final = len(b'{"time":"')
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class BlockFacts(NamedTuple):
    """What is in one block.

    A record counts where its level is written; what has another level than these five, or none, is in no count.
    """

    lines: int
    """Lines that end in the block."""
    debug: int
    info: int
    warning: int
    error: int
    critical: int
    first_us: int
    """The time of the first record that begins in it, in µs since 1970; 0 where that is not known."""
    stored_us: int
    """When the last byte of it was stored: no record in it is younger. 0 where that is not known."""


def time_us(text: bytes) -> int:
    """A record's time, 26 characters and a Z, as µs since 1970; 0 where it is none."""
    try:
        return int((datetime.fromisoformat(text[:26].decode() + "+00:00") - _EPOCH).total_seconds() * 1e6)
    except ValueError:
        return 0


def facts_of(data: bytes, start: int, end: int) -> BlockFacts:
    """What is in ``data[start:end]``, where `data` begins with a line; a level counts where its mark ends."""
    lines = newlines(data, start, end)
    debug, info, warning, error, critical = (data.count(mark, max(0, start - len(mark) + 1), end) for mark in _LEVELS)
    return BlockFacts(lines, debug, info, warning, error, critical, first_time_us(data, start, end), 0)


def first_time_us(data: bytes, start: int, end: int) -> int:
    """The time of the first line that begins in ``data[start:end]``; 0 where none does, or it has no time."""
    begin = data.find(b"\n", start - 1, end) + 1 if start else 0
    if (start and not begin) or begin >= end:
        return 0
    return time_us(data[begin + _TIME_AT : begin + _TIME_AT + 26])


_NOTHING: Final = BlockFacts(0, 0, 0, 0, 0, 0, 0, 0)


class IndexWriter:
    """Writes the index of one segment from its beginning. Never raises: where the disk refuses, it writes no more.

    Attributes:
        warnings: records of level WARNING that were added.
        errors: records of level ERROR and CRITICAL that were added.
    """

    def __init__(self, directory_fd: int, number: int, lines_before: int = 0) -> None:
        """`lines_before`: how many lines were stored in the segments before this one, whether they are there or not."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        self._fd = -1
        try:
            self._fd = os.open(index_name(number), flags, 0o600, dir_fd=directory_fd)
        except OSError:
            pass
        self._begun = _NOTHING
        self._room_bytes = BLOCK_BYTES
        self.warnings = 0
        self.errors = 0
        self._write(INDEX_HEAD + _BEFORE.pack(lines_before))

    def add(self, data: bytes, stored_s: float, level: str = "") -> int:
        """Count whole lines that were appended to the segment at the wall time `stored_s`; how many they are.

        `level`: the one that each of them is written with, by the engine; empty where it has to be looked for.
        """
        ends = [*range(self._room_bytes, len(data), BLOCK_BYTES), len(data)]
        ranges = list(pairwise((0, *ends)))
        lines = [newlines(data, start, end) for start, end in ranges]
        if level in _NAMES:
            levels = _levels_of_one(data, ranges, lines, _NAMES.index(level))
        else:
            levels = _levels_of(data, ranges, sum(lines))
        self.warnings += sum(levels[2])
        self.errors += sum(levels[3]) + sum(levels[4])
        stored_us, entries = int(stored_s * 1e6), []
        for (start, end), *counts in zip(ranges, lines, *levels, strict=True):
            begun = self._begun
            first_us = begun.first_us or first_time_us(data, start, end)
            sums = (one + more for one, more in zip(begun[:6], counts, strict=True))
            latest_us = max(begun.stored_us, stored_us)  # a clock may be put back
            self._begun = BlockFacts(*sums, first_us, latest_us)  # type: ignore[call-arg]
            self._room_bytes -= end - start
            if not self._room_bytes:
                entries.append(_ENTRY.pack(*self._begun))
                self._begun, self._room_bytes = _NOTHING, BLOCK_BYTES
        if entries:
            self._write(b"".join(entries))
        return sum(lines)

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, entries: bytes) -> None:
        if self._fd < 0:
            return
        try:
            written = os.write(self._fd, entries)
        except OSError:
            written = 0
        if written != len(entries):
            self.close()


def _levels_of(data: bytes, ranges: list[tuple[int, int]], line_count: int) -> list[list[int]]:
    """Records by level in each range, in the order of `_LEVELS`; mostly all are of one level, and one look will do."""
    counts = [[0] * len(ranges) for _ in _LEVELS]
    left = line_count
    for level in _LIKELY_FIRST:
        mark = _LEVELS[level]
        counts[level] = [data.count(mark, max(0, start - len(mark) + 1), end) for start, end in ranges]
        left -= sum(counts[level])
        if not left:
            break
    return counts


def _levels_of_one(data: bytes, ranges: list[tuple[int, int]], lines: list[int], level: int) -> list[list[int]]:
    """The same where every line has the mark of `level` behind its time: a mark for each line but at the cuts."""
    mark_end = _TIME_AT + 26 + len(_LEVELS[level])
    # Of the line that a range cuts in two, the mark is in the first part where that is long enough.
    cut = [start >= mark_end and data.find(b"\n", start - mark_end, start) < 0 for start, _ in ranges] + [False]
    counts = [[0] * len(ranges) for _ in _LEVELS]
    counts[level] = [count + cut[at + 1] - cut[at] for at, count in enumerate(lines)]
    return counts


class NotedBlocks(Sequence[BlockFacts]):
    """What is noted of the whole blocks of a segment: 40 bytes for each, looked into when it is asked for.

    Attributes:
        lines_before: how many lines were stored before the segment's first; None where that is not known.
    """

    def __init__(self, data: bytes = b"") -> None:
        """`data`: an index file; what is none, or the torn end of one, says nothing."""
        is_index = data.startswith(INDEX_HEAD) and len(data) >= _HEAD_BYTES
        self._data = data[_HEAD_BYTES:] if is_index else b""
        self.lines_before: int | None = _BEFORE.unpack_from(data, len(INDEX_HEAD))[0] if is_index else None

    def __len__(self) -> int:
        return len(self._data) // _ENTRY.size

    @overload
    def __getitem__(self, at: int) -> BlockFacts: ...
    @overload
    def __getitem__(self, at: slice) -> list[BlockFacts]: ...
    def __getitem__(self, at: int | slice) -> BlockFacts | list[BlockFacts]:
        if isinstance(at, slice):
            return [self[place] for place in range(*at.indices(len(self)))]
        if not 0 <= at < len(self):
            raise IndexError(f"block {at} of {len(self)}")
        return BlockFacts(*_ENTRY.unpack_from(self._data, at * _ENTRY.size))

    def lines(self) -> array[int]:
        """The lines that end in each block."""
        end = len(self) * _ENTRY.size
        return array("Q", (entry[0] for entry in _ENTRY.iter_unpack(memoryview(self._data)[:end])))


def read_index(directory: Path, number: int) -> NotedBlocks:
    """What is written of the whole blocks of a segment; nothing where there is no index that can be read."""
    try:
        fd = os.open(directory / index_name(number), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        with open(fd, "rb") as file:
            return NotedBlocks(file.read())
    except OSError:
        return NotedBlocks()
