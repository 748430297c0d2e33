"""A process of its own looks through long histories; what it finds comes in the source's own turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from supervisor.logs.query import LogQuery
from tests.tui.link.stores import timed_line, write_store
from tui.link import older_hits
from tui.link.log_source import LogSource
from tui.link.older_hits import OlderHits

COUNT = 30_000


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store that counts as long: a needle in every 500th line, an error in every 1,000th."""
    monkeypatch.setattr(older_hits, "LONG_HISTORY_LINES", 1000)
    lines = [
        timed_line(at, "ERROR" if at % 1000 == 0 else "INFO", "a needle" if at % 500 == 0 else "hay")
        for at in range(COUNT)
    ]
    write_store(tmp_path / "logs", lines, 3)
    return tmp_path / "logs"


@pytest.fixture
async def source(directory: Path) -> AsyncIterator[LogSource]:
    """The store's source, with its helpers; they are gone after the test."""
    found = LogSource(helpers=(OlderHits(), OlderHits()))
    found.open(str(directory))
    while found.advance(0.05) or found.is_scanning:
        pass
    yield found
    found.close()
    await found.end_helpers()


async def _scanned(source: LogSource) -> None:
    async with asyncio.timeout(60):
        while source.advance(0.005) or source.is_scanning:
            await asyncio.sleep(0.005)


async def test_filter_and_search_are_helped_at_the_same_time(source: LogSource) -> None:
    """Each by its own process; the hits are the ones that the dashboard itself would find."""
    source.narrow("", "", "ERROR")
    source.seek("needle")
    assert source.is_filtering
    assert source.is_seeking
    await _scanned(source)
    assert source.numbers(0, COUNT) == list(range(0, COUNT, 1000))
    assert source.hit_count == COUNT // 1000
    assert source.next_hit(5, 1) == 1000
    source.narrow("", "", "")
    await _scanned(source)
    assert source.hit_count == COUNT // 500


async def test_a_search_that_is_replaced_leaves_nothing_behind(source: LogSource) -> None:
    """Whoever types fast gets the hits of the last letter only, however the earlier ones stood."""
    for text in ("n", "ne", "nee", "h", "re:ne+dle", "re:h", "needle"):
        source.narrow(text, "")
        for _ in range(len(text)):
            source.advance(0.001)
            await asyncio.sleep(0.001)
    await _scanned(source)
    assert source.line_count == COUNT // 500
    source.narrow("", "")
    assert source.line_count == COUNT


async def test_new_lines_are_found_while_the_old_ones_are_looked_through(source: LogSource, directory: Path) -> None:
    """None twice, none left out."""
    source.narrow("needle", "")
    for number in range(50):
        with (directory / "000003.ndjson").open("ab") as segment:
            segment.write(timed_line(number, message="a needle") + b"\n")
        source.advance(0.001)
        await asyncio.sleep(0.002)
    await _scanned(source)
    assert source.numbers(0, COUNT) == [*range(0, COUNT, 500), *range(COUNT, COUNT + 50)]


async def test_a_search_goes_on_without_its_process(source: LogSource, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none can be started, the dashboard looks itself, in slices."""
    monkeypatch.setattr("tui.link.log_search.search_command", lambda: ["/nonexistent/python"])
    source.narrow("needle", "")
    await _scanned(source)
    assert source.line_count == COUNT // 500


async def test_a_pattern_that_takes_for_ever_is_given_up(source: LogSource, directory: Path) -> None:
    """The process that is busy with it is ended; the next search has a new one."""
    with (directory / "000002.ndjson").open("ab") as segment:
        segment.write(timed_line(1, message="a" * 60 + "!") + b"\n")
    source.narrow("re:(a+)+$", "")
    for _ in range(20):
        source.advance(0.001)
        await asyncio.sleep(0.01)
    assert source.stop_searching()
    source.narrow("needle", "")
    await _scanned(source)
    assert source.line_count == COUNT // 500


def test_a_query_for_both_is_the_stricter_of_each() -> None:
    """What one process can find at once; two texts are for two."""
    from tui.link.log_source import _both

    one = LogQuery(text="a", minimum_level="ERROR", since="2026-01-01")
    other = LogQuery(workers=frozenset({"w"}), minimum_level="WARNING", since="2026-02-01", until="2026-03-01")
    assert _both(one, other) == LogQuery(
        text="a", workers=frozenset({"w"}), minimum_level="ERROR", since="2026-02-01", until="2026-03-01"
    )
    assert _both(one, LogQuery(text="b")) is None
    assert _both(other, other) is None
