"""What a store of numbered lines holds, and what is wrong with it: lost, doubled, out of order, untrue counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from scripts.chaos_parts import talkers
from supervisor.logs.reading import GONE_LINE
from supervisor.logs.record import Record, decode

_SAID: Final = re.compile(r"way=([\w.]+) number=(\d+) end")
_MOST_SENTENCES: Final = 20
_CHAIN: Final = "The above exception was the direct cause of the following exception"

Life = tuple[str, int, str]
"""A replica, its incarnation, a way."""


class Count:
    """Takes the lines of a store in order, then what the workers have noted.

    Attributes:
        last: the greatest number of every way of every life.
        found: how many numbers of it there are.
        torn: lines that were cut off by a kill in the middle of a call.
        split: tracebacks with another worker's line inside.
        said_lost: what the marks in the log say of each replica, where the disk took no more.
        wrong: how often something is as it must not be, by kind.
        sentences: the first of these in full.
    """

    def __init__(self) -> None:
        self.last: dict[Life, int] = {}
        self.found: Counter[Life] = Counter()
        self.lines = 0
        self.torn = 0
        self.tracebacks = 0
        self.split = 0
        self.said_lost: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.sentences: list[str] = []
        self._gaps: list[tuple[Life, str]] = []
        self._before: Record | None = None

    def take(self, line: bytes) -> None:
        """The next line of the store."""
        self.lines += 1
        if line == GONE_LINE:
            self.say("gone unread", f"line {self.lines}")
            return
        record = decode(line)
        if record.stream == "damaged":
            self.say("damaged", record.message[:200])
        text = record.message
        if record.exception is not None:
            text = f"{text} {record.exception.message}"
        if found := _SAID.search(text):
            self._take_number((record.worker, record.incarnation, found[1]), int(found[2]), record)
        elif "way=" in text or record.partial:
            self.torn += 1  # killed in the middle of a call
        elif record.worker == "engine" and "lost" in record.extra:
            for lane, count in record.extra["of"].items():
                self.said_lost[lane.partition(" ")[0]] += count
        self._before = record

    def _take_number(self, life: Life, number: int, record: Record) -> None:
        way, last = life[2], self.last.get(life, 0)
        if way == "long" and len(record.message) < talkers.LONG_BYTES:
            self.torn += 1
            return
        if number <= last:
            self.say("twice or out of order", f"{life}: {number} after {last}")
        elif number != last + 1:
            self._gaps.append((life, f"{life}: {number} after {last}"))
        self.found[life] += 1
        self.last[life] = max(last, number)
        if way == "traceback":
            self.tracebacks += 1
            before = self._before
            self.split += before is None or before.worker != record.worker or before.message != "    fail()"
        if fault := _fault(way, record):
            self.say("not whole", f"{life} {number}: {fault}")

    def hold_against(self, folder: Path, *, is_whole: bool = True, may_drop: bool = False) -> None:
        """Compare with what the workers have noted.

        `is_whole`: the store had the time to take all that was said. `may_drop`: what is missing only has to be what
        the log itself says is missing.
        """
        missing: Counter[str] = Counter()
        slack: Counter[str] = Counter()
        for path in sorted(folder.iterdir()):
            replica, _, incarnation = path.name.rpartition("-")
            if path.stat().st_size != 8 * len(talkers.WAYS):
                continue  # killed before it had said anything
            slack[replica] += 2  # a call that the kill interrupted, and the torn piece of it
            for way, noted in talkers.read_tally(path).items():
                life = replica, int(incarnation), way
                stored, found = self.last.get(life, 0), self.found[life]
                missing[replica] += max(0, noted - found)
                if stored > noted + 1:
                    self.say("never said", f"{path.name} {way}: {stored} of {noted}")
                elif stored < noted and is_whole and not may_drop:
                    self.say("lost", f"{path.name} {way}: {stored} of {noted}")
        if not may_drop:
            for _, sentence in self._gaps:
                self.say("gap", sentence)
            return
        for replica in sorted(missing | self.said_lost):
            if (
                replica in slack
                and not missing[replica] <= self.said_lost[replica] <= missing[replica] + slack[replica]
            ):
                self.say("miscounted", f"{replica}: {missing[replica]} missing, {self.said_lost[replica]} said")

    def say(self, kind: str, sentence: str) -> None:
        """Something is as it must not be."""
        self.wrong[kind] += 1
        if len(self.sentences) < _MOST_SENTENCES:
            self.sentences.append(f"{kind}: {sentence}")


def _fault(way: str, record: Record) -> str:
    """What a record lacks that its way of saying it has to bring; empty where nothing does."""
    traceback = record.exception.traceback if record.exception is not None else ""
    if talkers.SECRET in traceback:
        return "a masked local is there"
    if way in talkers.CHAINED and _CHAIN not in traceback:
        return "the cause is not there"
    if way == "bound" and record.extra.get("said") != record.message:
        return f"the bound field is {record.extra.get('said')!r}"
    if way == "child" and record.pid is None:
        return "its process is not told"
    return ""


def lines_in(path: Path) -> Iterator[bytes]:
    """The lines of a file, without newlines."""
    with open(path, "rb") as file:
        for line in file:
            yield line.removesuffix(b"\n")
