"""When things were logged and how bad they were, from what the store's index knows of each 64 KiB.

::

    LogReader.blocks ──some at a time──► Timeline ──► the histogram, "14:02" as a line, the next error

Neighbouring blocks that lie within one second are held as one stretch, so that a storm of lines costs no more memory
than seconds do. A stretch that spans more time than a bar of the histogram is one block, and is looked into; there are
few of them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from supervisor.logs.index_file import BlockFacts, time_us
from supervisor.logs.reading import LogReader, StoredBlock
from supervisor.logs.record import severity
from tui.render.histogram import NO_BAR, SECOND_US, Bar

BLOCKS_PER_STEP: Final = 16
_TIME: Final = slice(9, 35)
_LEVEL_AT: Final = 47  # behind ``{"time":"``, the time, and ``Z","level":"``
_MOST_LOOKED_INTO: Final = 256
"""Blocks of which the seconds are remembered."""

_WARNING, _ERROR = severity("WARNING"), severity("ERROR")


class Timeline:
    """The stretches of one store, oldest first: each a block, or blocks within one second. The last one is a block."""

    def __init__(self, reader: LogReader) -> None:
        self._reader = reader
        self._lines = array("Q")  # the first line of each stretch, and how many there are
        self._counts = array("Q")
        self._warnings = array("Q")
        self._errors = array("Q")
        self._times_us = array("q")
        self._seconds: dict[int, dict[int, Bar]] = {}
        self._step_us = 0
        self._sums: dict[int, Bar] = {}
        self._summed = 0  # stretches that are in the sums
        self._seen_lines = 0
        self._newest_us = 0

    @property
    def is_complete(self) -> bool:
        """All that the reader knows has been taken in."""
        return self._seen_lines == self._reader.line_count

    @property
    def stretches(self) -> int:
        """How many of them are held."""
        return len(self._lines)

    def advance(self) -> bool:
        """Take in some blocks more; True while there are more."""
        if self.is_complete:
            return False
        self._forget_last()
        start = self._lines[-1] + self._counts[-1] if self._lines else 0
        total = self._reader.line_count
        for block in islice(self._reader.blocks(start), BLOCKS_PER_STEP):
            self._take_in(block)
        self._seen_lines = min(self._lines[-1] + self._counts[-1], total) if self._lines else total
        if self._seen_lines == total:
            self._newest_us = self._time_of(total - 1)
            return False
        return True

    def _time_of(self, line: int) -> int:
        found = self._reader.lines(line, 1)
        return time_us(found[0][_TIME]) if found else 0

    def _take_in(self, block: StoredBlock) -> None:
        """Add a block as the last stretch; the one before joins its own neighbour where both are of one second."""
        facts = block.facts
        if not facts.lines:
            return  # amid a line that is longer than a block
        first_us = facts.first_us or self._time_of(block.line)  # no line begins in it: one that began before ends in it
        at_us = max(first_us, self._times_us[-1] if self._times_us else 0)
        last = len(self._lines) - 1
        if last > 0 and self._times_us[last - 1] // SECOND_US == at_us // SECOND_US:
            self._join_last()
        self._lines.append(block.line)
        self._counts.append(facts.lines)
        self._warnings.append(facts.warning)
        self._errors.append(facts.error + facts.critical)
        self._times_us.append(at_us)

    def _join_last(self) -> None:
        bar, at = self._bar(-1), len(self._lines) - 2
        for counts in (self._counts, self._warnings, self._errors):
            counts[at] += counts.pop()
        self._lines.pop()
        self._times_us.pop()
        if at < self._summed:
            place = self._times_us[at] // self._step_us
            self._sums[place] = self._sums.get(place, NO_BAR) + bar

    def _forget_last(self) -> None:
        """The newest block may have grown since."""
        if self._lines:
            self._seconds.pop(len(self._lines) - 1, None)
            for each in (self._lines, self._counts, self._warnings, self._errors, self._times_us):
                each.pop()

    @property
    def span_us(self) -> tuple[int, int]:
        """The times of the first and the newest record; (0, 0) where there is none."""
        oldest = next((each for each in self._times_us if each), 0)
        return oldest, max(self._newest_us, self._times_us[-1] if self._times_us else 0, oldest)

    # --- times ---

    def count_before(self, at_us: int) -> int:
        """How many lines are older than `at_us`, in µs since 1970."""
        number = self.line_at(at_us)
        return 0 if number is None else number + (self._time_of(number) < at_us)

    def line_at(self, wanted_us: int) -> int | None:
        """The first line that is as young as `wanted_us`; the last one where none is, None where there are none."""
        if not self._lines:
            return None
        stretch = max(bisect_right(self._times_us, wanted_us) - 1, 0)
        for at in range(stretch, min(stretch + 2, len(self._lines))):
            blocks = self._blocks_of(at)
            older = [place for place, block in enumerate(blocks) if 0 < block.facts.first_us <= wanted_us]
            for block in blocks[older[-1] if older else 0 :]:
                for number, line in self._lines_of(block):
                    if time_us(line[_TIME]) >= wanted_us:
                        return number
        return max(self._reader.line_count - 1, 0)

    def _blocks_of(self, at: int) -> list[StoredBlock]:
        """The blocks of a stretch; those of deleted segments are left out."""
        end, found = self._lines[at] + self._counts[at], []
        for block in self._reader.blocks(self._lines[at]):
            if block.line >= end:
                break
            found.append(block)
        return found

    def _lines_of(self, block: StoredBlock) -> Iterator[tuple[int, bytes]]:
        return enumerate(self._reader.lines(block.line, block.facts.lines), block.line)

    # --- levels ---

    def seek(self, number: int, step: int, minimum: str, is_shown: Callable[[bytes], bool]) -> Iterator[int | None]:
        """The nearest line after `number`, or with a negative `step` before it, of level `minimum` or worse.

        Gives None after each block that it had to read, so that a key can be handled in between; the number at last.
        """
        wanted = severity(minimum)
        at = max(bisect_right(self._lines, number) - 1, 0)
        while 0 <= at < len(self._lines):
            if self._errors[at] + (self._warnings[at] if wanted <= _WARNING else 0):
                for block in self._blocks_of(at)[:: 1 if step > 0 else -1]:
                    if not _may_hold(block.facts, wanted):
                        continue
                    found = [
                        line
                        for line, stored in self._lines_of(block)
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

    def _bar(self, at: int) -> Bar:
        return Bar(self._counts[at], self._warnings[at], self._errors[at])

    def _add(self, bars: dict[int, Bar], at: int) -> None:
        """Add one stretch: as it is where all of it is in one bar."""
        step_us = self._step_us
        place = self._times_us[at] // step_us
        end_us = self._times_us[at + 1] if at + 1 < len(self._times_us) else self._newest_us
        if end_us // step_us <= place:
            bars[place] = bars.get(place, NO_BAR) + self._bar(at)
            return
        for second_us, bar in self._seconds_of(at).items():
            place = second_us // step_us
            bars[place] = bars.get(place, NO_BAR) + bar

    def _seconds_of(self, at: int) -> dict[int, Bar]:
        """What the records of a block are, by the second in which they were made."""
        seconds = self._seconds.get(at)
        if seconds is None:
            while len(self._seconds) >= _MOST_LOOKED_INTO:
                del self._seconds[next(iter(self._seconds))]
            seconds = self._seconds[at] = {}
            texts: dict[bytes, int] = {}
            for line in self._reader.lines(self._lines[at], self._counts[at]):
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


def _may_hold(facts: BlockFacts, wanted: int) -> bool:
    return bool(facts.error + facts.critical + (facts.warning if wanted <= _WARNING else 0))
