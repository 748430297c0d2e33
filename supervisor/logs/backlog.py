"""Lines that the disk does not take yet: a bounded queue in memory that drops the oldest and counts them. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

BACKLOG_BYTES = 4 * 1024 * 1024
FULL_BYTES = 2 * 1024 * 1024
BLOCKING_BACKLOG_BYTES = 128 * 1024 * 1024
"""Where nothing is to be dropped. It is seldom more than `FULL_BYTES`: by what the lanes of one turn brought, and what
was in the pipes of workers that have died since."""


class Backlog:
    """Blocks of whole lines, oldest first, `limit_bytes` of them at the most.

    Attributes:
        bytes: how much waits.
    """

    def __init__(self, limit_bytes: int = BACKLOG_BYTES) -> None:
        self._blocks: deque[bytes] = deque()
        self._limit_bytes = limit_bytes
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._blocks)

    @property
    def is_full(self) -> bool:
        """Nearly: what comes next may cost what came first."""
        return self.bytes >= min(FULL_BYTES, self._limit_bytes // 2)

    def add(self, blocks: Iterable[bytes]) -> list[bytes]:
        """Keep `blocks`, and drop the oldest lines that are too many: those that were dropped."""
        for block in blocks:
            self._blocks.append(block)
            self.bytes += len(block)
        dropped = []
        while self.bytes > self._limit_bytes:
            dropped.append(self._shorten(self._blocks.popleft()))
        return dropped

    def _shorten(self, block: bytes) -> bytes:
        """Drop as many first lines of `block`, which is the oldest, as must go; those lines."""
        cut = block.find(b"\n", self.bytes - self._limit_bytes - 1) + 1 or len(block)
        self.bytes -= cut
        if cut < len(block):
            self._blocks.appendleft(block[cut:])
        return block[:cut]

    def take(self) -> bytes:
        """The oldest block, which waits no longer. Raises IndexError where none waits."""
        block = self._blocks.popleft()
        self.bytes -= len(block)
        return block

    def put_back(self, block: bytes) -> None:
        """Let `block`, or what is left of it, be the oldest again."""
        if block:
            self._blocks.appendleft(block)
            self.bytes += len(block)
