"""The long-running workers stop when asked and do what their profile says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

Shipped = Callable[[str], ModuleType]


class Rounds:
    """A `ctx.stopping` that is asked to stop after so many waits, without waiting."""

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def wait(self, timeout_s: float) -> bool:
        self.left -= 1
        return self.left < 0


@pytest.fixture
def services(shipped: Shipped) -> ModuleType:
    return shipped("services/services.py")


def context(rounds: int) -> SimpleNamespace:
    def nothing(*words: Any, **more: Any) -> None:
        return None

    log = logging.getLogger("services")
    return SimpleNamespace(
        log=log,
        stopping=Rounds(rounds),
        progress=nothing,
        doing=nothing,
        heartbeat=nothing,
        ready=nothing,
        replica=1,
        incarnation=1,
    )


def test_web_logs_at_several_levels(services: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    """Something for every filter, and an end when asked to stop."""
    services.web(8080, context(500))
    assert {record.levelname for record in caplog.records} == {"DEBUG", "INFO", "WARNING", "ERROR"}


def test_flaky_fails_by_itself_and_stops_when_asked(services: ModuleType) -> None:
    """A stop is no failure; a life that is left alone ends in one."""
    services.flaky(context(3))
    with pytest.raises(ValueError, match="cannot charge"):
        services.flaky(context(100))


def test_jobs_travel_from_producer_to_archive(services: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    """Each job is summed by a consumer and archived by a function that knows no Context."""
    jobs: list[dict[str, int]] = []
    done: list[tuple[int, int, int]] = []
    services.produce(SimpleNamespace(put=jobs.append), context(20))
    services.consume([{**job, "size": 12} for job in jobs], SimpleNamespace(put=done.append), context(0))
    assert done == [(number, 1, 48) for number in range(1, 21)]
    with pytest.raises(IndexError):  # a plain list has an end, a queue has not
        services.archive(SimpleNamespace(get=lambda: done.pop(0)))
    assert capsys.readouterr().out == "archived job 20 of consumer 1: 48\n"


def test_chatter_prints_on_both_streams(services: ModuleType, capfd: pytest.CaptureFixture[str]) -> None:
    """Letters of many scripts on stdout, a complaint now and then on stderr."""
    services.chatter(context(8))
    printed = capfd.readouterr()
    assert (len(printed.out.splitlines()), len(printed.err.splitlines())) == (8, 2)
    assert not printed.out.isascii()
