"""Exceptions and crashes of a run, grouped by type and place. Pure but for `ErrorScan`, which reads through a reader.

::

    store ── records with an exception ─────────────┐
             tracebacks and stacks on stderr ───────┼─► ErrorBook ──► groups: count, first, last, workers, traceback
    journal ─ exits by signal or exit code ─────────┘

Works on the files alone, with the engine up or down, and goes on where it was as the store grows.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, Protocol

from supervisor.logs.record import decode
from supervisor.logs.stack_texts import FATAL_MARK, TRACEBACK_MARK, Gatherer, StackText, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from supervisor.logs.record import Record

ErrorKind = Literal["exception", "traceback", "fatal", "crash"]
"""A record's exception; a traceback on stderr; a fatal error of the interpreter; an exit without any of them."""

MOST_GROUPS: Final = 1000
MOST_LIVES: Final = 2000
BLOCK_LINES: Final = 500
BUCKETS: Final = 256
"""Kept of a group's timeline; its buckets grow wider when they are too many."""
SAME_S: Final = 1.0
"""A traceback that is logged and printed within this time is one occurrence."""

_EXCEPTION_MARK: Final = b'"exception":{'
_STDERR_MARK: Final = b'"stream":"stderr"'
_STARTS: Final = (TRACEBACK_MARK.encode(), FATAL_MARK.encode())
_CAUSE_END: Final = re.compile(r": |; | \((?!SIG)|, ")
_SIGNAL: Final = re.compile(r"\((SIG\w+)[^)]*\)")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One failure, once."""

    kind: ErrorKind
    type: str
    message: str
    place: str
    """``parse.py:41 parse``; empty where nobody told."""
    worker: str
    incarnation: int
    at: float
    """Unix time."""
    traceback: str = ""
    advice: str = ""
    line: int = -1
    """Its number in the store; -1 for what only the journal has."""


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """All occurrences of one type at one place."""

    kind: ErrorKind
    type: str
    place: str
    count: int
    first_at: float
    last_at: float
    workers: dict[str, int]
    """Occurrences by replica."""
    message: str
    """Of the last occurrence, as the following."""
    traceback: str
    advice: str
    line: int
    worker: str
    timeline: tuple[tuple[float, int], ...]
    """(when a bucket begins, as a Unix time; occurrences in it), ascending, empty buckets left out."""
    bucket_s: float

    def buckets(self, start_at: float, end_at: float, count: int) -> tuple[int, ...]:
        """Occurrences in `count` equal parts of the time between two Unix times: what a sparkline draws."""
        width_s = max((end_at - start_at) / max(count, 1), 1e-9)
        parts = [0] * count
        for at, number in self.timeline:
            part = int((at - start_at) / width_s)
            if start_at <= at <= end_at:
                parts[min(part, count - 1)] += number
        return tuple(parts)


class _Timeline:
    """How many in each second, or in each longer bucket where there are too many of them."""

    def __init__(self) -> None:
        self.width_s = 1
        self._counts: dict[int, int] = {}

    def add(self, at: float) -> None:
        bucket = int(at) // self.width_s
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        while len(self._counts) > BUCKETS:
            self.width_s *= 2
            wider: dict[int, int] = {}
            for bucket, count in self._counts.items():
                wider[bucket // 2] = wider.get(bucket // 2, 0) + count
            self._counts = wider

    def told(self) -> tuple[tuple[float, int], ...]:
        return tuple((float(bucket * self.width_s), count) for bucket, count in sorted(self._counts.items()))


class _Group:
    def __init__(self, first: Occurrence) -> None:
        self.count = 0
        self.first_at = first.at
        self.last = first
        self.traceback = ""
        self.advice = ""
        self.workers: dict[str, int] = {}
        self.timeline = _Timeline()

    def add(self, occurrence: Occurrence) -> None:
        self.count += 1
        self.first_at = min(self.first_at, occurrence.at)
        if occurrence.at >= self.last.at:
            self.last = occurrence
        self.traceback = occurrence.traceback or self.traceback
        self.advice = occurrence.advice or self.advice
        self.workers[occurrence.worker] = self.workers.get(occurrence.worker, 0) + 1
        self.timeline.add(occurrence.at)

    def told(self) -> ErrorGroup:
        last = self.last
        return ErrorGroup(
            kind=last.kind,
            type=last.type,
            place=last.place,
            count=self.count,
            first_at=self.first_at,
            last_at=last.at,
            workers=dict(self.workers),
            message=last.message,
            traceback=self.traceback,
            advice=self.advice,
            line=last.line,
            worker=last.worker,
            timeline=self.timeline.told(),
            bucket_s=float(self.timeline.width_s),
        )


_Key = tuple[str, str]
_Life = tuple[str, int]


class ErrorBook:
    """Groups of what it was given, `MOST_GROUPS` of them: the ones that happened last.

    Attributes:
        forgotten: groups that were dropped because there were too many.
    """

    def __init__(self) -> None:
        self._groups: OrderedDict[_Key, _Group] = OrderedDict()
        self._latest: OrderedDict[_Life, Occurrence] = OrderedDict()
        self.forgotten = 0

    def add(self, occurrence: Occurrence) -> bool:
        """Count `occurrence`; False where it is another view of the one before it."""
        life = (occurrence.worker, occurrence.incarnation)
        before = self._latest.get(life)
        self._latest[life] = occurrence
        self._latest.move_to_end(life)
        if len(self._latest) > MOST_LIVES:
            self._latest.popitem(last=False)
        if before is not None and _is_same(before, occurrence):
            return False
        key = (occurrence.type, occurrence.place)
        group = self._groups.setdefault(key, _Group(occurrence))
        group.add(occurrence)
        self._groups.move_to_end(key)
        if len(self._groups) > MOST_GROUPS:
            self._groups.popitem(last=False)
            self.forgotten += 1
        return True

    def add_exit(self, worker: str, incarnation: int, at: float, cause: str) -> bool:
        """Count an exit that was no good end, in the engine's words; False where its exception is counted already.

        Feed the store up to this exit first.
        """
        if cause.startswith("uncaught "):
            return False  # the agent has written its exception into the log
        before = self._latest.get((worker, incarnation))
        if before is not None and before.kind in ("fatal", "traceback") and _explains(before, cause):
            group = self._groups.get((before.type, before.place))
            if before.kind == "fatal" and group is not None and group.last == before:
                group.last = replace(before, message=cause)
            return False
        kind, place = crash_type(cause), ""
        return self.add(Occurrence("crash", kind, cause, place, worker, incarnation, at))

    def groups(self, workers: Iterable[str] = ()) -> tuple[ErrorGroup, ...]:
        """What there is, the latest first; with `workers` (``parse`` or ``parse.2``) what has happened in them."""
        wanted = frozenset(workers)
        told = [group.told() for group in self._groups.values()]
        if wanted:
            told = [group for group in told if any(is_of(name, wanted) for name in group.workers)]
        return tuple(sorted(told, key=lambda group: group.last_at, reverse=True))


def is_of(replica: str, names: frozenset[str]) -> bool:
    """Whether a replica is one of `names`, or belongs to a worker that is."""
    return replica in names or replica.partition(".")[0] in names


def crash_type(cause: str) -> str:
    """What the same kind of end has in common: ``segmentation fault (SIGSEGV)``, ``exit code 3``."""
    return _CAUSE_END.split(_SIGNAL.sub(r"(\1)", cause), maxsplit=1)[0]


def _is_same(before: Occurrence, now: Occurrence) -> bool:
    """Whether one exception was told in two ways: a record, and a traceback on stderr."""
    return (
        before.kind != now.kind
        and (before.type.rpartition(".")[2], before.place) == (now.type.rpartition(".")[2], now.place)
        and abs(before.at - now.at) < SAME_S
    )


def _explains(failure: Occurrence, cause: str) -> bool:
    """Whether an exit is the end that this failure has led to."""
    if failure.kind == "fatal":
        return True
    words = f"{failure.type}: {failure.message}" if failure.message else failure.type
    return " ".join(words.split())[:100] in cause


class Lines(Protocol):
    """What the scan needs of a reader; `supervisor.logs.reading.LogReader` is one."""

    line_count: int

    def lines(self, first: int, count: int) -> list[bytes]:
        """Up to `count` lines from number `first`, without newlines."""

    def block(self, first: int, count: int) -> bytes:
        """The same lines as one piece."""


class ErrorScan:
    """Looks through a store for failures, once, and on as it grows.

    Args:
        reader: must have been refreshed.
        since_at: a Unix time; what is older is left out, and most of it is not even read.
    """

    def __init__(self, reader: Lines, since_at: float = 0.0) -> None:
        self.book = ErrorBook()
        self.position = _first_line_since(reader, since_at) if since_at else 0
        self._reader = reader
        self._since_at = since_at
        self._gatherers: dict[_Life, tuple[Gatherer, float, int]] = {}

    def advance(self, budget_lines: int = 50_000) -> bool:
        """Look at up to `budget_lines` more lines; True while there are more."""
        left = budget_lines
        while left > 0 and self.position < self._reader.line_count:
            count = min(BLOCK_LINES, left, self._reader.line_count - self.position)
            if self._concerns(self._reader.block(self.position, count)):
                for number, line in enumerate(self._reader.lines(self.position, count), self.position):
                    self._take(number, line)
            self.position += count
            left -= count
        if self.position < self._reader.line_count:
            return True
        self._finish_all()
        return False

    def _concerns(self, block: bytes) -> bool:
        if _EXCEPTION_MARK in block:
            return True
        return _STDERR_MARK in block and (bool(self._gatherers) or any(start in block for start in _STARTS))

    def _take(self, number: int, line: bytes) -> None:
        if _EXCEPTION_MARK in line:
            record = decode(line)
            if record.exception is not None:
                self._add(_of_record(record, number))
        elif _STDERR_MARK in line and (self._gatherers or any(start in line for start in _STARTS)):
            self._gather(number, decode(line))

    def _gather(self, number: int, record: Record) -> None:
        if record.stream != "stderr":
            return
        life = (record.worker, record.incarnation)
        gatherer, at, first = self._gatherers.pop(life, (Gatherer(), 0.0, 0))
        for text in record.message.split("\n"):
            was_open = gatherer.is_open
            self._add_stack(gatherer.take(text), life, at, first)
            if gatherer.is_open and not was_open:
                at, first = unix_time(record.time), number
        if gatherer.is_open:
            self._gatherers[life] = (gatherer, at, first)

    def _finish_all(self) -> None:
        """Nothing has come after them: they are whole, or they go on with what is stored next."""
        for life, (gatherer, at, first) in list(self._gatherers.items()):
            if gatherer.is_whole:
                del self._gatherers[life]
                self._add_stack(gatherer.finish(), life, at, first)

    def _add_stack(self, stack: StackText | None, life: _Life, at: float, line: int) -> None:
        if stack is not None:
            worker, incarnation = life
            self._add(
                Occurrence(
                    stack.kind, stack.type, stack.message, stack.place, worker, incarnation, at, stack.text, line=line
                )
            )

    def _add(self, occurrence: Occurrence) -> None:
        if occurrence.at >= self._since_at:
            self.book.add(occurrence)


def _of_record(record: Record, number: int) -> Occurrence:
    exception = record.exception
    assert exception is not None
    return Occurrence(
        kind="exception",
        type=exception.type or "Exception",
        message=exception.message,
        place=place_of(exception.traceback) or record.place,
        worker=record.worker,
        incarnation=record.incarnation,
        at=unix_time(record.time),
        traceback=exception.traceback,
        advice=exception.advice,
        line=number,
    )


def unix_time(text: str) -> float:
    """The Unix time of a record's `time`; 0 where it has none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def _first_line_since(reader: Lines, since_at: float) -> int:
    """The first line that is not surely older: times of a store are almost in order."""
    low, high = 0, reader.line_count
    while low < high:
        middle = (low + high) // 2
        found = reader.lines(middle, 1)
        at = unix_time(decode(found[0]).time) if found else 0.0
        if at and at < since_at - SAME_S:
            low = middle + 1
        else:
            high = middle
    return low
