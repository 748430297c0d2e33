"""The journal: what it holds, and what it does about disks that fail and files that are damaged."""

from __future__ import annotations

import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervisor.api.messages import Event
from supervisor.journal import PENDING_LIMIT, Journal, decode, encode, newest_journal, older, read_journal


def _event(cursor: int, what: str = "running, pid 4711") -> Event:
    return Event(cursor=cursor, at=1_700_000_000.25 + cursor, subject="parse.2", what=what, kind="state")


def _cursors(path: Path, after: int = 0) -> list[int]:
    return [event.cursor for event in read_journal(path, after).events]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.ndjson"


@contextmanager
def _no_room(file_bytes: int) -> Iterator[None]:
    """No file may grow beyond `file_bytes`."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_line_is_a_contract() -> None:
    """Golden bytes: what every event has, and what only a change of state has beside it."""
    plain = Event(cursor=7, at=1_700_000_000.25, subject="engine", what="reloaded", kind="action", by="uid 1000 (ada)")
    assert encode(plain) == (
        b'{"cursor":7,"at":"2023-11-14T22:13:20.250000Z","level":"INFO","kind":"action","subject":"engine",'
        b'"what":"reloaded","by":"uid 1000 (ada)"}\n'
    )
    state = Event(
        cursor=8,
        at=1_700_000_000.0,
        level="WARNING",
        kind="state",
        subject="parse.2",
        what="exit code 3; restart in 0.5 s",
        from_state="running",
        to_state="backoff",
        incarnation=2,
        pid=4711,
        cause="exit code 3",
    )
    assert encode(state) == (
        b'{"cursor":8,"at":"2023-11-14T22:13:20Z","level":"WARNING","kind":"state","subject":"parse.2",'
        b'"what":"exit code 3; restart in 0.5 s","by":"","from":"running","to":"backoff","incarnation":2,"pid":4711,'
        b'"cause":"exit code 3"}\n'
    )


@given(
    at=st.integers(0, 4_000_000_000_000_000).map(lambda microseconds: round(microseconds / 1e6, 6)),
    what=st.text(st.characters(exclude_categories=["Cs"])),
    pid=st.none() | st.integers(1, 2**22),
)
def test_every_event_comes_back_as_it_was(at: float, what: str, pid: int | None) -> None:
    """Line ends, NULs and quotes included: one line for one event."""
    event = Event(cursor=1, at=at, subject="parse.2", what=what, pid=pid)
    line = encode(event)
    assert line.count(b"\n") == 1
    assert decode(line) == event


@given(st.binary(max_size=200))
def test_no_bytes_make_reading_fail(line: bytes) -> None:
    """A damaged line is no event, and no error."""
    decode(line)


def test_events_are_read_while_they_are_written(path: Path) -> None:
    """Each is in the file when `append` returns, which only its owner may read."""
    journal = Journal(path)
    assert journal.open() is None
    for cursor in (1, 2, 3):
        assert journal.append(_event(cursor)) is None
        assert _cursors(path) == list(range(1, cursor + 1))
    journal.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_journal(path, after=1).events == (_event(2), _event(3))


def test_reading_is_limited_from_either_end(path: Path) -> None:
    """The first so many after a cursor, or the last so many."""
    journal = Journal(path)
    for cursor in range(1, 8):
        journal.append(_event(cursor))
    journal.close()
    first = read_journal(path, after=2, limit=2)
    assert ([event.cursor for event in first.events], first.next_cursor, first.missed) == ([3, 4], 4, 0)
    last = read_journal(path, limit=2, newest=True)
    assert ([event.cursor for event in last.events], last.next_cursor, last.missed) == ([6, 7], 7, 0)
    assert read_journal(path, after=7).next_cursor == 7


def test_missing_journal_has_no_events(tmp_path: Path) -> None:
    """Nor has one that is a directory."""
    assert read_journal(tmp_path / "journal.ndjson").events == ()
    assert read_journal(tmp_path, after=3).next_cursor == 3


def test_torn_tail_is_left_out_and_cut_off(path: Path) -> None:
    """A journal that was cut in the middle of a line goes on after its last whole one."""
    path.parent.mkdir()
    path.write_bytes(encode(_event(1)) + encode(_event(2)) + encode(_event(3))[:20])
    assert _cursors(path) == [1, 2]
    journal = Journal(path)
    assert journal.open() is None
    assert journal.last_cursor == 2
    journal.append(_event(3))
    journal.close()
    assert path.read_bytes() == b"".join(map(encode, map(_event, (1, 2, 3))))


def test_damaged_lines_in_the_middle_are_left_out_and_counted(path: Path) -> None:
    """What is still good in a damaged file is read, and the gap is told."""
    path.parent.mkdir()
    path.write_bytes(encode(_event(1)) + b'{"cursor":2,"at\xff\x00\n' + b"[1, 2]\n" + encode(_event(4)))
    reply = read_journal(path)
    assert ([event.cursor for event in reply.events], reply.missed) == ([1, 4], 2)
    journal = Journal(path)
    assert (journal.open(), journal.last_cursor) == (None, 4)


@pytest.mark.parametrize("garbage", [b"\x00" * 1000, b"not a journal\n" * 40_000, b"[]\n"], ids=["NUL", "text", "JSON"])
def test_corrupt_journal_is_moved_aside(path: Path, garbage: bytes) -> None:
    """It is kept under another name, said so, and a new one begins; cursors go on over it."""
    path.parent.mkdir()
    path.write_bytes(encode(_event(41)) + garbage + b"x" * 300_000)
    journal = Journal(path)
    news = journal.open()
    assert news is not None
    assert news[0] == "WARNING"
    assert "is damaged; it is now journal.damaged-1.ndjson" in news[1]
    assert journal.last_cursor == 41
    journal.append(_event(42))
    journal.close()
    assert _cursors(path) == [42]
    assert path.with_name("journal.damaged-1.ndjson").read_bytes().startswith(encode(_event(41)))


def test_foreign_things_in_its_place_are_never_written_to(path: Path, tmp_path: Path) -> None:
    """A symbolic link, a directory, a FIFO: moved aside, while it runs as well as at the start."""
    target = tmp_path / "precious"
    target.write_text("precious\n")
    path.parent.mkdir()
    path.symlink_to(target)
    journal = Journal(path)
    news = journal.open()
    assert news is not None
    assert "is no file" in news[1]
    journal.append(_event(1))
    journal.close()
    path.unlink()
    path.mkdir()
    journal.append(_event(2))
    journal.close()
    path.unlink()
    os.mkfifo(path)
    journal.append(_event(3))
    journal.close()
    assert _cursors(path) == [3]
    assert target.read_text() == "precious\n"
    assert {place.name for place in path.parent.iterdir()} == {
        "journal.ndjson",
        "journal.damaged-1.ndjson",
        "journal.damaged-2.ndjson",
        "journal.damaged-3.ndjson",
    }


def test_deleted_journal_is_begun_again(path: Path) -> None:
    """Also where its directory went with it."""
    journal = Journal(path)
    journal.append(_event(1))
    path.unlink()
    journal.append(_event(2))
    assert _cursors(path) == [2]
    path.unlink()
    path.parent.rmdir()
    journal.append(_event(3))
    journal.close()
    assert _cursors(path) == [3]
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_full_disk_is_told_once_and_nothing_is_lost_once_there_is_room(path: Path) -> None:
    """What could not be written waits for the first event that can."""
    journal = Journal(path)
    journal.append(_event(1))
    with _no_room(path.stat().st_size + 10):
        news = [journal.append(_event(cursor)) for cursor in (2, 3, 4)]
        assert _cursors(path) == [1]
    assert news[0] is not None
    assert (news[0][0], news[1:]) == ("ERROR", [None, None])
    assert "the journal cannot be written: No space left on device" in news[0][1]
    assert journal.append(_event(5)) == ("INFO", "the journal is written again; 0 events were lost")
    journal.close()
    assert _cursors(path) == [1, 2, 3, 4, 5]
    assert journal.lost == 0


def test_disk_that_stays_full_costs_bounded_memory(path: Path) -> None:
    """Beyond the limit the oldest are given up, counted, and the gap can be seen by whoever reads."""
    journal = Journal(path)
    with _no_room(0):
        for cursor in range(1, PENDING_LIMIT + 8):
            journal.append(_event(cursor))
    assert journal.lost == 7
    assert journal.append(_event(PENDING_LIMIT + 8)) == ("WARNING", "the journal is written again; 8 events were lost")
    journal.close()
    reply = read_journal(path)
    assert (reply.missed, len(reply.events), reply.events[0].cursor) == (8, PENDING_LIMIT, 9)


def test_device_that_is_full_never_raises(tmp_path: Path) -> None:
    """ENOSPC for real, and a close that gives up what it could not write."""
    journal = Journal(tmp_path / "journal.ndjson")
    journal._fd = os.open("/dev/full", os.O_WRONLY | os.O_CLOEXEC)
    news = journal.append(_event(1))
    assert news is not None
    assert "No space left on device" in news[1]
    journal.close()
    assert journal.lost == 1


def test_file_that_may_grow_no_further_makes_room_for_another(path: Path) -> None:
    """A limit on the size of files costs the older events, not the new ones."""
    journal = Journal(path)
    journal.append(_event(1))
    with _no_room(path.stat().st_size):
        assert journal.append(_event(2)) is not None
        journal.append(_event(3))
        assert (_cursors(older(path)), _cursors(path)) == ([1], [1, 2])
    journal.close()
    assert _cursors(path) == [2, 3]


def test_line_that_fitted_in_part_is_taken_back(path: Path) -> None:
    """No line is ever torn by a full disk."""
    journal = Journal(path, limit_bytes=10**9)
    journal.append(_event(1))
    size = path.stat().st_size
    with _no_room(size + 10):
        journal.append(_event(2))
        assert path.stat().st_size == size
    journal.close()
    assert _cursors(path) == [1, 2]


def test_full_journal_becomes_the_older_one(path: Path) -> None:
    """Two files at the most, read as one; what was in the one before is missed, not an error."""
    size = len(encode(_event(10)))
    journal = Journal(path, limit_bytes=3 * size)
    for cursor in range(10, 18):
        journal.append(_event(cursor))
    assert _cursors(older(path)) == [13, 14, 15]
    assert _cursors(path, after=9) == [13, 14, 15, 16, 17]
    assert read_journal(path, after=9).missed == 3
    journal.close()


def test_journal_that_cannot_become_the_older_one_goes_on(path: Path) -> None:
    """Better a file too long than events lost."""
    journal = Journal(path, limit_bytes=10)
    journal.append(_event(1))
    older(path).mkdir()
    assert journal.append(_event(2)) is None
    journal.close()
    assert _cursors(path) == [1, 2]


def test_newest_journal_is_of_the_last_run_that_has_one(tmp_path: Path) -> None:
    """By the names of runs, which are their times."""
    assert newest_journal(tmp_path / "nowhere") is None
    for run in ("20260101-100000-1", "20260102-100000-1", "20260103-100000-1"):
        (tmp_path / run).mkdir()
    assert newest_journal(tmp_path) is None
    for run in ("20260101-100000-1", "20260102-100000-1"):
        (tmp_path / run / "journal.ndjson").write_bytes(encode(_event(1)))
    assert newest_journal(tmp_path) == tmp_path / "20260102-100000-1" / "journal.ndjson"
