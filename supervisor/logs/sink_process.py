"""The helper process of one loguru sink: ``-m ... sink_process FD``. Reads the store, and hands its records to loguru.

::

    FD: what sink, once         store ──► LogReader ──► level, workers ──► loguru ──► file, rotated and compressed
    stdin: its end is the engine's end: write what is left, for `finish_s`, and leave
    stdout: {"at": [segment, line]}  {"trouble": "..."}  {"well": true}  {"gone": 12}

A write that fails is tried again with the same record, ever more seldom. It changes nothing in the store.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from supervisor.logs.inert import inert
from supervisor.logs.query import LogQuery
from supervisor.logs.reading import GONE_LINE, LogReader
from supervisor.logs.record import decode
from supervisor.logs.segment_files import segment_numbers

if TYPE_CHECKING:
    from supervisor.logs.record import Record

LOOK_EVERY_S: Final = 0.25
TELL_EVERY_S: Final = 0.2
FIRST_RETRY_S: Final = 0.5
LAST_RETRY_S: Final = 10.0
BATCH_LINES: Final = 200
REFRESH_BYTES: Final = 16 * 1024 * 1024

DEFAULT_FORMAT: Final = "{time:YYYY-MM-DD HH:mm:ss.SSS} | {level: <8} | {worker} | {message}"
STDERR: Final = "stderr"


def main() -> NoReturn:
    """Serve the sink until the engine closes this process's stdin."""
    from setproctitle import setproctitle

    descriptor = int(sys.argv[1])
    setup = json.loads(os.pread(descriptor, os.fstat(descriptor).st_size, 0))
    os.close(descriptor)
    setproctitle(f"procdeck sink {setup['name']}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end = threading.Event()
    threading.Thread(target=_await_end, args=(end, setup["finish_s"]), daemon=True).start()
    feeder = Feeder(setup, end)
    feeder.run()
    os._exit(0)


def _await_end(end: threading.Event, finish_s: float) -> None:
    """Leave with the engine, at the latest `finish_s` after it, wherever a write hangs."""
    while os.read(0, 4096):
        pass
    end.set()
    time.sleep(finish_s)
    os._exit(1)


def _say(message: Mapping[str, Any]) -> None:
    line = json.dumps(message).encode() + b"\n"
    try:
        os.write(1, line)
    except OSError:
        pass  # nobody listens any more; what is left is written all the same


class Feeder:
    """Hands the records of a store to a sink, one after another."""

    def __init__(self, setup: Mapping[str, Any], end: threading.Event) -> None:
        self._reader = LogReader(Path(setup["logs"]))
        self._query = LogQuery(workers=frozenset(setup["workers"]), minimum_level=setup["level"])
        self._directory = Path(setup["logs"])
        self._position = 0
        self._gone = 0
        self._end = end
        self._setup = setup
        self._segments: list[int] = []
        self._sink: Sink | None = None
        self._told_s = 0.0
        self._told_at = -1
        self._trouble = ""
        self._retry_s = FIRST_RETRY_S

    def run(self) -> None:
        """Feed the sink until the engine has ended and everything is written."""
        self._go_on(*self._setup["at"])
        while True:
            is_last = self._end.is_set()
            has_grown = self._reader.refresh(REFRESH_BYTES)
            while self._position < self._reader.line_count:
                gone = self._reader.gone_at(self._position)
                self._gone += gone
                self._position += gone
                self._feed(self._reader.lines(self._position, BATCH_LINES))
            self._say_gone()
            self._tell(is_urgent=not has_grown)
            if not has_grown:
                if is_last:
                    break
                self._end.wait(LOOK_EVERY_S)
        if self._sink is not None:
            self._sink.close()

    def _go_on(self, segment: int, line: int) -> None:
        """Begin where a helper before this one was. Lines are numbered anew where old segments have been deleted."""
        if segment:
            while self._reader.refresh(REFRESH_BYTES):
                pass
            self._position = self._reader.line_at(segment, line) or 0

    def _place(self) -> tuple[int, int]:
        """The segment of the next line, and the line's number in it."""
        known = self._segments
        known += [number for number in segment_numbers(self._directory) if not known or number > known[-1]]
        for number in reversed(known):
            start = self._reader.line_at(number, 0)
            if start is not None and start <= self._position:
                return number, self._position - start
        return 0, 0

    def _feed(self, lines: list[bytes]) -> None:
        for line in lines:
            if line == GONE_LINE:
                self._gone += 1
            elif self._query.matches(line):
                self._write(decode(line))
            self._position += 1
            self._tell(is_urgent=False)

    def _say_gone(self) -> None:
        """Say how many lines were deleted before they were read."""
        if self._gone:
            _say({"gone": self._gone})
            self._gone = 0

    def _write(self, record: Record) -> None:
        """Write `record`, however often that has to be tried."""
        while True:
            try:
                if self._sink is None:
                    self._sink = Sink(self._setup)
                self._sink.write(record)
            except Exception as error:  # noqa: BLE001 - whatever a sink raises, the record is not lost
                self._fail(error)
            else:
                if self._trouble:
                    self._trouble, self._retry_s = "", FIRST_RETRY_S
                    _say({"well": True})
                return

    def _fail(self, error: Exception) -> None:
        trouble = f"{type(error).__name__}: {error}" if not isinstance(error, OSError) else str(error)
        if trouble != self._trouble:
            self._trouble = trouble
            _say({"trouble": trouble})
        if self._sink is not None:
            self._sink.close()  # another try opens its file anew
            self._sink = None
        time.sleep(self._retry_s)
        self._retry_s = FIRST_RETRY_S if self._end.is_set() else min(LAST_RETRY_S, 2 * self._retry_s)

    def _tell(self, *, is_urgent: bool) -> None:
        """Say how far it is, so that another process could go on from there."""
        if self._position == self._told_at or not (is_urgent or time.monotonic() >= self._told_s + TELL_EVERY_S):
            return
        self._told_s, self._told_at = time.monotonic(), self._position
        _say({"at": self._place()})


class Sink:
    """A loguru sink that takes stored records: with their own time, level, place and exception."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        from loguru import logger

        logger.remove()
        self._shown = setup["format"] or DEFAULT_FORMAT
        self._is_text = not setup["serialize"]
        self._record: Record | None = None
        is_file = setup["sink"] != STDERR
        files = {name: setup[name] for name in ("rotation", "retention", "compression") if setup[name] is not None}
        logger.add(
            setup["sink"] if is_file else sys.stderr,
            level=0,
            format=self._format,
            serialize=setup["serialize"],
            colorize=False,
            backtrace=False,
            diagnose=False,
            catch=False,
            **({"encoding": "utf-8", "errors": "backslashreplace", "watch": True, **files} if is_file else {}),
        )
        self._base = logger
        self._logger = logger.patch(self._dress)

    def write(self, record: Record) -> None:
        """Hand `record` to loguru. Raises what the sink raises."""
        self._record = record
        log = self._logger
        exception = record.exception
        if exception is not None:
            kind = type(exception.type.rpartition(".")[2] or "Exception", (Exception,), {})
            log = log.opt(exception=(kind, kind(exception.message), None))
        log.log(self._level(record), inert(record.message) if self._is_text else record.message)

    def close(self) -> None:
        """Close the file."""
        with suppress(Exception):  # what keeps it from being written keeps it from being closed
            self._base.remove()

    def _level(self, record: Record) -> str:
        try:
            self._base.level(record.level)
        except ValueError:
            self._base.level(record.level, no=record.severity)
        return record.level

    def _format(self, record: Mapping[str, Any]) -> str:
        """The line's template. The traceback is text: there is no exception in this process to be shown."""
        shown = self._shown.replace("{exception}", "{traceback}")
        has_own_place = shown != self._shown
        return shown + ("\n{traceback}\n" if record["traceback"] and not has_own_place else "\n")

    def _dress(self, told: Any) -> None:
        """Put what the record says in the place of what loguru has found in this process."""
        record = self._record
        assert record is not None
        file, line, function = _parts(record.place)
        exception = record.exception
        told["time"] = _time(record.time, told["time"])
        told["name"] = record.logger or record.stream
        told["file"] = type(told["file"])(file, file)
        told["module"] = file.rpartition(".")[0] or file
        told["line"], told["function"] = line, function
        told["process"] = type(told["process"])(record.pid or 0, record.worker)
        told["thread"] = type(told["thread"])(0, record.thread or "MainThread")
        told["extra"] = {
            **record.extra,
            "worker": record.worker,
            "incarnation": record.incarnation,
            "stream": record.stream,
        }
        told.update(worker=record.worker, incarnation=record.incarnation, stream=record.stream)
        told["traceback"] = inert(exception.traceback.rstrip("\n") or exception.message) if exception else ""


def _parts(place: str) -> tuple[str, int, str]:
    """File, line and function of ``census.py:41 parse``."""
    where, _, function = place.partition(" ")
    file, _, line = where.rpartition(":")
    return file or where, int(line) if line.isascii() and line.isdigit() else 0, function


def _time(text: str, now: Any) -> Any:
    """A record's time as loguru's own kind of datetime, in local time; now where it has none."""
    try:
        return type(now).fromtimestamp(datetime.fromisoformat(text).timestamp()).astimezone()
    except ValueError:
        return now


if __name__ == "__main__":
    main()
