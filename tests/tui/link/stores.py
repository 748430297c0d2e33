"""Stores of which a test knows every line's time and level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from supervisor.logs.reading import LogReader

BEGIN_US = int(datetime(2026, 11, 22, 13, 0, tzinfo=UTC).timestamp() * 1_000_000)


def timed_line(at_us: int, level: str = "INFO", message: str = "message", worker: str = "parse.1") -> bytes:
    """One line as the engine stores it, made at `at_us` after `BEGIN_US`."""
    moment = datetime.fromtimestamp((BEGIN_US + at_us) / 1e6, UTC)
    record = {"time": f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z", "level": level, "message": message}
    return msgspec.json.encode(record | {"stream": "log", "worker": worker, "incarnation": 1})


def write_store(directory: Path, lines: Sequence[bytes], segments: int = 1) -> None:
    """`lines` in so many segments of equal length."""
    directory.mkdir(parents=True, exist_ok=True)
    size = -(-len(lines) // segments)
    for at in range(segments):
        part = lines[at * size : (at + 1) * size]
        (directory / f"{at + 1:06d}.ndjson").write_bytes(b"".join(line + b"\n" for line in part))


def reader_of(directory: Path) -> LogReader:
    """A reader that has seen everything."""
    reader = LogReader(directory)
    while reader.refresh():
        pass
    return reader
