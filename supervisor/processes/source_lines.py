"""The source text of stack frames, as it is on disk now: workers do not read files to answer a question.

Only ordinary Python files are read; anything else might block whoever opens it. A file that has changed since it was
imported shows its new text.
"""

from __future__ import annotations

import linecache
import os
from stat import S_ISREG
from typing import Final

import msgspec

from supervisor.diagnose.evidence import Dump, Frame

FILE_LIMIT_BYTES: Final = 2 * 1024 * 1024
"""A longer file is data in disguise."""
FILES_LIMIT: Final = 256
"""Files that are remembered."""


class Sources:
    """The lines of some files. Each file is looked at once in its lifetime: make one for each dump."""

    def __init__(self) -> None:
        self._is_readable: dict[str, bool] = {}
        if len(linecache.cache) > FILES_LIMIT:
            linecache.clearcache()

    def line(self, file: str, number: int) -> str:
        """The text, stripped; empty where there is none."""
        if number <= 0:
            return ""
        if file not in self._is_readable:
            self._is_readable[file] = _is_readable(file)
        return linecache.getline(file, number).strip() if self._is_readable[file] else ""


def _is_readable(file: str) -> bool:
    """Whether a file is plain source; if it has changed, what is remembered of it is forgotten."""
    try:
        facts = os.stat(file)
    except (OSError, ValueError):
        return False
    if not file.endswith(".py") or not S_ISREG(facts.st_mode) or facts.st_size > FILE_LIMIT_BYTES:
        return False
    linecache.checkcache(file)
    return True


def with_sources(dump: Dump) -> Dump:
    """The same dump, every frame with its text."""
    sources = Sources()

    def told(frame: Frame) -> Frame:
        if frame.source:
            return frame
        return msgspec.structs.replace(frame, source=sources.line(frame.file, frame.line))

    threads = tuple(msgspec.structs.replace(thread, frames=tuple(map(told, thread.frames))) for thread in dump.threads)
    return msgspec.structs.replace(dump, threads=threads)
