"""What our pool has beyond the standard one: size, pauses, progress, big payloads, lazy items."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from supervisor.pools import Pool, PoolClosed
from tests.engines import wait_for
from tests.pools import jobs

LONG_S = 60.0


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(2, context=multiprocessing.get_context("fork")) as made:
        yield made


def test_a_pool_grows_and_shrinks(pool: Pool) -> None:
    """While it is used; who is too many leaves in good order."""
    pool.resize(4)
    wait_for(lambda: len(pool.progress().members) == 4, "four members")
    assert pool.map(jobs.square, range(8), chunksize=1) == [number**2 for number in range(8)]
    pool.resize(1)
    wait_for(lambda: len(pool.progress().members) == 1, "one member")
    assert pool.map(jobs.square, range(3)) == [0, 1, 4]
    assert pool.progress().replaced == 0


def test_a_paused_pool_gives_out_nothing(pool: Pool) -> None:
    """Until it goes on."""
    pool.pause()
    result = pool.map_async(jobs.square, range(3), chunksize=1)
    wait_for(lambda: pool.progress().waiting == 3, "the tasks to wait")
    assert not result.ready()
    pool.resume()
    assert result.get(LONG_S) == [0, 1, 4]


def test_progress_counts(pool: Pool, place: Path) -> None:
    """What waits, what is in flight, who is busy, what is done and failed."""
    result = pool.map_async(jobs.note, [(str(place), number) for number in range(5)], chunksize=1)
    wait_for(lambda: len(list(place.iterdir())) == 2, "two items to begin")
    now = pool.progress()
    assert (now.submitted, now.done, now.waiting, now.in_flight) == (5, 0, 3, 2)
    assert all(member.is_busy for member in now.members)
    while not result.ready():
        for mark in place.iterdir():
            mark.unlink(missing_ok=True)
    with pytest.raises(ValueError, match="x"):
        pool.apply(jobs.fail, ("x",))
    assert (pool.progress().done, pool.progress().failed, pool.progress().is_idle) == (5, 1, True)


def test_big_payloads_go_both_ways(pool: Pool) -> None:
    """Through files in memory that nobody leaves behind."""
    directory = Path(pool._spill.directory)
    assert pool.apply(jobs.length, (bytes(3_000_000),)) == 3_000_000
    assert [len(data) for data in pool.map(jobs.megabytes, [1, 2], chunksize=2)] == [1_000_000, 2_000_000]
    assert np.array_equal(pool.apply(jobs.array, (300_000,)), np.arange(300_000))
    wait_for(lambda: not list(directory.iterdir()), "kept files to go")


def test_the_file_of_a_big_result_is_written_again(pool: Pool) -> None:
    """What was copied out of it is whole though the next one lies in the same memory; arrays stay where they are."""
    texts = pool.map(jobs.filled, [(letter, 400_000 - number) for number, letter in enumerate("abcdef")], chunksize=1)
    assert [(text[0], len({*text}), len(text)) for text in texts] == [
        (letter, 1, 400_000 - number) for number, letter in enumerate("abcdef")
    ]
    arrays = [pool.apply(jobs.array, (100_000 + number,)) for number in range(4)]
    assert pool.apply(jobs.filled, (("g", 500_000),)) == "g" * 500_000
    assert all(np.array_equal(array, np.arange(100_000 + number)) for number, array in enumerate(arrays))


def test_items_are_taken_as_results_are(pool: Pool) -> None:
    """An endless iterable is not run away with."""
    taken = itertools.count()
    results = pool.imap(jobs.square, (next(taken) for _ in itertools.repeat(None)))
    assert [next(results) for _ in range(100)] == [number**2 for number in range(100)]
    assert next(taken) < 1000
    results.cancel()


def test_an_iterable_that_raises_ends_with_its_error_after_the_results(pool: Pool) -> None:
    """What was out already comes first."""
    results = pool.imap(jobs.square, jobs.generate_then_raise())
    assert [next(results) for _ in range(5)] == [0, 1, 4, 9, 16]
    with pytest.raises(LookupError, match="no more of these"):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_many_threads_use_one_pool(pool: Pool) -> None:
    """Each gets what it asked for."""
    found: dict[int, list[int]] = {}

    def use(number: int) -> None:
        found[number] = [pool.apply(jobs.add, (number, step)) for step in range(20)]

    threads = [threading.Thread(target=use, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
    assert found == {number: [number + step for step in range(20)] for number in range(4)}


def test_a_callback_that_raises_ends_nothing(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told on stderr; the pool goes on."""
    told: list[BaseException] = []
    monkeypatch.setattr("sys.excepthook", lambda _kind, error, _trace: told.append(error))

    def callback(_value: object) -> None:
        raise RuntimeError("mine")

    pool.apply_async(jobs.square, (2,), callback=callback).wait(LONG_S)
    assert pool.apply(jobs.square, (3,)) == 9
    assert [str(error) for error in told] == ["mine"]


def test_a_pool_ends_though_a_later_fork_holds_its_sockets() -> None:
    """What the caller has forked since inherits every descriptor of the pool, and keeps nobody from leaving."""
    pool = Pool(1, context=multiprocessing.get_context("fork"))
    assert pool.apply(jobs.square, (2,)) == 4
    until, end = os.pipe()
    child = os.fork()
    if not child:
        os.close(end)
        os.read(until, 1)
        os._exit(0)
    os.close(until)
    try:
        pool.terminate()
        pool.join()
    finally:
        os.close(end)
        os.waitpid(child, 0)


def test_a_closed_pool_does_all_items_of_an_iterator(pool: Pool) -> None:
    """Those that are not taken yet as well, whether the results are taken before join or after."""
    before = pool.imap(jobs.square, range(300))
    after = pool.imap_unordered(jobs.square, range(300))
    pool.close()
    assert list(before) == [number**2 for number in range(300)]
    pool.join()
    assert sorted(after) == [number**2 for number in range(300)]


def test_a_terminated_pool_ends_its_iterators(pool: Pool) -> None:
    """Of an endless iterable no more is taken; whoever waits is told."""
    results = pool.imap(jobs.square, itertools.count())
    assert next(results) == 0
    pool.terminate()
    with pytest.raises(PoolClosed):
        list(results)
    wait_for(lambda: not any("-items" in thread.name for thread in threading.enumerate()), "the feeder to end")


def test_a_daemonic_process_is_refused_without_a_trace(pool: Pool) -> None:
    """As the standard pool refuses it; no directory stays behind."""
    told = pool.apply(jobs.make_a_pool)
    assert "daemonic processes are not allowed to have children" in told
    assert "left 0" in told
