"""The pure parts of a run: chunks, order, counts, sources, words, advice."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from supervisor.api.pools import PoolReport
from supervisor.poolrun.advice import BIG_BYTES, Measures, RepeatWatch, advise
from supervisor.poolrun.chunking import LARGEST, SMALL, TARGET_S, AutoChunk, chunking
from supervisor.poolrun.intake import MOST_BYTES, fitting
from supervisor.poolrun.ordering import Sequencer
from supervisor.poolrun.plan import Plan
from supervisor.poolrun.reporting import words_of
from supervisor.poolrun.reports import averages_of, eta_s, members_of
from supervisor.poolrun.sources import source_of
from supervisor.poolrun.tally import HISTORY_S, SLOWEST, Tally
from supervisor.poolrun.wording import ITEM_CHARACTERS, short, without_our_frames
from supervisor.pools import member
from supervisor.pools.progress import MemberProgress, PoolProgress


@given(some.lists(some.floats(0, 1000), min_size=1, max_size=60))
def test_a_chunk_at_most_doubles_and_keeps_its_bounds(times: list[float]) -> None:
    """Whatever the times of items are."""
    chunk = AutoChunk()
    before = chunk.size
    for took_s in times:
        chunk.measure(took_s)
        assert 1 <= chunk.size <= min(LARGEST, 2 * before)
        before = chunk.size


def test_a_chunk_grows_towards_its_time() -> None:
    """And becomes small when items become long."""
    chunk = AutoChunk()
    for _ in range(20):
        chunk.measure(0.001 * chunk.size, chunk.size)
    assert chunk.size == round(TARGET_S / 0.001)
    for _ in range(3):
        chunk.measure(2.0)
    assert chunk.size == 1


def test_the_profile_decides_about_chunks() -> None:
    """Where it says a number; small ones where a death should cost little."""
    assert chunking(12, is_single=False, is_careful=True).size == 12
    assert chunking(12, is_single=True, is_careful=False).size == 1
    careful = chunking(0, is_single=False, is_careful=True)
    for _ in range(20):
        careful.measure(1e-6)
    assert careful.size == SMALL


@given(some.permutations(range(30)))
def test_outcomes_come_in_order(places: list[int]) -> None:
    """Each once, and as soon as all before it have come."""
    sequence, passed = Sequencer(), []
    for count, place in enumerate(places, 1):
        passed += list(sequence.put(place, place))
        assert passed == sorted(passed)
        assert len(passed) + sequence.held == count
    assert passed == list(range(30))


def test_what_waits_for_none_that_comes_is_given_in_order() -> None:
    """When the run is stopped."""
    sequence = Sequencer()
    assert list(sequence.put(3, "d")) == list(sequence.put(1, "b")) == []
    assert list(sequence.rest()) == ["b", "d"]
    assert sequence.held == 0


def test_of_big_things_fewer_wait() -> None:
    """Two for each member at least."""
    assert fitting(64, 0, 4) == fitting(64, 1000, 4) == 64
    assert fitting(64, MOST_BYTES // 10, 4) == 10
    assert fitting(64, MOST_BYTES, 4) == 4


def test_a_failed_item_waits_longer_each_time() -> None:
    """Up to a bound."""
    plan = Plan("x", backoff_min_s=0.5, backoff_max_s=3.0)
    assert [plan.backoff_s(attempts) for attempts in (1, 2, 3, 4, 500)] == [0.5, 1.0, 2.0, 3.0, 3.0]
    assert Plan("x").backoff_s(3) == 0.0


def test_rates_are_those_of_the_last_seconds() -> None:
    """And the history is of whole seconds."""
    tally = Tally(100.0)
    for second in range(100, 104):
        tally.count_done(second + 0.5, 10)
    assert tally.history(104.0) == [10, 10, 10, 10]
    assert tally.rate(104.0) == 10.0
    assert tally.rate(200.0) == 0.0
    assert tally.history(1e6) == [0] * HISTORY_S


@given(some.lists(some.floats(0.001, 1e6), max_size=40))
def test_the_slowest_are_kept(times: list[float]) -> None:
    """The longest first, those that run among them."""
    tally = Tally(0.0)
    for index, took_s in enumerate(times):
        tally.note_time(took_s, index, str(index))
    expected = sorted((round(took_s, 3) for took_s in times), reverse=True)[:SLOWEST]
    assert [task["took_s"] for task in tally.slowest([])] == expected
    running = {"index": 99, "item": "r", "took_s": 2e6, "pid": 7, "is_running": True}
    assert tally.slowest([running])[0] == running


def test_a_report_is_what_the_engine_understands() -> None:
    """Members, shares and averages, in the api's own words."""
    busy = MemberProgress(7, True, 2.0, 5, 1, "busy", 12, start_s=1.0, wait_s=1.0, work_s=2.0, pickle_s=0.5)
    progress = PoolProgress(
        10, 4, 1, 0, 3, 2, 0, (busy,), item_bytes=1000, result_bytes=400, start_s=1.0, work_s=3.0, pickle_s=1.5
    )

    class Item:
        index, item, shown = 112, "a.jpg", ""

    entries: dict[int, Any] = {12: Item()}
    members, running = members_of(progress, entries.get, 50.0)
    report = msgspec.convert(
        {"pool": "x", "members": members, "slowest": running, **averages_of(progress), "eta_s": eta_s(20, 10, 2.0)},
        PoolReport,
    )
    assert (report.members[0].item, report.members[0].index, report.members[0].since_s) == ("a.jpg", 112, 48.0)
    assert (report.members[0].start_share, report.members[0].work_share) == (0.25, 0.5)
    assert (report.item_bytes, report.result_bytes, report.pickle_share, report.start_share) == (100, 100, 0.5, 0.25)
    assert report.slowest[0].is_running
    assert report.eta_s == 5.0
    assert eta_s(None, 1, 2.0) is None


def test_the_workers_row_says_how_far_it_is() -> None:
    """In a few words."""
    report = {"done": 1200, "skipped": 4, "total": 5000, "failed": 3, "state": "running", "rate": 250.4}
    assert words_of(report) == "1,204 of 5,000, 3 failed, 250/s"
    assert words_of({**report, "total": None, "failed": 0, "state": "paused"}) == "1,204 done, paused"


@pytest.mark.parametrize(
    ("items", "expected", "total"),
    [
        ({"kind": "range", "start": 2, "stop": 9, "step": 3}, [2, 5, 8], 3),
        ({"kind": "list", "values": ["b", "a"]}, ["b", "a"], 2),
        ({"kind": "target", "target": "tests.poolrun.jobs:numbers", "args": {"count": 3}}, [0, 1, 2], None),
        ({"kind": "target", "target": "tests.poolrun.leaders:METHODS"}, ["fork", "spawn", "forkserver"], 3),
    ],
)
def test_sources_give_their_items(items: dict[str, Any], expected: list[object], total: int | None) -> None:
    """And how many, where that is known."""
    source = source_of(items)
    assert list(source.open()) == expected
    assert source.total == total


def test_files_come_sorted_and_lines_without_their_ends(place: Path) -> None:
    """Folders and empty lines are none; a name that is no UTF-8 comes through."""
    for name in ("b.txt", "a.txt", "c.jpg"):
        (place / name).write_bytes(b"one\n\ntwo\r\n\xff")
    (place / "d.txt").mkdir()
    source = source_of({"kind": "files", "pattern": f"{place}/*.txt"})
    assert [os.path.basename(path) for path in source.open()] == ["a.txt", "b.txt"]
    assert source.total == 2
    source = source_of({"kind": "lines", "path": str(place / "a.txt")})
    assert source.total == 3
    assert list(source.open()) == ["one", "two", os.fsdecode(b"\xff")]


def test_a_function_of_items_may_have_the_context() -> None:
    """As a target has it."""
    source = source_of({"kind": "target", "target": "tests.poolrun.jobs:of_context"}, context="mine")
    assert list(source.open()) == ["mine"]


def test_items_are_shown_in_a_line() -> None:
    """Cut, without line ends; text stands for itself."""
    assert short("a.jpg") == "a.jpg"
    assert short(("a", 1)) == "('a', 1)"
    assert short("two\nlines") == "two\\nlines"
    assert len(short("x" * 10_000)) == ITEM_CHARACTERS


def test_a_traceback_begins_with_the_users_frame() -> None:
    """Ours tell nothing; where there is none of the user's, all are left."""
    pools = f'\n  File "{member.__file__}", line 1, in live\n    run()'
    theirs = '\n  File "/home/me/photos.py", line 3, in shrink\n    open(path)'
    text = "Traceback (most recent call last):" + pools + pools + theirs + pools + "\nOSError: no"
    head = "Traceback (most recent call last):"
    assert without_our_frames(text) == head + theirs + pools + "\nOSError: no"
    assert without_our_frames(head + pools + "\nOSError: no") == head + pools + "\nOSError: no"
    assert without_our_frames("OSError: no") == "OSError: no"


def test_advice_names_what_to_do() -> None:
    """And is silent where nothing is wrong, or too little is known."""
    fine = Measures(done=1000, item_bytes=100, result_bytes=100, mean_s=0.5)
    assert advise(fine) == ()
    assert advise(Measures(done=3, item_bytes=1e9)) == ()
    assert "shared block" in advise(Measures(done=50, item_bytes=2 * BIG_BYTES))[0]
    assert "file's name" in advise(Measures(done=50, result_bytes=8e6, has_file=True))[0]
    assert "pickling" in advise(Measures(done=50, pickle_share=0.4, item_bytes=9000))[0]
    assert advise(Measures(done=50, pickle_share=0.4, item_bytes=90)) == ()
    assert "stand for many" in advise(Measures(done=50, mean_s=2e-6, chunksize=1024))[0]
    assert 'chunksize = "auto"' in advise(Measures(done=50, mean_s=2e-5, is_chunk_fixed=True))[0]
    assert advise(Measures(done=50, mean_s=2e-5, is_chunk_fixed=False)) == ()
    assert advise(Measures(done=50, repeated="the same ndarray of 8.0 MB at [1]"))[0].startswith(
        "the same ndarray of 8.0"
    )


def test_a_big_object_in_each_item_is_seen() -> None:
    """And small ones, or others each time, are not."""
    big = bytes(200_000)
    watch = RepeatWatch()
    watch.look((1, big))
    watch.look((2, big))
    assert watch.repeated == "the same bytes of 200 kB at [1]"
    other = RepeatWatch()
    for number in range(5):
        other.look((number, "small", bytes(200_000 + number)))
    assert other.repeated == ""
