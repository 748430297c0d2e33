"""Writes what the log shows into a file, in a thread of its own: the store may hold gigabytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from supervisor.logs.printing import print_record
from supervisor.logs.query import BLOCK_LINES, LogQuery
from supervisor.logs.reading import LogReader
from supervisor.logs.record import Record, decode
from tui.render.zone import Offset, ahead_of, local_of

STORED_SUFFIXES: Final = (".ndjson", ".jsonl", ".json")
"""A file with such a name gets the lines as they are stored."""
REST_S: Final = 0.0005
"""After each block: the thread that paints waits for no more than one."""


def export_log(
    directory: str,
    query: LogQuery,
    path: Path,
    utc_offset_s: Offset,
    *,
    overwrites: bool,
    is_wanted: Callable[[], bool],
) -> int:
    """Write the lines of the store in `directory` that match `query` to `path`; how many. Stops when not wanted.

    Raises OSError: FileExistsError where there is such a file and `overwrites` is False.
    """
    as_stored = path.suffix.lower() in STORED_SUFFIXES
    reader = LogReader(Path(directory))
    written = 0
    try:
        reader.refresh()
        with path.open("wb" if overwrites else "xb") as file:
            for first in range(0, reader.line_count, BLOCK_LINES):
                if not is_wanted():
                    break
                lines = [line for line in reader.lines(first, BLOCK_LINES) if query.matches(line)]
                file.write(b"".join(map(_stored if as_stored else _printed(utc_offset_s), lines)))
                written += len(lines)
                time.sleep(REST_S)
    finally:
        reader.close()
    return written


def _stored(line: bytes) -> bytes:
    return line + b"\n"


def _printed(utc_offset_s: Offset) -> Callable[[bytes], bytes]:
    def printed(line: bytes) -> bytes:
        record = decode(line)
        date = _local_date(record.time, utc_offset_s)
        return f"{date}{_text(record, utc_offset_s)}\n".encode("utf-8", "backslashreplace")

    return printed


def _text(record: Record, utc_offset_s: Offset) -> str:
    return print_record(record, utc_offset_s=ahead_of(record.time, utc_offset_s))


def _local_date(time_text: str, utc_offset_s: Offset) -> str:
    try:
        return f"{local_of(time_text, utc_offset_s):%Y-%m-%d} "
    except ValueError:
        return ""


def copied_text(lines: list[bytes], utc_offset_s: Offset, most_bytes: int) -> tuple[str, bool]:
    """Stored lines as text for the clipboard, at most `most_bytes` of it; whether that is all of them."""
    text = "\n".join(_text(decode(line), utc_offset_s) for line in lines)
    data = text.encode("utf-8", "backslashreplace")
    return data[:most_bytes].decode("utf-8", "ignore"), len(data) <= most_bytes
