"""Searches a whole store as bytes, the newest lines first, and decodes only what may be a hit.

::

    LogReader.chunks_back ──► folded (one case) ──find──► lines around what was found ──LogQuery.matches──► hits

A chunk is what caches hold, 256 KiB or 512: who scans can stop after each. Folding with numpy is three times as fast as
``bytes.lower``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from supervisor.logs.class_runs import ClassNeedles
from supervisor.logs.query import LEVEL_AT, LogQuery
from supervisor.logs.reading import Chunk, LogReader
from supervisor.logs.segment_files import newlines
from supervisor.logs.whole_chunks import WholeChunks

CHUNK_BLOCKS: Final = 4
ARRAY_BLOCKS: Final = 8
"""The same where numpy looks at them, of which each call costs something, however short what it looks at."""
MANY_LINES: Final = 100
"""Where so many of a chunk's lines, 1,500 or 3,000, may match, it costs less to look at all of them at once."""
_SPARED: Final = 16
_BEGIN: Final = b'\n{"time":"2026-11-22T13:31:26.123456Z","level":"'
"""Where all digits are taken for the same, every line begins with this."""
LONG_BYTES: Final = 64 * 1024 * 1024
"""A search has become long. So many take about as long as to import numpy, and many searches are over before."""
_LARGE_BYTES: Final = 8 * 1024 * 1024

Folded = bytes | bytearray
Fold = Callable[[bytes], Folded]
"""Gives text of one case, as long as before or with something behind it; what else it changes, it changes always."""


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one chunk."""

    chunk: Chunk
    lines: Sequence[int]
    """Their numbers in the chunk, counted from 0, ascending."""


def scan(
    reader: LogReader, query: LogQuery, *, fold: Fold = bytes.lower, end_line: int | None = None
) -> Iterator[Found]:
    """What matches in all that `reader` knows, or before `end_line`: newest chunk first, those without a hit too."""
    finder = Finder(query, fold)
    blocks = CHUNK_BLOCKS if fold is bytes.lower else ARRAY_BLOCKS
    chunks = reader.chunks_back(blocks, since_us=query.since_us, until_us=query.until_us, end_line=end_line)
    for chunk in chunks:
        lines = finder.lines(chunk.data)
        if end_line is not None:
            lines = [line for line in lines if chunk.line + line < end_line]
        yield Found(chunk, lines)


def scan_long(reader: LogReader, query: LogQuery, long_bytes: int = LONG_BYTES) -> Iterator[Found]:
    """As `scan`, and from `long_bytes` on with what makes it fast, which takes a while to be imported."""
    searched_bytes = 0
    for found in scan(reader, query):
        yield found
        searched_bytes += len(found.chunk.data)
        if searched_bytes >= long_bytes:
            break
    else:
        return
    keep_freed_memory()
    yield from scan(reader, query, fold=fastest_fold(), end_line=found.chunk.line)


class Finder:
    """Looks for one query through many pieces of a store."""

    def __init__(self, query: LogQuery, fold: Fold) -> None:
        self._query = query
        self._fold = fold if query.needles else None
        self._anchors = tuple(bytes(fold(text))[: len(text)] for text in query.needles) or query.marks
        has_numpy = fold is not bytes.lower
        self._whole = WholeChunks(query, has_numpy=has_numpy) if query.text and not query.fields else None
        self._classes = None if self._whole is not None and self._whole.is_quick else query.classes
        self._begin = _BEGIN.translate(self._classes.table) if self._classes is not None else b""
        self._has_many = False
        self._spared = 0
        """In so many of the next chunks nobody looks for anchors: too many lines had one."""

    def lines(self, data: bytes) -> Sequence[int]:
        """The numbers of the lines in `data` that match, ascending."""
        if self._classes is not None and not self._has_many:
            return self._lines_of(data, self._classes)
        if self._spared:
            self._spared -= 1
        elif self._anchors and not self._has_many:
            begins = self._begins(data, MANY_LINES if self._whole is not None else len(data))
            if begins is not None:
                return self._matching(data, begins)
            self._spared = _SPARED if self._whole is not None and self._whole.is_quick else 0
        return self._among_many(data)

    def _among_many(self, data: bytes) -> Sequence[int]:
        """The same where most lines have to be looked at."""
        found = self._whole.lines(data) if self._whole is not None else None
        if found is not None:
            self._has_many = len(found) >= MANY_LINES
            return found
        self._has_many = False
        if self._anchors:
            return self._matching(data, self._begins(data, len(data)) or set())
        matches, lesser = self._query.matches, self._query.lesser_marks
        lines = enumerate(data[:-1].split(b"\n"))
        return [number for number, line in lines if not line.startswith(lesser, LEVEL_AT) and matches(line)]

    def _begins(self, data: bytes, most: int) -> set[int] | None:
        """Where the lines begin in which one of the anchors occurs; None where those are more than `most`."""
        hay = data if self._fold is None else self._fold(data)
        begins: set[int] = set()
        for anchor in self._anchors:
            begins |= _begins(data, hay, anchor, most)
            if len(begins) > most:
                return None
        return begins

    def _matching(self, data: bytes, begins: set[int]) -> list[int]:
        matches = self._query.matches
        found, number, counted = [], 0, 0
        for begin in sorted(begins):
            if matches(data[begin : data.find(b"\n", begin)]):
                number += newlines(data, counted, begin)
                counted = begin
                found.append(number)
        return found

    def _lines_of(self, data: bytes, classes: ClassNeedles) -> Sequence[int]:
        """The same, where classes tell which lines to look at: all in which bytes cannot tell it, too."""
        is_sure = _is_told_by_bytes(data)
        hay = data.translate(classes.table)
        begins = hay.count(self._begin) + hay.startswith(self._begin[1:])
        places = sum(hay.count(needle) - begins * self._begin.count(needle) for needle in classes.needles)
        if is_sure and not places:
            return []  # what occurs at all is in the lines' times
        if not is_sure or places >= MANY_LINES:
            return self._among_many(data)
        hay = hay.replace(self._begin, b"\n").removeprefix(self._begin[1:])
        matches, lines = self._query.matches, data[:-1].split(b"\n")
        return [
            number
            for number, (line, part) in enumerate(zip(lines, hay[:-1].split(b"\n"), strict=True))
            if _occurs(classes, part) and matches(line)
        ]


def _occurs(classes: ClassNeedles, hay: bytes) -> bool:
    return any(needle in hay for needle in classes.needles)


def _is_told_by_bytes(text: bytes) -> bool:
    """Whether all its letters are ASCII's, and written as they are."""
    return text.isascii() and not (b"\\" in text and b"\\u" in text)


def _begins(data: bytes, hay: Folded, anchor: bytes, most: int) -> set[int]:
    """Where the lines begin in which `anchor` occurs; some more than `most` of them where there are so many."""
    begins: set[int] = set()
    last = len(data)
    at = hay.find(anchor, 0, last)
    while at >= 0 and len(begins) <= most:
        begins.add(data.rfind(b"\n", 0, at) + 1)
        end = data.find(b"\n", at)
        at = hay.find(anchor, end + 1, last) if end >= 0 else -1
    return begins


def keep_freed_memory() -> None:
    """Let chunks be read into memory that chunks have left: twice as fast as into new pages. For a whole process.

    glibc gives back to the kernel at once what is larger than the largest block that it has seen freed (mallopt(3),
    M_MMAP_THRESHOLD); after this that is only what is larger than 8 MiB.
    """
    bytes(_LARGE_BYTES)


def fastest_fold() -> Fold:
    """The quickest way there is here to ignore case. Importing numpy takes 0.1 s: for a process that does only this."""
    try:
        import numpy as np
    except ImportError:
        return bytes.lower
    memory = bytearray()
    view = np.frombuffer(memory, np.uint8)

    def fold(data: bytes) -> Folded:
        """Sets the bit in which small letters differ from capitals, and some signs from others; good until the next."""
        nonlocal memory, view
        if len(memory) < len(data):
            memory = bytearray(len(data))
            view = np.frombuffer(memory, np.uint8)
        np.bitwise_or(np.frombuffer(data, np.uint8), 0x20, out=view[: len(data)])
        return memory

    return fold
