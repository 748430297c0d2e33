"""A recording is told as an engine would, at its own time."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from supervisor.errors import RequestRefused
from tests.tui.fakes import NOW_AT, NOW_S
from tests.tui.test_recording import recorded
from tui.link.engine_link import News
from tui.link.replay_link import ReplayClock, ReplayLink
from tui.link.view import FleetView


class Ours:
    """Our own time, which a test moves."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_the_clock_runs_at_its_speed_and_stays_inside() -> None:
    """Also where it is sent beyond."""
    ours = Ours()
    clock = ReplayClock(100.0, 100.0, 200.0, 5.0, speed=10.0, now_s=ours)
    ours.now_s = 2.0
    assert (clock.wall_s(), clock.monotonic_s()) == (120.0, 125.0)
    clock.run_at(0.0)
    ours.now_s = 50.0
    assert clock.wall_s() == 120.0
    clock.go_to(0.0)
    assert clock.wall_s() == 100.0
    clock.run_at(1.0)
    clock.go_to(190.0)
    ours.now_s = 90.0
    assert clock.wall_s() == 200.0


@pytest.fixture
def link(tmp_path: Path) -> tuple[ReplayLink, ReplayClock, Ours]:
    (tmp_path / "logs").mkdir()
    recording = recorded(tmp_path / "r", tmp_path / "logs", list(range(120)))
    ours = Ours()
    clock = ReplayClock(NOW_AT, NOW_AT, recording.ends_at, NOW_S - NOW_AT, now_s=ours)
    return ReplayLink(recording, clock), clock, ours


async def test_what_is_told_follows_the_clock(link: tuple[ReplayLink, ReplayClock, Ours]) -> None:
    """On by itself, and to wherever it is sent."""
    replay, clock, ours = link
    told: list[FleetView] = []

    def hear(news: News) -> None:
        assert isinstance(news, FleetView)
        told.append(news)

    def shown() -> int:
        row = told[-1].row("parse.1") if told else None
        return row.progress[0] if row is not None and row.progress is not None else -1

    async def until(wanted: int) -> None:
        async with asyncio.timeout(40):
            while shown() != wanted:
                await asyncio.sleep(0.01)

    running = asyncio.create_task(replay.run(hear))
    await until(0)
    ours.now_s = 3.0
    await until(3)
    clock.go_to(NOW_AT + 90)
    await until(90)
    clock.go_to(NOW_AT + 30)
    await until(30)
    running.cancel()


async def test_nothing_can_be_asked_of_it(link: tuple[ReplayLink, ReplayClock, Ours]) -> None:
    """Each wish is refused with the reason."""
    replay, _, _ = link
    with pytest.raises(RequestRefused, match="this is a recording"):
        await replay.act("stop", ["parse.1"])
    with pytest.raises(RequestRefused, match="this is a recording"):
        await replay.down(is_forced=False)
    assert await replay.detail("parse.1") is None
