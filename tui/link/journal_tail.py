"""The events of a run's journal as they are written, some at a time, over its rotations."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from supervisor.api.messages import Event
from supervisor.journal import decode, older

READ_BYTES: Final = 256 * 1024


class JournalTail:
    """Reads `path`, what has been rotated away before it first. Never raises: a journal may be missing or damaged."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._rest = b""
        self._is_begun = False

    def read(self) -> list[Event]:
        """The next events, oldest first; empty where there are none now."""
        events: list[Event] = []
        while not events:
            if self._fd < 0 and not self._open():
                return []
            data = self._read()
            if not data:
                if not self._is_replaced():
                    return []
                self.close()
                continue
            *lines, self._rest = (self._rest + data).split(b"\n")
            events = [event for event in map(decode, lines) if event is not None]
        return events

    def _open(self) -> bool:
        """Open the older file, where that is there and was not read yet, or the one of now."""
        paths = (self._path,) if self._is_begun else (older(self._path), self._path)
        self._is_begun = True
        for path in paths:
            try:
                self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                continue
            self._rest = b""
            return True
        return False

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, READ_BYTES)
        except OSError:
            return b""

    def _is_replaced(self) -> bool:
        """Whether another file stands in the journal's place now."""
        try:
            return not os.path.samestat(os.stat(self._path, follow_symlinks=False), os.fstat(self._fd))
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
