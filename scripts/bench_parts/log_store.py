"""How fast a large store is opened, paged and searched, with and without the index that its writer has left."""

from __future__ import annotations

import random
import statistics
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec

from scripts.bench_parts import report
from supervisor.logs.lanes import Lane
from supervisor.logs.packing import pack
from supervisor.logs.query import LogQuery
from supervisor.logs.reading import LogReader
from supervisor.logs.record import time_text
from supervisor.logs.scanning import Fold, fastest_fold, keep_freed_memory, scan
from supervisor.logs.search_process import MOST_HITS, SearchReply, request_of, search_command
from supervisor.logs.segment_files import segment_numbers
from supervisor.logs.segments import SegmentWriter

LONG_S = 1.5
"""A search is repeated until its rounds have taken so much CPU time together: what disturbs it is short beside that."""
MOST_S = 2.5
"""A search is broken off after so much CPU time; its rate is that of what it has searched by then."""
MESSAGES = 5003
PAGES = 300
PAGE_LINES = 50
_BEGAN_S = 1_700_000_000
_LINES_A_SECOND = 10_000
_WORDS = "parsed opened file number of the census while reading from socket worker handled cache".split()  # noqa: SIM905

SEARCHES: dict[str, LogQuery] = {
    "text, case ignored, no hit": LogQuery("connection refused"),
    "text, case ignored, 1 hit in 10,000": LogQuery("Timeout"),
    "text, case ignored, 1 hit in 120": LogQuery("number 3"),
    "text in half of the lines": LogQuery("parsed"),
    "text in every line": LogQuery("census"),
    "pattern with a word in it": LogQuery(r"timeout after \d+ ms", is_regex=True),
    "pattern of two words": LogQuery(r"refused by \w+|gone at \d\d", is_regex=True),
    "pattern of a group of words": LogQuery(r"(timeout|refused)\b", is_regex=True),
    "pattern of classes only": LogQuery(r"\b\d{3}-\d{4}\b", is_regex=True),
    "pattern of classes as in times": LogQuery(r"\d+[.]\d+[.]\d+", is_regex=True),
    "pattern in half of the lines": LogQuery(r"number \w+", is_regex=True),
    "pattern in every line": LogQuery(r"\d+$", is_regex=True),
    "pattern of two classes in every line": LogQuery(r"[a-z]+ \d+", is_regex=True),
    "letters in their order, in half of the lines": LogQuery("prsd", is_fuzzy=True),
    "one worker of four, text": LogQuery("refused", workers=frozenset({"parse.2"})),
}

_ROOT = Path(__file__).resolve().parents[2]
_ASKED: list[tuple[str, LogQuery]] = [
    ("its start, and text in every line", SEARCHES["text in every line"]),
    *((name, SEARCHES[name]) for name in SEARCHES if "every" in name or "half" in name or "10,000" in name),
]


def build(directory: Path, megabytes: int) -> int:
    """Write a store of records and printed lines of four workers; how many lines it has."""
    chance = random.Random(7)
    said = [" ".join(chance.sample(_WORDS, 6)) for _ in range(MESSAGES)]
    writer = SegmentWriter(directory)
    lanes = [Lane(f"parse.{number}", 1, "log") for number in range(1, 5)]
    number = 0
    while writer.bytes < megabytes * 1_000_000:
        blocks = []
        for lane in lanes:
            lines = []
            second = time_text(_BEGAN_S + number // _LINES_A_SECOND)[:20]
            for _ in range(500):
                number += 1
                what, level = said[number % MESSAGES], "INFO"
                if number % 10_000 == 0:
                    what, level = f"timeout after {number % 900} ms", "ERROR"
                lines.append(
                    f'{{"time":"{second}{number % _LINES_A_SECOND * 100:06d}Z","level":"{level}",'
                    f'"message":"{what} {number}","logger":"census","place":"census.py:41 parse"}}\n'
                )
            blocks.append(lane.feed("".join(lines).encode(), ""))
        writer.append(blocks)
    writer.close()
    return writer.records


def measure(directory: Path, megabytes: int, rounds: int) -> None:
    """Build a store, measure, print."""
    keep_freed_memory()
    lines = build(directory, megabytes)
    stored_bytes = sum(path.stat().st_size for path in directory.glob("*.ndjson"))
    print(f"a store of {stored_bytes / 1e9:.2f} GB, {lines:,} lines, {len(segment_numbers(directory))} segments")
    _say("open it", lambda: _opened(directory), rounds)
    reader = LogReader(directory)
    reader.refresh()
    _say_pages("any page of 50 lines", reader)
    folds: list[tuple[str, Fold]] = [("bytes.lower", bytes.lower)]
    if fastest_fold() is not bytes.lower:
        folds.append(("numpy", fastest_fold()))
    rows = []
    for name, query in SEARCHES.items():
        for fold_name, fold in folds:
            rows.append((name, fold_name, *_searched(reader, query, fold, rounds)))
    report.print_table(("search", "fold", "GB/s", "GB per CPU s", "hits"), rows)
    for name in (name for name in SEARCHES if "every" in name):
        _say(
            f"{name}: until the {MOST_HITS:,} newest are known, as a person waits", partial(_most, reader, name), rounds
        )
    reader.close()
    _say_process(directory, rounds)
    packed = segment_numbers(directory)[0]
    began_s = time.perf_counter()
    pack(directory, packed)
    print(f"  compress a segment: {time.perf_counter() - began_s:.2f} s, beside the engine")
    reader = LogReader(directory)
    reader.refresh()
    _say_pages("any page of it, one segment compressed", reader)
    reader.close()
    for index in directory.glob("*.index"):
        index.unlink()
    _say("open it where the index was lost", lambda: _opened(directory), rounds)


def _most(reader: LogReader, name: str) -> None:
    count = 0
    for found in scan(reader, SEARCHES[name], fold=fastest_fold()):
        count += len(found.lines)
        if count >= MOST_HITS:
            return


def _say_process(directory: Path, rounds: int) -> None:
    """What a person waits for who searches in the dashboard, which asks a process of its own."""
    firsts_s: dict[str, list[float]] = {}
    lasts_s: dict[str, list[float]] = {}
    for _ in range(rounds):
        with subprocess.Popen(search_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT) as process:
            for number, (name, query) in enumerate(_ASKED):
                first_s, last_s = _asked(process, request_of(number, str(directory), query))
                firsts_s.setdefault(name, []).append(first_s)
                lasts_s.setdefault(name, []).append(last_s)
    print(f"  the search process: until the first hits are told, until the {MOST_HITS:,} newest or all are")
    for name in firsts_s:
        first_ms, last_ms = (statistics.median(took[name]) * 1e3 for took in (firsts_s, lasts_s))
        print(f"    {name}: {first_ms:.0f} ms, {last_ms:.0f} ms", flush=True)


def _asked(process: subprocess.Popen[bytes], request: bytes) -> tuple[float, float]:
    assert process.stdin is not None
    assert process.stdout is not None
    began_s, first_s = time.perf_counter(), 0.0
    process.stdin.write(request)
    process.stdin.flush()
    while True:
        reply = msgspec.json.decode(process.stdout.readline(), type=SearchReply)
        took_s = time.perf_counter() - began_s
        first_s = first_s or (took_s if reply.count else 0.0)
        if reply.is_done:
            return first_s or took_s, took_s


def _opened(directory: Path) -> None:
    reader = LogReader(directory)
    reader.refresh()
    reader.lines(reader.line_count - PAGE_LINES, PAGE_LINES)
    reader.close()


def _say(what: str, act: Callable[[], None], rounds: int) -> None:
    took_s = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        act()
        took_s.append(time.perf_counter() - began_s)
    print(f"  {what}: {statistics.median(took_s) * 1e3:.1f} ms", flush=True)


def _say_pages(what: str, reader: LogReader) -> None:
    chance = random.Random(3)
    took_ms = []
    for _ in range(PAGES):
        first = chance.randrange(reader.line_count)
        began_s = time.perf_counter()
        reader.lines(first, PAGE_LINES)
        took_ms.append((time.perf_counter() - began_s) * 1e3)
    print(f"  {what}: median {statistics.median(took_ms):.2f} ms, p95 {report.p95(took_ms):.2f} ms", flush=True)


def _searched(reader: LogReader, query: LogQuery, fold: Fold, rounds: int) -> tuple[str, str, str]:
    walls_s, cpus_s, hits, searched_bytes, is_whole = [], [], 0, 0, True
    for _ in range(rounds):
        hits, searched_bytes, is_whole = 0, 0, True
        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for found in scan(reader, query, fold=fold):
            hits += len(found.lines)
            searched_bytes += len(found.chunk.data)
            if time.process_time() - began_cpu_s > MOST_S:
                is_whole = False
                break
        walls_s.append((time.perf_counter() - began_s) / searched_bytes)
        cpus_s.append((time.process_time() - began_cpu_s) / searched_bytes)
        if sum(cpus_s) * searched_bytes > LONG_S:
            break
    return (
        f"{1 / statistics.median(walls_s) / 1e9:.2f}",
        f"{1 / statistics.median(cpus_s) / 1e9:.2f}",
        f"{hits:,}" if is_whole else f"{hits:,} in {searched_bytes / 1e9:.2f} GB",
    )
