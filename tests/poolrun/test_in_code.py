"""``ctx.pool("X")``: the profile's pool in the hands of code, seen and controlled like any other."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from supervisor.api.pools import PoolFailure, PoolReport
from supervisor.poolrun.in_code import open_pool
from supervisor.pools import MemberDied, Pool
from tests.engines import wait_for
from tests.poolrun import jobs


class Host:
    """Keeps what is said; nobody is at the other end."""

    def __init__(self) -> None:
        self.reports: list[PoolReport] = []
        self.records: list[str] = []
        self.failures: list[PoolFailure] = []
        self.obey: Any = None

    def send(self, operation: str, **fields: Any) -> bool:
        if operation == "pool-failure":
            self.failures.append(msgspec.convert(fields["failure"], PoolFailure))
        if operation == "pool":
            self.reports.append(msgspec.convert(fields["report"], PoolReport))
        return True

    def check(self) -> bool:
        return False

    check_pools = check

    def fileno(self) -> int:
        return -1

    def hear(self, pool: str, obey: Any) -> None:
        assert pool == "cpu"
        self.obey = obey

    def say(self, level: str, message: str, *, extra: Any, error: BaseException | None = None) -> None:
        assert (extra, error) == ({}, None)
        self.records.append(f"{level} {message}")

    def show(self, text: str, done: int, total: int, *, has_moved: bool) -> None:
        pass


ORDERS = {"cpu": {"name": "cpu", "processes": 2, "retries": 0, "start_method": "fork"}}


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def pool(host: Host) -> Iterator[Pool]:
    with open_pool(ORDERS, "cpu", host) as made:
        yield made


def test_it_is_a_pool_that_reports(pool: Pool, host: Host) -> None:
    """What it was given last, how far it is, and at the end that it is over."""
    assert pool.map(jobs.square, range(20)) == [number * number for number in range(20)]
    assert pool.apply(jobs.add, (1, 2)) == 3
    pool.terminate()
    report = host.reports[-1]
    assert (report.pool, report.function, report.state) == ("cpu", "tests.poolrun.jobs:add", "finished")
    assert (report.done, report.failed, report.total) == (21, 0, 21)
    assert (report.start_method, report.processes) == ("fork", 2)
    assert host.obey is None


def test_the_engine_controls_it(pool: Pool, host: Host, place: Path) -> None:
    """Its size, a pause, its members; items are its code's own."""
    host.obey({"do": "resize", "processes": 1})
    wait_for(lambda: len(pool.progress().members) == 1, "one member")
    host.obey({"do": "pause"})
    result = pool.apply_async(jobs.wait_for_mark, ((str(place), 1),))
    wait_for(
        lambda: [(report.state, report.waiting) for report in host.reports[-1:]] == [("paused", 1)],
        "the pause to be told",
    )
    host.obey({"do": "resume"})
    wait_for(lambda: list(place.glob("1-*")), "the item to begin")
    host.obey({"do": "kill-member", "pid": pool.progress().members[0].pid})
    with pytest.raises(MemberDied):
        result.get(30)
    host.obey({"do": "retry-failed"})
    assert host.records == ["WARNING retry-failed is not for cpu: its items belong to the code that has made it"]


def test_its_failed_items_are_told(pool: Pool, host: Host) -> None:
    """By number and error, whichever way they were given; the code has them all the same."""
    with pytest.raises(ValueError, match="1 is odd"):
        pool.map(jobs.odd_fails, range(4), chunksize=1)
    with pytest.raises(ValueError, match="5 is odd"):
        pool.apply(jobs.odd_fails, (5,))
    pool.terminate()
    told = sorted((failure.index, failure.item, failure.error) for failure in host.failures)
    assert told == [
        (0, "item 0", "ValueError: 5 is odd"),
        (1, "item 1", "ValueError: 1 is odd"),
        (3, "item 3", "ValueError: 3 is odd"),
    ]
    assert "in odd_fails" in host.failures[0].traceback
    assert host.reports[-1].failed == 3


def test_an_unknown_name_tells_the_known_ones(host: Host) -> None:
    """In the error."""
    with pytest.raises(ValueError, match=r"no \[pools.gpu\] for code \(without items\); it has: cpu"):
        open_pool(ORDERS, "gpu", host)


def test_a_forgotten_pool_ends_with_its_reports(host: Host) -> None:
    """Nobody has closed it."""
    before = threading.active_count()
    pool = open_pool(ORDERS, "cpu", host)
    assert pool.apply(os.getpid) != os.getpid()
    del pool
    gc.collect()
    wait_for(lambda: threading.active_count() <= before, "its threads to end")  # one of an earlier pool may have too


def test_closed_and_joined_it_is_over(host: Host) -> None:
    """And said so once."""
    pool = open_pool(ORDERS, "cpu", host)
    result = pool.map_async(jobs.square, [1, 2])
    pool.close()
    pool.join()
    assert result.get(0) == [1, 4]
    assert host.reports[-1].state == "finished"
    pool.terminate()
