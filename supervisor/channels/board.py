"""The status board: one shared page in which a worker writes what it does and the engine reads it without asking.

    page   0  magic        8  heartbeat (one word)       16  levels taken up (one word)
          64  activity   512  progress   1024  waiting: three cells
        2048  levels: a cell that the engine writes and the worker reads

A cell holds two copies of its record and the number of the current one. The writer fills the other copy, then steps the
number, so a writer killed at any instant leaves the last complete record; a checksum turns a torn read into a retry.
"""

from __future__ import annotations

import _thread
import binascii
import os
import struct
import time

from supervisor.channels import platform

TYPE_CHECKING = False  # typing itself would cost every worker 10 ms
if TYPE_CHECKING:
    from collections.abc import Mapping

    from supervisor.channels.pages import BoardPage

PAGE_BYTES = 4096
TEXT_BYTES = 200
"""How much of a text is kept, in UTF-8."""

_MAGIC = int.from_bytes(b"pdboard1", "little")
_HEARTBEAT_WORD = 1
_TAKEN_UP_WORD = 2
_SEAL = struct.Struct("<IHxx")
_ACTIVITY = struct.Struct("<d")
_PROGRESS = struct.Struct("<qq")
_WAITING = struct.Struct("<dH")
_READ_TRIES = 50
_LARGEST = 2**63 - 1
_LEVEL = struct.Struct("<BB")
_LEVEL_BYTES = 900


class _Cell:
    """A record that one process writes and another reads: a version word, then two copies."""

    def __init__(self, page: memoryview, offset: int, copy_bytes: int) -> None:
        self._version = page[offset : offset + 8].cast("Q")
        start = offset + 16
        self._copies = (page[start : start + copy_bytes], page[start + copy_bytes : start + 2 * copy_bytes])

    @property
    def version(self) -> memoryview:
        """One word: how often the record was written."""
        return self._version

    def write(self, record: bytes) -> None:
        version = (self._version[0] + 1) & _LARGEST
        copy = self._copies[version & 1]
        end = _SEAL.size + len(record)
        copy[_SEAL.size : end] = record
        copy[: _SEAL.size] = _SEAL.pack(binascii.crc32(record), len(record))
        self._version[0] = version

    def read(self) -> bytes | None:
        """The last complete record; b"" when there is none yet, None when every try met a write."""
        for _ in range(_READ_TRIES):
            version = self._version[0]
            if version == 0:
                return b""
            copy = bytes(self._copies[version & 1])
            checksum, length = _SEAL.unpack_from(copy)
            record = copy[_SEAL.size : _SEAL.size + length]
            if self._version[0] == version and len(record) == length and binascii.crc32(record) == checksum:
                return record
        return None

    def release(self) -> None:
        self._version.release()
        for copy in self._copies:
            copy.release()


class StatusBoard:
    """One 4096-byte page of shared memory: written by one process, read by another.

    `create` makes the page (the engine does), `attach` maps one that was handed over. Of several threads that write,
    the last one wins. A fork of the writer does not write: the page stays its parent's.

    Attributes:
        fd: the descriptor to hand over; the board owns it.
    """

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._map = platform.map_shared(fd, PAGE_BYTES)
        page = memoryview(self._map)
        self._words = page[:24].cast("Q")
        self._cells = (_Cell(page, 64, 216), _Cell(page, 512, 32), _Cell(page, 1024, 432))
        self._levels = _Cell(page, 2048, _LEVEL_BYTES + _SEAL.size)
        page.release()
        self._pid = os.getpid()
        self._writing = _thread.RLock()  # a signal handler may write in the middle of a write
        self._last: list[bytes] = [b"", b"", b""]

    @classmethod
    def create(cls) -> StatusBoard:
        """A new, empty page."""
        board = cls(platform.shared_page("procdeck-board", PAGE_BYTES))
        board._words[0] = _MAGIC
        return board

    @classmethod
    def attach(cls, fd: int) -> StatusBoard:
        """Map the page behind `fd`; the board owns `fd` from now on. ValueError when it is not a status board."""
        if os.fstat(fd).st_size != PAGE_BYTES:
            raise ValueError(f"descriptor {fd} is not a status board: it has not {PAGE_BYTES} bytes")
        board = cls(fd)
        if board._words[0] != _MAGIC:
            board.close()
            raise ValueError(f"descriptor {fd} is not a status board of this version")
        return board

    def doing(self, text: str) -> None:
        """Say what this worker is doing; what exceeds 200 bytes of UTF-8 is cut off at a character."""
        self._write(0, _ACTIVITY.pack(time.monotonic()) + _cut(text))

    def beat(self) -> None:
        """Give a sign of life."""
        if self._pid == os.getpid():
            self._words[_HEARTBEAT_WORD] = time.monotonic_ns()

    def progress(self, done: int, total: int) -> None:
        """Say how many of how many are done."""
        self._write(1, _PROGRESS.pack(_clamped(done), _clamped(total)))

    def waiting(self, channel: str, operation: str) -> None:
        """Say that the process is blocked in `operation` of `channel` from now on."""
        name = _cut(channel)
        self._write(2, _WAITING.pack(time.monotonic(), len(name)) + name + _cut(operation))

    def moving(self) -> None:
        """Say that the operation told to `waiting` is over."""
        self._write(2, b"")

    @property
    def level_number(self) -> memoryview:
        """One word that counts how often `write_levels` was called; to be looked at often."""
        return self._levels.version

    def write_levels(self, levels: Mapping[str, int]) -> bool:
        """Wish for levels, as `logging` numbers them, by logger, "" for all; False where there are too many to fit.

        The engine's to call. Each call takes the place of the one before.
        """
        names = [(name.encode(), level) for name, level in levels.items()]
        record = b"".join(_LEVEL.pack(level, len(name)) + name for name, level in names if len(name) < 256)
        if len(record) > _LEVEL_BYTES or any(len(name) > 255 for name, _ in names):
            return False
        self._levels.write(record)
        return True

    def read_levels(self) -> dict[str, int] | None:
        """The levels that are wished; None where every try met a write."""
        record = self._levels.read()
        if record is None:
            return None
        levels, at = {}, 0
        while at + _LEVEL.size <= len(record):
            level, length = _LEVEL.unpack_from(record, at)
            at += _LEVEL.size + length
            levels[_text(record[at - length : at])] = level
        return levels

    def take_up_levels(self, number: int) -> None:
        """Say that the wish with this number is followed."""
        if self._pid == os.getpid():
            self._words[_TAKEN_UP_WORD] = number

    @property
    def has_taken_up_levels(self) -> bool:
        """Whether the worker follows the last wish; True when there was none."""
        return self._words[_TAKEN_UP_WORD] == self._levels.version[0]

    def read(self) -> BoardPage:
        """What the page says now. Never raises for what a writer did, or was doing when it was killed."""
        from supervisor.channels.pages import BoardPage

        for index, cell in enumerate(self._cells):
            record = cell.read()
            if record is not None:
                self._last[index] = record
        activity, progress, waiting = self._last
        beat_ns = self._words[_HEARTBEAT_WORD]
        channel, operation, since_s = _read_waiting(waiting)
        return BoardPage(
            activity=_text(activity[_ACTIVITY.size :]),
            activity_since_s=_ACTIVITY.unpack_from(activity)[0] if len(activity) >= _ACTIVITY.size else 0.0,
            heartbeat_s=beat_ns / 1e9 if beat_ns else None,
            progress=_PROGRESS.unpack(progress) if len(progress) == _PROGRESS.size else None,
            channel=channel,
            operation=operation,
            operation_since_s=since_s,
        )

    def close(self) -> None:
        """Unmap the page and close the descriptor; the page lives on where others have it."""
        if self.fd >= 0:
            fd, self.fd = self.fd, -1
            self._pid = -1
            self._words.release()
            for cell in (*self._cells, self._levels):
                cell.release()
            self._map.close()
            os.close(fd)

    def _write(self, index: int, record: bytes) -> None:
        if self._pid == os.getpid():
            with self._writing:
                self._cells[index].write(record)


def _cut(text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    if len(data) <= TEXT_BYTES:
        return data
    return data[:TEXT_BYTES].decode("utf-8", "ignore").encode()


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _clamped(number: int) -> int:
    return max(-_LARGEST, min(int(number), _LARGEST))


def _read_waiting(record: bytes) -> tuple[str, str, float | None]:
    if len(record) < _WAITING.size:
        return "", "", None
    since_s, length = _WAITING.unpack_from(record)
    split = _WAITING.size + length
    return _text(record[_WAITING.size : split]), _text(record[split:]), since_s
