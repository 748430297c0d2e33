"""How often all is drawn while nothing happens: as often as something that is shown is another thing by itself."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import pytest

from supervisor.lifecycle.states import State
from tests.tui.fakes import NOW_S, FakeLink, census, replica
from tests.tui.screens.test_fleet import NARROW, dashboard, shown, until
from tui.screens.fleet import FleetScreen
from tui.switching import load_dashboard


@pytest.fixture
def drawn_at(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments (monotonic) for which all was drawn."""
    moments: list[float] = []
    draw = FleetScreen.draw

    def noted(screen: FleetScreen, *settings: object) -> None:
        assert isinstance(settings[-1], float)
        moments.append(settings[-1])
        draw(screen, *settings)  # type: ignore[arg-type]

    monkeypatch.setattr(FleetScreen, "draw", noted)
    return moments


@pytest.fixture
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The clock that is shown is that of UTC, wherever this runs."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("greenwich")
async def test_clock_goes_on_and_ages_follow_within_a_second(drawn_at: list[float]) -> None:
    """The header's second is drawn alone; what was drawn a second ago is drawn as a whole."""
    link = FakeLink(census(rows=(replica("walk", started_s=NOW_S - 30),)))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "30s")
        await shown(pilot, "13:31:26")
        link.clock.now_s += 1.6
        await shown(pilot, "13:31:27")
        await shown(pilot, "31s")
        assert link.clock.now_s in drawn_at
        link.clock.now_s += 0.5
        await shown(pilot, "13:31:28")
        assert link.clock.now_s not in drawn_at
        link.clock.now_s += 0.9
        await shown(pilot, "33s")


async def test_tenths_are_drawn_as_they_go(drawn_at: list[float]) -> None:
    """What is left of a backoff is told several times a second."""
    rows = (replica("walk", State.BACKOFF, next_step="restart", next_step_s=NOW_S + 3.4),)
    link = FakeLink(census(rows=rows))
    app = dashboard(link)
    async with app.run_test(size=NARROW) as pilot:
        await shown(pilot, "3.4 s")
        link.clock.now_s += 0.2
        await shown(pilot, "3.2 s")
        drawn_at.clear()
        await until(pilot, lambda: len(drawn_at) >= 2)


def test_what_is_loaded_is_no_garbage() -> None:
    """The collector is on again afterwards, and does not look at it."""
    before = gc.get_freeze_count()
    load_dashboard()
    assert gc.isenabled()
    assert gc.get_freeze_count() >= before
