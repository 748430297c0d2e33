"""Killing one member, cancelling one item, and what a pool tells of its members' time and of bytes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.pools import MemberDied, MemberProgress, Pool, TaskCancelled
from tests.engines import wait_for
from tests.pools import jobs

LONG_S = 60.0


@pytest.fixture(params=["fork", "forkserver", "spawn"])
def pool(request: pytest.FixtureRequest) -> Iterator[Pool]:
    with Pool(2, context=multiprocessing.get_context(request.param)) as made:
        yield made


def _runner(pool: Pool, index: int) -> MemberProgress:
    """Who has an item in hand, once somebody has."""
    return wait_for(lambda: [one for one in pool.progress().members if one.index == index], f"item {index} to run")[0]


def test_a_member_is_killed_on_request(pool: Pool, place: Path) -> None:
    """Its item fails, with words that blame nobody else; a process that is no member is not touched."""
    result = pool.map_async(jobs.note, [(str(place), 0)])
    member = _runner(pool, 0)
    assert pool.kill_member(member.pid)
    with pytest.raises(MemberDied, match="was killed on request while it ran item 0"):
        result.get(LONG_S)
    assert not pool.kill_member(1)
    assert pool.map_async(jobs.square, range(3)).get(LONG_S) == [0, 1, 4]


def test_a_cancelled_item_is_killed_and_its_chunk_is_done(pool: Pool, place: Path) -> None:
    """In hand: its member dies. Behind it in the chunk: it is not begun. The others have results."""
    result = pool.map_async(jobs.note_some, [(str(place), number, (2,)) for number in range(6)], chunksize=6)
    _runner(pool, 2)
    pool._thread.cancel(result, 4)
    pool._thread.cancel(result, 2)
    result.wait(LONG_S)
    assert sorted(result.errors) == [2, 4]
    assert all(isinstance(error, TaskCancelled) for error in result.errors.values())
    assert [result._results[index] for index in (0, 1, 3, 5)] == [0, 1, 3, 5]
    now = pool.progress()
    assert (now.submitted, now.done, now.failed) == (6, 4, 2)


def test_a_waiting_item_is_taken_back_alone(pool: Pool) -> None:
    """The others of its chunk are done; one that is over cannot be cancelled."""
    pool.pause()
    result = pool.map_async(jobs.square, range(9), chunksize=3)
    pool._thread.cancel(result, 4)
    pool._thread.cancel(result, 77)
    wait_for(lambda: list(result.errors) == [4], "the item to be taken back")
    assert pool.progress().waiting == 8
    pool.resume()
    with pytest.raises(TaskCancelled):
        result.get(LONG_S)
    pool._thread.cancel(result, 5)
    assert pool.map(jobs.square, range(3)) == [0, 1, 4]
    assert list(result.errors) == [4]


def test_the_time_of_members_is_told(pool: Pool, place: Path) -> None:
    """Who has what in hand, and how long it started, waited and worked; what is gone stays counted."""
    result = pool.map_async(jobs.note, [(str(place), number) for number in range(3)], chunksize=1)
    member = _runner(pool, 1)
    assert (member.state, member.is_busy) == ("busy", True)
    assert min(member.start_s, member.work_s) > 0
    pool.kill_member(member.pid)
    while not result.ready():
        for mark in place.iterdir():
            mark.unlink(missing_ok=True)
    wait_for(lambda: [one.state for one in pool.progress().members] == ["idle", "idle"], "two members")
    now = pool.progress()
    assert now.work_s > sum(one.work_s for one in now.members)
    assert now.start_s > sum(one.start_s for one in now.members)
    assert min(now.wait_s, now.pickle_s) > 0


def test_bytes_are_counted_both_ways(pool: Pool) -> None:
    """As they travel, in messages and in files beside them."""
    assert pool.apply(jobs.length, (bytes(3_000_000),)) == 3_000_000
    assert 3_000_000 < pool.progress().item_bytes < 3_001_000
    assert len(pool.apply(jobs.megabytes, (2,))) == 2_000_000
    assert 2_000_000 < pool.progress().result_bytes < 2_001_000


def test_a_death_in_a_big_chunk_loses_its_item_only(pool: Pool) -> None:
    """What is left of a chunk whose items lie in one file is still there for all of its parts."""
    items = [(number, 3, bytes(100_000)) for number in range(9)]
    result = pool.map_async(jobs.die_at_with, items, chunksize=9)
    result.wait(LONG_S)
    assert list(result.errors) == [3]
    assert [result._results[index] for index in range(9) if index != 3] == [0, 1, 2, 4, 5, 6, 7, 8]
    wait_for(lambda: not list(Path(pool._spill.directory).iterdir()), "the file to go")
