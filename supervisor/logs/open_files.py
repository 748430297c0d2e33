"""Segments of which only some are open at a time: a store may have more of them than a process may have descriptors.

One that was closed for that is opened again by its name when it is read; its number is never given to another.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from supervisor.logs.segment_files import SegmentFile, open_segment, packed_name, segment_name

MOST_OPEN: Final = 64


class OpenFiles:
    """The segments of one store that are open, those that were read last at the end."""

    def __init__(self, directory: Path, most_open: int = MOST_OPEN) -> None:
        self._directory = directory
        self._most_open = most_open
        self._open: dict[int, SegmentFile] = {}

    def take(self, number: int) -> SegmentFile:
        """The segment of that number, open. Raises OSError where there is none that can be read."""
        file = self._open.pop(number, None)
        if file is None:
            while len(self._open) >= self._most_open:
                self.close(next(iter(self._open)))
            file = open_segment(self._directory, number)
        self._open[number] = file
        return file

    def is_gone(self, number: int) -> bool:
        """Whether no file has its lines any more. One that is open under no name is closed: the disk waits for it."""
        file = self._open.get(number)
        if file is not None:
            try:
                if not file.is_deleted:
                    return False
            except OSError:
                pass
            self.close(number)
        return not any((self._directory / name(number)).exists() for name in (segment_name, packed_name))

    def close_renamed(self) -> None:
        """Close those whose name is gone: they were compressed, and are read on as that, or deleted."""
        for number, file in list(self._open.items()):
            try:
                is_deleted = file.is_deleted
            except OSError:
                is_deleted = True
            if is_deleted:
                self.close(number)

    def close(self, number: int) -> None:
        """Close one; nothing where it is not open."""
        file = self._open.pop(number, None)
        if file is not None:
            file.close()

    def close_all(self) -> None:
        """Close every one."""
        for number in list(self._open):
            self.close(number)


class StoredFile:
    """One segment of a store, open whenever it is read (a `SegmentFile`)."""

    def __init__(self, files: OpenFiles, number: int) -> None:
        """Raises OSError where it cannot be opened."""
        self._files = files
        self._number = number
        files.take(number)

    @property
    def is_deleted(self) -> bool:
        return self._files.is_gone(self._number)

    def size(self) -> int:
        return self._files.take(self._number).size()

    def read(self, count: int, offset: int) -> bytes:
        return self._files.take(self._number).read(count, offset)

    def close(self) -> None:
        self._files.close(self._number)
