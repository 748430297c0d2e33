"""What happens to a pool's tasks when members die, hang, or bring nothing back: only the bad one fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervisor.pools import (
    InitializerFailed,
    MemberDied,
    MemberProgress,
    Pool,
    PoolClosed,
    ResultLost,
    TaskCancelled,
    TaskExited,
    TaskTimedOut,
)
from tests.engines import kill, wait_for
from tests.pools import jobs, noting

LONG_S = 60.0


@pytest.fixture(params=["fork", "forkserver", "spawn"])
def method(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def pool(method: str) -> Iterator[Pool]:
    with Pool(2, context=multiprocessing.get_context(method)) as made:
        yield made


def test_a_member_killed_in_an_item_fails_that_item_only(pool: Pool) -> None:
    """The others of its chunk have results, and the pool is used again."""
    result = pool.map_async(jobs.die_at, [(number, 5) for number in range(12)], chunksize=4)
    result.wait(LONG_S)
    assert list(result.errors) == [5]
    assert isinstance(result.errors[5], MemberDied)
    assert result.errors[5].exit_code == -signal.SIGKILL
    assert "killed by SIGKILL" in str(result.errors[5])
    assert "item 5" in str(result.errors[5])
    assert pool.map(jobs.square, range(6)) == [0, 1, 4, 9, 16, 25]


def test_idle_members_that_are_killed_are_replaced(pool: Pool) -> None:
    """All at once: the next tasks are done by others."""
    assert pool.map(jobs.square, range(4), chunksize=1) == [0, 1, 4, 9]
    before = {member.pid for member in wait_for(lambda: _all_there(pool), "two members")}
    for pid in before:
        kill(pid)
    assert pool.map_async(jobs.square, range(4)).get(LONG_S) == [0, 1, 4, 9]
    after = {member.pid for member in wait_for(lambda: _others(pool, before), "their successors")}
    assert not after & before


def _all_there(pool: Pool) -> tuple[MemberProgress, ...]:
    members = pool.progress().members
    return members if len(members) == 2 else ()


def _others(pool: Pool, before: set[int]) -> tuple[MemberProgress, ...]:
    members = pool.progress().members
    return members if len(members) == 2 and not {member.pid for member in members} & before else ()


def test_an_item_that_hangs_is_killed_at_its_limit(pool: Pool) -> None:
    """It alone times out; what was behind it in its chunk is done."""
    result = pool.map_async(jobs.hang, range(6), chunksize=6, timeout=0.5)
    result.wait(LONG_S)
    assert list(result.errors) == [3]
    assert isinstance(result.errors[3], TaskTimedOut)
    assert isinstance(result.errors[3], multiprocessing.TimeoutError)
    assert pool.apply(jobs.square, (4,)) == 16


def test_what_cannot_be_brought_back_is_said_to_be_lost(pool: Pool) -> None:
    """Exceptions and results that are not picklable, or not to be rebuilt, are errors of their item, by name."""
    for function, words in (
        (jobs.be_picky, "Picky"),
        (jobs.return_unpicklable, "Unpicklable"),
        (jobs.return_broken, "rebuilt"),
    ):
        with pytest.raises(ResultLost, match=words):
            pool.apply_async(function, (1,)).get(LONG_S)
    with pytest.raises(ResultLost, match="not this one"):
        pool.apply_async(jobs.square, (jobs.Unpicklable(),)).get(LONG_S)
    assert pool.map(jobs.square, range(3)) == [0, 1, 4]


def test_exits_have_their_words(pool: Pool) -> None:
    """sys.exit is told as such and ends nobody; os._exit is a death with its code."""
    with pytest.raises(TaskExited, match=r"sys.exit\(3\)"):
        pool.apply_async(jobs.exit_politely, (3,)).get(LONG_S)
    with pytest.raises(MemberDied, match="exit code 7"):
        pool.apply_async(jobs.leave, (7,)).get(LONG_S)
    assert pool.apply(jobs.square, (2,)) == 4


def test_an_initializer_that_fails_breaks_the_pool_with_its_traceback(method: str) -> None:
    """It is not tried for ever."""
    with Pool(2, initializer=jobs.fail_to_start, context=multiprocessing.get_context(method)) as pool:
        with pytest.raises(InitializerFailed, match="no database"):
            pool.map_async(jobs.square, range(4)).get(LONG_S)
        with pytest.raises(InitializerFailed):
            pool.apply_async(jobs.square, (1,)).get(LONG_S)


def test_retried_items_get_another_chance(pool: Pool, place: Path) -> None:
    """With retries=1 an item whose member died is tried again."""
    assert pool.apply_async(jobs.die_once, (str(place / "once"),), retries=1).get(LONG_S) == "second"
    assert pool.progress().retried == 1


def test_cancelled_tasks_end_and_the_others_do_not(pool: Pool, place: Path) -> None:
    """What runs is killed with its process, what waits is not begun."""
    running = pool.map_async(jobs.note, [(str(place), number) for number in range(40)], chunksize=1)
    wait_for(lambda: any(place.iterdir()), "the first to begin")
    running.cancel()
    with pytest.raises(TaskCancelled):
        running.get(LONG_S)
    assert pool.map_async(jobs.square, range(3)).get(LONG_S) == [0, 1, 4]


def test_terminate_fails_what_is_not_done(method: str) -> None:
    """Nobody waits for what will not come."""
    pool = Pool(1, context=multiprocessing.get_context(method))
    result = pool.map_async(jobs.hang, [3, 3])
    pool.terminate()
    pool.join()
    with pytest.raises(PoolClosed):
        result.get(LONG_S)


def test_a_storm_of_kills_loses_only_what_was_in_hand(method: str) -> None:
    """Members are killed again and again while items go through; with retries every result comes."""
    with Pool(2, context=multiprocessing.get_context(method), retries=100) as pool:
        result = pool.map_async(jobs.square, range(400), chunksize=5)
        for _ in range(6):
            pid = wait_for(lambda: next((one.pid for one in pool.progress().members), 0), "a member")
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        assert result.get(LONG_S) == [number * number for number in range(400)]


@pytest.mark.parametrize("slow", ["forkserver", "spawn"])
def test_a_spare_follows_a_member_that_dies(slow: str, place: Path) -> None:
    """It runs no initializer before that, and has the dead one's place; another spare comes after it."""
    context = multiprocessing.get_context(slow)
    with Pool(1, initializer=jobs.leave_a_mark, initargs=(str(place),), context=context) as pool:
        expected, killed = 0, set[int]()
        for generation in (1, 2, 3):
            assert pool.map_async(jobs.square, [generation]).get(LONG_S) == [generation**2]
            member = pool.progress().members[0]
            assert (member.generation, len(list(place.iterdir()))) == (generation, generation)
            assert expected in (0, member.pid)
            # Who was killed may still be on the way out.
            wait_for(lambda: len(_children(pool) - killed) == 2, "a spare")
            (expected,) = _children(pool) - killed - {member.pid}
            killed.add(member.pid)
            assert pool.kill_member(member.pid)


def test_a_spare_has_imported_what_members_need(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of the functions that the pool was given, before anybody has died."""
    monkeypatch.setenv(noting.NOTES, str(place))
    with Pool(1, context=multiprocessing.get_context("spawn")) as pool:
        assert pool.map_async(noting.same, [2]).get(LONG_S) == [2]
        wait_for(lambda: len(_children(pool)) == 2, "a spare")
        expected = {str(pid) for pid in _children(pool)}
        wait_for(lambda: {path.name for path in place.iterdir()} == expected, "the spare to import it")


def _children(pool: Pool) -> set[int]:
    return {child.pid or 0 for child in multiprocessing.active_children() if child.name.startswith(f"{pool._name}-")}


def test_a_nursery_that_is_killed_ends_the_pool_with_words() -> None:
    """Who forks the members is gone: tasks fail, and nothing waits."""
    with Pool(1, context=multiprocessing.get_context("fork")) as pool:
        assert pool.apply(jobs.square, (3,)) == 9
        result = pool.map_async(jobs.hang, [3])
        wait_for(lambda: pool.progress().members[0].is_busy, "the task to run")
        nursery = next(child for child in multiprocessing.active_children() if "nursery" in child.name)
        nursery.kill()
        with pytest.raises((MemberDied, PoolClosed)):
            result.get(LONG_S)
