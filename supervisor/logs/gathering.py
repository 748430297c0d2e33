"""Keeps the lines of one burst on stderr together, so that no other worker's line stands inside a traceback. Pure.

::

    stderr of a ── "Traceback (most recent call last):" ─► held ─┐ until it ends and a moment is quiet,
                   "  File ...", "ValueError: no" ───────► held ─┴─► one block, stored at once

Python writes a traceback line by line, so that a read may end anywhere inside of it. Only what looks like a traceback,
a fatal error or a stack dump is held, and never for long: `MOST_S`, or `MOST_BYTES` of it.
"""

from __future__ import annotations

from typing import Final

QUIET_S: Final = 0.02
"""A burst has ended when nothing came for so long after what looks like its last line."""
MOST_S: Final = 0.25
"""The longest that a line is held, from the first of its burst."""
MOST_BYTES: Final = 1024 * 1024

_STARTS: Final = (b"Traceback (most recent call last):", b"Fatal Python error: ", b"Current thread 0x", b"Thread 0x")
_JOINTS: Final = (
    b"During handling of the above exception, another exception occurred:",
    b"The above exception was the direct cause of the following exception:",
)


class Burst:
    """Stored lines of one stderr that are held back.

    Attributes:
        due_s: the monotonic time at which `take` is called for, while something is held.
    """

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._since_s = 0.0
        self.due_s = 0.0

    def __bool__(self) -> bool:
        return bool(self._held)

    def offer(self, chunk: bytes, stored: bytes, now_s: float) -> bytes:
        """What may be stored now, of the lines `stored` that came of `chunk` and of those held before."""
        if not self._held:
            if not _begins(chunk):
                return stored
            self._since_s = now_s
        self._held.append(stored)
        self._held_bytes += len(stored)
        if self._held_bytes >= MOST_BYTES:
            return self.take()
        longest_s = self._since_s + MOST_S
        self.due_s = min(longest_s, now_s + QUIET_S) if _looks_ended(chunk) else longest_s
        return b""

    def take(self) -> bytes:
        """All that is held; it is held no longer."""
        held, self._held, self._held_bytes = b"".join(self._held), [], 0
        return held


def _begins(chunk: bytes) -> bool:
    return any(start in chunk for start in _STARTS)


def _looks_ended(chunk: bytes) -> bool:
    """Whether the last line in `chunk` may be the last of a traceback: whole, not indented, and no headline."""
    if not chunk.endswith(b"\n"):
        return False
    last = chunk[chunk.rfind(b"\n", 0, -1) + 1 : -1].rstrip(b"\r")
    return bool(last) and last[:1] not in b" \t" and not last.startswith(_STARTS) and last not in _JOINTS
