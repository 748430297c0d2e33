"""Failures of log and journal, grouped while both grow."""

from __future__ import annotations

import os
from pathlib import Path

from supervisor.api.messages import Event
from supervisor.journal import encode, older
from tests.tui.fakes import store, stored_line
from tests.tui.link.stores import reader_of
from tui.link.error_source import ErrorSource
from tui.link.journal_tail import JournalTail


def raised(message: str, line: int, worker: str = "parse.1", second: int = 0) -> bytes:
    trace = f'Traceback (most recent call last):\n  File "code.py", line {line}, in f\nValueError: {message}\n'
    exception = {"type": "ValueError", "message": message, "traceback": trace}
    return stored_line(f"uncaught {message}", level="ERROR", worker=worker, second=second, exception=exception)


def exit_of(worker: str, cause: str, cursor: int, level: str = "ERROR") -> bytes:
    event = Event(cursor=cursor, at=1_795_354_286.0 + cursor, subject=worker, what=f"{worker} ended", level=level,
                  kind="state", to_state="failed", incarnation=1, cause=cause)  # fmt: skip
    return encode(event)


def _look(source: ErrorSource) -> dict[str, int]:
    source._told_s = 0.0
    while source.advance(0.05) or source.is_scanning:
        source._told_s = 0.0
    return {f"{group.type} {group.place}".strip(): group.count for group in source.groups}


def test_failures_of_log_and_journal_are_grouped(tmp_path: Path) -> None:
    """Exceptions by type and place, bad ends by their cause; good ends are none; what comes later is counted."""
    logs = tmp_path / "logs"
    store(logs, [stored_line("fine"), raised("a", 3), raised("b", 3, "parse.2"), raised("c", 9)])
    journal = tmp_path / "journal.ndjson"
    journal.write_bytes(
        exit_of("disk", "killed by SIGKILL from outside", 1) + exit_of("walk", "exit code 0", 2, "INFO")
    )
    reader = reader_of(logs)
    source = ErrorSource()
    source.open(str(logs), reader)
    groups = _look(source)
    assert groups == {"ValueError code.py:3 f": 2, "ValueError code.py:9 f": 1, "killed by SIGKILL from outside": 1}
    store(logs, [raised("d", 9)])
    with journal.open("ab") as file:
        file.write(exit_of("disk", "killed by SIGKILL from outside", 3))
    reader.refresh()
    groups = _look(source)
    assert groups == {"ValueError code.py:3 f": 2, "ValueError code.py:9 f": 2, "killed by SIGKILL from outside": 2}
    assert {group.line for group in source.groups} == {2, 4, -1}
    source.close()
    assert source.groups == ()
    reader.close()


def test_what_fails_later_is_not_told_of_yet(tmp_path: Path) -> None:
    """Neither lines nor exits; once their moment has come they are, and when it is earlier again they are not."""
    logs = tmp_path / "logs"
    store(logs, [raised("a", 3), stored_line("fine"), raised("b", 9)])
    (tmp_path / "journal.ndjson").write_bytes(exit_of("disk", "exit code 1", 1) + exit_of("disk", "exit code 2", 60))
    reader = reader_of(logs)
    source = ErrorSource()
    early, late = 1_795_354_286.0 + 30, 1_795_354_286.0 + 90
    source.look_until(2, early)
    source.open(str(logs), reader)
    first = {"ValueError code.py:3 f": 1, "exit code 1": 1}
    assert _look(source) == first
    source.look_until(3, late)
    assert _look(source) == first | {"ValueError code.py:9 f": 1, "exit code 2": 1}
    source.look_until(2, early)
    assert _look(source) == first
    source.close()
    reader.close()


def test_a_store_without_a_journal_has_its_exceptions_all_the_same(tmp_path: Path) -> None:
    """A journal may be missing or no journal at all."""
    store(tmp_path / "logs", [raised("a", 3)])
    (tmp_path / "journal.ndjson").write_bytes(b"\xff\x00 nonsense\n{}\n" + os.urandom(200))
    source = ErrorSource()
    source.open(str(tmp_path / "logs"), reader_of(tmp_path / "logs"))
    assert _look(source) == {"ValueError code.py:3 f": 1}
    source.close()


def test_a_journal_is_read_over_its_rotation_and_no_event_twice(tmp_path: Path) -> None:
    """The older file first; a torn last line when its rest has come."""
    path = tmp_path / "journal.ndjson"
    older(path).write_bytes(exit_of("a", "exit code 1", 1))
    tail = JournalTail(path)

    def read() -> list[int]:
        cursors = []
        while events := tail.read():
            cursors += [event.cursor for event in events]
        return cursors

    path.write_bytes(exit_of("a", "exit code 1", 2))
    assert read() == [1, 2]
    whole = exit_of("a", "exit code 1", 3)
    with path.open("ab") as file:
        file.write(whole[:30])
    assert read() == []
    with path.open("ab") as file:
        file.write(whole[30:])
    assert read() == [3]
    path.replace(older(path))
    path.write_bytes(exit_of("a", "exit code 1", 4))
    assert read() == [4]
    tail.close()
