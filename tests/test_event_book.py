"""The engine's events: their cursors, the ring of the recent ones, and whoever waits for the next."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from supervisor.api.messages import Event
from supervisor.event_book import TEXT_LIMIT, EventBook
from supervisor.journal import Journal, encode, read_journal


class _Book(EventBook):
    """A book on a journal of its own, with a clock that stands still; `told` is what it told."""

    def __init__(self, path: Path, kept: int = 5) -> None:
        self.told: list[Event] = []
        super().__init__(Journal(path), lambda: 1_700_000_000.123_456_789, self.told.append, kept)

    def fill(self, count: int) -> None:
        for number in range(count):
            self.add("INFO", "engine", "engine", f"number {number}")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.ndjson"


def _cursors(book: EventBook, after: int, limit: int = 100) -> tuple[list[int], int, int]:
    reply = book.events(after, limit)
    return [event.cursor for event in reply.events], reply.next_cursor, reply.missed


def test_event_is_kept_told_and_written(path: Path) -> None:
    """The same event everywhere, with the next cursor."""
    book = _Book(path)
    book.add("INFO", "action", "parse.2", "restart wished", by="uid 1000 (ada)")
    event = book.add(
        "WARNING", "state", "parse.2", "exit code 3", from_state="running", to_state="backoff", incarnation=1, pid=47
    )
    assert (event.cursor, event.at, event.from_state) == (2, 1_700_000_000.123_457, "running")
    assert book.events(0, 10).events == tuple(book.told)
    assert read_journal(path).events == tuple(book.told)
    book.close()


def test_events_are_read_on_from_a_cursor(path: Path) -> None:
    """In pieces, without a gap and without one twice."""
    book = _Book(path)
    assert _cursors(book, 0) == ([], 0, 0)
    book.fill(5)
    assert _cursors(book, 0, limit=2) == ([1, 2], 2, 0)
    assert _cursors(book, 2, limit=2) == ([3, 4], 4, 0)
    assert _cursors(book, 4) == ([5], 5, 0)
    assert _cursors(book, 5) == ([], 5, 0)
    book.close()


def test_what_fell_out_of_the_ring_is_counted(path: Path) -> None:
    """The journal still has it."""
    book = _Book(path)
    book.fill(12)
    assert _cursors(book, 0) == ([8, 9, 10, 11, 12], 12, 7)
    assert _cursors(book, 6) == ([8, 9, 10, 11, 12], 12, 1)
    assert _cursors(book, 9) == ([10, 11, 12], 12, 0)
    assert len(read_journal(path).events) == 12
    book.close()


def test_cursor_of_another_run_is_answered_from_the_start(path: Path) -> None:
    """A follower that outlived its engine misses nothing of the next."""
    book = _Book(path)
    book.fill(2)
    assert _cursors(book, 500) == ([1, 2], 2, 0)
    book.close()


def test_cursors_go_on_after_those_of_the_journal(path: Path) -> None:
    """An engine that finds a journal goes on in it."""
    path.write_bytes(encode(Event(cursor=41, at=1.0, subject="engine", what="before")))
    book = _Book(path)
    assert _cursors(book, 0) == ([], 41, 0)
    book.fill(1)
    assert [event.cursor for event in read_journal(path).events] == [41, 42]
    assert _cursors(book, 0) == ([42], 42, 41)
    book.close()


def test_troubles_of_the_journal_are_events(path: Path) -> None:
    """The damaged file at the start, the disk that takes nothing, and its recovery; each told once, in order."""
    path.write_bytes(b"\x00 damaged\n")
    journal = path.with_name("nowhere") / "journal.ndjson"
    book = _Book(path)
    book.fill(1)
    assert [(event.cursor, event.level) for event in book.told] == [(1, "INFO"), (2, "WARNING")]
    assert "is damaged" in book.told[1].what
    book.close()
    journal.parent.write_text("a file where the directory should be")
    book = _Book(journal)
    book.fill(3)
    assert [event.cursor for event in book.told] == [1, 2, 3, 4]
    assert [event.level for event in book.told] == ["INFO", "ERROR", "INFO", "INFO"]
    journal.parent.unlink()
    book.fill(1)
    assert book.told[-1].what == "the journal is written again; 0 events were lost"
    assert [event.cursor for event in read_journal(journal).events] == [1, 2, 3, 4, 5, 6]
    book.close()


def test_text_that_no_client_could_take_is_made_so(path: Path) -> None:
    """Lone surrogates, as names of files may bring them, and texts without end."""
    book = _Book(path)
    event = book.add("INFO", "state", "parse", "lost \udcff" + "x" * 10_000, cause="\ud800")
    assert msgspec.json.decode(msgspec.json.encode(event), type=Event) == event
    assert (event.what[:11], len(event.what) < TEXT_LIMIT + 20, event.cause) == ("lost \\udcff", True, "\\ud800")
    assert read_journal(path).events == (event,)
    book.close()


async def test_wait_ends_with_the_next_event(path: Path) -> None:
    """All who wait are woken, each at once where it has something to read."""
    book = _Book(path)
    waits = [asyncio.ensure_future(book.wait_event(0, 40.0)) for _ in range(3)]
    await asyncio.sleep(0)
    book.fill(1)
    assert await asyncio.gather(*waits) == [True] * 3
    assert await book.wait_event(0, 40.0)
    assert await book.wait_event(999, 40.0)
    book.close()


async def test_wait_ends_without_an_event_after_its_time(path: Path) -> None:
    """False, and nobody is kept who no longer waits."""
    book = _Book(path)
    book.fill(1)
    assert not await book.wait_event(1, 0.001)
    assert not await book.wait_event(1, 0.0)
    waiting = asyncio.ensure_future(book.wait_event(1, 40.0))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert book._waiters == set()
    book.close()
