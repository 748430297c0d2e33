"""A plain text file for each replica, made from the store: ``plain/parse.2.log`` beside the segments, times in UTC."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from pathlib import Path
from typing import Final

from supervisor.logs.gone_lines import GoneLines
from supervisor.logs.printing import print_record
from supervisor.logs.reading import LogReader
from supervisor.logs.record import decode

PLAIN_DIRECTORY: Final = "plain"
PAGE_LINES: Final = 2000
_SHOWN: Final = re.compile(r"[\w.-]+", re.ASCII)


class PlainFiles:
    """Writes what a store holds, and what it gets, to the files of its workers; those that were there are begun anew.

    A file that is larger than `file_bytes` becomes ``parse.2.log.1`` in place of the one before.
    """

    def __init__(self, directory: Path, file_bytes: int) -> None:
        self._reader = LogReader(directory)
        self._directory = directory / PLAIN_DIRECTORY
        self._file_bytes = file_bytes
        self._next_line = 0
        self._gone = GoneLines()
        for path in self._directory.glob("*.log*"):
            path.unlink(missing_ok=True)

    def advance(self) -> bool:
        """Write a page of what is new; whether there was anything. Raises OSError where the disk refuses."""
        if self._next_line == self._reader.line_count and not self._reader.refresh():
            return False
        gone = self._reader.gone_at(self._next_line)
        lines = self._reader.lines(self._next_line + gone, PAGE_LINES)
        self._gone.count += gone
        texts: dict[str, list[str]] = defaultdict(list)
        for record in map(decode, (*self._gone.fold(lines), *self._gone.take())):
            name = record.worker if _SHOWN.fullmatch(record.worker) else "unknown"
            texts[name].append(f"{record.time[:10]} {print_record(record, with_name=False)}\n")
        self._directory.mkdir(mode=0o700, exist_ok=True)
        for name, some in texts.items():
            self._append(name, "".join(some).encode("utf-8", "backslashreplace"))
        self._next_line += gone + len(lines)
        return bool(gone or lines)

    def _append(self, name: str, text: bytes) -> None:
        path = self._directory / f"{name}.log"
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        with open(os.open(path, flags, 0o600), "ab") as file:
            file.write(text)
            is_full = file.tell() >= self._file_bytes
        if is_full:
            os.replace(path, path.with_name(path.name + ".1"))

    def close(self) -> None:
        self._reader.close()
