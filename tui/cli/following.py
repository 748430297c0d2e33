"""Prints records of the log store: the last ones, then what arrives. It reads the files itself and asks no engine."""

from __future__ import annotations

import sys
import time
from bisect import bisect_left
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Final

from supervisor.logs.gone_lines import GoneLines
from supervisor.logs.printing import print_record
from supervisor.logs.reading import GONE_LINE, LogReader
from supervisor.logs.record import decode
from supervisor.logs.scanning import scan_long
from tui.cli.telling import tell_block, wants_color
from tui.cli.wanted import worker_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from supervisor.logs.record import Record
    from tui.cli.wanted import Wanted

PAGE_LINES: Final = 1000
SHOWN_CHARACTERS: Final = 64 * 1024
"""Of one message. JSON has all of it."""


class LogPrinter:
    """Prints the store in `directory` to stdout, the wanted lines of it, oldest first.

    Raises BrokenPipeError from every method once stdout is closed.
    """

    def __init__(
        self,
        directory: Path,
        wanted: Wanted,
        name_width: int = 0,
        *,
        as_json: bool = False,
        is_colored: bool | None = None,
    ) -> None:
        """`as_json`: the lines as they are stored. `is_colored`: None, as stdout is a terminal that shows it."""
        self._reader = LogReader(directory)
        self._wanted = wanted
        self._as_json = as_json
        self._next_line = 0
        self._gone = GoneLines()
        self._is_colored = wants_color(sys.stdout) if is_colored is None else is_colored
        self._utc_offsets: dict[str, int] = {}
        self.name_width = name_width
        self.before_printing: Callable[[], None] = lambda: None
        """Called before each time that something is printed."""

    def print_last(self, count: int | None) -> int:
        """Print the last `count` wanted records there are now, or all of them; how many.

        What arrives later is for `print_new`.
        """
        self._reader.refresh()
        end = self._next_line = self._reader.line_count
        if self._wanted.wants_all():
            first = 0 if count is None else max(0, end - count)
            for start in range(first, end, PAGE_LINES):
                self._print(self._gone.fold(self._reader.lines(start, min(PAGE_LINES, end - start))))
            self._print(self._gone.take())
            return end - first
        numbers = sorted(islice(self._numbers_back(), count))
        for page in range(0, len(numbers), PAGE_LINES):
            self._print(self._gone.fold(list(self._lines(numbers[page : page + PAGE_LINES]))))
        self._print(self._gone.take())
        return len(numbers)

    def _numbers_back(self) -> Iterator[int]:
        """The numbers of the wanted lines, newest first."""
        for found in scan_long(self._reader, self._wanted.query):
            for line in reversed(found.lines):
                yield found.chunk.line + line

    def _lines(self, numbers: list[int]) -> Iterator[bytes]:
        """The lines with these ascending numbers; neighbours are read together."""
        at = 0
        while at < len(numbers):
            first = numbers[at]
            end = bisect_left(numbers, first + PAGE_LINES, at)
            page = self._reader.lines(first, numbers[end - 1] - first + 1)
            yield from (page[number - first] for number in numbers[at:end])
            at = end

    def print_new(self) -> int:
        """Print the wanted records that arrived since the last call; how many lines there were to look at.

        In the place of those that were deleted before they could be looked at is a line that says how many.
        """
        self._reader.refresh()
        begin = self._next_line
        while self._next_line < self._reader.line_count:
            gone = self._reader.gone_at(self._next_line)
            page = self._reader.lines(self._next_line + gone, PAGE_LINES)
            if not gone and not page:
                break
            self._gone.count += gone
            self._next_line += gone + len(page)
            self._print(self._gone.fold([line for line in page if line == GONE_LINE or self._wanted.matches(line)]))
        self._print(self._gone.take())
        return self._next_line - begin

    def workers(self) -> set[str]:
        """Everybody who has a line in the store; looks at all of it."""
        return {worker_of(line) for chunk in self._reader.chunks_back() for line in chunk.data[:-1].split(b"\n")}

    def close(self) -> None:
        self._reader.close()

    def _print(self, lines: Sequence[bytes]) -> None:
        if not lines:
            return
        self.before_printing()
        if self._as_json:
            tell_block(b"".join(line + b"\n" for line in lines).decode("utf-8", "backslashreplace"))
            return
        records = [decode(line) for line in lines]
        self.name_width = max(self.name_width, *(len(record.worker) for record in records))
        texts = [
            print_record(
                _shown(record),
                name_width=self.name_width,
                colours=self._is_colored,
                utc_offset_s=self._utc_offset_s(record.time),
            )
            for record in records
        ]
        tell_block("\n".join(texts) + "\n")

    def _utc_offset_s(self, time_text: str) -> int:
        """How far the clock here was ahead of UTC then; a log may be older than the last change of the clocks."""
        ten_minutes = time_text[:15]
        known = self._utc_offsets.get(ten_minutes)
        if known is None:
            try:
                known = time.localtime(datetime.fromisoformat(time_text).timestamp()).tm_gmtoff
            except (ValueError, OverflowError, OSError):
                known = 0
            self._utc_offsets = {ten_minutes: known}
        return known


def _shown(record: Record) -> Record:
    """`record`, its message cut where it is too long for people."""
    rest = len(record.message) - SHOWN_CHARACTERS
    if rest <= 0:
        return record
    from msgspec.structs import replace

    return replace(record, message=f"{record.message[:SHOWN_CHARACTERS]} … ({rest:,} characters more; --json has all)")
