"""Puts one line, which says how many, in the place of those that were deleted before somebody had read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from supervisor.logs.reading import GONE_LINE


def gone_line(count: int) -> bytes:
    """What stands for `count` lines of deleted segments: a record of the engine's, with the number as ``extra.lines``.

    It has no time, for nobody knows it, and its stream is ``damaged``.
    """
    what = "1 line was in a segment that has" if count == 1 else f"{count:,} lines were in segments that have"
    fields = {
        "time": "",
        "level": "WARNING",
        "message": f"({what} been deleted)",
        "extra": {"lines": count},
        "stream": "damaged",
        "worker": "engine",
        "incarnation": 0,
    }
    return msgspec.json.encode(fields)


class GoneLines:
    """For whoever reads all lines of a store one after the other, and may come too late for some.

    Attributes:
        count: those that nothing has been said of yet.
    """

    def __init__(self) -> None:
        self.count = 0

    def fold(self, lines: Sequence[bytes]) -> Sequence[bytes]:
        """`lines` with one in the place of neighbours that are gone; of those at the end nothing is said yet."""
        if not self.count and GONE_LINE not in lines:
            return lines
        told: list[bytes] = []
        for line in lines:
            if line == GONE_LINE:
                self.count += 1
            else:
                told += (*self.take(), line)
        return told

    def take(self) -> Sequence[bytes]:
        """The line for those that nothing has been said of yet; none where there are none."""
        count, self.count = self.count, 0
        return (gone_line(count),) if count else ()
