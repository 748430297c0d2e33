"""The files of one run's store: their names, and reading any bytes of a segment, compressed or not.

::

    000001.ndjson.gz   a closed segment, one gzip member for each 64 KiB block of it
    000002.ndjson      a segment; the newest is the one that grows
    000002.index       what is in its blocks (`supervisor.logs.index_file`)

A member says its own length in its header's extra field, subfield ``PD`` (RFC 1952 2.3.1.1), as BGZF does; so any block
is found without reading the ones before it, and ``zcat`` reads the file as well.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Final, Protocol

BLOCK_BYTES: Final = 64 * 1024
SEGMENT_SUFFIX: Final = ".ndjson"
PACKED_SUFFIX: Final = ".ndjson.gz"
INDEX_SUFFIX: Final = ".index"

_FEW_BYTES: Final = 1024
_OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_MEMBER: Final = struct.Struct("<4sIBBHccHI")
_MEMBER_START: Final = b"\x1f\x8b\x08\x04"
_MEMBER_END_BYTES: Final = 8


def newlines(data: bytes, start: int = 0, end: int | None = None) -> int:
    """How many newlines are in ``data[start:end]``.

    CPython's ``bytes.count`` looks at each byte by itself (3.11 to 3.13), ``replace`` finds the next one by ``memchr``:
    for stored lines that is three times as fast, the copies included.
    """
    if end is not None and end - start < _FEW_BYTES:
        return data.count(b"\n", start, end)
    part = data[start:end]
    return len(part) - len(part.replace(b"\n", b""))


def segment_name(number: int) -> str:
    """``000001.ndjson``; numbers begin at 1."""
    return f"{number:06d}{SEGMENT_SUFFIX}"


def packed_name(number: int) -> str:
    """``000001.ndjson.gz``"""
    return f"{number:06d}{PACKED_SUFFIX}"


def index_name(number: int) -> str:
    """``000001.index``"""
    return f"{number:06d}{INDEX_SUFFIX}"


def segment_numbers(directory: Path) -> list[int]:
    """The numbers of the segments in `directory`, ascending; empty where there is no such directory."""
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    stems = (name.removesuffix(".gz")[: -len(SEGMENT_SUFFIX)] for name in names if _is_segment(name))
    return sorted({int(stem) for stem in stems if stem.isdecimal()})


def _is_segment(name: str) -> bool:
    return name.endswith((SEGMENT_SUFFIX, PACKED_SUFFIX))


class SegmentFile(Protocol):
    """An open segment."""

    @property
    def is_deleted(self) -> bool:
        """Its name is gone, and the disk space waits for us."""

    def size(self) -> int:
        """Bytes of lines in it. Raises OSError where it cannot be read."""

    def read(self, count: int, offset: int) -> bytes:
        """Up to `count` bytes of lines from `offset`. Raises OSError where it cannot be read."""

    def close(self) -> None: ...


class PlainFile:
    """Lines as they are. Closes `fd`."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @property
    def is_deleted(self) -> bool:
        return os.fstat(self._fd).st_nlink == 0

    def size(self) -> int:
        return os.fstat(self._fd).st_size

    def read(self, count: int, offset: int) -> bytes:
        return os.pread(self._fd, count, offset)

    def close(self) -> None:
        os.close(self._fd)


class PackedFile:
    """Lines in gzip members of `BLOCK_BYTES` each. Closes `fd`. Raises OSError where it is no such file."""

    def __init__(self, fd: int) -> None:
        try:
            self._map = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
        except ValueError as error:  # an empty file cannot be mapped
            raise OSError(str(error)) from None
        finally:
            os.close(fd)
        self._starts = _member_starts(self._map)
        last = self._starts[-1]
        self._size = (len(self._starts) - 2) * BLOCK_BYTES + int.from_bytes(self._map[last - 4 : last], "little")
        self._recent: dict[int, bytes] = {}

    @property
    def is_deleted(self) -> bool:
        return False

    def size(self) -> int:
        return self._size

    def read(self, count: int, offset: int) -> bytes:
        end = min(offset + count, self._size)
        if offset >= end:
            return b""
        first = offset // BLOCK_BYTES
        data = b"".join(map(self._block, range(first, -(-end // BLOCK_BYTES))))
        return data[offset - first * BLOCK_BYTES : end - first * BLOCK_BYTES]

    def _block(self, number: int) -> bytes:
        block = self._recent.pop(number, None)
        if block is None:
            try:
                block = zlib.decompress(self._map[self._starts[number] : self._starts[number + 1]], wbits=31)
            except zlib.error as error:
                raise OSError(f"block {number} is damaged: {error}") from None
            if len(self._recent) >= 4:
                del self._recent[next(iter(self._recent))]
        self._recent[number] = block
        return block

    def close(self) -> None:
        self._map.close()


def open_segment(directory: Path, number: int) -> SegmentFile:
    """The segment of that number, whichever form it has. Raises OSError where there is none that can be read."""
    try:
        return PlainFile(os.open(directory / segment_name(number), _OPEN_FLAGS))
    except FileNotFoundError:
        return PackedFile(os.open(directory / packed_name(number), _OPEN_FLAGS))


def packed_member(block: bytes) -> bytes:
    """`block`, `BLOCK_BYTES` of lines or what is left of them, as one gzip member."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(block) + packer.flush()
    length = _MEMBER.size + len(body) + _MEMBER_END_BYTES
    head = _MEMBER.pack(_MEMBER_START, 0, 0, 255, 8, b"P", b"D", 4, length)
    return head + body + struct.pack("<II", zlib.crc32(block), len(block))


def _member_starts(data: mmap.mmap) -> list[int]:
    """Where each member begins, and where the last one ends."""
    starts, at = [], 0
    while at < len(data):
        starts.append(at)
        if len(data) - at < _MEMBER.size + _MEMBER_END_BYTES:
            raise OSError("a compressed segment is cut off")
        start, _, _, _, _, name, name_end, _, length = _MEMBER.unpack_from(data, at)
        if start != _MEMBER_START or name + name_end != b"PD" or length <= _MEMBER.size:
            raise OSError("not a segment that procdeck has compressed")
        at += length
    if at != len(data):
        raise OSError("a compressed segment is cut off")
    return [*starts, at]
