"""Searching in a process beside the client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from supervisor.logs.query import LogQuery
from tests.tui.fakes import store, stored_line
from tui.link.log_search import LogSearch

PATIENCE_S = 40.0


@pytest_asyncio.fixture
async def search() -> AsyncIterator[LogSearch]:
    search = LogSearch(lambda: None)
    yield search
    await search.close()


async def _done(search: LogSearch) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not search.is_done:
            await asyncio.sleep(0.005)


async def test_search_finds_counts_and_is_asked_again(tmp_path: Path, search: LogSearch) -> None:
    """One process for one search after the other; only the last one's hits are there."""
    store(tmp_path, [stored_line(f"message {number}") for number in range(300)])
    await search.search(str(tmp_path), LogQuery("nobody waits for this"))
    await search.search(str(tmp_path), LogQuery("MESSAGE 29"))
    await _done(search)
    assert search.hits == [(1, number) for number in (*range(299, 289, -1), 29)]
    assert (search.count, search.share, search.trouble) == (11, 1.0, "")
    await search.search(str(tmp_path), LogQuery("message 7$", is_regex=True))
    await _done(search)
    assert search.hits == [(1, 7)]
    await search.stop()


async def test_search_whose_process_dies_says_so_and_can_be_asked_again(tmp_path: Path, search: LogSearch) -> None:
    """It is started anew."""
    store(tmp_path, [stored_line("message")])
    await search.search(str(tmp_path), LogQuery("message"))
    await _done(search)
    search.is_done = False
    assert search._process is not None
    search._process.kill()
    await _done(search)
    assert search.trouble == "the search ended unexpectedly; search again"
    await search.search(str(tmp_path), LogQuery("message"))
    await _done(search)
    assert (search.count, search.trouble) == (1, "")
