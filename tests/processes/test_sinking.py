"""Loguru sinks with their real helper processes, on a store that is written as the engine writes it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervisor.logs.lanes import Lane
from supervisor.logs.record import time_text
from supervisor.logs.segments import SegmentWriter
from supervisor.processes import sinking
from supervisor.processes.sinking import SinkOrder, Sinks
from tests.engines import is_alive
from tests.processes.patience import until

START = 1_795_354_286.25


class Run:
    """A store, its sinks, and what they reported."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.writer = SegmentWriter(self.logs, 64 * 1024)
        self.reports: list[str] = []
        self.sinks = Sinks(asyncio.get_running_loop(), self.logs, lambda level, text: self.reports.append(text))
        self.count = 0

    def order(self, name: str = "out.log", **options: Any) -> SinkOrder:
        return SinkOrder(str(self.folder / name), **{"level": "TRACE", **options})

    def log(self, message: str, worker: str = "parse.1", level: str = "INFO", **fields: Any) -> None:
        told = {"time": time_text(START + self.count), "level": level, "message": message, **fields}
        self.writer.append([Lane(worker, 2, "log").feed(msgspec.json.encode(told) + b"\n", "")])
        self.count += 1

    def text(self, name: str = "out.log") -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    def pid(self) -> int:
        (pid,) = self.sinks.pids()
        return pid


@pytest.fixture
async def run(tmp_path: Path) -> AsyncIterator[Run]:
    run = Run(tmp_path)
    yield run
    run.writer.close()
    await run.sinks.finish()
    assert run.sinks.pids() == frozenset()


async def test_records_reach_the_file_as_its_format_says(run: Run) -> None:
    """With their own time, level, place, worker and fields; tracebacks below; no control sequences."""
    shown = "{time:YYYY} {level.name} {worker} {incarnation} {name} {file}:{line} {function} {extra[n]} {message}"
    run.sinks.change({"out": run.order(format=shown)})
    exception = {"type": "x.ParseError", "message": "bad {0}", "traceback": "Traceback ...\nParseError: bad {0}\n"}
    run.log("{braces} \x1b[2Jand <red>more", logger="census", place="census.py:41 parse", extra={"n": 7})
    run.log("failed", level="NOTICE", exception=exception, extra={"n": 8})
    await until(lambda: run.text().count("\n") >= 4, "the records to be written")
    first, *rest = run.text().splitlines()
    assert first == "2026 INFO parse.1 2 census census.py:41 parse 7 {braces} and <red>more"
    assert rest[0].startswith("2026 NOTICE parse.1 2 log ")
    assert rest[1:] == ["Traceback ...", "ParseError: bad {0}"]


async def test_level_and_workers_choose_what_a_sink_gets(run: Run) -> None:
    """A worker with all its replicas, or one of them; a level and what is graver."""
    run.sinks.change(
        {
            "grave": run.order("grave.log", level="ERROR", format="{message}"),
            "parse": run.order("parse.log", workers=("parse", "walk.2"), format="{message}"),
        }
    )
    for worker in ("parse.1", "walk.1", "walk.2"):
        run.log(f"{worker} info", worker)
        run.log(f"{worker} error", worker, "ERROR")
    await until(lambda: run.text("grave.log").count("\n") == 3, "the grave ones")
    await until(lambda: run.text("parse.log").count("\n") == 4, "those of two workers")
    assert run.text("grave.log").split("\n")[:-1] == ["parse.1 error", "walk.1 error", "walk.2 error"]
    assert "walk.1" not in run.text("parse.log")
    assert len(run.sinks.pids()) == 2


async def test_serialized_records_are_loguru_s_own_json(run: Run) -> None:
    """Text and record, with the exception's type and value."""
    run.sinks.change({"out": run.order(serialize=True)})
    run.log("hello", exception={"type": "ValueError", "message": "bad", "traceback": "T\n"}, extra={"file": "ast.py"})
    await until(lambda: run.text().endswith("\n"), "the record to be written")
    told = json.loads(run.text())
    assert told["record"]["message"] == "hello"
    assert told["record"]["extra"] == {"file": "ast.py", "worker": "parse.1", "incarnation": 2, "stream": "log"}
    assert told["record"]["exception"]["type"] == "ValueError"
    assert told["record"]["time"]["timestamp"] == START
    assert told["text"].endswith("hello\nT\n")


async def test_files_rotate_are_compressed_and_go(run: Run) -> None:
    """By size, with so many old ones kept, and nothing lost between those that are there."""
    run.sinks.change({"out": run.order(format="{message}", rotation=2000, retention=3, compression="gz")})
    for number in range(400):
        run.log(f"{number:04d} {'x' * 40}")
    await until(lambda: "0399 " in run.text(), "the last record")
    old = sorted(run.folder.glob("out.*.gz"))
    assert len(old) == 3
    texts = [
        gzip.decompress(path.read_bytes()).decode() for path in sorted(old, key=lambda path: path.stat().st_mtime_ns)
    ]
    numbers = [int(line[:4]) for line in ("".join(texts) + run.text()).splitlines()]
    assert numbers == list(range(numbers[0], 400))


async def test_helper_that_dies_goes_on_where_it_was(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one comes, says so, and no record is missing; also when old segments are gone meanwhile."""
    monkeypatch.setattr(sinking, "FIRST_RETRY_S", 0.05)
    run.sinks.change({"out": run.order(format="{message}")})
    for number in range(1000):
        run.log(f"a{number} {'x' * 100}")
    await until(lambda: "a999 " in run.text(), "the first thousand")
    await until(lambda: run.sinks.positions["out"][0] > 1, "its position to be known")
    os.kill(run.pid(), signal.SIGKILL)
    await until(lambda: any("lost its helper" in report for report in run.reports), "the loss to be told")
    (run.logs / "000001.ndjson").unlink()
    for number in range(100):
        run.log(f"b{number} ")
    await until(lambda: "b99 " in run.text(), "the rest")
    lines = [line.split()[0] for line in run.text().splitlines()]
    assert list(dict.fromkeys(lines)) == [f"a{n}" for n in range(1000)] + [f"b{n}" for n in range(100)]
    assert sum("was too slow" in report for report in run.reports) == 0


async def test_sink_that_cannot_be_written_waits(run: Run) -> None:
    """Said once, nothing lost, written when it can be; the other sink does not notice."""
    folder = run.folder / "shut"
    folder.write_text("a file where a folder should be")
    run.sinks.change({"shut": run.order("shut/out.log", format="{message}"), "open": run.order(format="{message}")})
    for number in range(10):
        run.log(f"{number}")
    await until(lambda: any("sink shut cannot write" in report for report in run.reports), "the trouble to be told")
    await until(lambda: run.text().count("\n") == 10, "the other sink")
    folder.unlink()
    await until(lambda: run.text("shut/out.log").count("\n") == 10, "all to be written")
    await until(lambda: "sink shut writes again" in run.reports, "the end of the trouble to be told")
    assert sum("cannot write" in report for report in run.reports) == 1


async def test_end_waits_for_what_is_left(run: Run) -> None:
    """What was stored last is in the file when `finish` returns, and no helper is left."""
    run.sinks.change({"out": run.order(format="{message}")})
    pid = run.pid()
    for number in range(3000):
        run.log(f"{number}")
    run.writer.close()
    await run.sinks.finish()
    assert run.text().splitlines() == [str(number) for number in range(3000)]
    assert not is_alive(pid)
    assert run.reports == []


async def test_end_does_not_wait_for_ever(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that takes nothing, such as a pipe without a reader: the helper is ended, and that is said."""
    monkeypatch.setattr(sinking, "FINISH_S", 0.5)
    os.mkfifo(run.folder / "pipe")
    run.sinks.change({"out": run.order("pipe", format="{message}")})
    run.log("hello")
    pid = run.pid()
    await run.sinks.finish()
    await until(lambda: not is_alive(pid), "the helper to be gone")
    assert any("hung at the end" in report for report in run.reports)


async def test_changed_sink_goes_on_and_a_dropped_one_ends(run: Run) -> None:
    """A reload: another format from where it was; a sink that is no more has written what there was."""
    run.sinks.change({"out": run.order(format="{message}"), "gone": run.order("gone.log", format="{message}")})
    run.log("one")
    await until(lambda: run.text() == "one\n", "the first record")
    before = run.sinks.pids()
    run.sinks.change({"out": run.order(format="-{message}-")})
    await until(lambda: run.sinks.pids() and not run.sinks.pids() & before, "both to end, and one to come back")
    run.log("two")
    await until(lambda: run.text() == "one\n-two-\n", "the second, in its new form")
    assert run.text("gone.log") == "one\n"
    assert run.reports == []
