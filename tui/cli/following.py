"""Prints records of the log store: the last ones, then what arrives. It reads the files itself and asks no engine."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from supervisor.logs.printing import print_record
from supervisor.logs.reading import LogReader
from supervisor.logs.record import decode
from tui.cli.telling import tell_block, wants_color

if TYPE_CHECKING:
    from pathlib import Path

    from tui.cli.wanted import Wanted

PAGE_LINES: Final = 1000


class LogPrinter:
    """Prints the store in `directory` to stdout, the wanted lines of it, oldest first.

    Raises BrokenPipeError from every method once stdout is closed.
    """

    def __init__(self, directory: Path, wanted: Wanted, name_width: int = 0) -> None:
        self._reader = LogReader(directory)
        self._wanted = wanted
        self._next_line = 0
        self._is_colored = wants_color(sys.stdout)
        self._utc_offset_s = time.localtime().tm_gmtoff
        self.name_width = name_width

    def print_last(self, count: int) -> int:
        """Print the last `count` wanted records there are now; what arrives later is for `print_new`."""
        self._reader.refresh()
        end = self._next_line = self._reader.line_count
        found: list[bytes] = []
        while end > 0 and len(found) < count:
            first = max(0, end - (count - len(found) if self._wanted.wants_all() else PAGE_LINES))
            page = [line for line in self._reader.lines(first, end - first) if self._wanted.matches(line)]
            found = page[-(count - len(found)) :] + found
            end = first
        self._print(found)
        return len(found)

    def print_new(self) -> int:
        """Print the wanted records that arrived since the last call; how many lines there were to look at."""
        self._reader.refresh()
        begin = self._next_line
        while self._next_line < self._reader.line_count:
            page = self._reader.lines(self._next_line, PAGE_LINES)
            if not page:
                break
            self._next_line += len(page)
            self._print([line for line in page if self._wanted.matches(line)])
        return self._next_line - begin

    def close(self) -> None:
        self._reader.close()

    def _print(self, lines: list[bytes]) -> None:
        if not lines:
            return
        records = [decode(line) for line in lines]
        self.name_width = max(self.name_width, *(len(record.worker) for record in records))
        texts = [
            print_record(
                record,
                name_width=self.name_width,
                colours=self._is_colored,
                utc_offset_s=self._utc_offset_s,
            )
            for record in records
        ]
        tell_block("\n".join(texts) + "\n")
