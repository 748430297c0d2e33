"""`procdeck errors`: from the files alone, of a run that goes on or is over."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from supervisor.api.messages import Event
from supervisor.journal import JOURNAL_NAME, Journal
from supervisor.logs.lanes import Lane
from supervisor.logs.record import time_text
from supervisor.logs.segments import SegmentWriter

if TYPE_CHECKING:
    from tests.api.fake_port import FakeEngine
    from tests.cli.conftest import Command

TRACEBACK = (
    'Traceback (most recent call last):\n  File "/w/parse.py", line 41, in parse\n    go()\nValueError: {what}\n'
)


def an_exit(
    cursor: int,
    at: float,
    subject: str,
    cause: str,
    level: str = "WARNING",
    *,
    to_state: str = "backoff",
    incarnation: int = 1,
) -> Event:
    return Event(
        cursor=cursor,
        at=at,
        subject=subject,
        what=cause,
        level=level,
        kind="state",
        from_state="running",
        to_state=to_state,
        incarnation=incarnation,
        cause=cause,
    )


@pytest.fixture
def stored(engine: FakeEngine) -> Path:
    """The running engine's run: two ValueErrors, of which one holds what no terminal must obey, and exits."""
    directory = Path(engine.note.log_directory)
    writer = SegmentWriter(directory)
    now = time.time()
    for number, what in ((1, "bad"), (2, "bad \x1b]0;owned\x07")):
        fields = {
            "time": time_text(now - 600 / number),
            "level": "ERROR",
            "message": "failed",
            "exception": {
                "type": "ValueError",
                "message": what,
                "traceback": TRACEBACK.format(what=what),
                "advice": "Do",
            },
        }
        line = msgspec.json.encode(fields) + b"\n"
        writer.append([Lane(f"parse.{number}", 1, "log").feed(line, "")])
    writer.close()
    journal = Journal(directory.parent / JOURNAL_NAME)
    journal.append(an_exit(1, now - 500, "parse.1", "uncaught ValueError: bad at parse.py:41"))
    journal.append(an_exit(2, now - 60, "redis", "segmentation fault (SIGSEGV, core dumped)"))
    journal.append(an_exit(3, now - 50, "walk", "exit code 0", level="INFO"))
    journal.close()
    return directory


def test_errors_are_a_table(command: Command, stored: Path) -> None:
    """The latest first: how often, since when, what, where, who."""
    outcome = command("errors")
    heading, first, second = outcome.out.splitlines()
    assert heading.split() == ["COUNT", "LAST", "FIRST", "TREND", "WHAT", "WHERE", "WORKERS", "MESSAGE"]
    assert "segmentation fault (SIGSEGV)" in first
    assert second.split()[0] == "2"
    assert "parse.py:41 parse" in second
    assert "parse.1, parse.2" in second
    assert "\x1b" not in outcome.out
    assert outcome.err == "with --tracebacks: the last traceback of each\n"


def test_errors_of_some_workers_and_of_late(command: Command, stored: Path) -> None:
    """A worker, one of its replicas, a time; none is no error."""
    assert len(command("errors", "parse").out.splitlines()) == 2
    assert "parse.1" not in command("errors", "parse.2").out
    assert len(command("errors", "--since", "2m ago").out.splitlines()) == 2
    outcome = command("errors", "walk")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "no errors in walk\n")
    assert command("errors", "--since", "soon").code == 2


def test_errors_with_tracebacks(command: Command, stored: Path) -> None:
    """Whole, with source, with what to do, and with nothing that a terminal would obey."""
    out = command("errors", "-t").out
    assert "ValueError at parse.py:41 parse, 2 times, last in parse.2\nTraceback (most recent call last):\n" in out
    assert "    go()\n" in out
    assert "What to do: Do\n" in out
    assert "\x1b" not in out


def test_errors_as_json(command: Command, stored: Path) -> None:
    """Everything that is known, for programs."""
    crash, error = json.loads(command("errors", "--json").out)
    assert (crash["kind"], crash["workers"], crash["line"]) == ("crash", {"redis": 1}, -1)
    assert (error["type"], error["place"], error["count"]) == ("ValueError", "parse.py:41 parse", 2)
    assert sum(count for _, count in error["timeline"]) == 2
    assert error["last_at"] > error["first_at"]


def test_an_end_belongs_to_the_life_that_ended(command: Command, engine: FakeEngine) -> None:
    """Where the next one began at once, the event has its number; a fatal error explains the end of its own life."""
    directory = Path(engine.note.log_directory)
    writer, journal = SegmentWriter(directory), Journal(directory.parent / JOURNAL_NAME)
    fatal = b'Fatal Python error: Aborted\n\nCurrent thread 0x0 (most recent call first):\n  File "w.py", line 3 in w\n'
    writer.append([Lane("w", 2, "stderr").feed(fatal, time_text(time.time() - 60))])
    writer.close()
    journal.append(an_exit(1, time.time() - 90, "w", "exit code 9", to_state="starting", incarnation=2))
    journal.append(an_exit(2, time.time() - 59, "w", "aborted (SIGABRT)", to_state="starting", incarnation=3))
    journal.close()
    groups = json.loads(command("errors", "--json").out)
    assert [(group["type"], group["count"], group["message"]) for group in groups] == [
        ("Fatal Python error: Aborted", 1, "aborted (SIGABRT)"),
        ("exit code 9", 1, "exit code 9"),
    ]
