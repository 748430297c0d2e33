"""What the documentation of multiprocessing.Pool says, of its own class and of ours."""

from __future__ import annotations

import functools
import gc
import multiprocessing
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from supervisor import Pool
from tests.engines import wait_for
from tests.pools import jobs

LONG_S = 60.0
CONTEXT = multiprocessing.get_context("forkserver")


@pytest.fixture(scope="module", autouse=True)
def standard_pools_are_collected() -> Iterator[None]:
    """They are cycles whose semaphores unlink themselves when freed: while the resource tracker still knows them."""
    yield
    gc.collect()


@pytest.fixture(params=["standard", "ours"])
def make(request: pytest.FixtureRequest) -> Callable[..., Any]:
    if request.param == "ours":
        return functools.partial(Pool, context=CONTEXT)
    return CONTEXT.Pool


@pytest.fixture
def pool(make: Callable[..., Any]) -> Iterator[Any]:
    made = make(2)
    yield made
    made.terminate()
    made.join()


def test_apply_and_its_keywords(pool: Any) -> None:
    """func(*args, **kwds) is called once."""
    assert pool.apply(jobs.add, (1,), {"second": 2}) == 3


def test_map_keeps_the_order(pool: Any) -> None:
    """Whatever the chunks."""
    for chunksize in (None, 1, 3, 100):
        assert pool.map(jobs.square, range(10), chunksize) == [number**2 for number in range(10)]
    assert pool.map(jobs.square, iter([])) == []


def test_starmap_unpacks(pool: Any) -> None:
    """Each item is the arguments of a call."""
    assert pool.starmap(jobs.add, [(1, 2), (3, 4)]) == [3, 7]
    assert pool.starmap_async(jobs.add, [(5, 6)]).get(LONG_S) == [11]


def test_imap_and_imap_unordered(pool: Any) -> None:
    """One in order, the other as they come; an endless iterable is no harm."""
    assert list(pool.imap(jobs.square, range(10), chunksize=3)) == [number**2 for number in range(10)]
    assert sorted(pool.imap_unordered(jobs.square, range(10))) == [number**2 for number in range(10)]
    assert pool.imap(jobs.square, [3]).next(timeout=LONG_S) == 9


def test_exceptions_are_raised_where_the_result_is_asked_for(pool: Any) -> None:
    """With the remote traceback as their cause."""
    with pytest.raises(ValueError, match="of mine") as caught:
        pool.apply_async(jobs.fail, ("of mine",)).get(LONG_S)
    assert "in fail" in str(caught.value.__cause__)
    with pytest.raises(ValueError, match="of mine"):
        pool.map(jobs.fail, ["of mine"])
    results = pool.imap(jobs.fail, ["a", "b"])
    for text in ("a", "b"):
        with pytest.raises(ValueError, match=text):
            next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_callbacks_get_the_result_or_the_error(pool: Any) -> None:
    """Exactly one of them, once."""
    told: list[object] = []
    pool.apply_async(jobs.square, (3,), callback=told.append, error_callback=told.append).wait(LONG_S)
    pool.map_async(jobs.square, [1, 2], callback=told.append).wait(LONG_S)
    pool.apply_async(
        jobs.fail, ("no",), callback=told.append, error_callback=lambda error: told.append(str(error))
    ).wait(LONG_S)
    wait_for(lambda: len(told) == 3, "the callbacks")
    assert told == [9, [1, 4], "no"]


def test_results_say_how_they_are(pool: Any) -> None:
    """ready, successful, get with a time limit."""
    slow = pool.apply_async(jobs.hang, (3,))
    assert not slow.ready()
    with pytest.raises(ValueError, match="not ready"):
        slow.successful()
    with pytest.raises(multiprocessing.TimeoutError):
        slow.get(timeout=0.01)
    good, bad = pool.apply_async(jobs.square, (2,)), pool.apply_async(jobs.fail, ("x",))
    good.wait(LONG_S)
    bad.wait(LONG_S)
    assert (good.successful(), bad.successful()) == (True, False)


def test_initializers_and_maxtasksperchild(make: Callable[..., Any]) -> None:
    """Each member is initialised; after so many tasks another one comes."""
    with make(1, initializer=jobs.set_greeting, initargs=("hello",), maxtasksperchild=2) as pool:
        assert pool.map(jobs.greeting, range(3), chunksize=1) == ["hello"] * 3
        assert len(set(pool.map(jobs.pid_of, range(6), chunksize=1))) >= 3


def test_closed_pools_take_no_tasks_and_finish_theirs(make: Callable[..., Any]) -> None:
    """close, then join."""
    pool = make(2)
    with pytest.raises(ValueError, match="still running"):
        pool.join()
    result = pool.map_async(jobs.square, range(5))
    pool.close()
    with pytest.raises(ValueError, match="not running"):
        pool.apply(jobs.square, (1,))
    pool.join()
    assert result.get(LONG_S) == [0, 1, 4, 9, 16]


def test_pools_are_not_pickled(pool: Any) -> None:
    """Nor sent to another process."""
    with pytest.raises(NotImplementedError):
        pool.__reduce__()


def test_bad_arguments_are_refused(make: Callable[..., Any]) -> None:
    """At once, with the standard exceptions."""
    with pytest.raises(ValueError, match="at least 1"):
        make(0)
    with pytest.raises(TypeError, match="callable"):
        make(1, initializer="no")
