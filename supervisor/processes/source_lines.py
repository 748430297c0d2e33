"""The source text of stack frames, as it is on disk now: workers do not read files to answer a question.

Only ordinary Python files are read; anything else might block whoever opens it. A file that has changed since it was
imported shows its new text.
"""

from __future__ import annotations

import linecache
import os
import time
from stat import S_ISREG
from typing import Final

import msgspec

from supervisor.diagnose.evidence import Dump, Frame

FILE_LIMIT_BYTES: Final = 2 * 1024 * 1024
"""A longer file is data in disguise."""
FILES_LIMIT: Final = 256
"""Files that are remembered."""
RECHECK_S: Final = 2.0
"""How long a file is taken to be unchanged: a worker may be sampled a hundred times a second."""


class Sources:
    """The lines of files, and when it was last seen whether each can be read."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, bool]] = {}

    def line(self, file: str, number: int) -> str:
        """The text, stripped; empty where there is none."""
        if number <= 0:
            return ""
        now_s = time.monotonic()
        seen_s, is_readable = self._seen.get(file, (-RECHECK_S, False))
        if now_s - seen_s >= RECHECK_S:
            self._forget_too_many()
            is_readable = _is_readable(file)
            self._seen[file] = now_s, is_readable
        return linecache.getline(file, number).strip() if is_readable else ""

    def _forget_too_many(self) -> None:
        if len(self._seen) > FILES_LIMIT:
            self._seen.clear()
            linecache.clearcache()


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


_sources: Final = Sources()


def with_sources(dump: Dump) -> Dump:
    """The same dump, every frame with its text."""

    def told(frame: Frame) -> Frame:
        if frame.source:
            return frame
        return msgspec.structs.replace(frame, source=_sources.line(frame.file, frame.line))

    threads = tuple(msgspec.structs.replace(thread, frames=tuple(map(told, thread.frames))) for thread in dump.threads)
    return msgspec.structs.replace(dump, threads=threads)
