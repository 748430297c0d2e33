"""When things were logged and how bad they were, from what the store's index knows of each 64 KiB.

::

    LogReader.blocks ──some at a time──► Timeline ──► the histogram, "14:02" as a line, the next error

Blocks that span more time than a bar of the histogram are looked into, once; there are few of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from supervisor.logs.index_file import BlockFacts, time_us
from supervisor.logs.reading import LogReader
from supervisor.logs.record import severity
from tui.render.histogram import NO_BAR, Bar

BLOCKS_PER_STEP: Final = 16
_TIME: Final = slice(9, 35)
_LEVEL_AT: Final = 47  # behind ``{"time":"``, the time, and ``Z","level":"``

_WARNING, _ERROR = severity("WARNING"), severity("ERROR")


class Timeline:
    """The blocks of one store, oldest first."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._lines: list[int] = []
        self._facts: list[BlockFacts] = []
        self._times_us: list[int] = []
        self._seconds: dict[int, dict[int, Bar]] = {}
        self._step_us = 0
        self._sums: dict[int, Bar] = {}
        self._summed = 0  # blocks that are in the sums
        self._seen_lines = 0
        self._newest_us = 0

    @property
    def is_complete(self) -> bool:
        """All that the reader knows has been taken in."""
        return self._seen_lines == self._reader.line_count

    def advance(self) -> bool:
        """Take in some blocks more; True while there are more."""
        if self.is_complete:
            return False
        self._forget_last()
        start = self._lines[-1] + self._facts[-1].lines if self._lines else 0
        total = self._reader.line_count
        for block in islice(self._reader.blocks(start), BLOCKS_PER_STEP):
            self._lines.append(block.line)
            self._facts.append(block.facts)
            before_us = self._times_us[-1] if self._times_us else 0
            self._times_us.append(max(block.facts.first_us, before_us))
        self._seen_lines = min(self._lines[-1] + self._facts[-1].lines, total) if self._lines else total
        if self._seen_lines == total:
            newest = self._reader.lines(total - 1, 1)
            self._newest_us = time_us(newest[0][_TIME]) if newest else 0
            return False
        return True

    def _forget_last(self) -> None:
        """The newest block may have grown since."""
        if self._lines:
            at = len(self._lines) - 1
            self._seconds.pop(at, None)
            for each in (self._lines, self._facts, self._times_us):
                each.pop()

    @property
    def span_us(self) -> tuple[int, int]:
        """The times of the first and the newest record; (0, 0) where there is none."""
        oldest = next((each for each in self._times_us if each), 0)
        return oldest, max(self._newest_us, self._times_us[-1] if self._times_us else 0, oldest)

    # --- times ---

    def line_at(self, wanted_us: int) -> int | None:
        """The first line that is as young as `wanted_us`; the last one where none is, None where there are none."""
        if not self._lines:
            return None
        block = max(bisect_right(self._times_us, wanted_us) - 1, 0)
        for at in range(block, min(block + 2, len(self._lines))):
            for number, line in self._lines_of(at):
                if time_us(line[_TIME]) >= wanted_us:
                    return number
        return max(self._reader.line_count - 1, 0)

    def _lines_of(self, at: int) -> Iterator[tuple[int, bytes]]:
        first = self._lines[at]
        return enumerate(self._reader.lines(first, self._facts[at].lines), first)

    # --- levels ---

    def seek(self, number: int, step: int, minimum: str, is_shown: Callable[[bytes], bool]) -> Iterator[int | None]:
        """The nearest line after `number`, or with a negative `step` before it, of level `minimum` or worse.

        Gives None after each block that it had to read, so that a key can be handled in between; the number at last.
        """
        wanted = severity(minimum)
        at = max(bisect_right(self._lines, number) - 1, 0)
        while 0 <= at < len(self._lines):
            facts = self._facts[at]
            if facts.error + facts.critical + (facts.warning if wanted <= _WARNING else 0):
                found = [
                    line
                    for line, stored in self._lines_of(at)
                    if (line - number) * step > 0 and level_of(stored) >= wanted and is_shown(stored)
                ]
                if found:
                    yield min(found) if step > 0 else max(found)
                    return
                yield None
            at += 1 if step > 0 else -1

    # --- the histogram ---

    def bars(self, step_us: int) -> dict[int, Bar]:
        """What was logged in each stretch of `step_us`, whole seconds, by its number since 1970."""
        if step_us != self._step_us:
            self._step_us, self._sums, self._summed = step_us, {}, 0
        last = len(self._lines) - 1
        for at in range(self._summed, last):
            self._add(self._sums, at)
        self._summed = max(last, 0)
        bars = dict(self._sums)
        if last >= 0:
            self._add(bars, last)
        return bars

    def _add(self, bars: dict[int, Bar], at: int) -> None:
        """Add one block: as it is where all of it is in one bar."""
        step_us = self._step_us
        place = self._times_us[at] // step_us
        end_us = self._times_us[at + 1] if at + 1 < len(self._times_us) else self._newest_us
        if end_us // step_us <= place:
            bars[place] = bars.get(place, NO_BAR) + _bar_of(self._facts[at])
            return
        for second_us, bar in self._seconds_of(at).items():
            place = second_us // step_us
            bars[place] = bars.get(place, NO_BAR) + bar

    def _seconds_of(self, at: int) -> dict[int, Bar]:
        """What the records of a block are, by the second in which they were made."""
        seconds = self._seconds.get(at)
        if seconds is None:
            seconds = self._seconds[at] = {}
            texts: dict[bytes, int] = {}
            for _, line in self._lines_of(at):
                text = line[9:28]
                second_us = texts.get(text)
                if second_us is None:
                    second_us = texts[text] = time_us(text + b".000000") or self._times_us[at]
                level = level_of(line)
                one = Bar(1, int(_WARNING <= level < _ERROR), int(level >= _ERROR))
                seconds[second_us] = seconds.get(second_us, NO_BAR) + one
        return seconds


def level_of(line: bytes) -> int:
    """The severity of a stored line, from where the agent and the engine write it; INFO's where it is not there."""
    end = line.find(b'"', _LEVEL_AT, _LEVEL_AT + 40)
    return severity(line[_LEVEL_AT:end].decode("ascii", "replace")) if end > 0 else severity("INFO")


def _bar_of(facts: BlockFacts) -> Bar:
    return Bar(facts.lines, facts.warning, facts.error + facts.critical)
