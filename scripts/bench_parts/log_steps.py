"""What a printed line costs the engine, step by step, and what of that is for bytes that a raw copy need not write."""

from __future__ import annotations

import fcntl
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from scripts.bench_parts import report
from scripts.bench_parts.log_peers import LINE
from supervisor.logs.index_file import IndexWriter
from supervisor.logs.intake import PIPE_BYTES, READ_BUDGET_BYTES
from supervisor.logs.lanes import Lane
from supervisor.logs.record import time_text

ROUNDS = 300


def measure(folder: Path) -> None:
    """CPU of one thread in nanoseconds a line, the median over many reads of one budget each."""
    block = LINE * (READ_BUDGET_BYTES // len(LINE))
    lane = Lane("parse.1", 1, "stdout")
    stored = lane.feed(block, time_text(time.time()))
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    directory = os.open(folder, os.O_RDONLY)
    index = IndexWriter(directory, 1)
    raw, records = (os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND) for name in ("raw", "records"))
    steps: list[tuple[str, Callable[[], object], Callable[[], object]]] = [
        ("read from the pipe", lambda: os.write(writing, block), lambda: os.read(reading, READ_BUDGET_BYTES)),
        ("write as it is: so much a raw copy needs, too", _nothing, lambda: os.write(raw, block)),
        ("escape, stamp, attribute", _nothing, lambda: lane.feed(block, time_text(time.time()))),
        ("count lines for the index", _nothing, lambda: index.add(stored, time.time(), "INFO")),
        ("write as records", _nothing, lambda: os.write(records, stored)),
    ]
    lines = len(block) // len(LINE)
    rows = [(name, f"{_median_s(prepare, act) / lines * 1e9:.0f}") for name, prepare, act in steps]
    print(f"of a line of {len(LINE)} bytes, {len(stored) / lines:.0f} as a record")
    report.print_table(("step", "CPU ns a line"), rows)
    index.close()
    for descriptor in (reading, writing, directory, raw, records):
        os.close(descriptor)


def _nothing() -> None:
    """Nothing has to be there first."""


def _median_s(prepare: Callable[[], object], act: Callable[[], object]) -> float:
    took_s = []
    for _ in range(ROUNDS):
        prepare()
        began_s = time.thread_time()
        act()
        took_s.append(time.thread_time() - began_s)
    return statistics.median(took_s)
