"""A dashboard that only shows: wishes are refused in words, and leaving asks nothing."""

from __future__ import annotations

import pytest

from tests.tui.fakes import FakeLink, census
from tests.tui.screens.test_fleet import NARROW, shown
from tui.app import make_dashboard
from tui.dashboard import Dashboard
from tui.read_only_dashboard import ReadOnlyDashboard


@pytest.mark.parametrize("key", ["r", "s", "ctrl+r"])
async def test_keys_that_act_are_refused(key: str) -> None:
    link = FakeLink(census())
    app = ReadOnlyDashboard(link, "census")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await shown(pilot, "census (read-only)")
        await pilot.press("down", key)
        await shown(pilot, "--allow-control")
        assert link.wishes == []


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_leaving_asks_nothing(key: str) -> None:
    """Nothing can be stopped from here."""
    app = ReadOnlyDashboard(FakeLink(census(phase="stopping")), "census")
    async with app.run_test(size=NARROW, notifications=True) as pilot:
        await shown(pilot, "parse.1")
        await pilot.press(key)
        await pilot.pause()
    assert app.return_value is not None
    assert app.return_value.how == "detached"


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROCDECK_READ_ONLY", "1")
    assert isinstance(make_dashboard("census"), ReadOnlyDashboard)
    monkeypatch.setenv("PROCDECK_READ_ONLY", "")
    assert type(make_dashboard("census")) is Dashboard
