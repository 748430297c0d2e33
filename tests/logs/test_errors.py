"""Failures are grouped by type and place, counted once, and found in a store that grows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from supervisor.logs import errors
from supervisor.logs.errors import ErrorBook, ErrorScan, Occurrence, crash_type, unix_time
from supervisor.logs.lanes import Lane
from supervisor.logs.reading import LogReader
from supervisor.logs.record import time_text
from supervisor.logs.segments import SegmentWriter

START = 1_795_354_286.0
TRACEBACK = 'Traceback (most recent call last):\n  File "/w/parse.py", line {line}, in parse\n    go()\n{end}\n'


def occurrence(at: float = 0.0, line: int = 41, worker: str = "parse.1", kind: str = "ValueError") -> Occurrence:
    return Occurrence("exception", kind, f"at {at:g}", f"parse.py:{line} parse", worker, 1, START + at)


def record(at: float, kind: str, line: int, message: str = "bad") -> bytes:
    text = TRACEBACK.format(line=line, end=f"{kind}: {message}")
    fields = {
        "time": time_text(START + at),
        "level": "ERROR",
        "message": "failed",
        "exception": {"type": kind, "message": message, "traceback": text},
    }
    return msgspec.json.encode(fields) + b"\n"


class Store:
    """A store that lanes write into, and a reader of it."""

    def __init__(self, directory: Path) -> None:
        self.writer = SegmentWriter(directory)
        self.reader = LogReader(directory)
        self.lanes: dict[tuple[str, str], Lane] = {}

    def log(self, worker: str, *lines: bytes) -> None:
        lane = self.lanes.setdefault((worker, "log"), Lane(worker, 1, "log"))
        self.writer.append([lane.feed(b"".join(lines), time_text(START))])

    def stderr(self, worker: str, text: str, at: float = 0.0) -> None:
        lane = self.lanes.setdefault((worker, "stderr"), Lane(worker, 1, "stderr"))
        self.writer.append([lane.feed(text.encode(), time_text(START + at))])

    def scanned(self, scan: ErrorScan) -> ErrorBook:
        while self.reader.refresh():
            pass
        while scan.advance():
            pass
        return scan.book

    def close(self) -> None:
        self.reader.close()
        self.writer.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_same_type_and_place_is_one_group() -> None:
    """Count, first and last seen, which workers, and what the last one said."""
    book = ErrorBook()
    for at, worker in ((10, "parse.2"), (0, "parse.1"), (30, "parse.2")):
        book.add(occurrence(at, worker=worker))
    book.add(occurrence(20, line=50))
    book.add(occurrence(25, kind="KeyError"))
    first = book.groups()[0]
    assert [(group.type, group.place, group.count) for group in book.groups()] == [
        ("ValueError", "parse.py:41 parse", 3),
        ("KeyError", "parse.py:41 parse", 1),
        ("ValueError", "parse.py:50 parse", 1),
    ]
    assert (first.first_at, first.last_at, first.message) == (START, START + 30, "at 30")
    assert first.workers == {"parse.1": 1, "parse.2": 2}
    assert [group.count for group in book.groups(["parse.2"])] == [3]
    assert len(book.groups(["parse"])) == 3
    assert book.groups(["walk"]) == ()


def test_timeline_is_bounded_and_complete() -> None:
    """A thousand hours of errors fit into few buckets; none is lost, and a sparkline can be drawn of any part."""
    book = ErrorBook()
    for hour in range(1000):
        book.add(occurrence(hour * 3600.0))
    [group] = book.groups()
    assert len(group.timeline) <= errors.BUCKETS
    assert sum(count for _, count in group.timeline) == 1000
    assert sum(group.buckets(START - 1e7, START + 1e7, 20)) == 1000
    parts = group.buckets(START - group.bucket_s, START + 3600 * 1000, 10)
    assert len(parts) == 10
    assert max(parts) - min(parts) <= 30
    assert group.buckets(0, 1, 3) == (0, 0, 0)


def test_number_of_groups_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest are kept, and how many were not is known."""
    monkeypatch.setattr(errors, "MOST_GROUPS", 10)
    book = ErrorBook()
    for line in range(25):
        book.add(occurrence(line, line=line))
    assert [group.place for group in book.groups()] == [f"parse.py:{line} parse" for line in range(24, 14, -1)]
    assert book.forgotten == 15


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (
            "segmentation fault (SIGSEGV, core dumped): Fatal Python error: Segmentation fault",
            "segmentation fault (SIGSEGV)",
        ),
        ("killed by SIGKILL from outside, perhaps by the out-of-memory killer", "killed by SIGKILL from outside"),
        ("killed by SIGABRT, sent by procdeck", "killed by SIGABRT"),
        ("exit code 3 (no such host)", "exit code 3"),
        ("exit code 127: the shell found no such command (sh: redis: not found)", "exit code 127"),
    ],
)
def test_crashes_of_one_kind_are_one_group(cause: str, kind: str) -> None:
    """Whatever else the engine knows about each of them."""
    assert crash_type(cause) == kind


def test_store_is_read_once_and_on_as_it_grows(store: Store) -> None:
    """Records with exceptions, however they are mixed with others; another look finds only what is new."""
    for number in range(2000):
        store.log("walk", b'{"time":"%s","level":"INFO","message":"\\"exception\\":{"}\n' % time_text(START).encode())
        if number % 500 == 0:
            store.log("parse.1", record(number, "ValueError", 41))
    scan = ErrorScan(store.reader)
    [group] = store.scanned(scan).groups()
    assert (group.count, group.place, group.worker) == (4, "parse.py:41 parse", "parse.1")
    assert b"ValueError" in store.reader.lines(group.line, 1)[0]
    store.log("parse.2", record(3000, "ValueError", 41), record(3001, "OSError", 9, "disk"))
    latest, same = store.scanned(scan).groups()
    assert (latest.type, latest.message, same.count, same.workers) == (
        "OSError",
        "disk",
        5,
        {"parse.1": 4, "parse.2": 1},
    )
    store.close()


def test_tracebacks_on_stderr_are_found_between_the_lines_of_others(store: Store) -> None:
    """A command's own traceback, cut anywhere by reads and by other workers; a half one waits for its end."""
    text = TRACEBACK.format(line=7, end="KeyError: 'x'")
    scan = ErrorScan(store.reader)
    store.stderr("web", "listening\n" + text[:60])
    store.stderr("other", TRACEBACK.format(line=9, end="OSError"))
    assert [group.type for group in store.scanned(scan).groups()] == ["OSError"]
    store.stderr("web", text[60:] + "listening again\n", at=1)
    web = store.scanned(scan).groups(["web"])[0]
    assert (web.kind, web.type, web.message, web.place) == ("traceback", "KeyError", "'x'", "parse.py:7 parse")
    assert web.traceback == text
    store.close()


def test_one_failure_told_in_several_ways_counts_once(store: Store) -> None:
    """Logged and printed; printed, and then the exit code; a fatal error, and then the signal; told by the agent."""
    store.log("a", record(0, "ValueError", 41))
    store.stderr("a", TRACEBACK.format(line=41, end="ValueError: bad"), at=0.5)
    store.stderr("b", TRACEBACK.format(line=7, end="KeyError: 'x'"))
    store.stderr(
        "c", 'Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n  File "w.py", line 3 in f\n'
    )
    book = store.scanned(ErrorScan(store.reader))
    assert not book.add_exit("a", 1, START + 1, "uncaught ValueError: bad at parse.py:41")
    assert not book.add_exit("b", 1, START + 1, "exit code 1 (KeyError: 'x')")
    assert not book.add_exit("c", 1, START + 1, "aborted (SIGABRT): Fatal Python error: Aborted")
    assert book.add_exit("d", 1, START + 2, "killed by SIGKILL from outside")
    told = {(group.kind, group.type, group.place, group.count) for group in book.groups()}
    assert told == {
        ("exception", "ValueError", "parse.py:41 parse", 1),
        ("traceback", "KeyError", "parse.py:7 parse", 1),
        ("fatal", "Fatal Python error: Aborted", "w.py:3 f", 1),
        ("crash", "killed by SIGKILL from outside", "", 1),
    }
    store.close()


def test_what_is_older_is_left_out(store: Store) -> None:
    """Counting begins at a time; the lines before it are not read."""
    for minute in range(100):
        store.log("parse.1", record(minute * 60, "ValueError", 41))
    while store.reader.refresh():
        pass
    scan = ErrorScan(store.reader, since_at=START + 90 * 60)
    assert scan.position >= 80
    [group] = store.scanned(scan).groups()
    assert (group.count, group.first_at) == (10, START + 90 * 60)
    store.close()


def test_time_of_a_record() -> None:
    """Also of one that has none."""
    assert unix_time(time_text(START)) == START
    assert unix_time("") == 0.0
